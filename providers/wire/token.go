package wire

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// FetchToken asks a platform for an access token and how long it lives.
type FetchToken func(context.Context) (token string, life time.Duration, err error)

// Tokens keeps the one access token of an account. Whoever needs it while it is
// being fetched waits for that fetch rather than starting another: at some
// platforms every new token soon ends the one before. Safe for concurrent use.
type Tokens struct {
	fetch FetchToken
	now   func() time.Time

	flight singleflight.Group
	mu     sync.Mutex
	token  string
	until  time.Time
}

// NewTokens makes a keeper without a token; now is a seam for tests.
func NewTokens(fetch FetchToken, now func() time.Time) *Tokens {
	return &Tokens{fetch: fetch, now: now}
}

// Get returns a token that is good by its age. The error is the fetch's own, or an
// [*Error] when ctx ends before the fetch does. Neither is ever ambiguous for the
// caller, since the request that needs the token was not sent yet.
func (t *Tokens) Get(ctx context.Context) (string, error) {
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
		token, life, err := t.fetch(shared)
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
		kind := KindCancelled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			kind = KindTimeout
		}
		return "", &Error{Kind: kind, cause: ctx.Err()}
	case result := <-done:
		token, _ := result.Val.(string)
		return token, result.Err
	}
}

func (t *Tokens) current() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now().Before(t.until) {
		return t.token
	}
	return ""
}

// Drop forgets a token that was refused, unless a newer one already took its place.
func (t *Tokens) Drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token, t.until = "", time.Time{}
	}
}

// ReadToken reads OAuth's answer: access_token, and expires_in in seconds, of which
// at most longest is believed.
func ReadToken(members Object, longest time.Duration) (token string, life time.Duration, err error) {
	var seconds Int
	if err := errors.Join(members.Read("access_token", &token), members.Read("expires_in", &seconds)); err != nil {
		return "", 0, err
	}
	if token == "" || seconds <= 0 {
		return "", 0, errors.New("access_token or expires_in is empty")
	}
	return token, time.Duration(min(seconds, Int(longest/time.Second))) * time.Second, nil
}
