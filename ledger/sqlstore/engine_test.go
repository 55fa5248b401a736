package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// serverSetting names a PostgreSQL server and a user of it who may make databases, as in
// postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable. Then all tests run once
// more, on that server, each with a schema of its own in a database that is dropped at
// the end.
const serverSetting = "REFUNDFLOW_TEST_POSTGRES"

// server is the database of the tests on PostgreSQL, nil while they run on SQLite.
var server *testServer

type testServer struct {
	address *url.URL
	db      *sql.DB
	schemas atomic.Int64
	idle    []*Store // empty ledgers that tests have left
}

func TestMain(m *testing.M) {
	if ledger := os.Getenv(childLedger); ledger != "" {
		bookForEver(ledger)
	}
	modelFlags()
	code := m.Run()
	if address := os.Getenv(serverSetting); address != "" && code == 0 {
		fmt.Println("once more, on PostgreSQL:")
		code = onPostgreSQL(address, m.Run)
	}
	os.Exit(code)
}

func onPostgreSQL(address string, run func() int) int {
	ctx, name := context.Background(), fmt.Sprintf("refundflow_test_%d", os.Getpid())
	failed := func(err error) int {
		fmt.Printf("%s: %v\n", serverSetting, err)
		return 1
	}
	at, err := url.Parse(address)
	if err != nil {
		return failed(err)
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		return failed(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		return failed(err)
	}
	at.Path = "/" + name
	server = &testServer{address: at}
	if server.db, err = sql.Open("pgx", at.String()); err != nil {
		return failed(err)
	}
	code := run()
	for _, store := range server.idle {
		_ = store.Close()
	}
	_ = server.db.Close()
	if _, err := admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		return failed(err)
	}
	return code
}

// borrower is a test, or one sequence of a test that tries many.
type borrower interface {
	require.TestingT
	Helper()
	Cleanup(func())
}

// fresh lends an empty ledger to a test: one that another test had, when there is one,
// since to make it anew takes ten times as long as to empty it. A user who may not do
// without the triggers gets a new one each time.
func (s *testServer) fresh(t borrower) *Store {
	t.Helper()
	var store *Store
	if last := len(s.idle) - 1; last >= 0 {
		store, s.idle = s.idle[last], s.idle[:last]
	} else {
		var err error
		// By another name: a copy takes a connection of refundflow for a worker.
		store, err = Open(context.Background(), s.with("search_path", fmt.Sprintf("fresh%d", s.schemas.Add(1)), "application_name", "tests"))
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		store.dialect = postgres // whatever the test did to it
		empty := "BEGIN; SET LOCAL session_replication_role = replica; "
		for _, table := range tables {
			empty += "DELETE FROM " + table + "; "
		}
		empty += "SELECT setval('journal_seq_seq', 1, false), setval('waiters_seq_seq', 1, false); COMMIT"
		if _, err := store.writer.ExecContext(context.Background(), empty); err != nil {
			require.NoError(t, store.Close())
			return
		}
		s.idle = append(s.idle, store)
	})
	return store
}

// with is the address of the tests' database with these settings.
func (s *testServer) with(settings ...string) string {
	at := *s.address
	query := at.Query()
	for i := 0; i < len(settings); i += 2 {
		query.Set(settings[i], settings[i+1])
	}
	at.RawQuery = query.Encode()
	return at.String()
}

// shared is a new ledger's address, for several stores that are to share it.
func shared(t *testing.T) string {
	t.Helper()
	if server == nil {
		return filepath.Join(t.TempDir(), "ledger.db")
	}
	schema := fmt.Sprintf("t%d", server.schemas.Add(1))
	t.Cleanup(func() {
		_, err := server.db.ExecContext(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
		require.NoError(t, err)
	})
	return server.with("search_path", schema)
}

// ofSQLite marks a test that has to do with files or SQLite's own words.
func ofSQLite(t *testing.T) {
	t.Helper()
	if server != nil {
		t.Skip("of SQLite alone; it ran there")
	}
}

// ofPostgreSQL marks a test that needs the server.
func ofPostgreSQL(t *testing.T) *testServer {
	t.Helper()
	if server == nil {
		t.Skip("of PostgreSQL alone; it runs there when " + serverSetting + " names a server")
	}
	return server
}

func TestPostgreSQL(t *testing.T) {
	// Asked here as well, since the cache of test results knows what a test has asked for.
	if os.Getenv(serverSetting) == "" {
		t.Skip(serverSetting + " names no server: nothing was tried on PostgreSQL")
	}
	if server != nil {
		var version string
		require.NoError(t, newBooks(t, memory).writer.QueryRowContext(t.Context(), "SELECT version()").Scan(&version))
		require.Contains(t, version, "PostgreSQL")
	}
}
