package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// BeginCancel writes down that the order's verification is about to be
// cancelled. That has no inverse, so the refund must have the day's budget and
// the order's turn: when it does not get them, nothing is written.
func (s *Store) BeginCancel(ctx context.Context, key ledger.Key, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	var answer ledger.Hold
	err := s.write(ctx, func(t *tx) error {
		answer = ledger.Hold{}
		r, err := t.loadOpen(key, "have the order's verification cancelled")
		if err != nil {
			return err
		}
		if r.Verification != ledger.NotBegun {
			answer.Granted = true
			return nil
		}
		if answer, err = t.spent(r); err != nil || answer.Obstacle != "" {
			return errors.Join(err, t.leave(r)) // also where the platform is asked first: this comes before the question
		}
		if answer, err = t.grant(r, at, limits); err != nil || !answer.Granted {
			return err
		}
		r.Verification = ledger.Begun
		r.cancels++
		if _, err := t.journal(key, at, fmt.Sprintf("begin cancel %d", r.cancels), "the intent to cancel the verification is written"); err != nil {
			return err
		}
		return t.save(r)
	})
	return answer, err
}

// EndCancel writes down what came of it: done, or certainly not done. What is
// unknown stays begun: then EndCancel is not called. An ended refund still
// learns that it was done.
func (s *Store) EndCancel(ctx context.Context, key ledger.Key, at time.Time, done bool, text string) error {
	return s.write(ctx, func(t *tx) error {
		r, err := t.load(key)
		if err != nil {
			return err
		}
		step := ""
		switch {
		case done && r.Verification != ledger.Done:
			r.Verification, step = ledger.Done, "cancelled"
		case !done && r.Verification == ledger.Begun:
			r.Verification, step = ledger.NotBegun, "not cancelled"
		default:
			return nil
		}
		if _, err := t.journal(key, at, fmt.Sprintf("%s %d", step, r.cancels), text); err != nil {
			return err
		}
		return t.save(r)
	})
}
