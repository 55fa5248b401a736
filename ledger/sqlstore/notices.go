package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// FindByNumber returns the refund with this merchant's refund number, or
// [ledger.ErrUnknown].
func (s *Store) FindByNumber(ctx context.Context, merchant, number string) (ledger.Record, error) {
	return s.find(ctx, func(t *tx) (*row, error) { return t.byNumber(merchant, number) })
}

// FindByPlatformRefund returns the refund that the platform accepted under its
// number, or [ledger.ErrUnknown]. Should the platform have given one number to
// two refunds, it is the earlier one's.
func (s *Store) FindByPlatformRefund(ctx context.Context, merchant, platformRefundID string) (ledger.Record, error) {
	return s.find(ctx, func(t *tx) (*row, error) { return t.byPlatformRefund(merchant, platformRefundID) })
}

// FindInFlight returns the order's refund that was sent, or may have been, and has
// not ended, or [ledger.ErrUnknown].
func (s *Store) FindInFlight(ctx context.Context, merchant, orderKey string) (ledger.Record, error) {
	return s.find(ctx, func(t *tx) (*row, error) { return t.inFlight(merchant, orderKey) })
}

// FindNameless returns the order's one refund that has ended after it was sent, or
// may have been, and without the platform's number, or [ledger.ErrUnknown]. A person's ending
// tells nothing of how the money went: such a refund has no claim to a number.
func (s *Store) FindNameless(ctx context.Context, merchant, orderKey, platformRefundID string) (ledger.Record, error) {
	return s.find(ctx, func(t *tx) (*row, error) {
		return t.one("one ended refund of order "+refund.CleanText(orderKey)+" of merchant "+merchant+" without the platform's number",
			`SELECT MIN(account), MIN(id) FROM refunds
			WHERE merchant = ? AND order_key = ? AND order_key <> '' AND status <> 'open' AND sending <> 'none'
				AND platform_refund_id = '' AND (status <> 'succeeded' OR ended_by = '')
				AND NOT EXISTS (SELECT 1 FROM foreign_refunds f WHERE f.merchant = ? AND f.platform_refund_id = ?)
			HAVING COUNT(*) = 1`, merchant, orderKey, merchant, platformRefundID)
	})
}

func (s *Store) find(ctx context.Context, look func(*tx) (*row, error)) (ledger.Record, error) {
	var record ledger.Record
	err := s.read(ctx, func(t *tx) error {
		r, err := look(t)
		if err == nil {
			record = r.Record
		}
		return err
	})
	return record, err
}

func (t *tx) byNumber(merchant, number string) (*row, error) {
	return t.one("number "+refund.CleanText(number)+" of merchant "+merchant,
		`SELECT account, id FROM refunds WHERE merchant = ? AND number = ?`, merchant, number)
}

func (t *tx) byPlatformRefund(merchant, id string) (*row, error) {
	return t.one("platform number "+refund.CleanText(id)+" of merchant "+merchant,
		`SELECT account, id FROM refunds WHERE merchant = ? AND platform_refund_id = ? AND platform_refund_id <> ''
			ORDER BY opened_at LIMIT 1`, merchant, id)
}

func (t *tx) inFlight(merchant, orderKey string) (*row, error) {
	what := "one of order " + refund.CleanText(orderKey) + " of merchant " + merchant + " in flight"
	r, err := t.one(what, `SELECT account, id FROM refunds
		WHERE merchant = ? AND order_key = ? AND status = 'open' AND sending <> 'none' LIMIT 1`, merchant, orderKey)
	if !errors.Is(err, ledger.ErrUnknown) {
		return r, err
	}
	return t.one(what, `SELECT account, id FROM refunds
		WHERE merchant = ? AND order_key = ? AND status = 'open' AND attempts > 0 LIMIT 1`, merchant, orderKey)
}

// one loads the refund whose key a query finds.
func (t *tx) one(what, query string, args ...any) (*row, error) {
	var key ledger.Key
	found, err := t.get([]any{&key.Account, &key.ID}, query, args...)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fmt.Errorf("%w: %s", ledger.ErrUnknown, what)
	}
	return t.load(key)
}

// maybe turns an unknown refund into nil.
func maybe(r *row, err error) (*row, error) {
	if errors.Is(err, ledger.ErrUnknown) {
		return nil, nil
	}
	return r, err
}

// Testify writes down the platform's proven word about the end of a refund. What
// contradicts the end in the books leaves that end, but money that was given back
// counts in the order's remainder, as with [Store.Settle].
func (s *Store) Testify(ctx context.Context, key ledger.Key, e ledger.Evidence) error {
	if e.State != providers.ResultSucceeded && e.State != providers.ResultFailed {
		return fmt.Errorf("ledger: evidence for %s: State is %q: only %q and %q are ends", key, e.State, providers.ResultSucceeded, providers.ResultFailed)
	}
	if err := checkAmount("Evidence.Amount", e.Amount); err != nil {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		r, err := t.load(key)
		if err != nil {
			return err
		}
		return t.testify(r, e)
	})
}

// hear takes the end that a platform's answer to a sending named already. What is
// no end is no evidence: the acceptance counts all the same.
func (t *tx) hear(key ledger.Key, at time.Time, receipt providers.Receipt) error {
	if receipt.State != providers.ResultSucceeded && receipt.State != providers.ResultFailed {
		return nil
	}
	r, err := t.load(key)
	if err != nil {
		return err
	}
	return t.testify(r, ledger.Evidence{State: receipt.State, PlatformRefundID: receipt.PlatformRefundID,
		Amount: receipt.Amount, At: at, Source: "answer"})
}

func (t *tx) testify(r *row, e ledger.Evidence) error {
	e.Contradicted = false // for the books to say
	claim := fmt.Sprintf("%s %q with %s", e.State, refund.CleanText(e.PlatformRefundID), e.Amount)
	number := r.PlatformRefundID
	agrees, err := t.learn(r, e.At, e.PlatformRefundID)
	if err != nil {
		return err
	}
	news, err := t.hears(r, e.At, string(e.State), e.PlatformRefundID, e.Amount)
	if err != nil {
		return err
	}
	wrong := ""
	switch {
	case !agrees:
		wrong = fmt.Sprintf("the platform's number is %q, not %q", refund.CleanText(r.PlatformRefundID), refund.CleanText(e.PlatformRefundID))
	case r.Evidence != nil && (r.Evidence.State != e.State || differ(r.Evidence.Amount, e.Amount)):
		wrong = fmt.Sprintf("the platform reported %s with %s before, now %s with %s", r.Evidence.State, r.Evidence.Amount, e.State, e.Amount)
	}
	twice := wrong != "" // the platform contradicts itself, not only the books
	clash := endClash(r, e)
	if clash != "" {
		wrong = clash
	}
	if elsewhere := !agrees && e.State == providers.ResultSucceeded && r.Status != ledger.Open; news && (clash != "" || elsewhere) {
		if err := t.raise(r, wrong); err != nil {
			return err
		}
	}
	fresh := r.PlatformRefundID != number
	if e.State == providers.ResultSucceeded && r.Status != ledger.Open {
		if err := t.proves(r); err != nil {
			return err
		}
	}
	switch {
	case r.Evidence != nil && twice:
		r.Evidence.Contradicted = true
	case r.Evidence != nil && wrong == "":
		fresh = fillInNew(&r.Evidence.PlatformRefundID, e.PlatformRefundID) || fresh
		fresh = fillInNew(&r.Evidence.Amount, e.Amount) || fresh
	case r.Evidence == nil && r.Status == ledger.Open:
		e.Contradicted = twice
		r.Evidence, fresh = &e, true
	}
	if err := t.save(r); err != nil {
		return err
	}
	if wrong != "" {
		wanted := ledger.Failed
		if e.State == providers.ResultSucceeded {
			wanted = ledger.Succeeded
		}
		return t.refuse(e.At, "reported "+claim, contradiction(r, wanted, "%s", wrong))
	}
	if !fresh {
		return nil
	}
	_, err = t.line(r.Key, e.At, "reported "+claim, "reported "+string(e.State), fmt.Sprintf("the platform's word (%s): %s", e.Source, claim))
	return err
}

// endClash says what evidence has against the end in the books; "" when it agrees
// or the refund is open.
func endClash(r *row, e ledger.Evidence) string {
	back := e.State == providers.ResultSucceeded
	switch {
	case r.Status == ledger.Open:
		return ""
	case back && r.Status != ledger.Succeeded:
		return fmt.Sprintf("the platform gave back %s", given(r, e.Amount))
	case !back && r.Status == ledger.Succeeded:
		return "the platform reports that it failed"
	case back && differ(r.Refunded, e.Amount):
		return fmt.Sprintf("%s is booked as given back, the platform reports %s", r.Refunded, e.Amount)
	}
	return ""
}

// fillInNew is fillIn, and tells whether anything was learnt.
func fillInNew[T comparable](known *T, news T) bool {
	before := *known
	return fillIn(known, news) && *known != before
}

// differ compares two amounts of which either may not have been told.
func differ(a, b refund.Fen) bool { return a != 0 && b != 0 && a != b }
