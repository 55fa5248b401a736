package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3/database"
)

// dialect holds all that differs between database engines. The statements
// themselves are portable: integers and text, ON CONFLICT, "?" for arguments.
type dialect struct {
	// open connects: writer serialises transactions that write, reader serves
	// consistent readings beside it.
	open func(ctx context.Context, place string) (writer, reader *sql.DB, err error)
	// goose names the engine to the migrations, which are in this folder.
	goose  database.Dialect
	folder string
	// isolation of a writing transaction. It must make "read, decide, write" safe
	// against another writer: SQLite has one writer at a time; an engine with
	// several needs serializable, and repeats what busy recognises.
	isolation sql.IsolationLevel
	// rebind turns "?" into the engine's own placeholders.
	rebind func(query string) string
	// busy recognises an error after which the same transaction may succeed.
	busy func(error) bool
}

// pick chooses the engine by the address. An address may hold a password: no
// error repeats more of it than its scheme.
func pick(dsn string) (dialect, string, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	file, prefixed := strings.CutPrefix(dsn, "sqlite:")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return dialect{}, "", fmt.Errorf("the ledger's dsn names PostgreSQL (%s://...), "+
			"which this version cannot use yet: give sqlite:FILE", scheme)
	case isURL:
		return dialect{}, "", fmt.Errorf("the ledger's dsn is an address that begins with %q and has %d characters: "+
			"give sqlite:FILE, without slashes after the colon unless the path begins with one",
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
