package baidu

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// maxTokenLife bounds what Baidu may say of a token's life; 30 days in its samples.
const maxTokenLife = 30 * 24 * time.Hour

// tokens keeps the one access token of an account. Whoever needs it while it is
// being fetched waits for that fetch rather than starting another.
type tokens struct {
	id, secret string
	fetch      func(ctx context.Context, id, secret string) (string, time.Duration, error)
	now        clock

	flight singleflight.Group
	mu     sync.Mutex
	token  string
	until  time.Time
}

// get returns a token that is good by its age. Its failures are never ambiguous
// for the caller, since the request that needs the token was not sent yet.
func (t *tokens) get(ctx context.Context) (string, error) {
	if token := t.current(); token != "" {
		return token, nil
	}
	// The fetch belongs to all who wait: one caller that gives up must not take
	// it from the others. The exchange's own timeout bounds it.
	shared := context.WithoutCancel(ctx)
	done := t.flight.DoChan("", func() (any, error) {
		if token := t.current(); token != "" { // a flight that landed in between
			return token, nil
		}
		token, life, err := t.fetch(shared, t.id, t.secret)
		if err != nil {
			return "", err
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		// A tenth of its life early, so that it does not expire on the way.
		t.token, t.until = token, t.now().Add(life-life/10)
		return token, nil
	})
	select {
	case <-ctx.Done():
		code := wire.KindCancelled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			code = wire.KindTimeout
		}
		return "", fail(opToken, refund.Failure{Class: refund.ClassTransient, Code: string(code), Hint: "nothing was sent"})
	case result := <-done:
		token, _ := result.Val.(string)
		return token, result.Err
	}
}

func (t *tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now().Before(t.until) {
		return t.token
	}
	return ""
}

// drop forgets a token that was refused, unless a newer one already took its place.
func (t *tokens) drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token, t.until = "", time.Time{}
	}
}

// fetchToken asks for a token (§2.3). The secret travels in the query, as Baidu
// documents it; the answer has a shape of its own, without errno.
func (p *Provider) fetchToken(ctx context.Context, id, secret string) (string, time.Duration, error) {
	answer, err := p.http.Do(ctx, wire.Get(trimSlash(p.settings.OpenAPIURL)+"/oauth/2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {"smartapp_snsapi_base"},
	}))
	if err != nil {
		return "", 0, transportFailure(opToken, err)
	}
	pause := answer.RetryAfter(p.now())
	members, unreadable := wire.ParseObject(answer.Body)
	if speaks(answer.Status) && unreadable == nil {
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
	return readToken(members)
}

func readToken(members wire.Object) (string, time.Duration, error) {
	var (
		token   string
		seconds wire.Int
	)
	if err := errors.Join(members.Read("access_token", &token), members.Read("expires_in", &seconds)); err != nil {
		return "", 0, unreadableFailure(opToken, err)
	}
	if token == "" || seconds <= 0 {
		return "", 0, unreadableFailure(opToken, errors.New("access_token or expires_in is empty"))
	}
	return token, time.Duration(min(seconds, wire.Int(maxTokenLife/time.Second))) * time.Second, nil
}
