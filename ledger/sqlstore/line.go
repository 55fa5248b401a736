package sqlstore

import (
	"fmt"
	"math"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

const (
	// lineGrace is how long after its time to look again a refund still stands in the
	// way of others. A workflow may put a look off by an hour, and a worker may be
	// away for a while; one that was terminated must not hold up the rest for ever.
	// It keeps its place for when it comes back.
	lineGrace = 2 * time.Hour
	// lineStep parts the looks of those who wait for the same moment, so that they
	// come one by one and in order; lineSpread bounds what the last one is put off.
	lineStep   = 100 * time.Millisecond
	lineSpread = 10 * time.Minute
	// linePause is how long after those before it a refund looks again when there is
	// room, but for them: if they do not come, it may have it.
	linePause = time.Minute
)

// seq is the refund's place in the line; who is not in it comes after all.
func (r *row) seq() int64 {
	if r.place == 0 {
		return math.MaxInt64
	}
	return r.place
}

// wait puts a refund that was not granted into the line, or tells the line what it
// waits for now: the place is that of its first time. One that is too big waits for
// a person, and is none of the line's.
func (t *tx) wait(r *row, at time.Time, day string, h ledger.Hold) error {
	if h.Obstacle == ledger.ObstacleTooBig {
		return t.leave(r)
	}
	_, err := t.exec(`INSERT INTO waiters (account, id, merchant, order_key, kind, day, amount, since, retry_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, id) DO UPDATE SET kind = excluded.kind, day = excluded.day, retry_at = excluded.retry_at`,
		r.Key.Account, r.Key.ID, r.Merchant, r.orderKey, h.Obstacle, day, r.Amount, micros(at), micros(h.RetryAt))
	return err
}

// putOff keeps the place of one that cannot get on for a reason of its account's.
func (t *tx) putOff(r *row, until time.Time) error {
	if r.place == 0 {
		return nil
	}
	_, err := t.exec(`UPDATE waiters SET retry_at = ? WHERE seq = ?`, micros(until), r.place)
	return err
}

// leave takes the refund out of the line.
func (t *tx) leave(r *row) error {
	if r.place == 0 {
		return nil
	}
	_, err := t.exec(`DELETE FROM waiters WHERE seq = ?`, r.place)
	r.place = 0
	return err
}

// share is what one who comes first would take.
type share struct {
	merchant, order string
	amount          refund.Fen
	// period of the living hold, whose share of the reserve it has already.
	period  string
	retryAt int64
}

// shares are those of the account's line for budget that come before the refund,
// in order. Who is overdue, or whose order's turn is with another refund, could not
// take anything now and holds up nobody.
func (t *tx) shares(r *row, at time.Time) (list []share, err error) {
	err = t.each(func(scan func(...any) error) error {
		var c share
		err := scan(&c.merchant, &c.order, &c.amount, &c.period, &c.retryAt)
		list = append(list, c)
		return err
	}, `SELECT w.merchant, w.order_key, w.amount, COALESCE(h.period, ''), w.retry_at FROM waiters w
		LEFT JOIN holds h ON h.account = w.account AND h.id = w.id AND h.state IN ('held', 'counted')
		WHERE w.account = ? AND w.seq < ? AND w.kind IN ('daily_cap', 'reserve') AND w.retry_at >= ?
			AND NOT EXISTS (SELECT 1 FROM order_turns o WHERE o.merchant = w.merchant AND o.order_key = w.order_key
				AND NOT (o.account = w.account AND o.id = w.id))
		ORDER BY w.seq`, r.Key.Account, r.seq(), micros(at.Add(-lineGrace)))
	return list, err
}

// ahead counts those who wait for the turn of the refund's order and come first. An
// account that is flagged must not hold up another one of the merchant.
func (t *tx) ahead(r *row, at time.Time) (n int, err error) {
	_, err = t.get([]any{&n}, `SELECT COUNT(*) FROM waiters w
		WHERE w.merchant = ? AND w.order_key = ? AND w.seq < ? AND w.kind = 'order_turn' AND w.retry_at >= ?
			AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account = w.account AND a.flag <> '')`,
		r.Merchant, r.orderKey, r.seq(), micros(at.Add(-lineGrace)))
	return n, err
}

// spread is when the one with so many before it looks again.
func spread(at time.Time, before int) time.Time {
	return at.Add(min(time.Duration(before)*lineStep, lineSpread))
}

// behind says in a sentence's last part how many come first.
func behind(before int) string {
	switch before {
	case 0:
		return ""
	case 1:
		return "; 1 refund waits before it"
	}
	return fmt.Sprintf("; %d refunds wait before it", before)
}
