package stage

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

const jsonType = "application/json; charset=utf-8"

// strike shows the caller the fault instead of the reply.
func strike(w http.ResponseWriter, f control.Fault, reply Reply, forge Forge) {
	answer := Reply{Status: http.StatusOK, ContentType: reply.ContentType}
	switch f.Kind {
	case control.FaultDisconnect:
		disconnect(w)
		return
	case control.FaultStatus:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(time.Duration(f.RetryAfter)/time.Second)))
		}
		answer = Reply{Status: f.Status, ContentType: "text/plain; charset=utf-8", Body: []byte(f.Body)}
	case control.FaultAnswer:
		if answer.Body = []byte(f.Body); f.Body == "" {
			answer.Body = forge(f, reply.Body)
		}
	case control.FaultNoErrno, control.FaultNoCode:
		answer.Body = forge(f, reply.Body)
	case control.FaultTampered:
		answer.Body = tampered(reply.Body)
	case control.FaultDoubled:
		answer.Body = append(bytes.Clone(reply.Body), reply.Body...)
	case control.FaultTwice:
		answer.Body = reply.Body
	case control.FaultHTML:
		answer.ContentType = "text/html; charset=utf-8"
		answer.Body = []byte("<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n")
	case control.FaultTruncated:
		truncate(w, plausible(reply, forge))
		return
	case control.FaultEmpty:
		answer.ContentType = plausible(reply, forge).ContentType
	case control.FaultHuge:
		huge(w, plausible(reply, forge))
		return
	case control.FaultDelay, control.FaultDrop, control.FaultDuplicate:
		// Never here: pause deals with the first, the others strike letters.
	}
	if answer.ContentType == "" {
		answer.ContentType = typeOf(answer.Body)
	}
	write(w, answer)
}

// plausible is the reply, or, if the platform has not worked on the call, the nearest thing to one in its wire format.
func plausible(reply Reply, forge Forge) Reply {
	if len(reply.Body) == 0 && forge != nil {
		reply.Body = forge(control.Fault{Kind: control.FaultNoCode}, nil)
		if reply.ContentType == "" {
			reply.ContentType = typeOf(reply.Body)
		}
		if reply.ContentType == jsonType { // Baidu's success; a client of another platform finds no code in it
			reply.Body = []byte(`{"errno":0,"msg":"success","data":[]}`)
		}
	}
	if reply.ContentType == "" {
		reply.ContentType = jsonType
	}
	return reply
}

// tampered is the body with the first digit after the first mention of a fee changed, else its first digit at all.
func tampered(body []byte) []byte {
	changed := bytes.Clone(body)
	from := max(bytes.Index(bytes.ToLower(body), []byte("fee")), 0)
	for _, start := range []int{from, 0} {
		for i := start; i < len(changed); i++ {
			if '0' <= changed[i] && changed[i] <= '9' {
				changed[i] = '0' + (changed[i]-'0'+1)%10
				return changed
			}
		}
	}
	return changed
}

// typeOf tells the wire format of a body by its first character.
func typeOf(body []byte) string {
	switch text := bytes.TrimLeft(body, " \t\r\n"); {
	case len(text) == 0 || text[0] == '{' || text[0] == '[':
		return jsonType
	case text[0] == '<':
		return "text/xml; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// disconnect closes the connection with one stray byte instead of an answer. Without the byte, Go's transport takes the end of
// a reused connection for an idle close and silently repeats a GET, so the fault would never reach the client under test.
func disconnect(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok { // HTTP/2 has no connection to take over; aborting resets the stream.
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = conn.Write([]byte("H"))
	_ = conn.Close()
}

// truncate promises the whole body and closes in the middle of it.
func truncate(w http.ResponseWriter, r Reply) {
	w.Header().Set("Content-Type", r.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	_, _ = w.Write(r.Body[:len(r.Body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // net/http's own way to cut a response; recovered and not logged by the server
}

// huge streams the answer behind more than 4 MiB of blanks. They change nothing in JSON or XML, and nothing that a
// signature covers, so a client without a size limit would believe the answer.
func huge(w http.ResponseWriter, r Reply) {
	w.Header().Set("Content-Type", r.ContentType)
	if bytes.HasPrefix(r.Body, []byte("<?xml")) { // nothing may stand before an XML declaration
		if declaration, rest, found := bytes.Cut(r.Body, []byte("?>")); found {
			_, _ = w.Write(append(bytes.Clone(declaration), "?>"...))
			r.Body = rest
		}
	}
	blanks := bytes.Repeat([]byte(" "), 64<<10)
	for range 4<<20/len(blanks) + 1 {
		if _, err := w.Write(blanks); err != nil {
			return // the client has had enough, as it should
		}
	}
	_, _ = w.Write(r.Body)
}
