package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

var postgres = dialect{
	open:   openPostgres,
	check:  checkPostgres,
	goose:  database.DialectPostgres,
	folder: "migrations/postgres",
	locker: func() (lock.SessionLocker, error) {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(applicationID), lock.WithLockTimeout(1, 300)) // seconds, tries
		return patientLocker{locker}, err
	},
	writing: sql.TxOptions{Isolation: sql.LevelSerializable},
	// What is committed at any moment is the outcome of some order of the writers, so
	// that one moment is enough for who only reads and tells no writer. Serializable,
	// a reading could fail and make writers fail; deferred, it would wait for them.
	reading:   sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	writeMost: writeMost,
	readMost:  readMost,
	rebind:    numbered,
	busy:      busyPostgres,
	pause:     pausePostgres,
}

const (
	// pausePostgres suits writers that met, and is long enough not to be a burden on a
	// server that is starting or full.
	pausePostgres = 50 * time.Millisecond
	// Connections end after a while, so that they follow a fail-over, a rotated password
	// and a server that was added.
	connectionLife = 10 * time.Minute
	connectMost    = 10 * time.Second
	openMost       = time.Minute // a server that is starting or full is waited for
	writeMost      = 30 * time.Second
	readMost       = 5 * time.Minute // an audit reads everything
	poolDefault    = 12
	poolLeast      = 2
	poolMost       = 1000
)

// settings of a session, unless the address has its own.
var settings = map[string]string{
	"application_name": "refundflow",
	"search_path":      "refundflow",
	// A commit that was answered survives a loss of power, whatever the server's default.
	"synchronous_commit": "on",
	// Who waits for somebody's lock, or holds one and is gone, ends as an error.
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "60s",
}

// busyPostgres: 40001 and 40P01, writers met and this one was rolled back; 55P03, somebody
// holds a lock for long; 57P03 and 53300, the server is starting or full and let nobody in.
// A unique key is never violated by writers that met: each has looked for the key before it
// writes it, and then the server says 40001. Of a lost connection see transact.
func busyPostgres(err error) bool {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code {
	case "40001", "40P01", "55P03", "57P03", "53300":
		return true
	}
	return false
}

// openPostgres connects with what the address says; pgx's default_query_exec_mode is
// among it. A pooler that shares sessions between transactions, such as PgBouncer's
// transaction mode, needs default_query_exec_mode=exec, and ignores the settings: give
// them to the user with ALTER ROLE then, and bring the schema up to date without it,
// for the lock of that is a session's.
func openPostgres(ctx context.Context, address string, o options) (writer, reader *sql.DB, err error) {
	config, connections, err := parsePostgres(address)
	if err != nil {
		return nil, nil, err
	}
	// Deciding takes several steps and waits for the disk: writers get three in four.
	readers := max(connections/4, 1)
	writer = pool(config, connections-readers, writeMost, o)
	if err := claimPostgres(ctx, writer, config.RuntimeParams["search_path"], o.existing); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	// Whatever is done through it, the reader writes nothing.
	config.RuntimeParams["default_transaction_read_only"] = "on"
	o.home = nil // what is only read decides nothing
	return writer, pool(config, readers, readMost, o), nil
}

func pool(config *pgx.ConnConfig, most int, longest time.Duration, o options) *sql.DB {
	config = config.Copy()
	if config.RuntimeParams["statement_timeout"] == "" {
		config.RuntimeParams["statement_timeout"] = strconv.FormatInt(longest.Milliseconds(), 10)
	}
	db := stdlib.OpenDB(*config, stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) (err error) {
		if o.password != nil {
			if c.Password, err = o.password(); err != nil {
				return fmt.Errorf("the ledger's password: %w", err)
			}
		}
		return nil
	}), stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		if o.home == nil {
			return nil
		}
		err := o.home.look(ctx, conn)
		if err != nil {
			err = errors.Join(err, conn.Close(ctx)) // nobody else does
		}
		return err
	}), stdlib.OptionResetSession(func(ctx context.Context, conn *pgx.Conn) error {
		// Behind a pooler that shares sessions, a connection outlives its server: it looks before
		// each transaction. Who has no such pooler lets statements be prepared.
		if o.home == nil || config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement || o.home.look(ctx, conn) == nil {
			return nil
		}
		return driver.ErrBadConn // no other error counts here; the next connection says what it is
	}))
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxLifetime(connectionLife)
	return db
}

// patientLocker lets the session that migrates take its time, as the lock of it does: who
// brings a large ledger up to date reads all of a table, or builds an index.
type patientLocker struct{ lock.SessionLocker }

func (l patientLocker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := l.SessionLocker.SessionLock(ctx, conn); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, `SET statement_timeout = 0`)
	return err
}

func (l patientLocker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `RESET statement_timeout`) // to what the connection began with
	return errors.Join(err, l.SessionLocker.SessionUnlock(ctx, conn))
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// parsePostgres reads the address and returns how many connections it permits. No
// error repeats the address, nor what the driver says of it: it may hold a password.
func parsePostgres(address string) (*pgx.ConnConfig, int, error) {
	parts, err := url.Parse(address)
	if err != nil {
		return nil, 0, fmt.Errorf("the ledger's dsn has %d characters and is no PostgreSQL address: "+
			"give postgres://USER@HOST:PORT/DATABASE, and percent-encode what is special in it", len(address))
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, 0, fmt.Errorf("the ledger's dsn is a PostgreSQL address that cannot be used: look at its port, at the "+
			"values of %s, and whether the files they name can be read", strings.Join(named(parts.Query()), ", "))
	}
	if !parts.Query().Has("sslmode") && !local(config.Host) {
		return nil, 0, errors.New("the ledger's dsn does not say whether the connection to PostgreSQL is encrypted: " +
			"add ?sslmode=verify-full, or sslmode=disable where nobody else is on the network")
	}
	session := config.RuntimeParams // all that the driver does not know itself
	connections := poolDefault
	if text, given := session["pool_max_conns"]; given {
		connections, err = strconv.Atoi(text)
		if err != nil || connections < poolLeast || connections > poolMost {
			return nil, 0, fmt.Errorf("the ledger's dsn: pool_max_conns has %d characters and is no number from %d to %d",
				len(text), poolLeast, poolMost)
		}
		delete(session, "pool_max_conns")
	}
	for name, value := range settings {
		if session[name] == "" {
			session[name] = value
		}
	}
	if !schemaName.MatchString(session["search_path"]) {
		return nil, 0, errors.New("the ledger's dsn: search_path is no schema's name: give one name of a-z, 0-9 and _, or leave it out for refundflow")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectMost
	}
	if config.ValidateConnect == nil {
		// A standby knows less than was decided, and of two servers one may be one.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	return config, connections, nil
}

func named(query url.Values) (names []string) {
	for name := range query {
		names = append(names, shorten(name))
	}
	slices.Sort(names)
	return names
}

// local: a socket of this machine, or its loopback.
func local(host string) bool {
	return strings.HasPrefix(host, "/") || host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// numbered turns each "?" that is not within quotes into $1, $2, ...
func numbered(query string) string {
	var out strings.Builder
	n, quote := 0, byte(0)
	for i := range len(query) {
		c := query[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0 // a doubled quote ends it and begins it anew
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && c == '?':
			n++
			out.WriteString("$" + strconv.Itoa(n))
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}
