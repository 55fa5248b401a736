package e2e

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// paidOnce demands what must hold after every success, whatever died on the way: one refund of the right amount under
// the refund's one number in the stand-in's books, nothing taken twice from the merchant's balance, the verification
// cancelled once and only for a full refund, and a ledger that agrees line by line.
func (w *world) paidOnce(r refund.Request, out refund.Outcome) {
	w.t.Helper()
	require.Equal(w.t, refund.StatusSucceeded, out.Status, "outcome: %s", out.Reason)
	require.Equal(w.t, r.Amount, out.Amount, "outcome's amount")
	book := w.book(r)
	require.Len(w.t, book.Refunds, 1, "refunds in Baidu's books")
	paid := book.Refunds[0]
	require.Equal(w.t, int64(r.Amount), paid.Amount, "amount in Baidu's books")
	require.Equal(w.t, control.Success, paid.Status)
	require.Equal(w.t, out.ProviderNumber, paid.BizRefundBatchID)
	require.Equal(w.t, out.PlatformRefundID, paid.RefundBatchID)
	require.Equal(w.t, int64(r.Amount), book.Refunded)

	cancels := 0
	content := map[string]bool{}
	for _, call := range book.Calls {
		switch {
		case call.Op == "syncOrderStatus" && call.Processed && strings.HasPrefix(call.Outcome, "0 "):
			cancels++
		case call.Op == "applyOrderRefund":
			content[call.Content] = true
		}
	}
	require.Len(w.t, content, 1, "every repetition of the request says the same thing")
	if r.Full() {
		require.Equal(w.t, 1, cancels, "cancellations of the verification that were carried out")
		require.False(w.t, book.Verified)
		require.Equal(w.t, int64(r.Amount), book.Released)
	} else {
		require.Zero(w.t, cancels, "a partial refund leaves the verification alone")
		require.True(w.t, book.Verified)
		require.Zero(w.t, book.Released)
	}
	w.journalled(r, ledger.Succeeded, succeeded(r))
}

// notPaid demands what must hold after any other end.
func (w *world) notPaid(r refund.Request, status ledger.Status) {
	w.t.Helper()
	book := w.book(r)
	require.Empty(w.t, book.Refunds, "refunds in Baidu's books")
	require.Zero(w.t, book.Released, "money released by a cancelled verification")
	w.journalled(r, status, []string{"open", "finish " + string(status)})
}

func succeeded(r refund.Request) []string {
	if r.Full() {
		return []string{"open", "hold ", "begin cancel ", "cancelled ", "begin send 1", "accepted ", "settle"}
	}
	return []string{"open", "hold ", "begin send 1", "accepted ", "settle"}
}

func (w *world) book(r refund.Request) control.BaiduOrderBook {
	w.t.Helper()
	book, err := w.sandbox.Baidu().OrderBook(w.ctx, r.Order.PlatformID)
	require.NoError(w.t, err)
	return book
}

// balanced demands that the merchant's balance went down by the refunds of the world, and by no fen more.
func (w *world) balanced(given refund.Fen) {
	w.t.Helper()
	m, err := w.sandbox.Baidu().Merchant(w.ctx, "MMMe2e")
	require.NoError(w.t, err)
	require.Equal(w.t, int64(balance-given), m.Balance, "the merchant's balance at Baidu")
}

// journalled demands an audited ledger whose journal shows these steps in this order. An intent that was cut short may be
// written again; nothing else is.
func (w *world) journalled(r refund.Request, status ledger.Status, steps []string) {
	w.t.Helper()
	books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
	require.NoError(w.t, err)
	defer books.Close()
	wrong, err := books.Audit(w.ctx)
	require.NoError(w.t, err)
	require.Empty(w.t, wrong, "audit")
	record, err := books.Refund(w.ctx, ledger.KeyOf(r))
	require.NoError(w.t, err)
	require.Equal(w.t, status, record.Status)
	lines, err := books.Journal(w.ctx, ledger.KeyOf(r))
	require.NoError(w.t, err)
	var text []string
	var found []string
	said := map[string]int{}
	for _, line := range lines {
		text = append(text, line.Step)
		if strings.HasPrefix(line.Step, "said ") {
			said[line.Text]++
			require.Equal(w.t, 1, said[line.Text], "what was said once stands once in the journal: %q", line.Text)
		}
		for _, step := range steps {
			if strings.HasPrefix(line.Step, step) {
				found = append(found, step)
			}
		}
	}
	require.Equal(w.t, steps, slices.Compact(found), "the journal's steps: %s", strings.Join(text, ", "))
}
