package wechat

import (
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/stage"
)

var runOperation = map[string]string{opRunRefund: doRefund, opRunQuery: doQueryRefund, opRunOrder: doQueryOrder}

// gatewayReply is an answer of the outer layer alone.
func gatewayReply(code int64, text string) stage.Reply {
	return stage.Reply{Status: http.StatusOK, Body: mustJSON(map[string]any{"errcode": code, "errmsg": text}),
		Outcome: "errcode " + strconv.FormatInt(code, 10) + " " + text}
}

// Codes of the outer layers. The notes list those of the function trigger (§1); 47001 and the token codes are WeChat's general ones.
const (
	codeBadJSON = 47001
	codeMethod  = 43002
)

// cloudRun serves one operation of the open API as a container sees it behind its side-car (§4.4).
func (p *Platform) cloudRun(op string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r)
		var params map[string]string
		var wrong error
		if err == nil {
			params, wrong = jsonParams(body, snake)
		}
		w.Header().Set("X-Openapi-Seqid", random()) // shows that the call went through the side-car
		p.stage.Serve(w, p.call(op, "cloudrun", params), func() stage.Reply {
			switch {
			case !announcesJSON(r):
				return stage.Reply{Status: http.StatusBadRequest, Outcome: "400 without content-type application/json"}
			case r.Method != http.MethodPost:
				return gatewayReply(codeMethod, "require POST method")
			case params == nil:
				return gatewayReply(codeBadJSON, "data format error")
			}
			var res result
			p.locked(func(b *book, now time.Time) { res = b.gateway(runOperation[op], params, wrong, doorRun, now) })
			return stage.Reply{Status: http.StatusOK, Outcome: res.no.outcome(), Body: runBody(res)}
		}, p.forgeRun(params))
	}
}

// announcesJSON: a media type has no case and may name a charset.
func announcesJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

func runBody(res result) []byte {
	return mustJSON(map[string]any{"errcode": 0, "errmsg": "ok", "respdata": res.fields().object(snake)})
}
