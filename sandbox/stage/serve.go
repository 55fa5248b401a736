package stage

import (
	"net/http"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Reply is what a platform answers.
type Reply struct {
	Status  int    // HTTP status
	Body    []byte // JSON
	Outcome string // for the call log: code and text
}

// Forge writes a platform's body for the fault kinds "answer" and "no_errno". real is the body the platform would
// have sent, nil when it has not worked on the call.
type Forge func(fault control.Fault, real []byte) []byte

// Serve leads one call through faults, processing, books file, log and wire. The log entry is written before the answer, so whoever has
// seen an answer (or lost one) finds its call in the log. If the books file cannot take what was processed, the caller gets
// a bare status 500: the platform's own refusals would claim that nothing has happened.
func (s *Stage) Serve(w http.ResponseWriter, call control.Call, process func() Reply, forge Forge) {
	struck := s.Faults.take(call)
	for _, f := range struck {
		call.Faults = append(call.Faults, control.AppliedFault{ID: f.ID, Kind: f.Kind, Phase: f.Phase})
	}
	s.pause(struck, control.Before)
	spoiler := spoilerOf(struck)
	var reply Reply
	var unsaved error
	if spoiler == nil || spoiler.Phase == control.After {
		reply = process()
		unsaved = s.commit()
		call.Processed, call.Outcome = true, reply.Outcome
	}
	call.At = s.Clock.Now()
	s.Calls.add(call)
	s.pause(struck, control.After)
	if unsaved != nil {
		http.Error(w, unsaved.Error(), http.StatusInternalServerError)
		return
	}
	if spoiler != nil {
		strike(w, *spoiler, reply, forge)
		return
	}
	writeJSON(w, reply.Status, reply.Body)
}

func spoilerOf(struck []control.Fault) *control.Fault {
	for i := range struck {
		if struck[i].Kind != control.FaultDelay {
			return &struck[i]
		}
	}
	return nil
}

// pause waits in real time. It does not end with the caller's connection: a platform goes on working for a caller who hung up,
// and just that is what a client must survive.
func (s *Stage) pause(struck []control.Fault, phase control.FaultPhase) {
	for _, f := range struck {
		if f.Kind != control.FaultDelay || f.Phase != phase {
			continue
		}
		timer := time.NewTimer(time.Duration(f.Delay))
		select {
		case <-timer.C:
		case <-s.closed:
			timer.Stop()
			return
		}
	}
}

// strike shows the caller the fault instead of the reply.
func strike(w http.ResponseWriter, f control.Fault, reply Reply, forge Forge) {
	switch f.Kind {
	case control.FaultDisconnect:
		disconnect(w)
	case control.FaultStatus:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(time.Duration(f.RetryAfter)/time.Second)))
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
	case control.FaultAnswer:
		if f.Body != "" {
			writeJSON(w, http.StatusOK, []byte(f.Body))
			return
		}
		writeJSON(w, http.StatusOK, forge(f, reply.Body))
	case control.FaultNoErrno:
		writeJSON(w, http.StatusOK, forge(f, reply.Body))
	case control.FaultHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"))
	case control.FaultTruncated:
		truncate(w, reply.Body)
	case control.FaultEmpty:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusOK)
	case control.FaultHuge:
		huge(w)
	case control.FaultDelay:
		// Never a spoiler: pause has dealt with it.
	}
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
func truncate(w http.ResponseWriter, body []byte) {
	if len(body) == 0 {
		body = []byte(`{"errno":0,"msg":"success","data":[]}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // net/http's own way to cut a response; recovered and not logged by the server
}

// huge streams a valid, success-looking JSON answer of more than 4 MiB: a client without a size limit would believe it.
func huge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	chunk := make([]byte, 64<<10)
	for i := range chunk {
		chunk[i] = 'x'
	}
	_, _ = w.Write([]byte(`{"errno":0,"msg":"`))
	for range 4<<20/len(chunk) + 1 {
		if _, err := w.Write(chunk); err != nil {
			return // the client has had enough, as it should
		}
	}
	_, _ = w.Write([]byte(`","data":[]}`))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
