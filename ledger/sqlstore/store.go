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
// schema up to date. Any number of processes may open the same ledger. A dsn is
//
//   - "sqlite:FILE", a plain path, or ":memory:" for a ledger that ends with the
//     Store. The processes are of one machine; a network file system is no place
//     for it.
//   - "postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full" for PostgreSQL, with
//     whatever libpq knows after the question mark, and pool_max_conns=N, the most
//     connections this Store holds (12 when not given). See [Password].
//
// It refuses a file or schema of another program, a schema newer than this program,
// and a ledger that has moved elsewhere, with a [*MovedError]. Of a server that came back
// from a backup, or took over from another one, see [NewHome]. A server that is starting
// is waited for, for a minute; one that is not there is an error.
func Open(ctx context.Context, dsn string, choices ...Option) (*Store, error) {
	d, place, err := pick(dsn)
	if err != nil {
		return nil, err
	}
	var o options
	for _, choose := range choices {
		choose(&o)
	}
	o.home = &home{tell: o.newHome}
	s := &Store{dialect: d}
	if s.writer, s.reader, err = d.open(ctx, place, o); err != nil {
		return nil, err
	}
	if err := s.stay(ctx); err != nil { // before anything is changed in books that are no longer the books
		return nil, errors.Join(err, s.Close())
	}
	if err := again(ctx, d.pause, d.busy, func() error { return migrate(ctx, s.writer, d) }); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if !d.postgres() {
		return s, nil
	}
	if err := again(ctx, d.pause, d.busy, func() error { return o.home.settle(ctx, s.writer) }); err != nil {
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
	return again(ctx, s.dialect.pause, s.dialect.busy, func() error {
		return s.transact(ctx, s.writer, s.dialect.writing, s.dialect.writeMost, do)
	})
}

// read runs one transaction that sees a single moment.
func (s *Store) read(ctx context.Context, do func(*tx) error) error {
	return again(ctx, s.dialect.pause, s.dialect.busy, func() error {
		return s.transact(ctx, s.reader, s.dialect.reading, s.dialect.readMost, do)
	})
}

// glance is read for a single statement, which sees a single moment without a transaction.
func (s *Store) glance(ctx context.Context, do func(*tx) error) error {
	return again(ctx, s.dialect.pause, s.dialect.busy, func() error {
		ctx, cancel := within(ctx, s.dialect.readMost)
		defer cancel()
		return do(&tx{ctx: ctx, sql: s.reader, rebind: s.dialect.rebind})
	})
}

// within bounds a context, unless there is no bound.
func within(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	if most == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, most)
}

// transact tries one transaction once. A connection that is lost on the way is the
// caller's to deal with, before the commit as well, when nothing was written for
// certain: from here the two look alike too often, every method may be called again, and
// whoever calls has to have that patience anyhow, with pauses that suit a fail-over.
func (s *Store) transact(ctx context.Context, db *sql.DB, options sql.TxOptions, most time.Duration, do func(*tx) error) error {
	ctx, cancel := within(ctx, most)
	defer cancel()
	begun, err := db.BeginTx(ctx, &options)
	if err != nil {
		return fmt.Errorf("ledger: beginning a transaction: %w", err)
	}
	t := &tx{ctx: ctx, sql: begun, rebind: s.dialect.rebind}
	if err := do(t); err != nil {
		_ = begun.Rollback() // the cause is what matters; an open transaction ends with its connection
		return err
	}
	if err := begun.Commit(); err != nil {
		return fmt.Errorf("ledger: committing, of which the same call tells when it is repeated whether it was done: %w", err)
	}
	return t.verdict
}

// again repeats what met a busy database, until the context ends. The pauses grow
// to the longest, each by chance up to twice as long: that parts those who met here.
func again(ctx context.Context, longest time.Duration, busy func(error) bool, do func() error) error {
	for pause := min(time.Millisecond, longest); ; pause = min(2*pause, longest) {
		err := do()
		if err == nil || !busy(err) {
			return err
		}
		wait := time.NewTimer(pause + rand.N(pause))
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
	sql    runner
	rebind func(string) string
	// verdict is returned after the commit: the books were written, and the
	// answer is an error all the same.
	verdict error
}

// runner is a transaction, or the database itself for a single statement.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec runs a statement and returns how many lines it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	bound, err := bind(args)
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	result, err := t.sql.ExecContext(t.ctx, t.rebind(query), bound...)
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
	bound, err := bind(args)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	err = t.sql.QueryRowContext(t.ctx, t.rebind(query), bound...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	restore(into)
	return true, nil
}

// each reads all lines.
func (t *tx) each(line func(scan func(...any) error) error, query string, args ...any) error {
	bound, err := bind(args)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	rows, err := t.sql.QueryContext(t.ctx, t.rebind(query), bound...)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer rows.Close()
	scan := func(into ...any) error {
		err := rows.Scan(into...)
		restore(into)
		return err
	}
	for rows.Next() {
		if err := line(scan); err != nil {
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
