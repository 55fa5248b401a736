package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// forgery changes a genuine notification into one that nobody may believe.
type forgery struct {
	name string
	make func(message) message
}

// speakers are the platforms that send messages, with the forgeries that their kinds of proof invite.
var speakers = []struct {
	name     string
	merchant merchants.Merchant
	kinds    []string      // of messages, for one refund
	repeats  time.Duration // after an attempt that was not taken
	forged   []forgery
}{
	{"baidu", merchants.Baidu{AppKey: "MMMe2e", ClientID: "e2e", AppID: 10026}, []string{"audit", "notification"}, 2 * time.Minute, []forgery{
		rewritten("another end", `refundStatus=1`, `refundStatus=2`),
		rewritten("another order", `orderId=\d+`, `orderId=1`),
		rewritten("a wrong signature", `rsaSign=....`, `rsaSign=AAAA`),
	}},
	{"wechat v2", merchants.NewWeChat("1900000109", "wx8888888888888888"), []string{"notification"}, 15 * time.Second, []forgery{
		rewritten("another merchant's", `<mch_id>.*</mch_id>`, `<mch_id><![CDATA[1900000110]]></mch_id>`),
		rewritten("an encryption with another key", `(<req_info><!\[CDATA\[).{32}`, `${1}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`),
		rewritten("no encryption", `<req_info>.*</req_info>`, `<refund_status>SUCCESS</refund_status><refund_fee>1</refund_fee>`),
	}},
	{"wechat cloud function", merchants.NewCloudPay("1900000111", "wx6666666666666666"), []string{"forwarded callback"}, 15 * time.Second, []forgery{
		rewritten("another amount", `("refundFee": ?"?)\d+`, `${1}1`),
		{"a wrong signature", func(m message) message {
			m.header.Set("X-Refundflow-Signature", strings.Repeat("0", 64))
			return m
		}},
		{"an old signature", func(m message) message {
			m.header.Set("X-Refundflow-Timestamp", "1700000000")
			return m
		}},
		{"no signature", func(m message) message {
			m.header.Del("X-Refundflow-Signature")
			return m
		}},
	}},
	{"shengpay", merchants.NewShengpay("12345678", "app12345678"), []string{"notification"}, 15 * time.Second, []forgery{
		rewritten("another amount", `("refundFee": ?"?)\d+`, `${1}1`),
		rewritten("another end", `REFUND_SUCCESS`, `REFUND_FAIL`),
		rewritten("a wrong signature", `("sign": ?").{4}`, `${1}AAAA`),
	}},
}

func rewritten(name, pattern, text string) forgery {
	found := regexp.MustCompile(pattern)
	return forgery{name, func(m message) message {
		m.body = found.ReplaceAll(m.body, []byte(text))
		return m
	}}
}

// TestACallbackAloneEndsARefund also holds the genuine message back to forge it, lets the platform repeat it, and repeats
// it once more when all is over.
func TestACallbackAloneEndsARefund(t *testing.T) {
	t.Parallel()
	for _, c := range speakers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, c.merchant)
			s.work(nil)
			r := s.wish(9800, 9800)
			s.underWay(r)
			before := s.record(r)

			s.tap.holding(true)
			s.pass(settles)
			s.delivered(r, "the notification that was held back", refusedOnce)
			genuine := s.tap.genuine()
			for _, f := range c.forged {
				forged := f.make(genuine.clone())
				require.NotEqual(t, genuine, forged, "%s: nothing was forged", f.name)
				_, _, reply, err := s.tap.send(forged)
				require.NoError(t, err)
				require.Equal(t, before, s.record(r), "%s changes nothing; the worker said %s", f.name, reply)
			}
			view, err := s.refunds.Status(s.ctx, r.Account, r.ID)
			require.NoError(t, err)
			require.Equal(t, refund.StatusProcessing, view.Status)

			s.tap.holding(false)
			s.pass(c.repeats)
			out := s.wait(r)
			s.paidOnce(r, out)
			last := s.delivered(r, "the repeated notification", func(d control.Delivery) bool { return d.Taken && !isAudit(d) })
			require.Equal(t, c.kinds, s.bookOf(r).Taken())

			ended, yes := s.record(r), s.tap.genuine().reply
			for _, f := range c.forged {
				_, _, reply, err := s.tap.send(f.make(genuine.clone()))
				require.NoError(t, err)
				require.NotEqual(t, yes, reply, "%s is not taken", f.name)
			}
			for _, d := range s.bookOf(r).Deliveries {
				if !d.Taken {
					continue
				}
				_, err := s.sandbox.DeliverAgain(s.ctx, d.Seq)
				require.NoError(t, err)
				again := s.delivered(r, "the same once more", func(again control.Delivery) bool { return again.Seq > last.Seq })
				require.True(t, again.Taken, "%s: %s", again.Kind, again.Problem)
				last = again
			}
			require.Equal(t, ended, s.record(r), "a message that comes twice says nothing new")
			s.paidOnce(r, out)
		})
	}
}

func isAudit(d control.Delivery) bool { return d.Kind == "refund audit" }

func refusedOnce(d control.Delivery) bool { return !d.Taken && !isAudit(d) }

func TestAMessageThatMeetsNoWorkerComesAgain(t *testing.T) {
	t.Parallel()
	for _, c := range speakers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, c.merchant)
			worker := s.spawn("")
			r := s.wish(9800, 3050)
			s.underWay(r)
			worker.kill()
			worker.killed()
			s.pass(settles)
			s.delivered(r, "the message that nobody took", refusedOnce)
			require.Nil(t, s.record(r).Evidence)
			s.spawn("")
			s.pass(c.repeats)
			s.paidOnce(r, s.wait(r))
		})
	}
}

func TestARefundThatWasMadeElsewhereIsWrittenDownAndLeftToAPerson(t *testing.T) {
	t.Parallel()
	for _, c := range speakers {
		if c.name == "shengpay" {
			continue // its notifications go to the address that came with the refund: of others it says nothing
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, c.merchant)
			s.work(nil)
			r := s.wish(9800, 9800)
			s.elsewhere(r, 2500)
			var foreign []ledger.ForeignRefund
			eventually(t, s.ctx, "the foreign refund", func() (bool, string) {
				var err error
				foreign, err = s.books().ForeignRefunds(s.ctx, "")
				require.NoError(t, err)
				return len(foreign) > 0, "none"
			})
			require.Len(t, foreign, 1)
			require.Equal(t, refund.Fen(2500), foreign[0].Amount)
			require.Equal(t, s.account, foreign[0].Account)
			require.Equal(t, s.bookOf(r).Refunds[0].PlatformRefundID, foreign[0].PlatformRefundID)
			if s.Platform() == "Baidu" {
				s.undecided(r)
			}
			s.start(r)
			out := s.wait(r)
			require.Equal(t, refund.StatusFailed, out.Status, "what was given back elsewhere is not given back again: %s", out.Reason)
			require.Len(t, s.bookOf(r).Refunds, 1)
		})
	}
}

// elsewhere makes a refund in the platform's console, and lets it settle; Baidu's waits for the audit.
func (s *shop) elsewhere(r refund.Request, amount int64) {
	s.t.Helper()
	var err error
	if s.Platform() == "Baidu" {
		_, err = s.sandbox.Baidu().RefundElsewhere(s.ctx, r.Order.PlatformID, amount)
	} else {
		_, err = s.sandbox.Platform("wechat").RefundElsewhere(s.ctx, r.Order.PlatformID, amount)
		s.pass(settles)
	}
	require.NoError(s.t, err)
}

// undecided demands that Baidu's question about a refund of nobody's was not answered, however often it comes.
func (s *shop) undecided(r refund.Request) {
	s.t.Helper()
	for range 2 {
		eventually(s.t, s.ctx, "another question", func() (bool, string) {
			again, err := merchants.AskAgain(s.ctx, s.sandbox, r.Order, &s.asked)
			require.NoError(s.t, err)
			return again, "none"
		})
	}
	book, err := s.sandbox.Baidu().OrderBook(s.ctx, r.Order.PlatformID)
	require.NoError(s.t, err)
	require.Equal(s.t, control.AuditWaiting, book.Refunds[0].Audit)
	audits, err := s.books().Audits(s.ctx, "")
	require.NoError(s.t, err)
	require.Len(s.t, audits, 1)
	require.Equal(s.t, providers.AuditUndecided, audits[0].Decision)
}
