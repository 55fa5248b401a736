package wechat

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// calls are the operations over the wire.
var calls = map[op]func(context.Context, *Provider) error{
	opApply: func(ctx context.Context, p *Provider) error { _, err := p.Apply(ctx, partial()); return err },
	opQuery: func(ctx context.Context, p *Provider) error { _, err := p.Query(ctx, partial()); return err },
	opOrder: func(ctx context.Context, p *Provider) error {
		_, err := p.OrderState(ctx, partial().Request.Order)
		return err
	},
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

func TestABadAnswerIsNeitherSuccessNorFailure(t *testing.T) {
	for _, bad := range []struct {
		name    string
		answer  http.HandlerFunc
		changes refund.Class // for apply
		reads   refund.Class // for the rest
		code    string
		pause   time.Duration
	}{
		{"closed after processing", hijack(func(net.Conn) {}), ambiguous, transient, "connection lost", 0},
		{"reset after processing", hijack(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }), ambiguous, transient, "connection lost", 0},
		{"a truncated answer", hijack(func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<xml><return_code>")
		}), ambiguous, transient, "truncated", 0},
		{"a huge body", text(200, "<xml>"+strings.Repeat("x", 1<<20)), ambiguous, transient, "too large", 0},
		{"a large body", text(200, "<xml><a>"+strings.Repeat("x", maxMessage)+"</a></xml>"), ambiguous, transient, "unreadable", 0},
		{"500", text(500, ""), ambiguous, transient, "http 500", 0},
		{"502 with a page", text(502, "<html>bad gateway</html>"), ambiguous, transient, "http 502", 0},
		{"503 with a pause", header("Retry-After", "7", text(503, "")), ambiguous, transient, "http 503", 7 * time.Second},
		{"a redirect", header("Location", "/elsewhere", text(302, "")), ambiguous, transient, "http 302", 0},
		{"408 of a proxy", text(408, ""), ambiguous, transient, "http 408", 0},
		{"429 with a pause", header("Retry-After", "90", text(429, "")), ambiguous, throttled, "http 429", 90 * time.Second},
		{"400 for want of a certificate", text(400, "<html>No required SSL certificate was sent</html>"), ambiguous, misconfigured, "http 400", 0},
		{"404", text(404, ""), ambiguous, misconfigured, "http 404", 0},
		{"200 with a page", text(200, "<html><body>wait</body></html>"), ambiguous, transient, "unreadable", 0},
		{"200 with nothing", text(200, ""), ambiguous, transient, "unreadable", 0},
		{"an array", text(200, "[]"), ambiguous, transient, "unreadable", 0},
		{"null", text(200, "null"), ambiguous, transient, "unreadable", 0},
		{"an empty object", text(200, "{}"), ambiguous, transient, "unreadable", 0},
		{"an empty document", text(200, "<xml></xml>"), ambiguous, transient, "unreadable", 0},
		{"a fault outside v2's words", text(200, "<xml><return_code>MAYBE</return_code></xml>"), ambiguous, transient, "unreadable", 0},
	} {
		for _, transport := range transports {
			for o, call := range calls {
				t.Run(bad.name+", "+string(o)+" by "+string(transport), func(t *testing.T) {
					wechat := newStub(t, bad.answer)
					f := failureOf(t, call(t.Context(), newProvider(t, settings(t, transport, wechat.URL))))
					want := bad.changes
					if o.reads() {
						want = bad.reads
					}
					require.Equal(t, want, f.Class)
					require.Equal(t, bad.code, f.Code)
					require.Equal(t, bad.pause, f.RetryAfter)
					require.Equal(t, string(o), f.Op)
					require.NotEmpty(t, f.Hint)
				})
			}
		}
	}
}

func TestWhatWasNotSentIsRepeatedAndWhatWasCutShortIsAsked(t *testing.T) {
	for _, transport := range transports {
		for o, call := range calls {
			const nobody = "http://127.0.0.1:1" // a port that no program is given by chance
			f := failureOf(t, call(t.Context(), newProvider(t, settings(t, transport, nobody))))
			require.Equal(t, transient, f.Class, "%s %s: nobody listens", transport, o)
			require.Equal(t, "connect", f.Code)

			ctx, cancel := context.WithCancel(t.Context())
			wechat := newStub(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
			f = failureOf(t, call(ctx, newProvider(t, settings(t, transport, wechat.URL))))
			want := ambiguous
			if o.reads() {
				want = transient
			}
			require.Equal(t, want, f.Class, "%s %s: no answer", transport, o)
			require.Equal(t, "cancelled", f.Code)
		}
	}
}

func TestAnAcceptanceThatIsNotOursIsNoAcceptance(t *testing.T) {
	const success = "wechat_v2_refund_response_success.xml"
	for _, test := range []struct {
		name   string
		change fields
		want   refund.Class
	}{
		{"a wrong signature", fields{"sign": strings.Repeat("0", 32)}, ambiguous},
		{"no signature", fields{"sign": "-"}, ambiguous},
		{"an empty signature", fields{"sign": ""}, ambiguous},
		{"another appid", fields{"appid": "wx0"}, needsHuman},
		{"no mch_id", fields{"mch_id": "-"}, needsHuman},
		{"another sub-merchant", fields{"sub_mch_id": "1"}, needsHuman},
		{"another refund", fields{"out_refund_no": "RF-1"}, needsHuman},
		{"another order", fields{"out_trade_no": "OTHER"}, needsHuman},
		{"another transaction", fields{"transaction_id": "1"}, needsHuman},
		{"another amount", fields{"refund_fee": "301"}, needsHuman},
		{"another total", fields{"total_fee": "889"}, needsHuman},
		{"too much settled", fields{"settlement_refund_fee": "301"}, needsHuman},
		{"more settled than paid", fields{"settlement_total_fee": "889"}, needsHuman},
		{"too many coupons", fields{"coupon_refund_fee": "301"}, needsHuman},
		{"no number of WeChat", fields{"refund_id": "-"}, ambiguous},
		{"a number that is none", fields{"refund_id": "五"}, ambiguous},
		{"no number of ours", fields{"out_refund_no": ""}, ambiguous},
		{"no amount", fields{"refund_fee": "-"}, ambiguous},
		{"an amount in yuan", fields{"refund_fee": "3.00"}, ambiguous},
		{"a coupon in yuan", fields{"coupon_refund_fee_3": "1.00"}, ambiguous},
		{"no total", fields{"total_fee": "-"}, ambiguous},
		{"no order", fields{"out_trade_no": "-"}, ambiguous},
		{"no result_code", fields{"result_code": "-"}, ambiguous},
		{"an empty result_code", fields{"result_code": ""}, ambiguous},
		{"a return_code in lower case", fields{"return_code": "success"}, ambiguous},
	} {
		wechat := newStub(t, text(200, answer(t, success, test.change)))
		_, err := newProvider(t, settings(t, TransportV2, wechat.URL)).Apply(t.Context(), partial())
		require.Equal(t, test.want, failureOf(t, err).Class, test.name)
	}
}

func TestACloudAnswerIsReadLayerByLayer(t *testing.T) {
	ok := `"return_code":"SUCCESS","result_code":"SUCCESS","out_refund_no":"` + number + `","refund_id":"` + refundID + `"`
	for _, test := range []struct {
		name      string
		transport Transport
		status    int
		body      string
		changes   refund.Class // for apply
		reads     refund.Class // for the order query
	}{
		{"no errcode", TransportCloudRun, 200, `{"respdata":{` + ok + `,"refund_fee":300}}`, ambiguous, transient},
		{"errcode null", TransportCloudRun, 200, `{"errcode":null,"respdata":{` + ok + `,"refund_fee":300}}`, ambiguous, transient},
		{"no respdata", TransportCloudRun, 200, `{"errcode":0,"errmsg":"ok"}`, ambiguous, transient},
		{"respdata an array", TransportCloudRun, 200, `{"errcode":0,"respdata":[]}`, ambiguous, transient},
		{"no amount", TransportCloudRun, 200, `{"errcode":0,"respdata":{` + ok + `}}`, ambiguous, transient},
		{"an amount as a float", TransportCloudRun, 200, `{"errcode":0,"respdata":{` + ok + `,"refund_fee":300.0}}`, ambiguous, transient},
		{"two amounts", TransportCloudRun, 200, `{"errcode":0,"respdata":{` + ok + `,"refund_fee":300,"refundFee":301}}`, ambiguous, transient},
		{"another amount", TransportCloudRun, 200, `{"errcode":0,"respdata":{` + ok + `,"refund_fee":301}}`, needsHuman, transient},
		{"another sub-merchant", TransportCloudRun, 200, `{"errcode":0,"respdata":{` + ok + `,"sub_mch_id":"1","refund_fee":300}}`, needsHuman, needsHuman},
		{"path not on the list", TransportCloudRun, 200, `{"errcode":85107,"errmsg":"x"}`, misconfigured, misconfigured},
		{"path not on the list, with a status", TransportCloudRun, 403, `{"errcode":85107,"errmsg":"x"}`, misconfigured, misconfigured},
		{"starting", TransportCloudRun, 200, `{"errcode":85113}`, throttled, throttled},
		{"link broken", TransportCloudRun, 200, `{"errcode":"85112"}`, needsHuman, needsHuman},
		{"an unlisted errcode", TransportCloudRun, 200, `{"errcode":-9}`, ambiguous, transient},
		{"an unlisted errcode with a status", TransportCloudRun, 502, `{"errcode":-9}`, ambiguous, transient},
		{"the function's time is up", TransportCloudFunction, 200, `{"errcode":-1,"errmsg":"system error"}`, ambiguous, transient},
		{"an empty body", TransportCloudFunction, 200, `{"errcode":44002}`, misconfigured, misconfigured},
		{"no resp_data", TransportCloudFunction, 200, `{"errcode":0}`, ambiguous, transient},
		{"resp_data an object", TransportCloudFunction, 200, `{"errcode":0,"resp_data":{` + ok + `}}`, ambiguous, transient},
		{"resp_data no JSON", TransportCloudFunction, 200, `{"errcode":0,"resp_data":"ok"}`, ambiguous, transient},
		{"resp_data empty", TransportCloudFunction, 200, `{"errcode":0,"resp_data":""}`, ambiguous, transient},
		{"the function refused", TransportCloudFunction, 200, cloud(t, TransportCloudFunction, `{"errCode":-1,"errMsg":"unknown action","refused":true}`), misconfigured, misconfigured},
		{"refused beside an answer", TransportCloudFunction, 200, cloud(t, TransportCloudFunction, `{"returnCode":"SUCCESS","refused":true}`), ambiguous, transient},
		{"the SDK failed", TransportCloudFunction, 200, cloud(t, TransportCloudFunction, `{"errCode":-1,"errMsg":"cloudPay.refund:fail"}`), ambiguous, transient},
		{"the SDK says ok and nothing else", TransportCloudFunction, 200, cloud(t, TransportCloudFunction, `{"errCode":0,"errMsg":"cloudPay.refund:ok"}`), ambiguous, transient},
		{"a code in the SDK's place", TransportCloudFunction, 200, refused(t, TransportCloudFunction, "NOTENOUGH", "x"), noFunds, needsHuman},
	} {
		wechat := newStub(t, text(test.status, test.body))
		p := newProvider(t, settings(t, test.transport, wechat.URL))
		require.Equal(t, test.changes, failureOf(t, calls[opApply](t.Context(), p)).Class, test.name)
		f := failureOf(t, calls[opOrder](t.Context(), p))
		require.Equal(t, test.reads, f.Class, test.name)
		if test.status == 502 {
			require.Equal(t, "http 502", f.Code, "an unlisted code says less than the status")
		}
	}
}
