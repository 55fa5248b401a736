package sqlstore

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

func TestOpenTakesAnAddress(t *testing.T) {
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

func TestOpenRefusesAnAddress(t *testing.T) {
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
		{"PostgreSQL", "postgres://refunds:s3cret@db/refunds", "PostgreSQL"},
		{"PostgreSQL by its long name", "postgresql://refunds:s3cret@db/refunds", "PostgreSQL"},
		{"an unknown engine", "mysql://refunds:s3cret@db/refunds", `begins with "mysql://"`},
		{"no file", "", "names no file"},
		{"no file after the scheme", "sqlite:", "names no file"},
		{"a folder that is not there", filepath.Join(folder, "none", "a.db"), "check its folder"},
		{"a folder", folder, "opening the ledger"},
		{"a text", write("text", strings.Repeat("not a database\n", 100)), "is not an SQLite file"},
		{"another program's tables", database("other.db", `CREATE TABLE orders (id)`), "another program (application id 0x0, 1 tables"},
		{"another program's mark", database("marked.db", `PRAGMA application_id = 7`), "another program (application id 0x7"},
		{"a newer schema", newer, "version 99, this program knows versions up to 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.dsn) // nothing to compare where there is no file
			_, err := Open(t.Context(), c.dsn)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "s3cret")
			after, _ := os.ReadFile(c.dsn)
			require.Equal(t, before, after, "what is refused is left as it was")
		})
	}
}

func TestALedgerOfTheFirstSchemaIsBroughtUpToDate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	old := newBooks(t, file).opened("a", 100).flagged(noon, "bad key")
	_, err := old.writer.ExecContext(t.Context(), `ALTER TABLE accounts DROP COLUMN trial; DELETE FROM goose_db_version WHERE version_id > 1`)
	require.NoError(t, err)
	b := newBooks(t, file)
	require.Equal(t, "bad key", b.flag())
	b.held("a", noon.Add(flagTrial), noLimits).balanced()
}

func TestAFileIsKeptWithFullSync(t *testing.T) {
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
	require.NoError(t, again(ctx, busy, func() error {
		if tries++; tries < 5 {
			return context.DeadlineExceeded // any error: busy says that it is worth another try
		}
		return nil
	}))
	require.Equal(t, 5, tries)

	err := again(ctx, busy, func() error { cancel(); return sql.ErrConnDone })
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, sql.ErrConnDone, "and the cause is told")
}

// everyStep takes one refund through all steps; each is called at its time.
func everyStep(b books) []func() error {
	ctx := b.Context()
	first := opening("a", "o1", 100, 300)
	steps := []func() error{
		func() error { _, err := b.Open(ctx, first); return err },
		func() error { return b.Note(ctx, key("a"), noon, "approved", "by finance-2") },
		func() error { _, err := b.Hold(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { _, err := b.BeginCancel(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { return b.EndCancel(ctx, key("a"), noon, false, "busy") },
		func() error { _, err := b.BeginCancel(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { return b.EndCancel(ctx, key("a"), noon, true, "ok") },
		func() error { _, err := b.BeginSend(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("a"), noon, notSent) },
		func() error { _, err := b.Hold(ctx, key("a"), noon.Add(day), limits(500, 500)); return err },
		func() error { _, err := b.BeginSend(ctx, key("a"), noon.Add(day), limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(day), refused) },
		func() error { _, err := b.BeginSend(ctx, key("a"), noon.Add(2*day), limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(2*day), unknown) },
		func() error { _, err := b.NoteAbsent(ctx, key("a"), noon.Add(3*day), time.Minute); return err },
		func() error {
			_, err := b.BeginResend(ctx, key("a"), noon.Add(4*day), limits(500, 500), 1, 2)
			return err
		},
		func() error { _, err := b.NoteAbsent(ctx, key("a"), noon.Add(5*day), time.Minute); return err },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(5*day), notSent) },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(5*day), accepted1) },
		func() error { return b.Settle(ctx, key("a"), settlement("P1", 100)) },
		func() error { return b.Flag(ctx, "shop", noon, "bad key") },
		func() error { return b.Unflag(ctx, "shop", noon, "ops-1") },
		func() error { _, err := b.Open(ctx, opening("b", "o1", 100, 300)); return err },
		func() error { _, err := b.Hold(ctx, key("b"), noon, limits(500, 500)); return err },
		func() error { return b.Finish(ctx, key("b"), ledger.Ending{Status: ledger.Cancelled, At: noon}) },
		func() error { return b.Flag(ctx, "shop", noon, "bad signature") },
		func() error { _, err := b.Open(ctx, opening("c", "o1", 100, 300)); return err },
		func() error { _, err := b.Hold(ctx, key("c"), noon.Add(time.Hour), limits(500, 500)); return err },
		func() error { _, err := b.BeginSend(ctx, key("c"), noon.Add(time.Hour), limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("c"), noon.Add(time.Hour), accepted1) },
	}
	return steps
}

func TestEveryStepRepeatedChangesNothing(t *testing.T) {
	b := newBooks(t, memory)
	previous := b.dump()
	for i, step := range everyStep(b) {
		require.NoError(t, step(), "step %d", i)
		once := b.dump()
		require.NotEqual(t, previous, once, "step %d does something", i)
		require.NoError(t, step(), "step %d again", i)
		require.Equal(t, once, b.dump(), "step %d again", i)
		b.balanced()
		previous = once
	}
}

func TestEveryStatementUsesAnIndex(t *testing.T) {
	b := newBooks(t, memory)
	statements := map[string]bool{}
	b.dialect.rebind = func(query string) string { statements[query] = true; return query }
	for _, step := range everyStep(b) {
		require.NoError(t, step())
	}
	b.record("a")
	b.steps("a")
	b.used(noon)
	require.Greater(t, len(statements), 15)
	// Reading all of a merchant's or an account's refunds is a scan in disguise.
	scan := regexp.MustCompile(`\bSCAN \w+|USE TEMP B-TREE|\(merchant=\?\)|SEARCH [^a]\w* .*\(account=\?\)`)
	for statement := range statements {
		rows, err := b.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, make([]any, strings.Count(statement, "?"))...)
		require.NoError(t, err, statement)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
			if detail != "SCAN CONSTANT ROW" {
				require.NotRegexp(t, scan, detail, statement)
			}
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
}
