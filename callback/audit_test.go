package callback

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

func TestAnAuditIsAnsweredFromTheBooks(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*world) *world
		asked  form
		want   string
		alerts int
	}{
		{name: "our refund, as it was asked for", asked: question(), want: approved},
		{name: "its amount not told, of a part", asked: question().with("applyRefundMoney", ""), want: later, alerts: 1},
		{name: "another amount", asked: question().with("applyRefundMoney", "99"), want: later, alerts: 1},
		{name: "another order", asked: question().with("orderId", "1"), want: later, alerts: 1},
		{name: "another order of the merchant", asked: question().with("tpOrderId", "7"), want: later, alerts: 1},
		{name: "another payer", asked: question().with("userId", "1"), want: later, alerts: 1},
		{name: "without the numbers that may be empty", asked: question().with("tpOrderId", "").with("userId", ""), want: approved},
		{name: "another order of the merchant, before its acceptance is written", before: (*world).sent,
			asked: question().with("tpOrderId", "7"), want: later, alerts: 1},
		{name: "another batch of the order", asked: question().with("refundBatchId", "701"), want: later, alerts: 1},
		{name: "before its acceptance is written", before: (*world).sent, asked: question(), want: later},
		{name: "before it was sent", before: (*world).opened, asked: question(), want: later, alerts: 1},
		{name: "nothing is known", before: func(w *world) *world { return w }, asked: question(), want: later, alerts: 1},
		{name: "a refund that failed", before: func(w *world) *world { return w.accepted().ended(ledger.Failed) }, asked: question(), want: later, alerts: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.before == nil {
				c.before = (*world).accepted
			}
			c.before(w)
			for range 2 {
				w.now = w.now.Add(5 * time.Minute)
				got, status := w.post(toAudit, c.asked.signed(t, platform()))
				require.Equal(t, 200, status)
				require.Equal(t, c.want, got, "the same reply each time, to the byte")
			}
			require.Equal(t, 2*c.alerts, w.alerts())
			require.Empty(t, w.signals)
			audits, err := w.Audits(t.Context(), "baidu/MMM4hG")
			require.NoError(t, err)
			require.Len(t, audits, 1)
			require.Equal(t, 2, audits[0].Asked)
		})
	}
}

func TestAPersonsAnswerReachesThePlatform(t *testing.T) {
	w := newWorld(t)
	asked := question().signed(t, platform())
	got, _ := w.post(toAudit, asked)
	require.Equal(t, later, got)
	require.NoError(t, w.SettleAudit(t.Context(), "baidu/MMM4hG", "700", providers.AuditRefuse, "finance-2", "not ours", w.now))
	w.now = w.now.Add(5 * time.Minute)
	got, _ = w.post(toAudit, asked)
	require.Equal(t, `{"errno":0,"msg":"success","data":{"auditStatus":2,"calculateRes":{"refundPayMoney":100}}}`, got)
}

// Baidu asks within milliseconds of accepting a refund.
func TestAnAuditWaitsAMomentForTheAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t).sent()
		asked := 0
		w.books.before = func(_ context.Context, method string) error {
			if method == "DecideAudit" {
				if asked++; asked == 3 {
					return w.EndSend(context.Background(), r1, noon, ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "700", Amount: 100}})
				}
			}
			return nil
		}
		got, _ := w.post(toAudit, question().signed(t, platform()))
		require.Equal(t, approved, got)
		audits, err := w.Audits(t.Context(), "baidu/MMM4hG")
		require.NoError(t, err)
		require.Equal(t, 1, audits[0].Asked)
	})
}

func TestBooksOutOfReachDecideNothing(t *testing.T) {
	w := newWorld(t).accepted()
	before := w.state()
	w.books.before = func(context.Context, string) error { return errors.New("the disk is gone") }
	got, _ := w.post(toAudit, question().signed(t, platform()))
	require.Equal(t, later, got, "the question's own amount stands in a reply that decides nothing")
	got, _ = w.post(toAudit, question().with("applyRefundMoney", "").signed(t, platform()))
	require.Equal(t, notTaken, got, "without an amount there is no such reply")
	require.Equal(t, before, w.state())
}

func TestAQuestionIsNoNotificationAndTheOtherWayRound(t *testing.T) {
	w := newWorld(t).accepted()
	before := w.state()
	got, _ := w.post(toAudit, notice("1").signed(t, platform()))
	require.Equal(t, notTaken, got, "it looks like a question of the older edition")
	got, _ = w.post(toRefund, question().signed(t, platform()))
	require.Equal(t, notTaken, got)
	require.Equal(t, before, w.state())
}

func TestAnApprovalOfARefundThatHasFailedSinceAlerts(t *testing.T) {
	w := newWorld(t).accepted()
	got, _ := w.post(toAudit, question().signed(t, platform()))
	require.Equal(t, approved, got)
	w.ended(ledger.Failed)
	before := w.alerts()
	got, _ = w.post(toAudit, question().signed(t, platform()))
	require.Equal(t, approved, got, "the platform has heard it already")
	require.Greater(t, w.alerts(), before)
}

func TestADecidedQuestionThatChangesKeepsItsReplyAndAlerts(t *testing.T) {
	for name, other := range map[string]form{
		"another order":                 question().with("orderId", "9"),
		"another amount":                question().with("applyRefundMoney", "99"),
		"another order of the merchant": question().with("tpOrderId", "7"),
		"another payer":                 question().with("userId", "1"),
	} {
		w := newWorld(t).accepted()
		got, _ := w.post(toAudit, question().signed(t, platform()))
		require.Equal(t, approved, got, name)
		require.Zero(t, w.alerts(), name)
		got, _ = w.post(toAudit, other.signed(t, platform()))
		require.Equal(t, approved, got, name)
		require.Equal(t, 1, w.alerts(), name)
	}
}
