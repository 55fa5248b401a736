package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// A server that takes over from one that failed may lack its last commits, and so may one
// that came back from a backup: among them intents to send, and what was asked for then
// would be paid twice. Nobody may have time to say so, for the workers' connections go
// there by themselves. So the ledger knows where it lives, and each new connection looks
// before it is used: in a place that is not known the books count as restored.
//
// What no server can tell is that its disk was set back to an earlier state with everything
// on it: for that there is the command `worker ledger restored`.

// askAfterMove is for how long callers may still repeat what was forgotten, as in the
// command.
const askAfterMove = 7 * 24 * time.Hour

// NewHome lets tell hear that a PostgreSQL ledger was found in another place than before,
// after a fail-over or a restore, and that the platforms are asked before anything is sent
// that it may have forgotten: so many open refunds, and those that are opened until then.
// Of all processes only the one that finds it first is told, by a goroutine that waits for
// a connection. SQLite cannot know, and tells nothing; nor does a server where the user
// may not execute pg_control_system() and pg_walfile_name(), as every user may who was not
// deprived of it.
func NewHome(tell func(open int, until time.Time)) Option {
	return func(o *options) { o.newHome = tell }
}

// home looks where the ledger lives.
type home struct {
	tell func(open int, until time.Time)
	// settled: the schema is up to date, and these are still the books.
	settled atomic.Bool
}

// settle looks with one connection, and from now on with each new one.
func (h *home) settle(ctx context.Context, db *sql.DB) error {
	h.settled.Store(true)
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	err = conn.Raw(func(c any) error { return h.look(ctx, c.(*stdlib.Conn).Conn()) })
	return errors.Join(err, conn.Close())
}

// here names the place: the cluster, its timeline, which every promotion and every
// recovery to a point in time begins anew, and the database and the table in it, which a
// dump makes anew. The timeline is that of the log: the one that pg_control_checkpoint
// tells is the old one until the first checkpoint after a promotion, minutes later.
const here = `concat_ws('/', (SELECT system_identifier FROM pg_control_system()), left(pg_walfile_name(pg_current_wal_lsn()), 8),
	(SELECT oid FROM pg_database WHERE datname = current_database()), 'homes'::regclass::oid)`

// look makes sure that the place is known before the connection is used.
func (h *home) look(ctx context.Context, conn *pgx.Conn) error {
	if !h.settled.Load() {
		return nil
	}
	var place string
	var known bool
	err := conn.QueryRow(ctx, `SELECT place, EXISTS (SELECT 1 FROM homes WHERE home = place) FROM (SELECT `+here+` AS place) AS now`).Scan(&place, &known)
	if silent(err) || err == nil && known {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking where the ledger lives: %w", err)
	}
	return again(ctx, pausePostgres, busyPostgres, func() error { return h.moveIn(ctx, conn, place) })
}

// silent: the server does not tell, since its owner or its maker does not want it to. Then
// a fail-over is for people to notice, as a restored file is.
func silent(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && (failure.Code == "42501" || failure.Code == "0A000")
}

// moveIn writes the place down. The first one of a ledger is where it was made.
func (h *home) moveIn(ctx context.Context, conn *pgx.Conn, place string) error {
	// The server's time, or a workflow's, may be long ago; callers repeat from now on.
	now := time.Now()
	until := now.Add(askAfterMove)
	var first, new bool
	var open int64
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(begun pgx.Tx) error {
		exec := func(query string, args ...any) (int64, error) {
			done, err := begun.Exec(ctx, numbered(query), args...)
			return done.RowsAffected(), err
		}
		if err := begun.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM homes)`).Scan(&first); err != nil {
			return err
		}
		n, err := exec(`INSERT INTO homes (home, since) VALUES (?, ?) ON CONFLICT (home) DO NOTHING`, place, micros(now))
		if new = n == 1; err != nil || !new || first {
			return err
		}
		open, err = markRestored(exec, now, until)
		return err
	})
	if err != nil {
		return fmt.Errorf("the ledger was found in another place than before, and that cannot be written down: %w", err)
	}
	if new && !first && h.tell != nil {
		h.tell(int(open), until)
	}
	return nil
}
