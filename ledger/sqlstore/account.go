package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// Flag marks the account's lane as misconfigured: no hold is granted until
// Unflag. The first reason stays; later ones are journaled.
func (s *Store) Flag(ctx context.Context, account string, at time.Time, reason string) error {
	if account == "" || reason == "" {
		return errors.New("ledger: a flag needs an account and a reason")
	}
	return s.write(ctx, func(t *tx) error {
		if err := t.ensureAccount(account); err != nil {
			return err
		}
		known, err := t.flag(account)
		if err != nil || known == reason {
			return err
		}
		// The line is unique by its moment: a replay after Unflag finds it and does
		// not close the lane again.
		fresh, err := t.line(ledger.Key{Account: account}, at, fmt.Sprintf("flag %d %s", micros(at), reason), "flag", reason)
		if err != nil || !fresh || known != "" {
			return err
		}
		_, err = t.exec(`UPDATE accounts SET flag = ?, flagged_at = ? WHERE account = ?`, reason, micros(at), account)
		return err
	})
}

// Unflag opens the lane again.
func (s *Store) Unflag(ctx context.Context, account string, at time.Time, by string) error {
	return s.write(ctx, func(t *tx) error {
		known, err := t.flag(account)
		if err != nil || known == "" {
			return err
		}
		fresh, err := t.line(ledger.Key{Account: account}, at, fmt.Sprintf("unflag %d %s", micros(at), by), "unflag", "by "+by)
		if err != nil || !fresh {
			return err
		}
		_, err = t.exec(`UPDATE accounts SET flag = '', flagged_at = 0 WHERE account = ?`, account)
		return err
	})
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
		usage.Flagged, err = t.flag(account)
		return err
	})
	return usage, err
}

func (t *tx) ensureAccount(account string) error {
	_, err := t.exec(`INSERT INTO accounts (account) VALUES (?) ON CONFLICT (account) DO NOTHING`, account)
	return err
}

func (t *tx) flag(account string) (flag string, err error) {
	_, err = t.get([]any{&flag}, `SELECT flag FROM accounts WHERE account = ?`, account)
	return flag, err
}
