package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	codes "modernc.org/sqlite/lib"
)

// openToCopy opens a ledger as it is: it must be there, nobody else may have it open, as
// far as can be seen, and its schema stays what it is.
func openToCopy(ctx context.Context, a Address) (*Store, error) {
	d, place, err := pick(a.DSN)
	if err != nil {
		return nil, err
	}
	if d.postgres() {
		place = ownName(place)
	} else if err := unusedFile(ctx, place); err != nil {
		return nil, err
	}
	o := options{existing: true}
	for _, choose := range a.Options {
		choose(&o)
	}
	s := &Store{dialect: d}
	if s.writer, s.reader, err = d.open(ctx, place, o); err != nil {
		return nil, err
	}
	if d.postgres() {
		if err := s.unused(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// unusedFile refuses a file that is not there or that another connection has open, of
// this process or another one: only who is alone can leave the write-ahead log.
func unusedFile(ctx context.Context, path string) error {
	if err := existingFile(ctx, path); err != nil { // before somebody else's is changed
		return err
	}
	db, err := connect(path, 1, "_busy_timeout=100")
	if err != nil {
		return err
	}
	defer db.Close()
	var mode string
	err = db.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode)
	if code := codeOf(err); code == codes.SQLITE_BUSY || code == codes.SQLITE_LOCKED || err == nil && mode == "wal" {
		return fmt.Errorf("%s is in use: stop every worker, and everything else that has it open, first", path)
	}
	return nil // what else is wrong with the file is for its opening to say
}

// alone keeps everybody else from writing until the transaction ends; on SQLite it does so
// by itself. It may take longer than the transactions that refunds are made of.
func (t *tx) alone(d dialect) error {
	if !d.postgres() {
		return nil
	}
	if err := t.patient(d); err != nil {
		return err
	}
	return t.all([]string{`LOCK TABLE ` + strings.Join(tables, ", ") + ` IN EXCLUSIVE MODE`})
}

// patient lifts the bounds on statements and idleness, which are for small transactions.
func (t *tx) patient(d dialect) error {
	if !d.postgres() {
		return nil
	}
	return t.all([]string{`SET LOCAL statement_timeout = 0`, `SET LOCAL idle_in_transaction_session_timeout = 0`})
}

// setSequences lets new lines be numbered after those that were copied; SQLite does so by
// itself.
func (t *tx) setSequences(d dialect) error {
	if !d.postgres() {
		return nil
	}
	for _, table := range []string{"journal", "waiters"} {
		var next int64
		if _, err := t.get([]any{&next}, `SELECT setval(pg_get_serial_sequence('`+table+`', 'seq'), COALESCE(MAX(seq), 0) + 1, false) FROM `+table); err != nil {
			return err
		}
	}
	return nil
}

// ownName tells the connections of a copy from those of everybody else.
func ownName(address string) string {
	parts, err := url.Parse(address)
	if err != nil {
		return address // its opening says so
	}
	query := parts.Query()
	query.Set("application_name", "refundflow copy")
	parts.RawQuery = query.Encode()
	return parts.String()
}

// unused refuses a database in which a worker, or another command of ours, is at work. The
// server shows a connection for a moment after it was closed.
func (s *Store) unused(ctx context.Context) error {
	const looks, pause = 10, 100 * time.Millisecond
	for look := 1; ; look++ {
		var others int
		if err := s.read(ctx, func(t *tx) error {
			_, err := t.get([]any{&others}, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'refundflow'`)
			return err
		}); err != nil || others == 0 {
			return err
		}
		if look == looks {
			return fmt.Errorf("the database is in use by %d connections of refundflow: stop every worker first", others)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// atLeisure is write for a transaction that reads everything: no bound but the context's.
func (s *Store) atLeisure(ctx context.Context, do func(*tx) error) error {
	return again(ctx, s.dialect.pause, s.dialect.busy, func() error {
		return s.transact(ctx, s.writer, s.dialect.writing, 0, do)
	})
}

// readAtLeisure is read for such a one.
func (s *Store) readAtLeisure(ctx context.Context, do func(*tx) error) error {
	return again(ctx, s.dialect.pause, s.dialect.busy, func() error {
		return s.transact(ctx, s.reader, s.dialect.reading, 0, func(t *tx) error {
			if err := t.patient(s.dialect); err != nil {
				return err
			}
			return do(t)
		})
	})
}
