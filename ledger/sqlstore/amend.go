package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// Amend is a person's word about a refund that has ended and has an alert: it ends so
// from now on, and the alert goes. What the platform said until then raises none again.
//
// As a success it draws again on the cap and the reserve of the day it was sent,
// where it has given them back, and asks nobody for room: the money has left. As a
// failure it counts in the order's remainder all the same where the platform has
// proven that money went back, unless the platform's last word is the failure too, see
// stillGiven.
func (s *Store) Amend(ctx context.Context, key ledger.Key, e ledger.Ending) error {
	if err := checkAmendment(e); err != nil {
		return fmt.Errorf("ledger: amending %s: %w", key, err)
	}
	return s.write(ctx, func(t *tx) error {
		r, err := t.load(key)
		if err != nil {
			return err
		}
		claim := fmt.Sprintf("amend %s to %s with %s", r.Status, e.Status, e.Refunded)
		if r.Status == ledger.Open {
			return t.refuse(e.At, claim, contradiction(r, e.Status, "it has not ended, so there is nothing to amend"))
		}
		step := amending(e.Status)
		if r.Alert == "" {
			said, err := t.amended(r, e.Status)
			if err != nil || said && r.Status == e.Status && (e.Refunded == 0 || e.Refunded == r.Refunded) {
				return err
			}
			return t.refuse(e.At, claim, contradiction(r, e.Status, "no word of the platform contradicts its end"))
		}
		// The line is unique by its moment: a replay does not take away an alert that
		// was raised since, nor overrule a word that was heard since.
		once := fmt.Sprintf("%s %d %s", step, micros(e.At), e.By)
		if replayed, err := t.written(key, once, once); err != nil || replayed {
			return err
		}
		before := fmt.Sprintf("%s with %s", r.Status, r.Refunded)
		if e.Status == ledger.Succeeded {
			r.Refunded = given(r, e.Refunded)
		} else if r.Refunded, err = t.stillGiven(r, e.By); err != nil {
			return err
		}
		if _, err := t.line(key, e.At, once, step,
			fmt.Sprintf("it was booked as %s, but %s; now %s given back: %s (by %s)", before, r.Alert, r.Refunded, e.Reason, e.By)); err != nil {
			return err
		}
		switch {
		case e.Status == ledger.Succeeded && r.hold == nil:
			err = t.revive(r, e.At)
		case e.Status == ledger.Failed && r.hold != nil:
			err = t.letGo(r, e.At)
		}
		if err != nil {
			return err
		}
		r.Status, r.Reason, r.EndedAt, r.endedBy, r.Alert = e.Status, e.Reason, e.At, e.By, ""
		return t.save(r)
	})
}

func checkAmendment(e ledger.Ending) error {
	switch {
	case e.Status != ledger.Succeeded && e.Status != ledger.Failed:
		return fmt.Errorf("the status is %q: give %q or %q", e.Status, ledger.Succeeded, ledger.Failed)
	case e.By == "":
		return fmt.Errorf("By is missing: name the person who knows that it %s", e.Status)
	case e.Status == ledger.Failed && e.Refunded != 0:
		return fmt.Errorf("Refunded is %d fen, but the status is %q: only a success gives back", int64(e.Refunded), e.Status)
	}
	return checkAmount("Ending.Refunded", e.Refunded)
}

// amended tells whether a person ever amended the refund to a status.
func (t *tx) amended(r *row, status ledger.Status) (bool, error) {
	var one int
	return t.get([]any{&one}, `SELECT 1 FROM journal WHERE account = ? AND id = ? AND step = ? LIMIT 1`,
		r.Key.Account, r.Key.ID, amending(status))
}

// amending is the journal's step; the audit knows it by this word too.
func amending(status ledger.Status) string { return "amend " + string(status) }

// drawn counts what has left: under the living hold, or, where that was given up because
// nothing was believed to have arrived, under the one before, without asking for room.
func (t *tx) drawn(r *row, at time.Time) error {
	if r.hold == nil {
		return t.revive(r, at)
	}
	return t.mark(r, counted)
}

// revive makes the hold under which the refund was sent, or its last one, draw again.
// A refund that never had one has nothing to draw on.
func (t *tx) revive(r *row, at time.Time) error {
	var h hold
	if _, err := t.get([]any{&h.n}, `SELECT COALESCE(MAX(CASE WHEN state = 'spent' THEN n END), MAX(n), 0) FROM holds
		WHERE account = ? AND id = ?`, r.Key.Account, r.Key.ID); err != nil || h.n == 0 {
		return err
	}
	if _, err := t.get([]any{&h.day, &h.period, &h.state}, `SELECT day, period, state FROM holds
		WHERE account = ? AND id = ? AND n = ?`, r.Key.Account, r.Key.ID, h.n); err != nil {
		return err
	}
	if h.state == released { // a spent one is in the day's cap still
		if err := t.count(r, kindCap, h.day); err != nil {
			return err
		}
	}
	if err := t.count(r, kindReserve, h.period); err != nil {
		return err
	}
	r.hold = &h
	if err := t.mark(r, counted); err != nil {
		return err
	}
	_, err := t.line(r.Key, at, fmt.Sprintf("hold %d again %d", h.n, micros(at)), "hold "+h.day,
		fmt.Sprintf("%s is drawn again from the daily cap of %s and the reserve from %s: it was given back after all", r.Amount, h.day, h.period))
	return err
}
