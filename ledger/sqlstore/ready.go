package sqlstore

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// readyMost bounds a list of those who are to be woken; the next one has the rest.
const readyMost = 100

// candidate is one of the line.
type candidate struct {
	share
	id string
	of ledger.Obstacle // what it waits for
}

// Ready lists those of the account's line who would get on now if all looked in order,
// at most 100. Who is passed over for being long overdue is listed where it would fit,
// and keeps nothing from others.
func (s *Store) Ready(ctx context.Context, account string, at time.Time, limits ledger.Limits) ([]ledger.Key, error) {
	var list []ledger.Key
	err := s.read(ctx, func(t *tx) (err error) {
		list, err = t.ready(account, at, limits)
		return err
	})
	return list, err
}

func (t *tx) ready(account string, at time.Time, limits ledger.Limits) (list []ledger.Key, err error) {
	rooms := roomsAt(at, limits)
	if err := t.fill(rooms, account); err != nil {
		return nil, err
	}
	closed, err := t.flag(account)
	if err != nil {
		return nil, err
	}
	line, err := t.candidates(account)
	if err != nil {
		return nil, err
	}
	turns := map[[2]string]bool{}
	for _, c := range line {
		order := [2]string{c.merchant, c.order}
		fits := fitAll(rooms, c.amount, c.period)
		if turns[order] || !fits && c.of != ledger.ObstacleOrder {
			continue
		}
		r, err := t.load(ledger.Key{Account: account, ID: c.id})
		if err != nil {
			return nil, err
		}
		free, err := t.free(r, at, closed)
		if err != nil {
			return nil, err
		}
		if !free {
			continue
		}
		if list = append(list, r.Key); len(list) == readyMost {
			return list, nil
		}
		if closed.reason != "" && r.Sending == ledger.NotBegun && fits {
			closed.since, closed.trial = micros(at), c.id // it tries the flag; the others wait
		}
		if c.retryAt < micros(at.Add(-lineGrace)) {
			continue
		}
		if turns[order] = true; fits {
			keep(rooms, c.amount, c.period)
		}
	}
	return list, nil
}

// free tells whether nothing but budget could stand in the refund's way.
func (t *tx) free(r *row, at time.Time, closed flag) (bool, error) {
	if r.Sending == ledger.NotBegun && closed.stops(r, at) {
		return false, nil
	}
	if spent, err := t.overdrawn(r); err != nil || spent.Obstacle != "" {
		return false, err
	}
	turn, err := t.turnObstacle(r, at)
	return turn.Obstacle == "", err
}

// candidates are the account's whole line, in order.
func (t *tx) candidates(account string) (list []candidate, err error) {
	err = t.each(func(scan func(...any) error) error {
		var c candidate
		err := scan(&c.id, &c.of, &c.merchant, &c.order, &c.amount, &c.period, &c.retryAt)
		list = append(list, c)
		return err
	}, `SELECT w.id, w.kind, w.merchant, w.order_key, w.amount, COALESCE(h.period, ''), w.retry_at FROM waiters w
		LEFT JOIN holds h ON h.account = w.account AND h.id = w.id AND h.state IN ('held', 'counted')
		WHERE w.account = ? ORDER BY w.seq`, account)
	return list, err
}
