package sqlstore

import (
	"fmt"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// What a refund counts in its order's remainder is in one place, the view
// order_shares: who opens, who sends and who audits ask the same.

// overdrawn looks at the order's remainder once more: since the refund was opened the
// platform may have proven that another one, booked as failed, was paid after all, or
// that more was given back than it was asked for. Other open ones are not looked at: the
// order's turn lets one be sent at a time, and what becomes of it is known before the next.
// What the platform is asked about first may be what is missing in the remainder: it is
// looked at when the answer is known.
func (t *tx) overdrawn(r *row) (ledger.Hold, error) {
	if r.askFirst == 1 && r.Sending == ledger.NotBegun {
		return ledger.Hold{}, nil
	}
	return t.spent(r)
}

func (t *tx) spent(r *row) (ledger.Hold, error) {
	var back, elsewhere refund.Fen
	_, err := t.get([]any{&back, &elsewhere}, `SELECT
			(SELECT COALESCE(SUM(counted), 0) FROM order_shares WHERE merchant = ? AND order_key = ? AND status <> 'open'),
			(SELECT COALESCE(SUM(amount), 0) FROM foreign_refunds WHERE merchant = ? AND order_key = ? AND state <> 'failed')`,
		r.Merchant, r.orderKey, r.Merchant, r.orderKey)
	total := r.Request.Order.Total
	if back += elsewhere; err != nil || back+r.Amount <= total {
		return ledger.Hold{}, err
	}
	return ledger.Hold{Obstacle: ledger.ObstacleSpent, Why: fmt.Sprintf("order %s of %s has %s left by now: %s is given back, %s is asked for",
		r.orderKey, total, max(total-back, 0), back, r.Amount)}, nil
}

// proven is what the platform has said it gave back, over all of its numbers.
func (t *tx) proven(r *row) (sum refund.Fen, err error) {
	_, err = t.get([]any{&sum}, `SELECT proven FROM order_shares WHERE account = ? AND id = ?`, r.Key.Account, r.Key.ID)
	return min(sum, refund.MaxFen), err // a row holds no more than checkAmount allows
}

// proves counts what the platform gave back against an end without success. Of a
// success the view counts the words themselves: Refunded stays what the end says.
func (t *tx) proves(r *row) (err error) {
	if r.Status != ledger.Succeeded {
		r.Refunded, err = t.proven(r)
	}
	return err
}

// stillGiven is what an end without success leaves as given back: what is proven,
// unless a person ends it so and the platform's last word was a failure too. Then two
// agree that the order has its money, and the successes before are overruled.
func (t *tx) stillGiven(r *row, by string) (refund.Fen, error) {
	var paid, unpaid int64
	if _, err := t.get([]any{&paid, &unpaid}, `SELECT COALESCE(MAX(CASE WHEN state = 'succeeded' THEN at END), 0),
			COALESCE(MAX(CASE WHEN state = 'failed' THEN at END), 0)
		FROM platform_words WHERE account = ? AND id = ?`, r.Key.Account, r.Key.ID); err != nil {
		return 0, err
	}
	if by != "" && unpaid > paid {
		_, err := t.exec(`UPDATE platform_words SET overruled = 1 WHERE account = ? AND id = ? AND state = ?`,
			r.Key.Account, r.Key.ID, providers.ResultSucceeded)
		return 0, err
	}
	return t.proven(r)
}
