package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// BeginCancel writes down that the order's verification is about to be
// cancelled. That has no inverse, so the refund must have its budget and the
// order's turn: without a hold it is refused.
func (s *Store) BeginCancel(ctx context.Context, key ledger.Key, at time.Time) error {
	return s.write(ctx, func(t *tx) error {
		r, err := t.loadOpen(key, "have the order's verification cancelled")
		switch {
		case err != nil:
			return err
		case r.Verification != ledger.NotBegun:
			return nil
		case r.hold == nil:
			return fmt.Errorf("ledger: %s has no hold, and cancelling a verification has no way back: call Hold first", key)
		}
		r.Verification = ledger.Begun
		r.cancels++
		if _, err := t.journal(key, at, fmt.Sprintf("begin cancel %d", r.cancels), "the intent to cancel the verification is written"); err != nil {
			return err
		}
		return t.save(r)
	})
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
