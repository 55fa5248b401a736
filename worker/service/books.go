package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers/wire"
)

// OpenLedger opens the books that the configuration names. What a person should know of
// them is said with warn, also later on.
func OpenLedger(ctx context.Context, c *config.Config, warn func(text string)) (ledger.Ledger, error) {
	at, err := LedgerAddress(c)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, at.DSN, append(at.Options, sqlstore.NewHome(func(open int, until time.Time) {
		warn(newHome(open, until))
	}))...)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err) // not store: a nil *Store would be a ledger that is not nil
	}
	return store, nil
}

// newHome says what became of the books after a fail-over, which nobody may have noticed.
func newHome(open int, until time.Time) string {
	return fmt.Sprintf("the ledger is on another server than before, or on one that came back from a backup, and may lack the last commits: "+
		"platforms are asked before anything is sent that it may have forgotten, which are %d open refunds now and all that are opened until %s; "+
		"do what docs/operations.md says of a restore", open, until.UTC().Format(time.RFC3339))
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

// checkLedger says what [OpenLedger] would refuse without asking anybody.
func checkLedger(c *config.Config) error {
	var address, password error
	if err := sqlstore.Check(context.Background(), ledgerDSN(c)); err != nil {
		address = fmt.Errorf("ledger: %w", err)
	}
	if c.LedgerPasswordFile != "" {
		_, password = ledgerPassword(c)
	}
	return errors.Join(address, password)
}

// shownLedger is where the books are, without the parameters.
func shownLedger(c *config.Config) string {
	dsn, _, _ := strings.Cut(ledgerDSN(c), "?")
	if strings.HasPrefix(c.Ledger, "sqlite:") {
		return ledgerDSN(c)
	}
	return dsn
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
