package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// Settle books the provider's final word that the money is back. When the books
// say otherwise they keep their word, but what was given back is written beside
// it and counts in the order's remainder; the [*ledger.ContradictionError] is
// for the caller's alert.
func (s *Store) Settle(ctx context.Context, key ledger.Key, done ledger.Settlement) error {
	if done.Result.State != providers.ResultSucceeded {
		return fmt.Errorf("ledger: settling %s: Result.State is %q: only %q says that the money is back", key, done.Result.State, providers.ResultSucceeded)
	}
	if err := checkAmount("Result.Amount", done.Result.Amount); err != nil {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		r, err := t.load(key)
		if err != nil {
			return err
		}
		claim := fmt.Sprintf("settle %q with %s", refund.CleanText(done.Result.PlatformRefundID), done.Result.Amount)
		agrees, err := t.learn(r, done.At, done.Result.PlatformRefundID)
		if err != nil {
			return err
		}
		news, err := t.hears(r, done.At, string(done.Result.State), done.Result.PlatformRefundID, done.Result.Amount)
		if err != nil {
			return err
		}
		if e, named := r.Evidence, done.Result.Amount; e != nil && (e.State != done.Result.State || differ(e.Amount, named)) {
			e.Contradicted = true
		}
		ends := r.Status == ledger.Open
		if ends {
			if err := t.end(r, ledger.Ending{
				Status: ledger.Succeeded, Reason: done.Reason, At: done.At, Refunded: done.Result.Amount,
			}, "settle"); err != nil {
				return err
			}
		}
		wrong := ""
		switch {
		case r.Status != ledger.Succeeded:
			if err := t.proves(r); err != nil {
				return err
			}
			wrong = fmt.Sprintf("the provider gave back %s", given(r, done.Result.Amount))
		case !agrees:
			wrong = fmt.Sprintf("the provider's number is %q, not %q",
				refund.CleanText(r.PlatformRefundID), refund.CleanText(done.Result.PlatformRefundID))
		case !fillIn(&r.Refunded, done.Result.Amount):
			wrong = fmt.Sprintf("%s is booked as given back, the provider says %s", r.Refunded, done.Result.Amount)
		case r.Evidence != nil && r.Evidence.Contradicted:
			news = false // the end itself agrees; who ended it by hand knew the rest
			wrong = fmt.Sprintf("%s is given back, but the provider has also reported %s with %s",
				r.Refunded, r.Evidence.State, r.Evidence.Amount)
		}
		if !ends { // what was not known before; end has saved it
			err = t.save(r)
		}
		if err != nil || wrong == "" {
			return err
		}
		if ends || news {
			if err := t.raise(r, wrong); err != nil {
				return err
			}
		}
		return t.refuse(done.At, claim, contradiction(r, ledger.Succeeded, "%s", wrong))
	})
}

// Finish ends the refund in any other way. When something without a way back may
// have arrived at the provider, it cannot be rejected or cancelled any more, only
// fail or succeed.
func (s *Store) Finish(ctx context.Context, key ledger.Key, e ledger.Ending) error {
	if err := checkAmount("Ending.Refunded", e.Refunded); err != nil {
		return err
	}
	switch e.Status {
	case ledger.Failed, ledger.Rejected, ledger.Cancelled:
		if e.Refunded != 0 {
			return fmt.Errorf("ledger: finishing %s: Refunded is %d fen, but the status is %q: only a success gives back", key, int64(e.Refunded), e.Status)
		}
	case ledger.Succeeded:
		if e.By == "" {
			return fmt.Errorf("ledger: finishing %s: By is missing: a success that the provider did not report needs a person who vouches", key)
		}
	case ledger.Open:
		return fmt.Errorf("ledger: finishing %s: status %q is no end", key, e.Status)
	default:
		return fmt.Errorf("ledger: finishing %s: status %q is not known", key, e.Status)
	}
	return s.write(ctx, func(t *tx) error {
		r, err := t.load(key)
		if err != nil {
			return err
		}
		claim := fmt.Sprintf("finish %s with %s", e.Status, e.Refunded)
		proven := r.Status == ledger.Open && e.Status != ledger.Succeeded && r.Evidence != nil &&
			r.Evidence.State == providers.ResultSucceeded && !r.Evidence.Contradicted
		withdrawn := e.Status == ledger.Rejected || e.Status == ledger.Cancelled
		switch {
		case proven && (withdrawn || e.By == ""):
			return t.refuse(e.At, claim, contradiction(r, e.Status, "the provider has reported that the money is back"))
		case r.Status == ledger.Open && withdrawn && r.Sending != ledger.NotBegun:
			return t.refuse(e.At, claim, contradiction(r, e.Status, "it was sent, and may have been paid"))
		case r.Status == ledger.Open && withdrawn && r.Verification == ledger.Done:
			return t.refuse(e.At, claim, contradiction(r, e.Status, "the order's verification was cancelled, which has no way back"))
		case r.Status == ledger.Open && withdrawn && r.Verification == ledger.Begun:
			return t.refuse(e.At, claim, contradiction(r, e.Status, "the order's verification may have been cancelled, which has no way back"))
		case r.Status == ledger.Open:
			if e.Status != ledger.Succeeded { // the order's remainder keeps to the provider's word
				if r.Refunded, err = t.stillGiven(r, e.By); err != nil {
					return err
				}
			}
			if err := t.end(r, e, "finish "+string(e.Status)); err != nil {
				return err
			}
			if e.By != "" || r.Evidence == nil || !r.Evidence.Contradicted {
				return nil
			}
			wrong := fmt.Sprintf("the platform has reported %s with %s, and otherwise as well", r.Evidence.State, r.Evidence.Amount)
			if err := t.raise(r, wrong); err != nil { // a program cannot know which is true
				return err
			}
			_, err := t.journal(r.Key, e.At, "alert", wrong)
			return err
		case r.Status != e.Status:
			return t.refuse(e.At, claim, contradiction(r, e.Status, "it ended at %s", r.EndedAt.Format(time.RFC3339)))
		case e.Refunded != 0 && e.Refunded != r.Refunded:
			return t.refuse(e.At, claim, contradiction(r, e.Status, "%s is booked as given back, now %s is said", r.Refunded, e.Refunded))
		}
		return nil
	})
}

// end closes an open refund.
func (t *tx) end(r *row, e ledger.Ending, step string) error {
	if e.Status == ledger.Succeeded {
		r.Refunded = given(r, e.Refunded)
	}
	switch {
	case e.Status == ledger.Succeeded:
		if err := t.drawn(r, e.At); err != nil {
			return err
		}
	case r.hold != nil:
		if err := t.letGo(r, e.At); err != nil {
			return err
		}
	}
	r.Status, r.Reason, r.EndedAt, r.endedBy = e.Status, e.Reason, e.At, e.By
	if err := t.save(r); err != nil {
		return err
	}
	if err := t.freeTurn(r); err != nil {
		return err
	}
	if err := t.leave(r); err != nil {
		return err
	}
	text := fmt.Sprintf("%s given back: %s", r.Refunded, e.Reason)
	if e.By != "" {
		text += " (by " + e.By + ")"
	}
	_, err := t.journal(r.Key, e.At, step, text)
	return err
}

// given is what a success gave back: a provider that names no amount gave what
// was asked for.
func given(r *row, named refund.Fen) refund.Fen {
	if named == 0 {
		return r.Amount
	}
	return named
}
