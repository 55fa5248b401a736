package wechat

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

func TestATokenIsReadAsDocumented(t *testing.T) {
	for _, test := range []struct {
		name  string
		token http.HandlerFunc
		want  refund.Class // "" is a token
		code  string
	}{
		{"the sample", text(200, tokenOK), "", ""},
		{"a quoted life", text(200, `{"access_token":"t","expires_in":"7200"}`), "", ""},
		{"errcode 0 beside it", text(200, `{"errcode":0,"access_token":"t","expires_in":7200}`), "", ""},
		{"a wrong secret", text(200, `{"errcode":40125,"errmsg":"invalid appsecret `+appSecret+`"}`), misconfigured, "errcode 40125"},
		{"busy", text(200, `{"errcode":-1,"errmsg":"system error"}`), transient, "errcode -1"},
		{"a code beside a token", text(200, `{"errcode":40164,"access_token":"t","expires_in":1}`), misconfigured, "errcode 40164"},
		{"403", text(403, "<html>"), misconfigured, "http 403"},
		{"429", text(429, ""), throttled, "http 429"},
		{"500", text(500, ""), transient, "http 500"},
		{"a page", text(200, "<html>"), transient, "unreadable"},
		{"nothing", text(200, ""), transient, "unreadable"},
		{"no token", text(200, `{"expires_in":7200}`), transient, "unreadable"},
		{"an empty token", text(200, `{"access_token":"","expires_in":7200}`), transient, "unreadable"},
		{"no life", text(200, `{"access_token":"t"}`), transient, "unreadable"},
		{"no life left", text(200, `{"access_token":"t","expires_in":0}`), transient, "unreadable"},
		{"errcode a word", text(200, `{"errcode":"x","access_token":"t","expires_in":7200}`), transient, "unreadable"},
	} {
		wechat := newStub(t, text(200, accepted(t, TransportCloudFunction)))
		wechat.token = test.token
		_, err := newProvider(t, settings(t, TransportCloudFunction, wechat.URL)).Apply(t.Context(), partial())
		if test.want == "" {
			require.NoError(t, err, test.name)
			continue
		}
		f := failureOf(t, err)
		require.Equal(t, test.want, f.Class, test.name)
		require.Equal(t, test.code, f.Code, test.name)
		require.Equal(t, "token", f.Op)
		require.Empty(t, wechat.requests("/tcb/invokecloudfunction"), "nothing was invoked")
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	for _, code := range refusedTokens {
		for name, test := range map[string]struct {
			refusals, fetched int
			want              refund.Class
		}{"the fresh one works": {1, 2, ""}, "the fresh one is refused too": {2, 2, misconfigured}} {
			var fetched, refusals atomic.Int32
			wechat := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				if int(refusals.Add(1)) <= test.refusals {
					text(200, `{"errcode":`+code+`,"errmsg":"access_token `+r.URL.Query().Get("access_token")+`"}`)(w, r)
					return
				}
				require.Equal(t, "token-number-2", r.URL.Query().Get("access_token"))
				text(200, accepted(t, TransportCloudFunction))(w, r)
			})
			wechat.token = func(w http.ResponseWriter, r *http.Request) {
				text(200, fmt.Sprintf(`{"access_token":"token-number-%d","expires_in":7200}`, fetched.Add(1)))(w, r)
			}
			_, err := newProvider(t, settings(t, TransportCloudFunction, wechat.URL)).Apply(t.Context(), partial())
			require.Equal(t, test.fetched, int(fetched.Load()), "%s %s", code, name)
			seen := wechat.requests("/tcb/invokecloudfunction")
			require.Len(t, seen, 2)
			require.Equal(t, seen[0].body, seen[1].body)
			if test.want == "" {
				require.NoError(t, err)
				continue
			}
			require.Equal(t, test.want, failureOf(t, err).Class)
		}
	}
}

func TestWhoGivesUpWaitingForATokenSentNothing(t *testing.T) {
	c := &cloudFunction{}
	release := make(chan struct{})
	defer close(release)
	c.tokens = wire.NewTokens(func(context.Context) (string, time.Duration, error) { <-release; return "t", time.Hour, nil }, time.Now)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for code, ctx := range map[string]context.Context{"timeout": late, "cancelled": gone} {
		_, err := c.accessToken(ctx)
		f := failureOf(t, err)
		require.Equal(t, transient, f.Class)
		require.Equal(t, code, f.Code)
	}
}
