package baidu

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// calls are the operations over the wire, each with the path it must reach.
var calls = []struct {
	op        op
	transport Transport
	call      func(context.Context, *Provider) error
}{
	{opApply, TransportCashier, func(ctx context.Context, p *Provider) error { _, err := p.Apply(ctx, full()); return err }},
	{opApply, TransportCashierLegacy, func(ctx context.Context, p *Provider) error { _, err := p.Apply(ctx, full()); return err }},
	{opApply, TransportOpenAPI, func(ctx context.Context, p *Provider) error { _, err := p.Apply(ctx, full()); return err }},
	{opCancel, TransportCashier, func(ctx context.Context, p *Provider) error { return p.CancelVerification(ctx, full().Request.Order) }},
	{opCancel, TransportCashierLegacy, func(ctx context.Context, p *Provider) error { return p.CancelVerification(ctx, full().Request.Order) }},
	{opOrder, TransportCashier, func(ctx context.Context, p *Provider) error {
		_, err := p.OrderState(ctx, full().Request.Order)
		return err
	}},
	{opRefunds, TransportCashier, func(ctx context.Context, p *Provider) error { _, err := p.Query(ctx, full()); return err }},
}

// discard silences servers that complain about the failures a test provokes.
var discard = log.New(io.Discard, "", 0)

func hijack(then func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			then(conn)
			conn.Close()
		}
	}
}

func header(name, value string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		next(w, r)
	}
}

const (
	transient     = refund.ClassTransient
	throttled     = refund.ClassThrottled
	ambiguous     = refund.ClassAmbiguous
	misconfigured = refund.ClassMisconfigured
)

// answers that are none, or none that can be trusted. What is ambiguous for a
// change is transient for a read, since that can be repeated.
var badAnswers = []struct {
	name    string
	answer  http.HandlerFunc
	changes refund.Class // for apply and cancel
	reads   refund.Class // for the rest
	code    string
	pause   time.Duration
}{
	{"closed after processing", hijack(func(net.Conn) {}), ambiguous, transient, "connection lost", 0},
	{"reset after processing", hijack(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), ambiguous, transient, "connection lost", 0},
	{"a truncated answer", hijack(func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"errno\":0,")
	}), ambiguous, transient, "truncated", 0},
	{"a huge body", text(200, `{"errno":0,"msg":"`+strings.Repeat("x", 1<<20)+`"}`), ambiguous, transient, "too large", 0},
	{"500", text(500, applyOK), ambiguous, transient, "http 500", 0},
	{"502 with a page", text(502, "<html>bad gateway</html>"), ambiguous, transient, "http 502", 0},
	{"503 with a pause", header("Retry-After", "7", text(503, "")), ambiguous, transient, "http 503", 7 * time.Second},
	{"a redirect", header("Location", "/elsewhere", text(302, "")), ambiguous, transient, "http 302", 0},
	{"408 of a proxy", text(408, ""), ambiguous, transient, "http 408", 0},
	{"429", text(429, ""), throttled, throttled, "http 429", 0},
	{"429 with a pause", header("Retry-After", "90", text(429, applyOK)), throttled, throttled, "http 429", 90 * time.Second},
	{"400", text(400, ""), misconfigured, misconfigured, "http 400", 0},
	{"403 with a page", text(403, "<html>forbidden</html>"), misconfigured, misconfigured, "http 403", 0},
	{"404 without errno", text(404, `{"msg":"not found"}`), misconfigured, misconfigured, "http 404", 0},
	// A service was reached that says nothing listed: who knows what it did?
	{"404 with success inside", text(404, applyOK), ambiguous, misconfigured, "http 404", 0},
	{"400 with a code nobody lists", text(400, `{"errno":77777}`), ambiguous, misconfigured, "http 400", 0},
	{"403 with a gateway's code nobody lists", text(403, `{"error_code":77777}`), ambiguous, misconfigured, "http 403", 0},
	{"403 with a listed code", text(403, `{"errno":970,"msg":"no"}`), misconfigured, misconfigured, "970", 0},
	{"200 with a page", text(200, "<html>please wait</html>"), ambiguous, transient, "unreadable", 0},
	{"200 with nothing", text(200, ""), ambiguous, transient, "unreadable", 0},
	{"204", text(204, ""), ambiguous, transient, "unreadable", 0},
	{"half a document", text(200, applyOK[:30]), ambiguous, transient, "unreadable", 0},
	{"two documents", text(200, applyOK+applyOK), ambiguous, transient, "unreadable", 0},
	{"an array", text(200, `[]`), ambiguous, transient, "unreadable", 0},
	{"null", text(200, `null`), ambiguous, transient, "unreadable", 0},
	{"no errno", text(200, `{"msg":"success","data":{"refundBatchId":"1","refundPayMoney":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno null", text(200, `{"errno":null,"data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno false", text(200, `{"errno":false,"data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno empty", text(200, `{"errno":"","data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno a float", text(200, `{"errno":0.0,"data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno in capitals", text(200, `{"ERRNO":0,"data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno twice", text(200, `{"errno":10000,"errno":0,"data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"errno 0 beside error_code", text(200, `{"errno":0,"error_code":18,"data":{"refundBatchId":"1"}}`), ambiguous, transient, "unreadable", 0},
	{"error_code alone, 0", text(200, `{"error_code":0}`), ambiguous, transient, "unreadable", 0},
	{"a throttle with a pause", header("Retry-After", "5", text(200, `{"errno":5010003,"msg":"QPS"}`)), throttled, throttled, "5010003", 5 * time.Second},
}

func TestABadAnswerIsNeitherSuccessNorFailure(t *testing.T) {
	for _, bad := range badAnswers {
		for _, c := range calls {
			t.Run(bad.name+", "+string(c.op)+" by "+string(c.transport), func(t *testing.T) {
				baidu := newStub(t, bad.answer)
				f := failureOf(t, c.call(t.Context(), newProvider(t, settings(t, c.transport, baidu.URL))))
				want := bad.changes
				if c.op.reads() {
					want = bad.reads
				}
				require.Equal(t, refund.Failure{Class: want, Op: string(c.op), Code: bad.code, RetryAfter: bad.pause},
					refund.Failure{Class: f.Class, Op: f.Op, Code: f.Code, RetryAfter: f.RetryAfter}, f.Error())
				require.NotEmpty(t, f.Hint)
				requireClean(t, f)
			})
		}
	}
}

func TestAnUnlistedCodeBehindAnErrorStatusIsShown(t *testing.T) {
	baidu := newStub(t, text(400, `{"errno":77777,"msg":"新错误"}`))
	_, err := newProvider(t, settings(t, TransportCashier, baidu.URL)).Apply(t.Context(), full())
	require.Equal(t, "77777 新错误", failureOf(t, err).Message)
}

// requireClean proves that a failure quotes no secret and no body.
func requireClean(t *testing.T, f *refund.Failure) {
	t.Helper()
	for _, secret := range []string{clientSecret, accessToken, "rsaSign", "sign=", "<html>", "refundBatchId\":"} {
		require.NotContains(t, f.Error(), secret)
	}
}

func TestARequestThatWasNotSentIsTransient(t *testing.T) {
	const closed = "127.0.0.1:1" // a port that no program is given by chance
	stranger := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a request went over a connection that was not trusted")
	}))
	stranger.Config.ErrorLog = discard
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	live := newStub(t, text(200, applyOK))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()

	for _, c := range calls {
		for name, test := range map[string]struct {
			ctx  context.Context
			base string
			code string
		}{
			"nobody listens":         {t.Context(), "http://" + closed, "connect"},
			"an unknown certificate": {t.Context(), stranger.URL, "tls"},
			"cancelled before":       {cancelled, live.URL, "cancelled"},
		} {
			f := failureOf(t, c.call(test.ctx, newProvider(t, settings(t, c.transport, test.base))))
			require.Equal(t, transient, f.Class, "%s: %s", name, f.Error())
			require.Equal(t, test.code, f.Code, "%s: %s", name, f.Error())
			requireClean(t, f)
		}
	}
	require.Empty(t, live.requests("/cashier/applyOrderRefund"))
}

func TestATimeoutAfterSendingIsAmbiguousForWhatChangesSomething(t *testing.T) {
	for _, c := range calls {
		t.Run(string(c.op)+" by "+string(c.transport), func(t *testing.T) {
			t.Parallel()
			baidu := newStub(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			p := newProvider(t, settings(t, c.transport, baidu.URL))
			_, err := p.tokens.Get(t.Context()) // with patience, unlike what follows
			require.NoError(t, err)
			p.http = wire.NewClient(wire.Options{Timeout: 500 * time.Millisecond})
			f := failureOf(t, c.call(t.Context(), p))
			require.Equal(t, "timeout", f.Code)
			if c.op.reads() {
				require.Equal(t, transient, f.Class)
			} else {
				require.Equal(t, ambiguous, f.Class)
			}
		})
	}
}

func TestAPlatformsTextIsShownWithoutWhatCouldBeASecret(t *testing.T) {
	baidu := newStub(t, text(200, `{"errno":10000,"msg":"签名校验失败 rsaSign=`+strings.Repeat("Ab+/", 43)+`=\u0000 token `+accessToken+`"}`))
	_, err := newProvider(t, settings(t, TransportCashier, baidu.URL)).Apply(t.Context(), full())
	f := failureOf(t, err)
	require.Equal(t, "签名校验失败 … token …", f.Message)
}
