package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// claimMark is the comment of a ledger's schema, and tells it from any other. It
// never changes; a backup keeps it.
const claimMark = "refundflow ledger"

// claimPostgres makes an empty or missing schema a ledger and refuses what is none:
// another program may well have tables of the same names. With existing, nothing is made.
func claimPostgres(ctx context.Context, db *sql.DB, schema string, existing bool) error {
	ctx, cancel := context.WithTimeout(ctx, openMost)
	defer cancel()
	err := again(ctx, pausePostgres, busyPostgres, func() error { return claimOnce(ctx, db, schema, existing) })
	var failure *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure) && failure.Code == "42501": // insufficient privilege
		return fmt.Errorf("the ledger's user may not make or mark the schema %s: as the database's owner, CREATE SCHEMA %s AUTHORIZATION "+
			"the user that the dsn names: %w", schema, schema, err)
	case errors.As(err, new(*pgconn.ConnectError)):
		return fmt.Errorf("the ledger's PostgreSQL cannot be reached: check the dsn and the password: %w", err)
	}
	return err
}

func claimOnce(ctx context.Context, db *sql.DB, schema string, existing bool) error {
	// Read committed, whatever the server's default: after the lock is taken, each
	// statement must see what the one who had it before has done.
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(applicationID)); err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	var encoding, mark, current string
	var exists, tables int
	if err := tx.QueryRowContext(ctx, `SELECT current_setting('server_encoding'), count(*), COALESCE(max(obj_description(n.oid, 'pg_namespace')), ''),
			(SELECT count(*) FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = $1)
		FROM pg_namespace n WHERE n.nspname = $1`, schema).Scan(&encoding, &exists, &mark, &tables); err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	switch {
	case encoding != "UTF8":
		return fmt.Errorf("the ledger's database has the encoding %s: make one with ENCODING 'UTF8'", encoding)
	case mark != claimMark && tables != 0:
		return fmt.Errorf("the schema %s of the ledger's database is another program's (it has %d tables, indexes or views, and not the comment %q): "+
			"let the dsn name another database, or another schema with search_path=NAME", schema, tables, claimMark)
	}
	if existing && mark != claimMark {
		return fmt.Errorf("there is no ledger in the schema %s of the database: name one that is there", schema)
	}
	quoted := pgx.Identifier{schema}.Sanitize()
	if exists == 0 {
		if _, err := tx.ExecContext(ctx, "CREATE SCHEMA "+quoted); err != nil {
			return fmt.Errorf("making the schema %s: %w", schema, err)
		}
	}
	if mark != claimMark {
		if _, err := tx.ExecContext(ctx, "COMMENT ON SCHEMA "+quoted+" IS '"+claimMark+"'"); err != nil {
			return fmt.Errorf("marking the schema %s as a ledger: %w", schema, err)
		}
	}
	// A pooler in between may keep a session's settings from the server, and the tables
	// would be made where they do not belong.
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(current_schema(), '')").Scan(&current); err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	if current != schema {
		return fmt.Errorf("the ledger's sessions are in the schema %q and not in %q, or may not use it: where a pooler ignores what a session asks for, "+
			"ALTER ROLE the dsn's user SET search_path = %s", current, schema, schema)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("marking the schema %s as a ledger: %w", schema, err)
	}
	return nil
}
