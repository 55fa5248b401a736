package sqlstore

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// turnObstacle finds what the order's other refunds put in the way: one of them
// in flight, the platform's pause after the last one was sent, or those who wait for
// the turn and come first. The pause need only be looked at with the turn: while a
// refund has it, no other is sent.
func (t *tx) turnObstacle(r *row, at time.Time) (ledger.Hold, error) {
	var other ledger.Key
	found, err := t.get([]any{&other.Account, &other.ID},
		`SELECT account, id FROM order_turns WHERE merchant = ? AND order_key = ?`, r.Merchant, r.orderKey)
	if err != nil || found && other == r.Key {
		return ledger.Hold{}, err
	}
	before, err := t.ahead(r, at)
	if err != nil {
		return ledger.Hold{}, err
	}
	wait := ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: spread(at.Add(turnPause), before), Before: before}
	if found {
		wait.Why = fmt.Sprintf("refund %s of the same order %s is in flight: one at a time%s", other, r.orderKey, behind(before))
		return wait, nil
	}
	last, err := t.lastSent(r)
	if sent := fromMicros(last); err == nil && last != 0 && at.Before(sent.Add(r.gap)) {
		wait.RetryAt = spread(sent.Add(r.gap), before)
		wait.Why = fmt.Sprintf("a refund of the same order %s was sent at %s, and the platform wants %s between two: not before %s%s",
			r.orderKey, sent.Format(time.RFC3339), r.gap, sent.Add(r.gap).Format(time.RFC3339), behind(before))
		return wait, nil
	}
	if err != nil || before == 0 {
		return ledger.Hold{}, err
	}
	wait.Why = fmt.Sprintf("refunds of the same order %s are made one at a time%s", r.orderKey, behind(before))
	return wait, nil
}

// lastSent is when another refund of the order was sent last; 0 where the platform
// wants no pause.
func (t *tx) lastSent(r *row) (last int64, err error) {
	if r.gap == 0 {
		return 0, nil
	}
	_, err = t.get([]any{&last}, `SELECT COALESCE(MAX(sent_at), 0) FROM refunds
		WHERE merchant = ? AND order_key = ? AND NOT (account = ? AND id = ?)`,
		r.Merchant, r.orderKey, r.Key.Account, r.Key.ID)
	return last, err
}

func (t *tx) takeTurn(r *row) error {
	_, err := t.exec(`INSERT INTO order_turns (merchant, order_key, account, id) VALUES (?, ?, ?, ?)
		ON CONFLICT (account, id) DO NOTHING`, r.Merchant, r.orderKey, r.Key.Account, r.Key.ID)
	return err
}

func (t *tx) freeTurn(r *row) error {
	_, err := t.exec(`DELETE FROM order_turns WHERE account = ? AND id = ?`, r.Key.Account, r.Key.ID)
	return err
}
