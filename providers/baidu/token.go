package baidu

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// maxTokenLife bounds what Baidu may say of a token's life; 30 days in its samples.
const maxTokenLife = 30 * 24 * time.Hour

// accessToken returns a token that is good by its age. Who gave up waiting for one
// sent nothing; other failures are the fetch's own.
func (p *Provider) accessToken(ctx context.Context) (string, error) {
	token, err := p.tokens.Get(ctx)
	var e *wire.Error
	if errors.As(err, &e) {
		return "", fail(opToken, refund.Failure{Class: refund.ClassTransient, Code: string(e.Kind), Hint: "nothing was sent"})
	}
	return token, err
}

// fetchToken asks for a token (§2.3). The secret travels in the query, as Baidu
// documents it; the answer has a shape of its own, without errno.
func (p *Provider) fetchToken(ctx context.Context) (string, time.Duration, error) {
	answer, err := p.http.Do(ctx, wire.Get(strings.TrimRight(p.settings.OpenAPIURL, "/")+"/oauth/2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.settings.OpenAPI.ClientID}, "client_secret": {p.clientSecret}, "scope": {"smartapp_snsapi_base"},
	}))
	if err != nil {
		return "", 0, transportFailure(opToken, err)
	}
	pause := answer.RetryAfter(p.now())
	members, unreadable := wire.ParseObject(answer.Body)
	if failure.Speaks(answer.Status) && unreadable == nil {
		if r, err := parseReply(answer.Body); err == nil && r.number != 0 {
			r.retryAfter = pause
			return "", 0, r.failure(opToken)
		}
		if members.Has("error") { // {"error":"invalid_client"}; its description may quote the client id
			return "", 0, fail(opToken, refund.Failure{Class: refund.ClassMisconfigured, Code: "oauth error", Hint: hintToken})
		}
	}
	if err := statusFailure(opToken, answer.Status, pause); err != nil {
		return "", 0, err
	}
	if unreadable != nil {
		return "", 0, unreadableFailure(opToken, unreadable)
	}
	token, life, err := wire.ReadToken(members, maxTokenLife)
	if err != nil {
		return "", 0, unreadableFailure(opToken, err)
	}
	return token, life, nil
}
