package baidu

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

const (
	tokenPath = "/oauth/2.0/token"
	applyPath = "/rest/2.0/smartapp/pay/paymentservice/applyOrderRefund"
)

func TestATokenIsReadAsDocumented(t *testing.T) {
	for _, test := range []struct {
		name   string
		token  http.HandlerFunc
		want   refund.Class // "" is a token
		code   string
		paused time.Duration
	}{
		{"the sample", text(200, tokenOK), "", "", 0},
		{"a quoted life", text(200, `{"access_token":"`+accessToken+`","expires_in":"2592000"}`), "", "", 0},
		{"the error sample", text(200, `{"error":"invalid_client","error_description":"unknown client id"}`), misconfigured, "oauth error", 0},
		{"the error sample with 401", text(401, `{"error":"invalid_client","error_description":"unknown client id"}`), misconfigured, "oauth error", 0},
		{"403", text(403, "<html>"), misconfigured, "http 403", 0},
		{"429 with a pause", header("Retry-After", "9", text(429, "")), throttled, "http 429", 9 * time.Second},
		{"500", text(500, `{"error":"server_error"}`), transient, "http 500", 0},
		{"a redirect", text(302, ""), transient, "http 302", 0},
		{"a page", text(200, "<html>"), transient, "unreadable", 0},
		{"nothing", text(200, ""), transient, "unreadable", 0},
		{"no token", text(200, `{"expires_in":2592000}`), transient, "unreadable", 0},
		{"an empty token", text(200, `{"access_token":"","expires_in":1}`), transient, "unreadable", 0},
		{"no life", text(200, `{"access_token":"`+accessToken+`"}`), transient, "unreadable", 0},
		{"no life left", text(200, `{"access_token":"`+accessToken+`","expires_in":0}`), transient, "unreadable", 0},
		{"the day's limit", text(200, `{"error_code":17,"error_msg":"limit"}`), throttled, "error_code 17", 0},
		{"unavailable", text(200, `{"error_code":2,"error_msg":"unavailable"}`), throttled, "error_code 2", 0},
		{"unknown error", text(200, `{"error_code":1}`), transient, "error_code 1", 0},
		{"quota used", text(200, `{"error_code":19}`), misconfigured, "error_code 19", 0},
		{"an unlisted code", text(200, `{"error_code":4711}`), misconfigured, "error_code 4711", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			baidu := newStub(t, text(200, applyOK))
			baidu.token = test.token
			_, err := newProvider(t, settings(t, TransportOpenAPI, baidu.URL)).Apply(t.Context(), full())
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			f := failureOf(t, err)
			require.Equal(t, refund.Failure{Class: test.want, Op: "token", Code: test.code, RetryAfter: test.paused},
				refund.Failure{Class: f.Class, Op: f.Op, Code: f.Code, RetryAfter: f.RetryAfter})
			requireClean(t, f)
			require.Empty(t, baidu.requests(applyPath), "nothing may be sent without a token")
		})
	}
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	for _, status := range []int{200, 401} {
		for _, number := range []int{110, 111} {
			refusal := text(status, fmt.Sprintf(`{"error_code":%d,"error_msg":"Access token invalid"}`, number))
			for _, refusals := range []int32{0, 1, 2} {
				var asked, issued atomic.Int32
				baidu := newStub(t, func(w http.ResponseWriter, r *http.Request) {
					if asked.Add(1) <= refusals {
						refusal(w, r)
						return
					}
					text(200, applyOK)(w, r)
				})
				baidu.token = func(w http.ResponseWriter, _ *http.Request) {
					fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":2592000}`, issued.Add(1))
				}
				p := newProvider(t, settings(t, TransportOpenAPI, baidu.URL))
				_, err := p.Apply(t.Context(), full())
				applies := baidu.requests(applyPath)
				if refusals == 2 {
					require.Equal(t, misconfigured, failureOf(t, err).Class)
					require.Len(t, applies, 2, "a refused token must not loop")
					continue
				}
				require.NoError(t, err)
				require.Len(t, applies, int(refusals)+1)
				require.Equal(t, applies[0].body, applies[len(applies)-1].body, "the same request again")
				require.Equal(t, fmt.Sprintf("access_token=token-%d", refusals+1), applies[len(applies)-1].query)

				_, err = p.Apply(t.Context(), full())
				require.NoError(t, err)
				require.EqualValues(t, refusals+1, issued.Load(), "the token is kept")
			}
		}
	}
}

func TestWhoGivesUpWaitingForATokenSentNothing(t *testing.T) {
	p := &Provider{}
	release := make(chan struct{})
	defer close(release)
	p.tokens = wire.NewTokens(func(context.Context) (string, time.Duration, error) { <-release; return "t", time.Hour, nil }, time.Now)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for code, ctx := range map[string]context.Context{"timeout": late, "cancelled": gone} {
		_, err := p.accessToken(ctx)
		f := failureOf(t, err)
		require.Equal(t, transient, f.Class)
		require.Equal(t, code, f.Code)
	}
}
