package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// BeginSend confirms the hold for the day of the sending and writes the intent,
// before the first byte leaves.
func (s *Store) BeginSend(ctx context.Context, key ledger.Key, at time.Time, limits ledger.Limits) (ledger.Permit, error) {
	var permit ledger.Permit
	err := s.write(ctx, func(t *tx) error {
		permit = ledger.Permit{}
		r, err := t.loadOpen(key, "be sent")
		if err != nil {
			return err
		}
		switch r.Sending {
		case ledger.Done:
			permit.Accepted = accepted(r)
			return nil
		case ledger.Begun:
			permit.Doubt = true
			return nil
		case ledger.NotBegun:
		}
		answer, err := t.take(r, at, limits)
		if err != nil || !answer.Granted {
			permit.Hold = answer
			return err
		}
		if err := t.mark(r, counted); err != nil {
			return err
		}
		r.Sending = ledger.Begun
		switch {
		case r.Evidence != nil: // a sending that was taken back did arrive after all
			permit.Doubt = true
			return t.sending(r, at, "begin send", "the platform has reported this refund already: it is asked before anything is sent")
		case r.askFirst == 1:
			permit.Doubt = true
			return t.sending(r, at, "begin send", "the books were restored and may have forgotten a sending: the platform is asked before anything is sent")
		}
		permit.Send = true
		return t.sending(r, at, "begin send", "the intent is written, counted on "+r.hold.day)
	})
	return permit, err
}

// BeginResend permits one identical repetition of a request whose absence is
// proven. On another day it counts in that day's cap too: what leaves then is
// booked by the platform then. Replayed, it answers Doubt, since the readings
// begin anew; for this reason absenceReads must be at least 1.
func (s *Store) BeginResend(ctx context.Context, key ledger.Key, at time.Time, limits ledger.Limits, absenceReads, maxResends int) (ledger.Permit, error) {
	if absenceReads < 1 {
		return ledger.Permit{}, fmt.Errorf("ledger: absenceReads is %d: without one reading a repetition cannot be told from a replay, give 1 or more", absenceReads)
	}
	var permit ledger.Permit
	err := s.write(ctx, func(t *tx) error {
		permit = ledger.Permit{}
		r, err := t.loadOpen(key, "be sent again")
		switch {
		case err != nil:
			return err
		case r.Sending == ledger.Done:
			permit.Accepted = accepted(r)
			return nil
		case r.Sending == ledger.NotBegun:
			return fmt.Errorf("ledger: %s has no sending in doubt: call BeginSend", key)
		case r.AbsentReads < absenceReads:
			permit.Doubt = true
			return nil
		case r.resends >= maxResends+r.askFirst: // the first real sending repeats none that is known
			permit.Exhausted = true
			return t.leave(r) // a person is next
		}
		if permit.Hold, err = t.overdrawn(r); err != nil {
			return err
		}
		if permit.Hold.Obstacle != "" { // it may have arrived: its hold stays
			permit.Exhausted = true
			return t.leave(r)
		}
		// Without a look at the flag: it keeps new refunds from a wall, and this one
		// is in doubt until it is answered.
		answer, err := t.move(r, at, limits)
		if err != nil || !answer.Granted {
			permit.Hold = answer
			return err
		}
		if err := t.mark(r, counted); err != nil {
			return err
		}
		r.resends++
		permit.Send = true
		return t.sending(r, at, "begin resend", fmt.Sprintf("absent in %d readings; repetition %d of at most %d, counted on %s",
			r.AbsentReads, r.resends, maxResends, r.hold.day))
	})
	return permit, err
}

// sending books one more request that is about to leave.
func (t *tx) sending(r *row, at time.Time, step, text string) error {
	r.Sends++
	r.attempts++
	r.AbsentReads, r.absentMark, r.sentAt = 0, micros(at), max(micros(at), r.sentAt)
	if err := t.save(r); err != nil {
		return err
	}
	_, err := t.journal(r.Key, at, fmt.Sprintf("%s %d", step, r.attempts), text)
	return err
}

// EndSend writes down what came of the last sending. An acceptance is booked
// whatever was believed before, and with it the end, when the answer names one. A second one with another number or amount may
// be a second payment: the first is kept, the second journaled and returned as
// a [*ledger.ContradictionError].
func (s *Store) EndSend(ctx context.Context, key ledger.Key, at time.Time, a ledger.Answer) error {
	if a.Receipt != nil && (a.NotSent || a.Refused) || a.NotSent && a.Refused {
		return errors.New("ledger: an answer is one of Receipt, NotSent and Refused: give one")
	}
	return s.write(ctx, func(t *tx) error {
		r, err := t.load(key)
		switch {
		case err != nil:
			return err
		case a.Receipt != nil:
			if err := t.accept(r, at, *a.Receipt, a.Text); err != nil {
				return err
			}
			return t.hear(key, at, *a.Receipt)
		case r.Status != ledger.Open || r.Sending != ledger.Begun:
			return nil // a late or repeated answer: what is known is better
		case micros(at) < r.sentAt:
			return nil // of an earlier sending: it says nothing of the one that is under way
		case a.NotSent:
			return t.takeBack(r, at, "not sent", a.Text)
		case a.Refused:
			return t.takeBack(r, at, "refused", a.Text)
		}
		_, err = t.journal(key, at, fmt.Sprintf("unknown %d", r.attempts), a.Text)
		return err
	})
}

// takeBack ends the intent, unless an earlier sending is in doubt: what is known
// of a repetition says nothing of the request it repeats.
func (t *tx) takeBack(r *row, at time.Time, step, text string) error {
	// Another word about the same sending must not end the doubt about the one before it.
	answered, err := t.written(r.Key, fmt.Sprintf("not sent %d", r.attempts), fmt.Sprintf("refused %d", r.attempts))
	if err != nil || answered {
		return err
	}
	if _, err := t.journal(r.Key, at, fmt.Sprintf("%s %d", step, r.attempts), text); err != nil {
		return err
	}
	r.AbsentReads, r.absentMark = 0, max(micros(at), r.absentMark)
	if step == "not sent" {
		r.Sends-- // it never left: as if it had not been begun
	}
	switch {
	case r.resends == 0:
		r.Sending, r.askFirst = ledger.NotBegun, 0 // it is known now what became of it
	case step == "not sent":
		r.resends--
	}
	if r.Sends == 0 && r.hold != nil {
		if err := t.mark(r, held); err != nil {
			return err
		}
	}
	return t.save(r)
}

// NoteAbsent counts a reading in which the platform showed no such refund. The
// first one after a sending counts at once, the others at least interval after
// the last counted one: readings in one breath prove no more than one. One that
// is not later is a replay or speaks of an earlier sending.
func (s *Store) NoteAbsent(ctx context.Context, key ledger.Key, at time.Time, interval time.Duration) (int, error) {
	var reads int
	err := s.write(ctx, func(t *tx) error {
		r, err := t.loadOpen(key, "be absent")
		if err != nil {
			return err
		}
		pause := int64(1)
		if r.AbsentReads > 0 {
			pause = max(pause, interval.Microseconds())
		}
		if r.Sending == ledger.Begun && micros(at) >= r.absentMark+pause {
			r.AbsentReads++
			r.absentMark = micros(at)
			step := fmt.Sprintf("absent %d.%d", r.attempts, r.AbsentReads)
			if _, err := t.line(key, at, fmt.Sprintf("%s at %d", step, r.absentMark), step, "the platform does not show the refund"); err != nil {
				return err
			}
			if err := t.save(r); err != nil {
				return err
			}
		}
		reads = r.AbsentReads
		return nil
	})
	return reads, err
}
