package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestATokenIsRenewedBeforeItsLifeEnds(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	fetched := 0
	k := NewTokens(func(context.Context) (string, time.Duration, error) {
		fetched++
		return fmt.Sprint(fetched), 100 * time.Minute, nil
	}, func() time.Time { return now })
	get := func() string {
		token, err := k.Get(t.Context())
		require.NoError(t, err)
		return token
	}
	require.Equal(t, "1", get())
	now = now.Add(90*time.Minute - 1)
	require.Equal(t, "1", get())
	now = now.Add(1)
	require.Equal(t, "2", get())
	k.Drop("1")
	require.Equal(t, "2", get(), "an old token's refusal does not drop the new one")
	k.Drop("2")
	require.Equal(t, "3", get())
}

func TestManyWhoNeedATokenShareOneFetch(t *testing.T) {
	const callers = 20
	var fetched atomic.Int32
	started, release := make(chan struct{}, callers+1), make(chan struct{})
	k := NewTokens(func(ctx context.Context) (string, time.Duration, error) {
		fetched.Add(1)
		started <- struct{}{}
		<-release
		return "t", time.Hour, ctx.Err()
	}, time.Now)
	// The first caller gives up while the fetch is under way: the others still get it.
	impatient, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := k.Get(impatient); gone <- err }()
	<-started
	cancel()
	err := <-gone
	var failed *Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, KindCancelled, failed.Kind)
	require.False(t, failed.MayHaveArrived, "what needs the token was not sent")
	require.ErrorIs(t, err, context.Canceled)

	var group sync.WaitGroup
	results := make(chan string, callers)
	for range callers {
		group.Go(func() {
			token, err := k.Get(t.Context())
			if err != nil {
				token = err.Error()
			}
			results <- token
		})
	}
	close(release)
	group.Wait()
	close(results)
	for token := range results {
		require.Equal(t, "t", token)
	}
	require.EqualValues(t, 1, fetched.Load())
}

func TestAFailedFetchIsToldAndNotKept(t *testing.T) {
	refused := errors.New("refused")
	answers := []error{refused, nil}
	k := NewTokens(func(context.Context) (string, time.Duration, error) {
		err := answers[0]
		answers = answers[1:]
		return "t", time.Hour, err
	}, time.Now)
	_, err := k.Get(t.Context())
	require.ErrorIs(t, err, refused)
	token, err := k.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, "t", token)
}

func TestATokensLifeIsBelievedWithinBoundsOnly(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`{"access_token":"x","expires_in":60}`:                  time.Minute,
		`{"access_token":"x","expires_in":"60"}`:                time.Minute,
		`{"access_token":"x","expires_in":9223372036854775807}`: time.Hour,
		`{"access_token":"x","expires_in":0}`:                   0,
		`{"access_token":"x","expires_in":-1}`:                  0,
		`{"access_token":"x"}`:                                  0,
		`{"access_token":"","expires_in":60}`:                   0,
		`{"access_token":1,"expires_in":60}`:                    0,
		`{"expires_in":60}`:                                     0,
	} {
		members, err := ParseObject([]byte(text))
		require.NoError(t, err)
		token, life, err := ReadToken(members, time.Hour)
		require.Equal(t, want, life, text)
		require.Equal(t, want == 0, err != nil, text)
		require.Equal(t, want == 0, token == "", text)
	}
}
