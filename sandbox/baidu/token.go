package baidu

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// token is one issued access token.
type token struct {
	clientID string
	expires  time.Time
}

// token serves GET /oauth/2.0/token (§2.3). Errors have a shape of their own; the 401 beside them is inferred from OAuth.
func (p *Platform) token(w http.ResponseWriter, r *http.Request) {
	params, formErr := readForm(r)
	call := control.Call{Platform: p.Name(), Op: opToken, Transport: "openapi"}
	p.stage.Serve(w, call, func() stage.Reply {
		p.mu.Lock()
		defer p.mu.Unlock()
		if formErr != nil {
			return tokenRefusal("invalid_request", formErr.Error())
		}
		if params["grant_type"] != "client_credentials" {
			return tokenRefusal("unsupported_grant_type", "the grant_type must be client_credentials")
		}
		clientID, secret := params["client_id"], params["client_secret"]
		known := false
		for _, m := range p.book.merchants {
			if m.clientID == "" || m.clientID != clientID {
				continue
			}
			known = true
			if subtle.ConstantTimeCompare([]byte(m.clientSecret), []byte(secret)) == 1 {
				return p.issue(clientID)
			}
		}
		if known {
			return tokenRefusal("invalid_client", "Client authentication failed")
		}
		return tokenRefusal("invalid_client", "unknown client id")
	}, p.forge(opToken))
}

// issue makes a token in the shape of the published samples. An older token stays valid until it expires.
func (p *Platform) issue(clientID string) stage.Reply {
	ttl := time.Duration(p.book.settings.TokenTTL)
	expires := p.stage.Clock.Now().Add(ttl)
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails since Go 1.24
	value := fmt.Sprintf("24.%s.%d.%d.282335-1", hex.EncodeToString(random), int64(ttl.Seconds()), expires.Unix())
	p.book.tokens[value] = token{clientID, expires}
	return stage.Reply{Status: http.StatusOK, Outcome: "0 success",
		Body: mustJSON(map[string]any{"access_token": value, "expires_in": int64(ttl.Seconds())})}
}

func tokenRefusal(code, text string) stage.Reply {
	return stage.Reply{Status: http.StatusUnauthorized, Outcome: code,
		Body: mustJSON(map[string]any{"error": code, "error_description": text})}
}

// bearer finds who a token belongs to, or the gateway's refusal.
func (b *book) bearer(value string, now time.Time) (clientID string, refusal *answer) {
	t, known := b.tokens[value]
	switch {
	case value == "":
		return "", &tokenMissing
	case !known:
		return "", &tokenInvalid
	case !now.Before(t.expires):
		return "", &tokenExpired
	}
	return t.clientID, nil
}
