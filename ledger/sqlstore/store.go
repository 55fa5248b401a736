package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// Store is a [ledger.Ledger] in an SQL database.
type Store struct {
	dialect        dialect
	writer, reader *sql.DB
}

var _ ledger.Ledger = (*Store)(nil)

// Open opens the ledger at dsn, creates it when there is none, and brings its
// schema up to date. A dsn is "sqlite:FILE", a plain path, or ":memory:" for a
// ledger that ends with the Store. Any number of processes of one machine may
// open the same file; a network file system is no place for it.
//
// It refuses a file of another program and a schema newer than this program.
func Open(ctx context.Context, dsn string) (*Store, error) {
	d, place, err := pick(dsn)
	if err != nil {
		return nil, err
	}
	s := &Store{dialect: d}
	if s.writer, s.reader, err = d.open(ctx, place); err != nil {
		return nil, err
	}
	if err := again(ctx, d.busy, func() error { return migrate(ctx, s.writer, d) }); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the store.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// write runs one transaction, and runs it again while the database is busy: do
// must set what it returns anew each time.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	return again(ctx, s.dialect.busy, func() error {
		return s.transact(ctx, s.writer, &sql.TxOptions{Isolation: s.dialect.isolation}, do)
	})
}

// read runs one transaction that sees a single moment.
func (s *Store) read(ctx context.Context, do func(*tx) error) error {
	return again(ctx, s.dialect.busy, func() error {
		return s.transact(ctx, s.reader, &sql.TxOptions{ReadOnly: true}, do)
	})
}

func (s *Store) transact(ctx context.Context, db *sql.DB, options *sql.TxOptions, do func(*tx) error) error {
	begun, err := db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("ledger: beginning a transaction: %w", err)
	}
	t := &tx{ctx: ctx, sql: begun, rebind: s.dialect.rebind}
	if err := do(t); err != nil {
		_ = begun.Rollback() // the cause is what matters; an open transaction ends with its connection
		return err
	}
	if err := begun.Commit(); err != nil {
		return fmt.Errorf("ledger: committing: %w", err)
	}
	return t.verdict
}

// again repeats what met a busy database, until the context ends. The pauses
// stay short: a process that writes without rest leaves gaps of microseconds,
// and whoever looks rarely never meets one.
func again(ctx context.Context, busy func(error) bool, do func() error) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 4*time.Millisecond) {
		err := do()
		if err == nil || !busy(err) {
			return err
		}
		wait := time.NewTimer(pause + rand.N(pause)) // jitter parts those who met here
		select {
		case <-ctx.Done():
			wait.Stop()
			return errors.Join(ctx.Err(), err)
		case <-wait.C:
		}
	}
}

// tx is one transaction. It lives no longer than the call whose context it holds.
type tx struct {
	ctx    context.Context
	sql    *sql.Tx
	rebind func(string) string
	// verdict is returned after the commit: the books were written, and the
	// answer is an error all the same.
	verdict error
}

// exec runs a statement and returns how many lines it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.sql.ExecContext(t.ctx, t.rebind(query), args...)
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	return n, nil
}

// get reads one line and tells whether there is one.
func (t *tx) get(into []any, query string, args ...any) (bool, error) {
	err := t.sql.QueryRowContext(t.ctx, t.rebind(query), args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	return true, nil
}

// each reads all lines.
func (t *tx) each(line func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := t.sql.QueryContext(t.ctx, t.rebind(query), args...)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := line(rows.Scan); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// micros is how a time is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
