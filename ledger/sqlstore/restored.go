package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// Restored makes the platforms be asked before anything is sent that these books may
// have forgotten.
func (s *Store) Restored(ctx context.Context, at, until time.Time) (int, error) {
	if at.IsZero() || until.Before(at) {
		return 0, errors.New("ledger: the time until which new refunds are asked about is before the restore: give a later one")
	}
	var open int64
	err := s.write(ctx, func(t *tx) (err error) {
		open, err = markRestored(t.exec, at, until)
		return err
	})
	return int(open), err
}

// markRestored is told how statements are executed: look has no tx. Of several restores the
// one that asks for longest counts, also of those that were written down at one moment.
func markRestored(exec func(query string, args ...any) (int64, error), at, until time.Time) (open int64, err error) {
	if _, err := exec(`INSERT INTO restores (at, ask_until) VALUES (?, ?)
		ON CONFLICT (at) DO UPDATE SET ask_until = CASE WHEN excluded.ask_until > restores.ask_until THEN excluded.ask_until
			ELSE restores.ask_until END`, micros(at), micros(until)); err != nil {
		return 0, err
	}
	return exec(`UPDATE refunds SET ask_first = 1 WHERE status = 'open' AND sending = 'none'`)
}

// mayBeForgotten is 1 for a refund that these books see for the first time, and that may
// have been sent before they were restored.
func (t *tx) mayBeForgotten(o ledger.Opening) (int, error) {
	if o.Sent {
		return 1, nil
	}
	restores, askFirst := 0, 0
	_, err := t.get([]any{&restores}, `SELECT COUNT(*) FROM restores WHERE ask_until >= ?`, micros(o.At))
	if restores > 0 {
		askFirst = 1
	}
	return askFirst, err
}

// stepForgotten is the journal's line of a refund that was sent before these books knew it.
const stepForgotten = "sent before"

// adopt takes what was listed as foreign under the refund's own number: the platform
// spoke of it before these books knew it (again). Whatever it said, it was sent.
func (t *tx) adopt(r *row, at time.Time) error {
	said := ledger.Evidence{At: at, Source: "a message of before"}
	found, err := t.get([]any{&said.PlatformRefundID, &said.State, &said.Amount}, `SELECT platform_refund_id, state, amount FROM foreign_refunds
		WHERE merchant = ? AND order_key = ? AND number = ? LIMIT 1`, r.Merchant, r.orderKey, r.Number)
	if err != nil || !found {
		return err
	}
	r.askFirst = 1
	if final(said.State) {
		return t.testify(r, said)
	}
	if _, err := t.learn(r, at, said.PlatformRefundID); err != nil {
		return err
	}
	return t.save(r)
}
