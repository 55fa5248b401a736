package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers/wire"
)

// OpenLedger opens the books that the configuration names.
func OpenLedger(ctx context.Context, c *config.Config) (ledger.Ledger, error) {
	at, err := LedgerAddress(c)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, at.DSN, at.Options...)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err) // not store: a nil *Store would be a ledger that is not nil
	}
	return store, nil
}

// LedgerAddress is where the configuration says that the books are.
func LedgerAddress(c *config.Config) (sqlstore.Address, error) {
	at := sqlstore.Address{DSN: ledgerDSN(c)}
	if c.LedgerPasswordFile != "" {
		if _, err := ledgerPassword(c); err != nil { // rather than what the server says to a wrong one
			return at, err
		}
		at.Options = append(at.Options, sqlstore.Password(func() (string, error) { return ledgerPassword(c) }))
	}
	return at, nil
}

// ledgerPassword is read for every new connection: a password that is renewed in its
// file is used from then on.
func ledgerPassword(c *config.Config) (string, error) {
	password, err := wire.SecretFile(c.Beside(c.LedgerPasswordFile))
	if err != nil {
		return "", fmt.Errorf("ledger_password_file: %w", err)
	}
	return password, nil
}

// ledgerDSN puts a relative file beside the configuration. What else an address names
// counts from the working directory, as PostgreSQL's own programs count it.
func ledgerDSN(c *config.Config) string {
	if file, ok := strings.CutPrefix(c.Ledger, "sqlite:"); ok {
		return "sqlite:" + c.Beside(file)
	}
	return c.Ledger
}

// answers makes the least question of the books.
func answers(ctx context.Context, books ledger.Ledger) error {
	_, err := books.Refund(ctx, ledger.Key{})
	if errors.Is(err, ledger.ErrUnknown) {
		return nil
	}
	return err
}
