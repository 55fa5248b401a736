package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/schema/sqlite"
)

const (
	// applicationID ("RFLW") is written into the header of every file made here (PRAGMA application_id), so that someone
	// else's SQLite file is recognised and left alone.
	applicationID = 0x52464c57

	// schemaVersion is PRAGMA user_version of our files. The server brings SQLite tables for its own version only and no
	// way to migrate them: raise it when they change (a test notices), and older files are refused instead of misread.
	schemaVersion = 1
)

// FileError says why a database file cannot be used. File is the path as it was given.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("database file %q (--db): %v", e.File, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// Reasons of a [FileError].
var (
	// ErrFileInUse: another engine has the file open. Two servers on one file would run every workflow twice.
	ErrFileInUse = errors.New("in use by another server; stop that one, or choose another file")
	// ErrNotOurs: the file was made by something else. It was not changed.
	ErrNotOurs = errors.New("not a file of this server, and left as it is; choose another file, or move this one away")
	// ErrOtherVersion: the file was made with other tables than this server's.
	ErrOtherVersion = errors.New("made by another version of this server; run that version, or choose another file")
)

// storage is a database file that this engine holds alone until it is closed.
type storage struct {
	file string // absolute
	lock *flock.Flock
}

// openStorage takes the file and makes sure that it holds the server's tables.
func openStorage(ctx context.Context, name string) (_ *storage, err error) {
	file, err := filepath.Abs(name)
	if err != nil {
		return nil, &FileError{File: name, Err: err}
	}
	info, err := os.Stat(file)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, &FileError{File: name, Err: fmt.Errorf("%s, not a file: %w", info.Mode().Type(), ErrNotOurs)}
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, &FileError{File: name, Err: err}
	}
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return nil, &FileError{File: name, Err: fmt.Errorf("its folder is not there, make it first: %w", err)}
	}

	s := &storage{file: file, lock: flock.New(file + ".lock")}
	switch locked, err := s.lock.TryLock(); {
	case err != nil:
		return nil, &FileError{File: name, Err: fmt.Errorf("cannot be locked: %w", err)}
	case !locked:
		return nil, &FileError{File: name, Err: ErrFileInUse}
	}
	if err := s.keepPrivate(); err != nil {
		return nil, errors.Join(&FileError{File: name, Err: err}, s.lock.Unlock())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(&FileError{File: name, Err: err}, s.lock.Unlock())
	}
	return s, nil
}

// dsnPath is the file in the form a SQLite URI wants: a '?' or '%' in a folder's name must not end the path.
func (s *storage) dsnPath() string { return (&url.URL{Path: filepath.ToSlash(s.file)}).EscapedPath() }

// keepPrivate makes a new file that only its owner can read: histories hold what callers sent. SQLite gives the
// companions the same mode.
func (s *storage) keepPrivate() error {
	f, err := os.OpenFile(s.file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *storage) prepare(ctx context.Context) error {
	db, err := sql.Open("sqlite", "file:"+s.dsnPath())
	if err != nil {
		return err
	}
	defer db.Close()

	var id, version, tables int64
	for query, into := range map[string]*int64{
		"PRAGMA application_id": &id, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := db.QueryRowContext(ctx, query).Scan(into); err != nil {
			return fmt.Errorf("not readable as SQLite (%w): %w", err, ErrNotOurs)
		}
	}
	switch {
	case tables == 0 && (id == 0 || id == applicationID):
		return createTables(ctx, db)
	case id != applicationID:
		return ErrNotOurs
	case version != schemaVersion:
		return fmt.Errorf("schema %d, wanted %d: %w", version, schemaVersion, ErrOtherVersion)
	}
	return nil
}

// createTables writes all tables and our mark in one transaction: a process killed half-way leaves an empty file, which
// the next start takes for a new one.
func createTables(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing

	if err := sqlite.SetupSchemaOnDB(schemaTx{tx: tx}); err != nil {
		return fmt.Errorf("create the server's tables: %w", err)
	}
	for _, pragma := range []string{
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		fmt.Sprintf("PRAGMA user_version = %d", schemaVersion),
	} {
		if _, err := tx.ExecContext(ctx, pragma); err != nil {
			return fmt.Errorf("mark the file: %w", err)
		}
	}
	return tx.Commit()
}

// schemaTx lets the server's own schema writer run inside our transaction. It calls Exec and nothing else.
type schemaTx struct {
	sqlplugin.AdminDB
	tx *sql.Tx
}

func (s schemaTx) Exec(statement string, args ...any) error {
	_, err := s.tx.Exec(statement, args...)
	return err
}

// close folds the write-ahead log into the file, so that it can be copied alone, and lets the file go. The server must
// have stopped. The log is only tidied here: commits are safe in it already.
func (s *storage) close() error {
	db, err := sql.Open("sqlite", "file:"+s.dsnPath())
	if err == nil {
		_, err = db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
		err = errors.Join(err, db.Close())
	}
	return errors.Join(err, s.lock.Unlock())
}
