package sqlstore

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// turnObstacle finds what the order's other refunds put in the way: one of them
// in flight, or the platform's pause after the last one was sent. The pause need
// only be looked at with the turn: while a refund has it, no other is sent.
func (t *tx) turnObstacle(r *row, at time.Time) (ledger.Hold, error) {
	var other ledger.Key
	found, err := t.get([]any{&other.Account, &other.ID},
		`SELECT account, id FROM order_turns WHERE merchant = ? AND order_key = ?`, r.Merchant, r.orderKey)
	if err != nil {
		return ledger.Hold{}, err
	}
	if found && other != r.Key {
		return ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: at.Add(turnPause),
			Why: fmt.Sprintf("refund %s of the same order %s is in flight: one at a time", other, r.orderKey)}, nil
	}
	if r.gap == 0 {
		return ledger.Hold{}, nil
	}
	var last int64
	if _, err := t.get([]any{&last}, `SELECT COALESCE(MAX(sent_at), 0) FROM refunds
		WHERE merchant = ? AND order_key = ? AND NOT (account = ? AND id = ?)`,
		r.Merchant, r.orderKey, r.Key.Account, r.Key.ID); err != nil {
		return ledger.Hold{}, err
	}
	if sent := fromMicros(last); last != 0 && at.Before(sent.Add(r.gap)) {
		return ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: sent.Add(r.gap),
			Why: fmt.Sprintf("a refund of the same order %s was sent at %s, and the platform wants %s between two: not before %s",
				r.orderKey, sent.Format(time.RFC3339), r.gap, sent.Add(r.gap).Format(time.RFC3339))}, nil
	}
	return ledger.Hold{}, nil
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
