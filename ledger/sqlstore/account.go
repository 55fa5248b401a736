package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// flagTrial is how long a flag stands before one refund tries whether it is
// still true. The refund that raised it may have been terminated, and then
// nobody takes it down: without a trial it would hold the account for ever.
// Until somebody repairs the account, this costs one refused request an hour.
const flagTrial = time.Hour

// flag is what closes an account's lane.
type flag struct {
	reason string // empty: the lane is open
	since  int64  // put up, or last tried
	trial  string // id of the refund that tries it
}

// stops tells whether the flag stands in a refund's way. The one that tries it
// goes all the way to its sending.
func (f flag) stops(r *row, at time.Time) bool {
	return f.reason != "" && f.trial != r.Key.ID && at.Before(fromMicros(f.since).Add(flagTrial))
}

// Flag marks the account's lane as misconfigured: no hold is granted until
// Unflag or the acceptance of a refund, but for one an hour that tries. The
// first reason stays; later ones are journaled.
func (s *Store) Flag(ctx context.Context, account string, at time.Time, reason string) error {
	if account == "" || reason == "" {
		return errors.New("ledger: a flag needs an account and a reason")
	}
	return s.write(ctx, func(t *tx) error {
		if err := t.ensureAccount(account); err != nil {
			return err
		}
		known, err := t.flag(account)
		if err != nil || known.reason == reason {
			return err
		}
		// The line is unique by its moment: a replay after Unflag finds it and does
		// not close the lane again.
		fresh, err := t.line(ledger.Key{Account: account}, at, fmt.Sprintf("flag %d %s", micros(at), reason), "flag", reason)
		if err != nil || !fresh || known.reason != "" {
			return err
		}
		_, err = t.exec(`UPDATE accounts SET flag = ?, flagged_at = ? WHERE account = ?`, reason, micros(at), account)
		return err
	})
}

// Unflag opens the lane again.
func (s *Store) Unflag(ctx context.Context, account string, at time.Time, by string) error {
	return s.write(ctx, func(t *tx) error { return t.unflag(account, at, by) })
}

// Usage tells how much of an account's cap and reserve is in use. An account
// that was never used has used nothing.
func (s *Store) Usage(ctx context.Context, account string, now time.Time, limits ledger.Limits) (ledger.Usage, error) {
	var usage ledger.Usage
	err := s.read(ctx, func(t *tx) (err error) {
		usage = ledger.Usage{Day: limits.Day(now), Period: limits.Period(now)}
		if usage.DayUsed, err = t.used(account, kindCap, usage.Day); err != nil {
			return err
		}
		if usage.PeriodUsed, err = t.used(account, kindReserve, usage.Period); err != nil {
			return err
		}
		known, err := t.flag(account)
		usage.Flagged = known.reason
		return err
	})
	return usage, err
}

func (t *tx) ensureAccount(account string) error {
	_, err := t.exec(`INSERT INTO accounts (account) VALUES (?) ON CONFLICT (account) DO NOTHING`, account)
	return err
}

func (t *tx) flag(account string) (f flag, err error) {
	_, err = t.get([]any{&f.reason, &f.since, &f.trial}, `SELECT flag, flagged_at, trial FROM accounts WHERE account = ?`, account)
	return f, err
}

func (t *tx) unflag(account string, at time.Time, by string) error {
	known, err := t.flag(account)
	if err != nil || known.reason == "" {
		return err
	}
	fresh, err := t.line(ledger.Key{Account: account}, at, fmt.Sprintf("unflag %d %s", micros(at), by), "unflag", "by "+by)
	if err != nil || !fresh {
		return err
	}
	_, err = t.exec(`UPDATE accounts SET flag = '', flagged_at = 0, trial = '' WHERE account = ?`, account)
	return err
}

// try makes a refund that passes an old flag its trial: the next one waits as
// long again.
func (t *tx) try(f flag, r *row, at time.Time) error {
	if f.reason == "" || f.trial == r.Key.ID {
		return nil
	}
	if _, err := t.exec(`UPDATE accounts SET flagged_at = ?, trial = ? WHERE account = ?`, micros(at), r.Key.ID, r.Key.Account); err != nil {
		return err
	}
	_, err := t.line(ledger.Key{Account: r.Key.Account}, at, fmt.Sprintf("trial %d %s", micros(at), r.Key.ID), "trial",
		"refund "+r.Key.ID+" goes on, to see whether the account is still misconfigured: "+f.reason)
	return err
}
