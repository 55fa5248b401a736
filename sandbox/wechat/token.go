package wechat

import (
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// token is one issued access token.
type token struct {
	appID   string
	expires time.Time
}

// token serves GET /cgi-bin/token. The notes do not describe this call; its errors are WeChat's general ones. An older token
// stays valid until it expires.
func (p *Platform) token(w http.ResponseWriter, r *http.Request) {
	call := control.Call{Platform: p.Name(), Op: opToken, Transport: "cloudfunction"}
	p.stage.Serve(w, call, func() (reply stage.Reply) {
		query := r.URL.Query()
		appID, secret := query.Get("appid"), query.Get("secret")
		p.locked(func(b *book, now time.Time) {
			m := b.miniProgram(appID)
			switch {
			case r.Method != http.MethodGet:
				reply = gatewayReply(43001, "require GET method")
			case query.Get("grant_type") != "client_credential":
				reply = gatewayReply(40002, "invalid grant_type")
			case appID == "":
				reply = gatewayReply(41002, "appid missing")
			case secret == "":
				reply = gatewayReply(41004, "appsecret missing")
			case m == nil:
				reply = gatewayReply(40013, "invalid appid")
			case len(secret) != len(m.AppSecret):
				reply = gatewayReply(40125, "invalid appsecret")
			case subtle.ConstantTimeCompare([]byte(secret), []byte(m.AppSecret)) != 1:
				reply = gatewayReply(40001, "invalid credential, access_token is invalid or not latest")
			default:
				reply = b.issue(appID, now)
			}
		})
		return reply
	}, forgeGateway)
}

// miniProgram finds a merchant whose mini program may ask for tokens.
func (b *book) miniProgram(appID string) *merchant {
	for _, m := range b.merchants {
		if m.AppSecret != "" && m.SubAppID == appID {
			return m
		}
	}
	return nil
}

func (b *book) issue(appID string, now time.Time) stage.Reply {
	ttl := b.settings.TokenTTL.Std()
	value := random() + random()
	b.tokens[value] = token{appID, now.Add(ttl)}
	return stage.Reply{Status: http.StatusOK, Outcome: "errcode 0 ok",
		Body: mustJSON(map[string]any{"access_token": value, "expires_in": int64(ttl.Seconds())})}
}
