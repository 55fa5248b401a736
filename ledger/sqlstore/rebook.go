package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// byRecord stands where the person would who ended it: Temporal does not tell a success
// that the platform reported from one that a person vouches for, and of the two the
// books trust the second one with less.
const byRecord = "Temporal's record"

// Rebook books an end again that these books have forgotten.
func (s *Store) Rebook(ctx context.Context, o ledger.Opening, past ledger.Past) (bool, error) {
	key := ledger.KeyOf(o.Request)
	if err := checkPast(o, past); err != nil {
		return false, fmt.Errorf("ledger: booking %s again: %w", key, err)
	}
	past.By = byRecord
	var booked bool
	err := s.write(ctx, func(t *tx) error {
		booked = false
		r, err := t.load(key)
		if errors.Is(err, ledger.ErrUnknown) {
			r, err = t.remember(o)
		}
		switch {
		case err != nil:
			return err
		case r.Fingerprint != o.Fingerprint:
			return contradiction(r, past.Status, "the id is in use for other content")
		case r.Status == ledger.Open:
			err = t.endAgain(r, o.Limits, past)
		case past.At.After(r.EndedAt) && (r.Status != past.Status || past.Status == ledger.Succeeded && past.Refunded != r.Refunded):
			err = t.amendAgain(r, o.Limits, past)
		default:
			return nil
		}
		booked = err == nil
		return err
	})
	return booked, err
}

func checkPast(o ledger.Opening, past ledger.Past) error {
	switch past.Status {
	case ledger.Succeeded, ledger.Failed, ledger.Rejected, ledger.Cancelled: // of any, the platform may have proven money
	default:
		return fmt.Errorf("status %q is no end", past.Status)
	}
	if past.At.IsZero() || past.Now.IsZero() {
		return errors.New("no At or no Now: give when it ended, and when that is booked")
	}
	if err := o.Request.Validate(); err != nil {
		return err
	}
	return errors.Join(checkOpening(o), checkAmount("Past.Refunded", past.Refunded))
}

// remember writes a refund down that was made: nothing is refused that has happened.
func (t *tx) remember(o ledger.Opening) (*row, error) {
	orderKey := o.Rules.OrderKey.Of(o.Request.Order)
	if orderKey == "" {
		return nil, fmt.Errorf("ledger: order.%s of %s is missing: %s knows an order by it", o.Rules.OrderKey, ledger.KeyOf(o.Request), o.Rules.Provider)
	}
	taken, err := maybe(t.byNumber(o.Rules.Merchant, o.Number))
	if err != nil {
		return nil, err
	}
	if taken != nil {
		return nil, fmt.Errorf("ledger: refund number %q of %s belongs to refund %s by now: a person must look at both", o.Number, ledger.KeyOf(o.Request), taken.Key)
	}
	request, err := json.Marshal(o.Request)
	if err != nil {
		return nil, fmt.Errorf("ledger: booking %s again: %w", ledger.KeyOf(o.Request), err)
	}
	askFirst, err := t.mayBeForgotten(o)
	if err != nil {
		return nil, err
	}
	return t.register(o, orderKey, request, askFirst)
}

// endAgain ends an open refund like that.
func (t *tx) endAgain(r *row, limits ledger.Limits, past ledger.Past) error {
	agrees, err := t.learn(r, past.Now, past.PlatformRefundID)
	if err != nil {
		return err
	}
	if past.Status == ledger.Succeeded || past.PlatformRefundID != "" { // it was accepted
		if err := t.drawAgain(r, limits, past); err != nil {
			return err
		}
		r.Sending, r.Sends = ledger.Done, max(r.Sends, 1)
	}
	if past.Status != ledger.Succeeded { // as in any other end: what is proven stays given back
		if r.Refunded, err = t.stillGiven(r, ""); err != nil {
			return err
		}
		r.Refunded = max(r.Refunded, past.Refunded)
	}
	if err := t.end(r, past.Ending, "finish "+string(past.Status)); err != nil {
		return err
	}
	wrong := ""
	switch {
	case r.Evidence != nil && !r.Evidence.Contradicted:
		wrong = endClash(r, *r.Evidence)
	case !agrees:
		wrong = otherNumber(r, past)
	}
	if wrong != "" {
		if err := t.raise(r, wrong); err != nil {
			return err
		}
	}
	return t.bookedAgain(r, past)
}

// amendAgain is what a person said later of a refund that has ended.
func (t *tx) amendAgain(r *row, limits ledger.Limits, past ledger.Past) (err error) {
	before := fmt.Sprintf("%s with %s", r.Status, r.Refunded)
	if past.Status == ledger.Succeeded {
		r.Refunded = given(r, past.Refunded)
		if r.hold == nil {
			err = t.revive(r, past.Now)
		}
		if err == nil {
			err = t.drawAgain(r, limits, past)
		}
	} else if r.Refunded, err = t.stillGiven(r, past.By); err == nil && r.hold != nil {
		err = t.letGo(r, past.Now)
	}
	if err != nil {
		return err
	}
	r.Refunded = max(r.Refunded, past.Refunded)
	agrees, err := t.learn(r, past.Now, past.PlatformRefundID)
	if err != nil {
		return err
	}
	// What the platform has said since then nobody has judged.
	var later int
	if _, err := t.get([]any{&later}, `SELECT COUNT(*) FROM platform_words WHERE account = ? AND id = ? AND at > ?`,
		r.Key.Account, r.Key.ID, micros(past.At)); err != nil {
		return err
	}
	if later == 0 {
		r.Alert = ""
	}
	r.Status, r.Reason, r.EndedAt, r.endedBy = past.Status, past.Reason, past.At, past.By
	if err := t.save(r); err != nil {
		return err
	}
	if !agrees {
		if err := t.raise(r, otherNumber(r, past)); err != nil {
			return err
		}
	}
	step := amending(past.Status)
	if _, err := t.line(r.Key, past.At, fmt.Sprintf("%s %d %s", step, micros(past.At), past.By), step,
		fmt.Sprintf("it was booked as %s; now %s given back: %s (by %s)", before, r.Refunded, past.Reason, past.By)); err != nil {
		return err
	}
	return t.bookedAgain(r, past)
}

// drawAgain sees to it that what was sent is drawn. The day of a sending that the books have
// forgotten is not known; it is counted on that of the end, which never is too early: what was
// sent today, and has ended, has ended today, so that no more leaves today than may.
func (t *tx) drawAgain(r *row, limits ledger.Limits, past ledger.Past) error {
	day := limits.Day(past.At)
	if r.hold != nil && r.Sending == ledger.NotBegun && r.hold.day != day {
		if err := t.letGo(r, past.Now); err != nil {
			return err
		}
	}
	if r.hold == nil {
		return t.draw(r, past.Now, hold{day: day, period: limits.Period(past.At), state: counted})
	}
	return t.mark(r, counted)
}

func otherNumber(r *row, past ledger.Past) string {
	return fmt.Sprintf("the platform's number is %q, not %q", refund.CleanText(r.PlatformRefundID), refund.CleanText(past.PlatformRefundID))
}

func (t *tx) bookedAgain(r *row, past ledger.Past) error {
	_, err := t.line(r.Key, past.Now, fmt.Sprintf("rebook %d", micros(past.At)), "rebook",
		"the books had forgotten this end: booked again from Temporal's record of it")
	return err
}
