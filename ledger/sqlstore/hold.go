package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Pauses before obstacles that somebody else ends are looked at again: nobody
// tells those who wait. The workflow lengthens them when the wait is long.
const (
	flagPause = 5 * time.Minute
	turnPause = time.Minute
)

// hold is a refund's claim on one day's cap and one period's reserve.
type hold struct {
	n           int
	day, period string
	state       holdState
}

type holdState string

// The states of a hold, explained at its table.
const (
	held     holdState = "held"
	counted  holdState = "counted"
	spent    holdState = "spent"
	released holdState = "released"
)

// Kinds of counters.
const (
	kindCap     = "cap"
	kindReserve = "reserve"
)

// Hold takes the amount from the day's cap and the reserve, and the order's
// turn, all or nothing.
func (s *Store) Hold(ctx context.Context, key ledger.Key, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	var answer ledger.Hold
	err := s.write(ctx, func(t *tx) error {
		r, err := t.loadOpen(key, "take budget")
		if err != nil {
			return err
		}
		answer, err = t.take(r, at, limits)
		return err
	})
	return answer, err
}

// take confirms the refund's hold. Yesterday's is given up even when the new day
// has no room: it is no use.
func (t *tx) take(r *row, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	answer, err := t.confirm(r, at, limits)
	if err != nil || answer.Granted || answer.Obstacle == ledger.ObstacleFlag || r.hold == nil {
		return answer, err
	}
	return answer, t.letGo(r, at)
}

// confirm makes sure that the refund has its hold for the day of at. What is not
// granted writes nothing but its place in the line.
func (t *tx) confirm(r *row, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	if r.Sending == ledger.NotBegun {
		spent, err := t.overdrawn(r)
		if err != nil {
			return ledger.Hold{}, err
		}
		if spent.Obstacle != "" {
			return spent, t.leave(r) // it waits for a person
		}
	}
	return t.grant(r, at, limits)
}

// grant is confirm for who has looked at the order's remainder.
func (t *tx) grant(r *row, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	if r.Sending != ledger.NotBegun {
		return ledger.Hold{Granted: true}, nil // counts on the day it was sent
	}
	known, err := t.flag(r.Key.Account)
	if err != nil {
		return ledger.Hold{}, err
	}
	if known.stops(r, at) {
		return flagged(r, known, at), t.putOff(r, at.Add(flagPause))
	}
	answer, err := t.move(r, at, limits)
	if err != nil || !answer.Granted {
		return answer, err // one that waits for something else tries nothing
	}
	return answer, t.try(known, r, at)
}

// move gives the refund the hold for the day of at in place of the one it has, and
// takes it out of the line, or leaves all as it is and puts it there.
func (t *tx) move(r *row, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	wanted := hold{day: limits.Day(at), period: limits.Period(at), state: held}
	if r.hold != nil && r.hold.day == wanted.day {
		return ledger.Hold{Granted: true}, t.leave(r)
	}
	obstacle, err := t.obstacle(r, at, limits)
	if err != nil {
		return ledger.Hold{}, err
	}
	if obstacle.Obstacle != "" {
		return obstacle, t.wait(r, at, wanted.day, obstacle)
	}
	if r.hold != nil {
		if err := t.letGo(r, at); err != nil {
			return ledger.Hold{}, err
		}
	}
	if err := t.takeTurn(r); err != nil {
		return ledger.Hold{}, err
	}
	if err := t.draw(r, at, wanted); err != nil {
		return ledger.Hold{}, err
	}
	return ledger.Hold{Granted: true}, t.leave(r)
}

// draw writes a new hold and what it draws.
func (t *tx) draw(r *row, at time.Time, h hold) error {
	if _, err := t.get([]any{&h.n}, `INSERT INTO holds (account, id, n, day, period, amount, state)
		VALUES (?, ?, (SELECT COALESCE(MAX(n), 0) + 1 FROM holds WHERE account = ? AND id = ?), ?, ?, ?, ?) RETURNING n`,
		r.Key.Account, r.Key.ID, r.Key.Account, r.Key.ID, h.day, h.period, r.Amount, h.state); err != nil {
		return err
	}
	// Always the cap first, here as in letGo: two that went the other way round would
	// wait for each other.
	if err := t.count(r, kindCap, h.day); err != nil {
		return err
	}
	if err := t.count(r, kindReserve, h.period); err != nil {
		return err
	}
	r.hold = &h
	_, err := t.line(r.Key, at, fmt.Sprintf("hold %d", h.n), "hold "+h.day,
		fmt.Sprintf("%s from the daily cap of %s and the reserve from %s", r.Amount, h.day, h.period))
	return err
}

// letGo ends the living hold. The reserve is given back; the day's cap only
// when nothing was sent under it. The order's turn is not touched.
func (t *tx) letGo(r *row, at time.Time) error {
	h, state, text := r.hold, released, "cap and reserve given back"
	if h.state == counted {
		state, text = spent, "reserve given back; it stays in the day's cap, since it was sent"
	} else if err := t.giveBack(r, kindCap, h.day); err != nil {
		return err
	}
	if err := t.giveBack(r, kindReserve, h.period); err != nil {
		return err
	}
	if err := t.mark(r, state); err != nil {
		return err
	}
	r.hold = nil
	_, err := t.line(r.Key, at, fmt.Sprintf("release %d", h.n), "release "+h.day, text)
	return err
}

// mark changes the state of the living hold.
func (t *tx) mark(r *row, state holdState) error {
	if r.hold.state == state {
		return nil
	}
	r.hold.state = state
	_, err := t.exec(`UPDATE holds SET state = ? WHERE account = ? AND id = ? AND n = ?`,
		state, r.Key.Account, r.Key.ID, r.hold.n)
	return err
}

// count adds the refund's amount to a counter.
func (t *tx) count(r *row, kind, period string) error {
	_, err := t.exec(`INSERT INTO usage_counters (account, kind, period, used) VALUES (?, ?, ?, ?)
		ON CONFLICT (account, kind, period) DO UPDATE SET used = usage_counters.used + excluded.used`,
		r.Key.Account, kind, period, r.Amount)
	return err
}

func (t *tx) giveBack(r *row, kind, period string) error {
	_, err := t.exec(`UPDATE usage_counters SET used = used - ? WHERE account = ? AND kind = ? AND period = ?`,
		r.Amount, r.Key.Account, kind, period)
	return err
}

func (t *tx) used(account, kind, period string) (used refund.Fen, err error) {
	_, err = t.get([]any{&used}, `SELECT used FROM usage_counters WHERE account = ? AND kind = ? AND period = ?`, account, kind, period)
	return used, err
}
