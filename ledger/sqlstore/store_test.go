package sqlstore

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

func TestOpenTakesAnAddress(t *testing.T) {
	ofSQLite(t)
	folder := t.TempDir()
	for _, dsn := range []string{
		filepath.Join(folder, "plain.db"), "sqlite:" + filepath.Join(folder, "named.db"),
		filepath.Join(folder, "odd name?a=b&c#d%20.db"), memory, "sqlite::memory:",
	} {
		t.Run(dsn, func(t *testing.T) {
			b := newBooks(t, dsn).opened("a", 100)
			require.Equal(t, ledger.Open, b.record("a").Status)
			path := strings.TrimPrefix(dsn, "sqlite:")
			if path == memory {
				return
			}
			for _, file := range []string{path, path + "-wal"} {
				info, err := os.Stat(file)
				require.NoError(t, err)
				require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file)
			}
		})
	}
}

// What Check cannot see is refused by Open alone.
func TestAnAddressIsRefusedByOpenAndByCheck(t *testing.T) {
	ofSQLite(t)
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	database := func(name, statements string) string {
		path := filepath.Join(folder, name)
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), statements)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		return path
	}
	newer := filepath.Join(folder, "newer.db")
	b := newBooks(t, newer)
	_, err := b.writer.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	require.NoError(t, err)
	for _, c := range []struct{ name, dsn, want string }{
		{"an unknown engine", "mysql://refunds:s3cret@db/refunds", `begins with "mysql://"`},
		{"no file", "", "names no file"},
		{"no file after the scheme", "sqlite:", "names no file"},
		{"a folder that is not there", filepath.Join(folder, "none", "a.db"), "check its folder"},
		{"a file for a folder", filepath.Join(write("file", ""), "a.db"), "the ledger's dsn"},
		{"a folder", folder, folder},
		{"a text", write("text", strings.Repeat("not a database\n", 100)), "is not an SQLite file"},
		{"another program's tables", database("other.db", `CREATE TABLE orders (id)`), "another program (application id 0x0, 1 tables"},
		{"another program's mark", database("marked.db", `PRAGMA application_id = 7`), "another program (application id 0x7"},
		{"a newer schema", newer, "version 99, this program knows versions up to 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.dsn) // nothing to compare where there is no file
			_, err := Open(t.Context(), c.dsn)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
			after, _ := os.ReadFile(c.dsn)
			require.Equal(t, before, after, "what is refused is left as it was")
			err = Check(t.Context(), c.dsn)
			if c.dsn == newer {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
}

func TestACheckOfAnAddressMakesNothing(t *testing.T) {
	ofSQLite(t)
	folder := t.TempDir()
	listed := func() (names []string) {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	file := filepath.Join(folder, "a.db")
	require.NoError(t, Check(t.Context(), "sqlite:"+file), "it will be made")
	require.NoError(t, Check(t.Context(), memory))
	require.NoError(t, Check(t.Context(), "postgres://refunds@127.0.0.1:1/refunds"), "nobody is asked")
	require.Empty(t, listed())
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, Check(t.Context(), file), "an empty file becomes a ledger")
	require.Equal(t, []string{"a.db"}, listed())

	books, err := Open(t.Context(), file)
	require.NoError(t, err)
	require.NoError(t, books.Close())
	untouched := time.Unix(1_000_000_000, 0)
	require.NoError(t, os.Chtimes(folder, untouched, untouched))
	require.NoError(t, Check(t.Context(), file))
	info, err := os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, untouched, info.ModTime(), "nor anything that is gone again")
}

// fileOf makes a ledger of an older schema with these rows.
func fileOf(t *testing.T, version int64, rows string) string {
	t.Helper()
	ofSQLite(t)
	file := filepath.Join(t.TempDir(), "ledger.db")
	writer, reader, err := openSQLite(t.Context(), file, options{})
	require.NoError(t, err)
	folder, err := fs.Sub(migrations, sqlite.folder)
	require.NoError(t, err)
	steps, err := goose.NewProvider(sqlite.goose, writer, folder, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	require.NoError(t, err)
	_, err = steps.UpTo(t.Context(), version)
	require.NoError(t, err)
	_, err = writer.ExecContext(t.Context(), rows)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	require.NoError(t, writer.Close())
	return file
}

func TestALedgerOfTheFirstSchemaIsBroughtUpToDate(t *testing.T) {
	b := newBooks(t, fileOf(t, 1, `INSERT INTO accounts (account, flag, flagged_at) VALUES ('shop', 'bad key', 1795233600000000)`))
	require.Equal(t, "bad key", b.flag())
	b.opened("a", 100).held("a", noon.Add(flagTrial), noLimits).balanced()
}

func version2(t *testing.T) string {
	t.Helper()
	rows, err := os.ReadFile("testdata/version2.sql")
	require.NoError(t, err)
	return string(rows)
}

func TestALedgerOfTheSecondSchemaKeepsItsRefunds(t *testing.T) {
	b := newBooks(t, fileOf(t, 2, version2(t)))
	b.balanced()
	require.Equal(t, "bad key", b.flag())
	for id, want := range map[string]struct {
		status ledger.Status
		sent   time.Time
	}{
		"settled": {ledger.Succeeded, noon}, "doubt": {ledger.Open, noon.Add(time.Hour)}, "waiting": {ledger.Open, time.Time{}}, "failed": {ledger.Failed, time.Time{}},
	} {
		r := b.record(id)
		require.Equal(t, want.status, r.Status, id)
		require.EqualValues(t, 100, r.Amount, id)
		require.Nil(t, r.Evidence, id)
		var sent int64
		require.NoError(t, b.reader.QueryRowContext(t.Context(), `SELECT sent_at FROM refunds WHERE id = ?`, id).Scan(&sent))
		require.Equal(t, want.sent, fromMicros(sent), "%s: the time of its last sending is taken from the journal", id)
	}
	found, err := b.FindByPlatformRefund(t.Context(), "baidu/M1", "P1")
	require.NoError(t, err)
	require.Equal(t, key("settled"), found.Key)
	before := b.dump()
	b.settled("settled", 0)
	require.Equal(t, before, b.dump(), "what the platform said then is known as heard")
	require.NoError(t, b.Testify(t.Context(), key("doubt"), evidence(succeeded, "P2", 100)))
	b.settled("doubt", 100).balanced()
}

func TestAFileIsKeptWithFullSync(t *testing.T) {
	ofSQLite(t)
	b := newBooks(t, filepath.Join(t.TempDir(), "ledger.db"))
	for _, db := range []*sql.DB{b.writer, b.reader} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "20"} {
			var got string
			require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
	}
	_, err := b.reader.ExecContext(t.Context(), `DELETE FROM accounts`)
	require.Error(t, err, "the reader cannot write")
}

func TestABusyDatabaseIsWaitedForWithinTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tries := 0
	busy := func(error) bool { return true }
	require.NoError(t, again(ctx, time.Millisecond, busy, func() error {
		if tries++; tries < 5 {
			return context.DeadlineExceeded // any error: busy says that it is worth another try
		}
		return nil
	}))
	require.Equal(t, 5, tries)

	err := again(ctx, time.Millisecond, busy, func() error { cancel(); return sql.ErrConnDone })
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, sql.ErrConnDone, "and the cause is told")
}
