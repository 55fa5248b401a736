package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

// dialect holds all that differs between database engines. The statements
// themselves are portable: integers and text, ON CONFLICT, "?" for arguments.
type dialect struct {
	// open connects: writer is for transactions that write, reader serves
	// consistent readings beside it.
	open func(ctx context.Context, place string, o options) (writer, reader *sql.DB, err error)
	// check says what open would refuse without a connection.
	check func(ctx context.Context, place string) error
	// goose names the engine to the migrations, which are in this folder.
	goose  database.Dialect
	folder string
	// locker keeps processes that bring one schema up to date from each other; nil
	// where the engine has one writer at a time anyhow.
	locker func() (lock.SessionLocker, error)
	// writing must make "read, decide, write" safe against another writer: SQLite has
	// one writer at a time; an engine with several needs serializable, and repeats
	// what busy recognises. reading must show a single moment.
	writing, reading sql.TxOptions
	// writeMost and readMost bound one try of a transaction, so that a server which
	// no longer answers is an error; 0 leaves that to the caller's context.
	writeMost, readMost time.Duration
	// rebind turns "?" into the engine's own placeholders.
	rebind func(query string) string
	// busy recognises an error after which nothing was written for certain, and the
	// same transaction may succeed.
	busy func(error) bool
	// pause is the longest between two tries of what met a busy database.
	pause time.Duration
}

// Option is a choice for [Open].
type Option func(*options)

type options struct {
	password func() (string, error)
	newHome  func(open int, until time.Time)
	// existing: what is no ledger yet is not made one.
	existing bool
	home     *home // looks at each connection that writes; nil for who copies the books, whatever became of them
}

// Password gives the database's password, which does not belong into the dsn. read
// is asked for each new connection, so that a rotated password needs no restart:
// connections live for minutes. An error of read is returned as the connection's,
// and must not repeat the secret. SQLite has no password, and does not ask.
func Password(read func() (string, error)) Option {
	return func(o *options) { o.password = read }
}

// pick chooses the engine by the address. An address may hold a password: no
// error repeats more of it than its scheme.
func pick(dsn string) (dialect, string, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	file, prefixed := strings.CutPrefix(dsn, "sqlite:")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return postgres, dsn, nil
	case isURL:
		return dialect{}, "", fmt.Errorf("the ledger's dsn is an address that begins with %q and has %d characters: "+
			"give postgres://USER@HOST:PORT/DATABASE, or sqlite:FILE without slashes after the colon unless the path begins with one",
			shorten(scheme)+"://", len(dsn))
	case prefixed:
		dsn = file
	}
	if dsn == "" {
		return dialect{}, "", errors.New("the ledger's dsn names no file: give sqlite:FILE, such as sqlite:ledger.db")
	}
	return sqlite, dsn, nil
}

func shorten(s string) string {
	if len(s) > 12 {
		return s[:12] + "..."
	}
	return s
}
