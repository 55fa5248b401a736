package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// Waiting lists those who wait, first come first; "" means those of all accounts.
// Who is overdue is in the list as well.
func (s *Store) Waiting(ctx context.Context, account string) ([]ledger.Waiter, error) {
	var list []ledger.Waiter
	err := s.read(ctx, func(t *tx) error {
		list = nil
		return t.each(func(scan func(...any) error) error {
			var w ledger.Waiter
			var since, retry int64
			err := scan(&w.Key.Account, &w.Key.ID, &w.For, &w.Amount, &since, &retry)
			w.Since, w.RetryAt = fromMicros(since), fromMicros(retry)
			list = append(list, w)
			return err
		}, `SELECT account, id, kind, amount, since, retry_at FROM waiters WHERE ? = '' OR account = ? ORDER BY seq`, account, account)
	})
	return list, err
}

// Unfinished lists refunds that are open or have an alert, in the order of their
// keys.
func (s *Store) Unfinished(ctx context.Context, after ledger.Key, limit int) ([]ledger.Record, error) {
	return s.page(ctx, limit, `SELECT account, id FROM refunds WHERE (status = 'open' OR alert <> '') AND (account, id) > (?, ?)
		ORDER BY account, id LIMIT ?`, after.Account, after.ID, limit)
}

// Ended lists refunds that were sent, as far as anybody knows, and have ended since a
// moment, in the order of their keys. It sorts all that ended since: let that be days.
func (s *Store) Ended(ctx context.Context, since time.Time, after ledger.Key, limit int) ([]ledger.Record, error) {
	// The empty text keeps the engine from reading all refunds in their order instead.
	return s.page(ctx, limit, `SELECT account, id FROM refunds WHERE status <> 'open' AND sends > 0 AND ended_at >= ?
		AND (account || '', id) > (?, ?) ORDER BY account || '', id LIMIT ?`, micros(since), after.Account, after.ID, limit)
}

// page reads the refunds whose keys a query finds, all at one moment.
func (s *Store) page(ctx context.Context, limit int, query string, args ...any) ([]ledger.Record, error) {
	if limit < 1 {
		return nil, fmt.Errorf("ledger: the limit of a list is %d: give 1 or more", limit)
	}
	var list []ledger.Record
	err := s.read(ctx, func(t *tx) error {
		list = nil
		var keys []ledger.Key
		if err := t.each(func(scan func(...any) error) error {
			var key ledger.Key
			err := scan(&key.Account, &key.ID)
			keys = append(keys, key)
			return err
		}, query, args...); err != nil {
			return err
		}
		for _, key := range keys {
			r, err := t.load(key)
			if err != nil {
				return err
			}
			list = append(list, r.Record)
		}
		return nil
	})
	return list, err
}
