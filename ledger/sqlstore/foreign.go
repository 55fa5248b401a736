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

// NoteForeign writes down a refund that was not made here, at the time f.Last. A
// final word is not undone by one that is not, since messages overtake each other,
// and a success by nothing: too much in the order's remainder costs a question,
// too little costs money. What is one of the register's refunds is left out.
func (s *Store) NoteForeign(ctx context.Context, f ledger.ForeignRefund) (bool, error) {
	if f.Last.IsZero() {
		f.Last = f.First
	}
	if f.First.IsZero() {
		f.First = f.Last
	}
	if err := checkForeign(f); err != nil {
		return false, fmt.Errorf("ledger: a foreign refund: %w", err)
	}
	var changed bool
	err := s.write(ctx, func(t *tx) (err error) {
		changed, err = t.noteForeign(f)
		return err
	})
	return changed, err
}

func checkForeign(f ledger.ForeignRefund) error {
	switch f.State {
	case providers.ResultUnknown, providers.ResultProcessing, providers.ResultSucceeded, providers.ResultFailed:
	case providers.ResultAbsent:
		return fmt.Errorf("the State is %q: what is absent cannot be listed", f.State)
	default:
		return fmt.Errorf("the State %q is not known: give one of providers.ResultState", f.State)
	}
	switch {
	case f.Merchant == "" || f.Account == "":
		return errors.New("no Merchant or no Account: give the account's name and its Rules().Merchant")
	case f.PlatformRefundID == "":
		return errors.New("no PlatformRefundID: without it the refund cannot be told from others")
	case f.Last.IsZero():
		return errors.New("no Last: give the time of the message")
	}
	return checkAmount("ForeignRefund.Amount", f.Amount)
}

func (t *tx) noteForeign(f ledger.ForeignRefund) (bool, error) {
	ours, err := maybe(t.byPlatformRefund(f.Merchant, f.PlatformRefundID))
	if err == nil && ours == nil && f.Number != "" {
		ours, err = maybe(t.byNumber(f.Merchant, f.Number))
	}
	if err != nil || ours != nil {
		return false, err
	}
	known := f
	var first, last int64
	found, err := t.get([]any{&known.Account, &known.OrderKey, &known.Number, &known.Amount, &known.State, &first, &last},
		`SELECT account, order_key, number, amount, state, first_at, last_at FROM foreign_refunds
		WHERE merchant = ? AND platform_refund_id = ?`, f.Merchant, f.PlatformRefundID)
	if err != nil {
		return false, err
	}
	next := f
	if found {
		next = updated(known, f)
		next.First, next.Last = fromMicros(first), fromMicros(max(last, micros(f.Last)))
	}
	if _, err := t.exec(`INSERT INTO foreign_refunds (merchant, platform_refund_id, account, order_key, number, amount, state, first_at, last_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (merchant, platform_refund_id) DO UPDATE SET order_key = excluded.order_key, number = excluded.number,
			amount = excluded.amount, state = excluded.state, last_at = excluded.last_at`,
		next.Merchant, next.PlatformRefundID, next.Account, next.OrderKey, next.Number, next.Amount, next.State,
		micros(next.First), micros(next.Last)); err != nil {
		return false, err
	}
	said := fmt.Sprintf("platform refund %s of order %s was not made here: %s with %s", refund.CleanText(f.PlatformRefundID),
		refund.CleanText(next.OrderKey), f.State, f.Amount)
	// What is not believed has its line all the same.
	if _, err := t.line(ledger.Key{Account: next.Account}, f.Last,
		fmt.Sprintf("foreign %s %s %s %d", f.Merchant, f.PlatformRefundID, f.State, int64(f.Amount)), "foreign refund", said); err != nil {
		return false, err
	}
	if found && final(known.State) && final(f.State) && known.State != f.State {
		t.verdict = &ledger.ForeignEndsError{Merchant: f.Merchant, PlatformRefundID: f.PlatformRefundID, Booked: known.State, Reported: f.State}
	}
	known.First, known.Last = next.First, next.Last
	return !found || next != known, nil
}

// final tells an end from a word on the way.
func final(s providers.ResultState) bool {
	return s == providers.ResultSucceeded || s == providers.ResultFailed
}

// updated is what is known after the news.
func updated(known, news ledger.ForeignRefund) ledger.ForeignRefund {
	fillIn(&known.OrderKey, news.OrderKey)
	fillIn(&known.Number, news.Number)
	open := known.State == providers.ResultUnknown || known.State == providers.ResultProcessing
	switch {
	case known.State == providers.ResultSucceeded:
		known.Amount = max(known.Amount, news.Amount)
		return known
	case open && news.State == providers.ResultUnknown: // says nothing new
	case open, final(news.State):
		known.State = news.State
	}
	if news.Amount != 0 {
		known.Amount = news.Amount
	}
	return known
}

// ForeignRefunds lists them, newest first; "" means those of all merchants.
func (s *Store) ForeignRefunds(ctx context.Context, merchant string) ([]ledger.ForeignRefund, error) {
	var list []ledger.ForeignRefund
	err := s.read(ctx, func(t *tx) error {
		list = nil
		return t.each(func(scan func(...any) error) error {
			var f ledger.ForeignRefund
			var first, last int64
			err := scan(&f.Merchant, &f.Account, &f.PlatformRefundID, &f.OrderKey, &f.Number, &f.Amount, &f.State, &first, &last)
			f.First, f.Last = fromMicros(first), fromMicros(last)
			list = append(list, f)
			return err
		}, `SELECT merchant, account, platform_refund_id, order_key, number, amount, state, first_at, last_at
			FROM foreign_refunds WHERE ? = '' OR merchant = ? ORDER BY first_at DESC, merchant, platform_refund_id`, merchant, merchant)
	})
	return list, err
}

// foreignBut counts and sums the order's refunds that were not made here, without what is,
// or may be, the refund of a number that is about to be opened: what has that number, and,
// where restored books may have forgotten it, what has none. Not every message of a
// platform names it. An amount that was not told is 0.
func (t *tx) foreignBut(merchant, orderKey, number string, forgotten int) (n int, sum refund.Fen, err error) {
	_, err = t.get([]any{&n, &sum}, `SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM foreign_refunds
		WHERE merchant = ? AND order_key = ? AND state <> 'failed' AND (number = '' AND ? = 0 OR number <> '' AND number <> ?)`,
		merchant, orderKey, forgotten, number)
	return n, sum, err
}

// learn keeps the platform's number of a refund, and reports false when it is
// another than the known one. What was listed as foreign under that number is
// this refund, and goes from the list. The caller saves the row.
func (t *tx) learn(r *row, at time.Time, id string) (bool, error) {
	before := r.PlatformRefundID
	if !fillIn(&r.PlatformRefundID, id) {
		return false, nil
	}
	if r.PlatformRefundID == before {
		return true, nil
	}
	n, err := t.exec(`DELETE FROM foreign_refunds WHERE merchant = ? AND platform_refund_id = ?`, r.Merchant, id)
	if err != nil || n == 0 {
		return true, err
	}
	_, err = t.line(ledger.Key{Account: r.Key.Account}, at, fmt.Sprintf("foreign no more %s %s", r.Merchant, id), "not foreign",
		fmt.Sprintf("platform refund %s is %s", refund.CleanText(id), r.Key))
	return true, err
}
