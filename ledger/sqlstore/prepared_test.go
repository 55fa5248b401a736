package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sqlitedriver "modernc.org/sqlite"
)

// compiling counts what a driver's connections compile.
type compiling struct {
	driver.Connector
	texts map[string]int
}

type compilingConn struct {
	plainConn
	texts map[string]int
}

func (c compiling) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return compilingConn{made.(plainConn), c.texts}, nil
}

func (c compilingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.texts[query]++
	return c.plainConn.PrepareContext(ctx, query)
}

// keeping is one connection to a file with a table of a thousand lines, and what it compiles.
type keeping struct {
	*testing.T
	*sql.Conn
	file     string
	compiled map[string]int
}

func newKeeping(t *testing.T) keeping {
	t.Helper()
	k := keeping{T: t, file: filepath.Join(t.TempDir(), "kept.db"), compiled: map[string]int{}}
	connector, err := sqlitedriver.NewConnector("file:" + k.file + "?_journal_mode=WAL")
	require.NoError(t, err)
	db := sql.OpenDB(preparing{compiling{connector, k.compiled}})
	k.Conn, err = db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	t.Cleanup(func() { _ = k.Conn.Close() })
	k.done(`CREATE TABLE lines (n INTEGER PRIMARY KEY)`)
	k.done(`INSERT INTO lines WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT n FROM c`)
	clear(k.compiled)
	return k
}

func (k keeping) done(query string, args ...any) {
	k.Helper()
	_, err := k.ExecContext(k.Context(), query, args...)
	require.NoError(k, err, query)
}

func (k keeping) rows(query string, args ...any) *sql.Rows {
	k.Helper()
	rows, err := k.QueryContext(k.Context(), query, args...)
	require.NoError(k, err, query)
	return rows
}

// count reads all lines.
func (k keeping) count(rows *sql.Rows) (n int) {
	k.Helper()
	for rows.Next() {
		n++
	}
	require.NoError(k, rows.Err())
	return n
}

func (k keeping) kept() (texts []string) {
	k.Helper()
	require.NoError(k, k.Raw(func(c any) error {
		for text := range c.(*keeper).kept {
			texts = append(texts, text)
		}
		return nil
	}))
	return texts
}

const (
	allLines = `SELECT n FROM lines WHERE n >= ?`
	addLine  = `INSERT INTO lines (n) VALUES (?)`
	endless  = `SELECT n FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c) AS all_numbers LIMIT ?`
)

func TestAConnectionKeepsItsStatements(t *testing.T) {
	for _, c := range []struct {
		name     string
		use      func(keeping)
		text     string
		compiled int
		kept     bool
	}{
		{"a text is compiled once", func(k keeping) {
			for i := range 3 {
				require.Equal(k, 1000-i, k.count(k.rows(allLines, i+1)), "with the arguments of this time")
			}
		}, allLines, 1, true},
		{"one that is in use is nobody else's", func(k keeping) {
			outer := k.rows(allLines, 1)
			require.True(k, outer.Next())
			require.Equal(k, 500, k.count(k.rows(allLines, 501)))
			require.Equal(k, 999, k.count(outer))
		}, allLines, 2, true},
		{"rows that are not read to their end", func(k keeping) {
			rows := k.rows(allLines, 1)
			require.True(k, rows.Next())
			require.NoError(k, rows.Close())
			require.Equal(k, 1000, k.count(k.rows(allLines, 1)))
		}, allLines, 1, true},
		{"what failed can be done the next time", func(k keeping) {
			_, err := k.ExecContext(k.Context(), addLine, 1)
			require.ErrorContains(k, err, "UNIQUE")
			_, err = k.ExecContext(k.Context(), addLine)
			require.ErrorContains(k, err, "missing argument")
			k.done(addLine, 1001)
		}, addLine, 1, true},
		{"what is broken off in the middle begins anew", func(k keeping) {
			ctx, cancel := context.WithCancel(k.Context())
			rows, err := k.QueryContext(ctx, endless, -1)
			require.NoError(k, err)
			require.True(k, rows.Next())
			cancel()
			for rows.Next() { // until it is noticed
			}
			require.ErrorIs(k, rows.Err(), context.Canceled)
			require.NoError(k, rows.Close())
			require.Equal(k, 3, k.count(k.rows(endless, 3)))
		}, endless, 1, true},
		{"nothing is begun when the context has ended", func(k keeping) {
			require.Equal(k, 1000, k.count(k.rows(allLines, 1)))
			ctx, cancel := context.WithCancel(k.Context())
			cancel()
			_, err := k.QueryContext(ctx, allLines, 1)
			require.ErrorIs(k, err, context.Canceled)
		}, allLines, 1, true},
		{"a busy file", func(k keeping) {
			k.done(addLine, 1001)
			other, err := sql.Open("sqlite", "file:"+k.file)
			require.NoError(k, err)
			defer other.Close()
			writing, err := other.BeginTx(k.Context(), nil)
			require.NoError(k, err)
			_, err = writing.ExecContext(k.Context(), addLine, 1002)
			require.NoError(k, err)
			_, err = k.ExecContext(k.Context(), addLine, 1003)
			require.True(k, busySQLite(err), err)
			require.NoError(k, writing.Commit())
			k.done(addLine, 1003)
		}, addLine, 1, true},
		{"a schema that has changed", func(k keeping) {
			const everything = `SELECT * FROM lines`
			columns := func() []string {
				rows := k.rows(everything)
				defer rows.Close()
				names, err := rows.Columns()
				require.NoError(k, err)
				return names
			}
			require.Equal(k, []string{"n"}, columns())
			k.done(`ALTER TABLE lines ADD COLUMN here`)
			require.Equal(k, []string{"n", "here"}, columns())
			other, err := sql.Open("sqlite", "file:"+k.file)
			require.NoError(k, err)
			defer other.Close()
			_, err = other.ExecContext(k.Context(), `ALTER TABLE lines ADD COLUMN there`)
			require.NoError(k, err)
			require.Equal(k, []string{"n", "here", "there"}, columns())
		}, `SELECT * FROM lines`, 1, true},
		{"what acts while it is compiled is not kept", func(k keeping) {
			for _, want := range []int{1, 0, 1} {
				k.done(`PRAGMA foreign_keys = off`)
				if want == 1 {
					k.done(`PRAGMA foreign_keys = on`)
				}
				var got int
				require.NoError(k, k.QueryRowContext(k.Context(), `PRAGMA foreign_keys`).Scan(&got))
				require.Equal(k, want, got)
			}
		}, `PRAGMA foreign_keys = off`, 3, false},
		{"a text of any length is not kept", func(k keeping) {
			for range 2 {
				require.Equal(k, 1000, k.count(k.rows(allLines+strings.Repeat(" ", keptLongest), 1)))
			}
		}, allLines + strings.Repeat(" ", keptLongest), 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ofSQLite(t)
			k := newKeeping(t)
			c.use(k)
			require.Equal(t, c.compiled, k.compiled[c.text])
			if c.kept {
				require.Contains(t, k.kept(), c.text)
			} else {
				require.NotContains(t, k.kept(), c.text)
			}
		})
	}
}

func TestWhatAConnectionKeepsIsBounded(t *testing.T) {
	ofSQLite(t)
	k := newKeeping(t)
	for n := range 2 * keptMost {
		require.Equal(t, 1000, k.count(k.rows(allLines+strings.Repeat(" ", n), 1)))
	}
	require.Len(t, k.kept(), keptMost)

	b := newBooks(t, memory)
	statements := everyStatement(b)
	require.Less(t, len(statements)+len(audits), keptMost, "all that the ledger asks has room")
	for text := range statements {
		require.Regexp(t, keepable, text)
		require.LessOrEqual(t, len(text), keptLongest)
	}
}

// TestAConnectionEndsWithItsStatements: one that has any left stays open, and so does its
// write-ahead log.
func TestAConnectionEndsWithItsStatements(t *testing.T) {
	ofSQLite(t)
	file := filepath.Join(t.TempDir(), "ledger.db")
	s, err := Open(t.Context(), file)
	require.NoError(t, err)
	b := books{t, s}.opened("a", 100).sent("a", noon)
	b.balanced()
	_, err = os.Stat(file + "-wal")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = os.Stat(file + "-wal")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestABrokenOffTransactionLeavesTheNextOneWhole: the one writing connection goes on
// with what it has kept.
func TestABrokenOffTransactionLeavesTheNextOneWhole(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		err := b.write(ctx, func(t *tx) error {
			if _, err := t.load(key("a")); err != nil {
				return err
			}
			cancel()
			_, err := t.load(key("a"))
			return err
		})
		require.ErrorIs(t, err, context.Canceled)
	}
	b.sent("a", noon).settled("a", 0).balanced()
	require.Equal(t, noon.Add(time.Hour), b.record("a").EndedAt)
}
