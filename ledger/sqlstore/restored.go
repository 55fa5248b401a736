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
		if _, err = t.exec(`INSERT INTO restores (at, ask_until) VALUES (?, ?)
			ON CONFLICT (at) DO UPDATE SET ask_until = excluded.ask_until`, micros(at), micros(until)); err != nil {
			return err
		}
		open, err = t.exec(`UPDATE refunds SET ask_first = 1 WHERE status = 'open' AND sending = 'none'`)
		return err
	})
	return int(open), err
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
