package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

func TestPlaceholdersAreNumberedOutsideOfQuotes(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1":                       "SELECT 1",
		"a = ? AND b = ? OR ? = ''":      "a = $1 AND b = $2 OR $3 = ''",
		"'?' = ? AND \"?\" = ?":          "'?' = $1 AND \"?\" = $2",
		"'it''s ?' = ? AND '\"?' = ?":    "'it''s ?' = $1 AND '\"?' = $2",
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)": "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	} {
		require.Equal(t, want, numbered(query))
	}
}

func TestAnAddressOfPostgreSQLIsRefused(t *testing.T) {
	for _, c := range []struct{ name, dsn, want string }{
		{"no address", "postgres://refunds:s3cret@db:port/refunds?sslmode=disable", "is no PostgreSQL address"},
		{"no escape", "postgres://refunds:s3cret%zz@db/refunds?sslmode=disable", "is no PostgreSQL address"},
		{"a mode that is not known", "postgres://refunds:s3cret@db/refunds?sslmode=s3cret", "values of sslmode"},
		{"a file that is not there", "postgres://refunds:s3cret@db/refunds?sslmode=verify-full&sslrootcert=/s3cret", "whether the files"},
		{"no word about encryption", "postgres://refunds:s3cret@db/refunds", "add ?sslmode=verify-full"},
		{"too few connections", "postgres://refunds:s3cret@127.0.0.1/refunds?pool_max_conns=1", "pool_max_conns has 1 characters and is no number from 2 to 1000"},
		{"connections in words", "postgres://refunds:s3cret@127.0.0.1/refunds?pool_max_conns=s3cret", "pool_max_conns has 6 characters"},
		{"several schemas", "postgres://refunds:s3cret@127.0.0.1/refunds?search_path=s3cret,public", "search_path is no schema's name"},
		{"nobody there", "postgres://refunds:s3cret@127.0.0.1:1/refunds", "cannot be reached: check the dsn and the password"},
		{"a password that cannot be read", "postgres://refunds:s3cret@127.0.0.1:1/refunds", "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var choices []Option
			if c.want == "no such file" {
				choices = append(choices, Password(func() (string, error) { return "", errors.New(c.want) }))
			}
			_, err := Open(t.Context(), c.dsn, choices...)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
			if strings.HasPrefix(c.dsn, "postgres://refunds:s3cret@127.0.0.1:1/") {
				require.NoError(t, Check(t.Context(), c.dsn), "who is there is not asked")
				return
			}
			require.EqualError(t, Check(t.Context(), c.dsn), err.Error())
		})
	}
}

func TestOnlyWhatWasCertainlyRolledBackIsRepeated(t *testing.T) {
	for code, want := range map[string]bool{
		"40001": true, "40P01": true, "55P03": true, "57P03": true, "53300": true,
		"23505": false, "57P01": false, "57014": false, "08006": false, "25006": false, "25P03": false, "40003": false,
	} {
		require.Equal(t, want, busyPostgres(fmt.Errorf("ledger: %w", &pgconn.PgError{Code: code})), code)
	}
	require.False(t, busyPostgres(sql.ErrConnDone))
	require.False(t, busyPostgres(context.DeadlineExceeded))
}

func TestConnectionsAreSharedOutAndBounded(t *testing.T) {
	s := ofPostgreSQL(t)
	for dsn, want := range map[string][2]int{
		shared(t):                        {9, 3},
		shared(t) + "&pool_max_conns=2":  {1, 1},
		shared(t) + "&pool_max_conns=40": {30, 10},
	} {
		b := newBooks(t, dsn)
		require.Equal(t, want, [2]int{b.writer.Stats().MaxOpenConnections, b.reader.Stats().MaxOpenConnections})
	}
	b := newBooks(t, s.with("search_path", "own", "lock_timeout", "1s", "application_name", "mine"))
	t.Cleanup(func() { _, _ = s.db.ExecContext(context.Background(), "DROP SCHEMA own CASCADE") })
	for db, want := range map[*sql.DB]string{
		b.writer: "mine own on 1s 1min 30s off serializable",
		b.reader: "mine own on 1s 1min 5min on repeatable read",
	} {
		options := b.dialect.writing
		if db == b.reader {
			options = b.dialect.reading
		}
		begun, err := db.BeginTx(t.Context(), &options)
		require.NoError(t, err)
		var got []string
		for _, name := range []string{"application_name", "search_path", "synchronous_commit", "lock_timeout",
			"idle_in_transaction_session_timeout", "statement_timeout", "transaction_read_only", "transaction_isolation"} {
			var value string
			require.NoError(t, begun.QueryRowContext(t.Context(), "SELECT current_setting($1)", name).Scan(&value))
			got = append(got, value)
		}
		require.NoError(t, begun.Rollback())
		require.Equal(t, want, strings.Join(got, " "))
	}
	_, err := b.reader.ExecContext(t.Context(), `DELETE FROM accounts`)
	require.ErrorContains(t, err, "read-only")
}

func TestThePasswordIsAskedForEachConnection(t *testing.T) {
	ofPostgreSQL(t)
	var asked atomic.Int64
	away := errors.New("the file is away")
	s, err := Open(t.Context(), shared(t), Password(func() (string, error) {
		if asked.Add(1) > 2 {
			return "", away
		}
		return "s3cret", nil
	}))
	require.NoError(t, err)
	defer s.Close()
	one, err := s.writer.Conn(t.Context())
	require.NoError(t, err)
	defer one.Close()
	two, err := s.reader.Conn(t.Context())
	require.NoError(t, err)
	defer two.Close()
	require.EqualValues(t, 2, asked.Load(), "once for each")
	_, err = s.writer.Conn(t.Context())
	require.ErrorIs(t, err, away)
	require.NotContains(t, err.Error(), "s3cret")
}

func TestASchemaIsClaimed(t *testing.T) {
	s := ofPostgreSQL(t)
	run := func(statement string) {
		t.Helper()
		_, err := s.db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	t.Run("without a name it is refundflow", func(t *testing.T) {
		b := newBooks(t, s.with()).opened("a", 100)
		t.Cleanup(func() { _, _ = s.db.ExecContext(context.Background(), "DROP SCHEMA refundflow CASCADE") })
		var mark string
		require.NoError(t, b.reader.QueryRowContext(t.Context(),
			`SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'refundflow'`).Scan(&mark))
		require.Equal(t, claimMark, mark)
	})
	t.Run("an empty one becomes a ledger", func(t *testing.T) {
		run("CREATE SCHEMA made_before")
		defer run("DROP SCHEMA made_before CASCADE")
		s, err := Open(t.Context(), s.with("search_path", "made_before"))
		require.NoError(t, err)
		require.NoError(t, s.Close())
	})
	t.Run("another program's is refused and left as it was", func(t *testing.T) {
		run("CREATE SCHEMA others; CREATE TABLE others.refunds (id text)")
		defer run("DROP SCHEMA others CASCADE")
		_, err := Open(t.Context(), s.with("search_path", "others"))
		require.ErrorContains(t, err, "the schema others of the ledger's database is another program's (it has 1 tables")
		var tables int
		require.NoError(t, s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'others'`).Scan(&tables))
		require.Equal(t, 1, tables)
	})
	t.Run("a pooler that drops the schema's name is noticed", func(t *testing.T) {
		require.ErrorContains(t, claimPostgres(t.Context(), s.db, "elsewhere", false), `in the schema "public" and not in "elsewhere"`)
		var made bool
		require.NoError(t, s.db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'elsewhere')`).Scan(&made))
		require.False(t, made)
	})
	t.Run("a full server is waited for within the context", func(t *testing.T) {
		run("CREATE ROLE refundflow_test_many LOGIN CONNECTION LIMIT 0")
		defer run("DROP ROLE refundflow_test_many")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := Open(ctx, strings.Replace(s.with("search_path", "none"), "//"+s.address.User.String()+"@", "//refundflow_test_many@", 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("a newer one is refused", func(t *testing.T) {
		dsn := shared(t)
		b := newBooks(t, dsn)
		_, err := b.writer.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
		require.NoError(t, err)
		_, err = Open(t.Context(), dsn)
		require.ErrorContains(t, err, "version 99, this program knows versions up to ")
	})
	t.Run("a user who may make none is told what to do", func(t *testing.T) {
		run("CREATE ROLE refundflow_test_nobody LOGIN")
		defer run("DROP ROLE refundflow_test_nobody")
		_, err := Open(t.Context(), strings.Replace(s.with("search_path", "none"), "//"+s.address.User.String()+"@", "//refundflow_test_nobody@", 1))
		require.ErrorContains(t, err, "CREATE SCHEMA none AUTHORIZATION")
	})
	t.Run("a database of another encoding is refused", func(t *testing.T) {
		run("CREATE DATABASE refundflow_test_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'")
		defer run("DROP DATABASE refundflow_test_ascii WITH (FORCE)")
		_, err := Open(t.Context(), strings.Replace(s.with(), s.address.Path+"?", "/refundflow_test_ascii?", 1))
		require.ErrorContains(t, err, "has the encoding SQL_ASCII: make one with ENCODING 'UTF8'")
	})
}

func TestThePermanentCannotBeTruncated(t *testing.T) {
	ofPostgreSQL(t)
	b := newBooks(t, memory)
	for table, want := range map[string]string{"journal": "append-only", "refunds": "permanent", "accounts": "permanent"} {
		_, err := b.writer.ExecContext(t.Context(), "TRUNCATE "+table+" CASCADE")
		require.ErrorContains(t, err, want, table)
	}
}

// TestKeysAreOrderedByTheirBytes: a locale has another order.
func TestKeysAreOrderedByTheirBytes(t *testing.T) {
	b := newBooks(t, memory)
	ids := []string{"B", "Z-1", "Z2", "a", "b", "zB"}
	for _, id := range ids {
		b.opened(id, 100)
	}
	var got []string
	for last := (ledger.Key{}); ; {
		page, err := b.Unfinished(t.Context(), last, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			got, last = append(got, r.Key.ID), r.Key
		}
	}
	require.Equal(t, ids, got)
}

// TestEveryStepGoesThroughAPooler that keeps no prepared statements.
func TestEveryStepGoesThroughAPooler(t *testing.T) {
	ofPostgreSQL(t)
	for _, mode := range []string{"exec", "simple_protocol", "cache_describe"} {
		b := newBooks(t, shared(t)+"&default_query_exec_mode="+mode)
		for i, step := range everyStep(b) {
			require.NoError(t, step(), "%s, step %d", mode, i)
		}
		b.balanced()
	}
}

// TestAServerThatNoLongerAnswersIsAnError: somebody holds a lock, which on a server is
// what a hanging disk looks like.
func TestAServerThatNoLongerAnswersIsAnError(t *testing.T) {
	ofPostgreSQL(t)
	b := newBooks(t, shared(t)+"&lock_timeout=0").opened("a", 100)
	b.dialect.writeMost = 50 * time.Millisecond
	stuck, err := b.writer.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = stuck.ExecContext(t.Context(), "LOCK TABLE refunds")
	require.NoError(t, err)
	require.ErrorIs(t, b.Note(t.Context(), key("a"), noon, "note", "text"), context.DeadlineExceeded)
	require.NoError(t, stuck.Rollback())
	b.dialect.writeMost = writeMost
	require.NoError(t, b.Note(t.Context(), key("a"), noon, "note", "text"), "the next one goes on")
}

// TestNoStatementMustReadAWholeTable: where there is no index that serves, the server
// reads all of it although it was told not to.
func TestNoStatementMustReadAWholeTable(t *testing.T) {
	ofPostgreSQL(t)
	b := newBooks(t, shared(t)+"&enable_seqscan=off&plan_cache_mode=force_generic_plan")
	conn, err := b.writer.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	argument := regexp.MustCompile(`\$\d+`)
	for statement := range everyStatement(b) {
		_, err := conn.ExecContext(t.Context(), "PREPARE asked AS "+statement)
		require.NoError(t, err, statement)
		var nothing string
		if n := len(argument.FindAllString(statement, -1)); n > 0 {
			nothing = "(" + strings.Repeat("NULL, ", n-1) + "NULL)"
		}
		for _, detail := range planOf(t, conn, "EXPLAIN EXECUTE asked"+nothing, pgx.QueryExecModeSimpleProtocol) {
			if strings.Contains(detail, "Seq Scan") {
				require.NotEmpty(t, readsAllOf(statement, detail), "%s: %s", statement, detail)
			}
		}
		_, err = conn.ExecContext(t.Context(), "DEALLOCATE asked")
		require.NoError(t, err)
	}
}

// TestWhoMigratesIsNotHurried: an index of a large table takes longer than a refund may.
func TestWhoMigratesIsNotHurried(t *testing.T) {
	ofPostgreSQL(t)
	b := newBooks(t, shared(t))
	conn, err := b.writer.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	most := func() (text string) {
		require.NoError(t, conn.QueryRowContext(t.Context(), `SELECT current_setting('statement_timeout')`).Scan(&text))
		return text
	}
	locker, err := postgres.locker()
	require.NoError(t, err)
	require.Equal(t, "30s", most())
	require.NoError(t, locker.SessionLock(t.Context(), conn))
	require.Equal(t, "0", most())
	require.NoError(t, locker.SessionUnlock(t.Context(), conn))
	require.Equal(t, "30s", most())
}
