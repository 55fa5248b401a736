package shengpay

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
	call func(context.Context, *Provider) error
}{
	{opRefund, func(ctx context.Context, p *Provider) error { _, err := p.Apply(ctx, instruction()); return err }},
	{opQuery, func(ctx context.Context, p *Provider) error { _, err := p.Query(ctx, instruction()); return err }},
	{opOrder, func(ctx context.Context, p *Provider) error {
		_, err := p.OrderState(ctx, instruction().Request.Order)
		return err
	}},
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

// requireClean proves that a failure quotes no signature and no body.
func requireClean(t *testing.T, f *refund.Failure, signature string) {
	t.Helper()
	for _, secret := range []string{signature, "<html>", `":"`, "adwafwaf3432523523523"} {
		require.NotContains(t, f.Error(), secret)
	}
}

// Answers that are none, or none that can be trusted. What is ambiguous for the
// refund is transient for a read, since that can be repeated.
func TestABadAnswerIsNeitherSuccessNorFailure(t *testing.T) {
	good := signed(t, with(t, accepted, changes{"refundStatus": "REFUND_SUCCESS", "status": "PAY_SUCCESS"}))
	signature := signatureOf(t, "a=1")
	bad := []struct {
		name    string
		answer  http.HandlerFunc
		changes refund.Class // for the refund
		reads   refund.Class // for the rest
		code    string
		pause   time.Duration
	}{
		{"closed after processing", hijack(func(net.Conn) {}), ambiguous, transient, "connection lost", 0},
		{"reset after processing", hijack(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), ambiguous, transient, "connection lost", 0},
		{"a truncated answer", hijack(func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"returnCode\":\"SUCCESS\",")
		}), ambiguous, transient, "truncated", 0},
		{"a huge body", text(200, `{"returnCode":"`+strings.Repeat("x", 1<<20)+`"}`), ambiguous, transient, "too large", 0},
		{"500 with success inside", text(500, good), ambiguous, transient, "http 500", 0},
		{"502 with a page", text(502, "<html>bad gateway</html>"), ambiguous, transient, "http 502", 0},
		{"503 with a pause", header("Retry-After", "7", text(503, "")), ambiguous, transient, "http 503", 7 * time.Second},
		{"a redirect", header("Location", "/elsewhere", text(302, "")), ambiguous, transient, "http 302", 0},
		{"408 of a proxy", text(408, ""), ambiguous, transient, "http 408", 0},
		{"429", text(429, ""), throttled, throttled, "http 429", 0},
		{"429 with a pause", header("Retry-After", "90", text(429, good)), throttled, throttled, "http 429", 90 * time.Second},
		{"400", text(400, ""), misconfigured, misconfigured, "http 400", 0},
		{"403 with a page", text(403, "<html>forbidden</html>"), misconfigured, misconfigured, "http 403", 0},
		{"404 with success inside", text(404, good), ambiguous, transient, "http 404", 0},
		{"400 with a listed code", text(400, signed(t, refusal("SIGN_ERROR"))), misconfigured, misconfigured, "SIGN_ERROR", 0},
		{"200 with a page", text(200, "<html>please wait</html>"), ambiguous, transient, "unreadable", 0},
		{"200 with nothing", text(200, ""), ambiguous, transient, "unreadable", 0},
		{"204", text(204, ""), ambiguous, transient, "unreadable", 0},
		{"half a document", text(200, good[:100]), ambiguous, transient, "unreadable", 0},
		{"two documents", text(200, good+good), ambiguous, transient, "unreadable", 0},
		{"an array", text(200, "["+good+"]"), ambiguous, transient, "unreadable", 0},
		{"null", text(200, `null`), ambiguous, transient, "unreadable", 0},
		{"no returnCode", text(200, signed(t, with(t, accepted, changes{"returnCode": nil}))), ambiguous, transient, "unreadable", 0},
		{"returnCode in another word", text(200, signed(t, with(t, accepted, changes{"returnCode": "OK"}))), ambiguous, transient, "unreadable", 0},
		{"returnCode true", text(200, signed(t, with(t, accepted, changes{"returnCode": true}))), ambiguous, transient, "unreadable", 0},
		{"no resultCode", text(200, signed(t, with(t, accepted, changes{"resultCode": nil}))), ambiguous, transient, "unreadable", 0},
		{"resultCode in small letters", text(200, signed(t, with(t, accepted, changes{"resultCode": "success"}))), ambiguous, transient, "unreadable", 0},
		{"a name twice", text(200, strings.Replace(good, "{", `{"resultCode":"FAIL",`, 1)), ambiguous, transient, "unreadable", 0},
		{"success with another's signature", text(200, withSign(good, signature)), ambiguous, transient, "signature", 0},
		{"a refusal with another's signature", text(200, withSign(refusal("ORDER_CLOSED"), signature)), ambiguous, transient, "signature", 0},
		{"returnCode FAIL with another's signature", text(200, withSign(`{"returnCode":"FAIL","returnMsg":"签名错误"}`, signature)), ambiguous, transient, "signature", 0},
		{"a value changed after signing", text(200, strings.Replace(good, `"refundFee":100`, `"refundFee":101`, 1)), ambiguous, transient, "signature", 0},
		{"a signature that is a number", text(200, with(t, good, changes{"sign": 1})), ambiguous, transient, "signature", 0},
	}
	for _, test := range bad {
		for _, c := range calls {
			t.Run(test.name+", "+string(c.op), func(t *testing.T) {
				p := newProvider(t, settings(t, newStub(t, test.answer).URL))
				p.nonce = fixedNonce
				f := failureOf(t, c.call(t.Context(), p))
				want := test.changes
				if c.op.reads() {
					want = test.reads
				}
				require.Equal(t, refund.Failure{Class: want, Op: string(c.op), Code: test.code, RetryAfter: test.pause},
					refund.Failure{Class: f.Class, Op: f.Op, Code: f.Code, RetryAfter: f.RetryAfter}, f.Error())
				require.NotEmpty(t, f.Hint)
				requireClean(t, f, signature)
			})
		}
	}
}

func TestAnUnsignedAnswerIsNoneWhereSignaturesAreRequired(t *testing.T) {
	strict := func(s *Settings) { s.RequireSignedAnswers = true }
	unsigned := with(t, accepted, changes{"refundStatus": "REFUND_SUCCESS", "status": "PAY_SUCCESS"})
	for _, body := range []string{unsigned, refusal("SIGN_ERROR"), refusal("ORDER_CLOSED"), with(t, unsigned, changes{"sign": ""})} {
		for _, c := range calls {
			f := failureOf(t, c.call(t.Context(), answering(t, body, strict)))
			want := ambiguous
			if c.op.reads() {
				want = transient
			}
			require.Equal(t, []any{want, "unsigned"}, []any{f.Class, f.Code}, string(c.op))
		}
	}
	for _, c := range calls {
		require.NoError(t, c.call(t.Context(), answering(t, signed(t, unsigned), strict)), "a signed one is taken")
		require.NoError(t, c.call(t.Context(), answering(t, unsigned)), "an unsigned one too where they are not")
		// What was not understood may well be answered without a signature.
		f := failureOf(t, c.call(t.Context(), answering(t, `{"returnCode":"FAIL","returnMsg":"签名错误"}`, strict)))
		want := needsHuman
		if c.op.reads() {
			want = misconfigured
		}
		require.Equal(t, want, f.Class)
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
	live := newStub(t, text(200, accepted))
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
			f := failureOf(t, c.call(test.ctx, newProvider(t, settings(t, test.base))))
			require.Equal(t, transient, f.Class, "%s: %s", name, f.Error())
			require.Equal(t, test.code, f.Code, "%s: %s", name, f.Error())
		}
	}
	require.Empty(t, live.seen)
}

func TestATimeoutAfterSendingIsAmbiguousForTheRefund(t *testing.T) {
	for _, c := range calls {
		t.Run(string(c.op), func(t *testing.T) {
			t.Parallel()
			s := settings(t, newStub(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }).URL)
			s.Timeout = 500 * time.Millisecond
			f := failureOf(t, c.call(t.Context(), newProvider(t, s)))
			want := ambiguous
			if c.op.reads() {
				want = transient
			}
			require.Equal(t, []any{want, "timeout"}, []any{f.Class, f.Code})
		})
	}
}

func TestAPlatformsTextIsShownWithoutWhatCouldBeASignature(t *testing.T) {
	body := `{"returnCode":"SUCCESS","resultCode":"FAIL","errorCode":"` + strings.Repeat("S", 40) + `","errorCodeDes":"签名错误 sign=` + strings.Repeat("Ab+/", 43) + `=\u0000 end"}`
	_, err := answering(t, body).Apply(t.Context(), instruction())
	f := failureOf(t, err)
	require.Equal(t, []string{"签名错误 … end", "errorCode of 40 characters"}, []string{f.Message, f.Code})
}
