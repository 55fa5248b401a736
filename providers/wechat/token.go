package wechat

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const hintToken = "compare appid and app_secret_file with WeChat's console, and its white list with this machine's address"

// maxTokenLife bounds what WeChat may say of a token's life; 2 hours in its pages.
const maxTokenLife = 2 * time.Hour

// tokens keeps the one access token of an app. Whoever needs it while it is being
// fetched waits for that fetch rather than starting another: at WeChat every new
// token soon ends the one before.
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

// fetchToken asks for a token. The secret travels in the query, as WeChat
// documents it. A code in place of a token concerns the account, except -1,
// which says that WeChat is busy.
func (c *cloudFunction) fetchToken(ctx context.Context, id, secret string) (string, time.Duration, error) {
	answer, err := c.http.Do(ctx, wire.Get(trimSlash(c.p.settings.URL)+"/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {id}, "secret": {secret},
	}))
	if err != nil {
		return "", 0, transportFailure(opToken, err)
	}
	if err := statusFailure(opToken, answer.Status, answer.RetryAfter(c.p.now())); err != nil {
		return "", 0, err
	}
	members, err := parseObject(answer.Body)
	if err != nil {
		return "", 0, unreadableFailure(opToken, err)
	}
	var errcode wire.Int
	if members.Has("errcode") {
		if err := members.Read("errcode", &errcode); err != nil {
			return "", 0, unreadableFailure(opToken, err)
		}
	}
	if errcode != 0 {
		f := refund.Failure{Class: refund.ClassMisconfigured, Code: "errcode " + wireText(errcode), Message: clean(errmsg(members)), Hint: hintToken}
		if errcode == -1 {
			f.Class, f.Hint = refund.ClassTransient, hintAgain
		}
		return "", 0, fail(opToken, f)
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

func wireText(n wire.Int) string { return strconv.FormatInt(int64(n), 10) }
