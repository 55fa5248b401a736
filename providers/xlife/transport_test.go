package xlife

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

	"github.com/refundflow/refundflow/refund"
)

// calls are the operations over the wire.
var calls = []struct {
	op   op
	mos  []Entitlement
	call func(context.Context, *Provider) error
}{
	{opRefund, nil, func(ctx context.Context, p *Provider) error { _, err := p.Apply(ctx, instruction()); return err }},
	{opOrder, []Entitlement{MosQuery}, func(ctx context.Context, p *Provider) error {
		_, err := p.OrderState(ctx, instruction().Request.Order)
		return err
	}},
	{opQueryRefund, []Entitlement{MosQueryRefund}, func(ctx context.Context, p *Provider) error { _, err := p.Query(ctx, instruction()); return err }},
}

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
// refund is transient for a read, since that can be repeated.
var badAnswers = []struct {
	name    string
	answer  http.HandlerFunc
	refunds refund.Class
	reads   refund.Class
	code    string
	pause   time.Duration
}{
	{"closed after processing", hijack(func(net.Conn) {}), ambiguous, transient, "connection lost", 0},
	{"reset after processing", hijack(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), ambiguous, transient, "connection lost", 0},
	{"a truncated answer", hijack(func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"alibaba_xlife")
	}), ambiguous, transient, "truncated", 0},
	{"a huge body", text200(`{"error_response":{"code":25,"msg":"` + strings.Repeat("x", 1<<20) + `"}}`), ambiguous, transient, "too large", 0},
	{"500", textOf(500, refused(25, "", "")), ambiguous, transient, "http 500", 0},
	{"502 with a page", textOf(502, "<html>bad gateway</html>"), ambiguous, transient, "http 502", 0},
	{"503 with a pause", header("Retry-After", "7", textOf(503, "")), ambiguous, transient, "http 503", 7 * time.Second},
	{"a redirect", header("Location", "/elsewhere", textOf(302, "")), ambiguous, transient, "http 302", 0},
	{"408 of a proxy", textOf(408, ""), ambiguous, transient, "http 408", 0},
	{"429", textOf(429, ""), ambiguous, throttled, "http 429", 0},
	{"429 with a pause", header("Retry-After", "90", textOf(429, "<html>slow</html>")), ambiguous, throttled, "http 429", 90 * time.Second},
	// A page of something in between proves nothing about a refund.
	{"400", textOf(400, ""), ambiguous, misconfigured, "http 400", 0},
	{"403 with a page", textOf(403, "<html>forbidden</html>"), ambiguous, misconfigured, "http 403", 0},
	{"404 with a page", textOf(404, "<html>not found</html>"), ambiguous, misconfigured, "http 404", 0},
	{"409", textOf(409, ""), ambiguous, misconfigured, "http 409", 0},
	{"425", textOf(425, ""), ambiguous, misconfigured, "http 425", 0},
	{"460 of a balancer", textOf(460, ""), ambiguous, misconfigured, "http 460", 0},
	{"499 of a proxy", textOf(499, ""), ambiguous, misconfigured, "http 499", 0},
	{"403 with a listed code", textOf(403, refused(25, "", "")), misconfigured, misconfigured, "code 25", 0},
	// The gateway was reached and says something unheard of: who knows what it did?
	{"404 with an unlisted code", textOf(404, refused(999, "", "")), ambiguous, misconfigured, "http 404", 0},
	{"code 10", text200(`{"error_response":{"code":10,"msg":"Service Currently Unavailable"}}`), ambiguous, transient, "code 10", 0},
	{"a code in quotes", text200(`{"error_response":{"code":"25","msg":"Invalid signature"}}`), misconfigured, misconfigured, "code 25", 0},
	{"200 with a page", text200("<html>please wait</html>"), ambiguous, transient, "unreadable", 0},
	{"XML", text200("<error_response><code>25</code></error_response>"), ambiguous, transient, "unreadable", 0},
	{"200 with nothing", text200(""), ambiguous, transient, "unreadable", 0},
	{"204", textOf(204, ""), ambiguous, transient, "unreadable", 0},
	{"half a document", text200(`{"error_response":{"code":25,`), ambiguous, transient, "unreadable", 0},
	{"two documents", text200(`{"error_response":{"code":25}}{}`), ambiguous, transient, "unreadable", 0},
	{"an array", text200(`[]`), ambiguous, transient, "unreadable", 0},
	{"null", text200(`null`), ambiguous, transient, "unreadable", 0},
	{"an empty object", text200(`{}`), ambiguous, transient, "unreadable", 0},
	{"an error without code", text200(`{"error_response":{"msg":"x","sub_code":"isv.REFUND_AMOUNT_INVALID"}}`), ambiguous, transient, "unreadable", 0},
	{"an error whose code is a float", text200(`{"error_response":{"code":25.0}}`), ambiguous, transient, "unreadable", 0},
	{"an error whose sub_code is a number", text200(`{"error_response":{"code":25,"sub_code":7}}`), ambiguous, transient, "unreadable", 0},
	{"an error that is a list", text200(`{"error_response":[]}`), ambiguous, transient, "unreadable", 0},
	{"an error with two codes", text200(`{"error_response":{"code":25,"code":50}}`), ambiguous, transient, "unreadable", 0},
	{"two errors", text200(`{"error_response":{"code":25},"error_response":{"code":25}}`), ambiguous, transient, "unreadable", 0},
	{"an error in capitals", text200(`{"ERROR_RESPONSE":{"code":25}}`), ambiguous, transient, "unreadable", 0},
}

func TestABadAnswerIsNeitherSuccessNorFailure(t *testing.T) {
	for _, bad := range badAnswers {
		for _, c := range calls {
			t.Run(bad.name+", "+string(c.op), func(t *testing.T) {
				gateway := newStub(t, bad.answer)
				f := failureOf(t, c.call(t.Context(), newProvider(t, settings(t, gateway.URL, c.mos...))))
				want := bad.refunds
				if c.op.reads() {
					want = bad.reads
				}
				require.Equal(t, refund.Failure{Class: want, Op: string(c.op), Code: bad.code, RetryAfter: bad.pause},
					refund.Failure{Class: f.Class, Op: f.Op, Code: f.Code, RetryAfter: f.RetryAfter}, f.Error())
				require.NotEmpty(t, f.Hint)
				for _, secret := range []string{appSecret, "sign=", "<html>", `"msg"`} {
					require.NotContains(t, f.Error(), secret)
				}
			})
		}
	}
}

func TestAnAnswerThatIsBothRefusalAndSuccessIsNeither(t *testing.T) {
	whole := sample(t, "xlife_refund_response.json")
	for name, body := range map[string]string{
		"beside the wrapper": strings.TrimSuffix(strings.TrimSpace(whole), "}") + `,"error_response":{"code":25}}`,
		"beside the bare":    strings.TrimSuffix(strings.TrimSpace(sample(t, "xlife_refund_response_simplify.json")), "}") + `,"error_response":{"code":25}}`,
		"both forms":         strings.TrimSuffix(strings.TrimSpace(whole), "}") + `,"onsite_trade_refund_response":{"fund_change":"Y"}}`,
	} {
		gateway := newStub(t, text200(body))
		_, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), instruction())
		f := failureOf(t, err)
		require.Equal(t, ambiguous, f.Class, name)
		require.Contains(t, f.Message, "more than one answer", name)
	}
	gateway := newStub(t, textOf(400, whole))
	_, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), instruction())
	require.Equal(t, ambiguous, failureOf(t, err).Class, "a success behind an error status")
}

func TestARequestThatWasNotSentIsTransient(t *testing.T) {
	const closed = "127.0.0.1:1" // a port that no program is given by chance
	stranger := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a request went over a connection that was not trusted")
	}))
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	live := newStub(t, text200(sample(t, "xlife_refund_response.json")))
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
			f := failureOf(t, c.call(test.ctx, newProvider(t, settings(t, test.base, c.mos...))))
			require.Equal(t, transient, f.Class, "%s: %s", name, f.Error())
			require.Equal(t, test.code, f.Code, "%s: %s", name, f.Error())
		}
	}
	require.Empty(t, live.seen)
}

func TestATimeoutAfterSendingIsAmbiguousForWhatMovesMoney(t *testing.T) {
	for _, c := range calls {
		t.Run(string(c.op), func(t *testing.T) {
			t.Parallel()
			gateway := newStub(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			s := settings(t, gateway.URL, c.mos...)
			s.Timeout = 500 * time.Millisecond
			f := failureOf(t, c.call(t.Context(), newProvider(t, s)))
			require.Equal(t, "timeout", f.Code)
			if c.op.reads() {
				require.Equal(t, transient, f.Class)
			} else {
				require.Equal(t, ambiguous, f.Class)
			}
		})
	}
}
