package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// full is a closed ledger with refunds in every state, and what it holds.
func full(t *testing.T, dsn string) string {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	require.NoError(t, err)
	b := books{t, s}
	for i, step := range everyStep(b) {
		require.NoError(t, step(), "step %d", i)
	}
	b.opened("held", 100).held("held", noon, noLimits).opened("absent", 100).sent("absent", noon).absent("absent", noon, 2)
	b.opened("rejected", 100).finished("rejected", ledger.Rejected).opened("by-hand", 100).finished("by-hand", ledger.Succeeded)
	require.Equal(t, ledger.ObstacleCap, b.opened("waits", 100).hold("waits", noon, limits(100, 0)).Obstacle)
	require.NoError(t, b.write(t.Context(), func(t *tx) error {
		for i := range 3000 { // more than one statement carries
			if _, err := t.line(key("a"), noon, fmt.Sprintf("note %d", i), "note", ""); err != nil {
				return err
			}
		}
		return nil
	}))
	b.balanced()
	for _, table := range tables {
		require.NotEmpty(t, b.tables(table), "%s would be copied without proof", table)
	}
	dump := b.everything()
	require.NoError(t, s.Close())
	return dump
}

// everything is dump in an order that no engine decides.
func (b books) everything() string {
	b.Helper()
	lines := strings.Split(b.tables(tables...), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func heldBy(t *testing.T, dsn string) string {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	require.NoError(t, err)
	b := books{t, s}
	b.balanced()
	dump := b.everything()
	require.NoError(t, s.Close())
	return dump
}

// onlyMoved demands that the ledger is there, unchanged but locked.
func onlyMoved(t *testing.T, dsn, to string, unfinished bool) {
	t.Helper()
	_, err := Open(t.Context(), dsn)
	var moved *MovedError
	require.ErrorAs(t, err, &moved)
	require.Equal(t, MovedError{Place: placeOf(to), Unfinished: unfinished}, *moved)
}

func TestEveryTableIsCopied(t *testing.T) {
	b := newBooks(t, shared(t))
	var there []string
	query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`
	if b.dialect.postgres() {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version'`
	}
	rows, err := b.reader.QueryContext(t.Context(), query)
	require.NoError(t, err)
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		there = append(there, name)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	require.ElementsMatch(t, there, append([]string{"homes"}, tables...))
}

// TestALedgerIsCopiedThereAndBack copies it to each engine there is and to a file again:
// nothing is lost or changed on the way, and it goes on in the new place.
func TestALedgerIsCopiedThereAndBack(t *testing.T) {
	first := "sqlite:" + filepath.Join(t.TempDir(), "first.db")
	before := full(t, first)
	path := []string{first, shared(t), "sqlite:" + filepath.Join(t.TempDir(), "back.db")}
	for i, to := range path[1:] {
		from := path[i]
		told := map[string]int64{}
		copied, err := Copy(t.Context(), Address{DSN: from}, Address{DSN: to}, func(table string, lines int64) {
			require.GreaterOrEqual(t, lines, told[table])
			told[table] = lines
		})
		require.NoError(t, err)
		require.EqualValues(t, strings.Count(before, "\n"), copied.Lines)
		require.EqualValues(t, strings.Count(before, "\nrefunds "), copied.Refunds)
		require.Equal(t, copied.Refunds, told["refunds"])
		onlyMoved(t, from, to, false)
		require.Equal(t, before, heldBy(t, to))
		before = goesOn(t, to, fmt.Sprintf("new%d", i))
	}
}

// goesOn makes a refund where the others were copied to, and returns what is there then.
func goesOn(t *testing.T, dsn, id string) string {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	require.NoError(t, err)
	b := books{t, s}
	before, err := b.Journal(t.Context(), key("a"))
	require.NoError(t, err)
	b.opened(id, 100).held(id, noon, noLimits).sent(id, noon).settled(id, 0).balanced()
	after, err := b.Journal(t.Context(), key(id))
	require.NoError(t, err)
	require.Greater(t, after[0].Seq, before[len(before)-1].Seq, "what is new comes after what was copied")
	require.Equal(t, ledger.ObstacleCap, b.opened(id+"-waits", 100).hold(id+"-waits", noon, limits(100, 0)).Obstacle)
	line := b.line()
	require.Contains(t, line[len(line)-1], id+"-waits", "and stands at the end of the line")
	_, err = b.writer.ExecContext(t.Context(), `DELETE FROM refunds`)
	require.ErrorContains(t, err, "permanent", "the fences stand in the new place")
	dump := b.everything()
	require.NoError(t, s.Close())
	return dump
}

// TestWhoIsRunningCannotWriteOnceItMoves: a worker that was overlooked must not go on
// with limits that are drawn on elsewhere.
func TestWhoIsRunningCannotWriteOnceItMoves(t *testing.T) {
	b := newBooks(t, shared(t)).opened("a", 100).opened("sent", 100).sent("sent", noon)
	before := b.dump()
	m := move{id: "1", state: leaving, place: "sqlite:/elsewhere's.db"}
	require.NoError(t, b.write(t.Context(), func(t *tx) error { return t.lock(b.dialect, m) }))
	for _, do := range []func() error{
		func() error { _, err := b.Open(t.Context(), opening("b", "o", 100, 100)); return err },
		func() error { _, err := b.Hold(t.Context(), key("a"), noon, noLimits); return err },
		func() error { _, err := b.BeginSend(t.Context(), key("a"), noon, noLimits); return err },
		func() error { return b.Settle(t.Context(), key("sent"), settlement("", 0)) },
		func() error { return b.Approve(t.Context(), key("a"), noon, "finance-2") },
	} {
		require.ErrorContains(t, do(), "this ledger moves to sqlite:/elsewhere's.db or has moved there")
	}
	require.Equal(t, before, b.dump())
	require.Equal(t, ledger.Open, b.record("a").Status, "it can be read")
	for _, table := range tables {
		for _, statement := range []string{"DELETE FROM " + table, "UPDATE " + table + " SET " + first(b.columnsOf(table))} {
			_, err := b.writer.ExecContext(t.Context(), statement)
			if !strings.Contains(b.tables(table), table) {
				continue // SQLite's triggers speak of lines, and there is none
			}
			require.Error(t, err, statement)
		}
	}
	require.NoError(t, b.write(t.Context(), func(t *tx) error { return t.unlock(b.dialect, m) }))
	b.held("a", noon, noLimits).balanced()
}

func first(columns []string) string { return columns[0] + " = " + columns[0] }

func (b books) columnsOf(table string) (columns []string) {
	b.Helper()
	require.NoError(b, b.read(b.Context(), func(t *tx) (err error) { columns, err = t.columns(table); return err }))
	return columns
}

func TestWhatCannotBeCopied(t *testing.T) {
	ofSQLite(t)
	file := func(name string) string { return "sqlite:" + filepath.Join(t.TempDir(), name) }
	filled := func() string {
		dsn := file("filled.db")
		s, err := Open(t.Context(), dsn)
		require.NoError(t, err)
		books{t, s}.opened("a", 100).held("a", noon, noLimits)
		require.NoError(t, s.Close())
		return dsn
	}
	changed := func(statement string) string {
		dsn := filled()
		writer, reader, err := openSQLite(t.Context(), strings.TrimPrefix(dsn, "sqlite:"), options{})
		require.NoError(t, err)
		_, err = writer.ExecContext(t.Context(), statement)
		require.NoError(t, err)
		require.NoError(t, errors.Join(writer.Close(), reader.Close()))
		return dsn
	}
	same, open := filled(), filled()
	s, err := Open(t.Context(), open)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	for _, c := range []struct{ name, from, to, want string }{
		{"a file that is not there", file("none.db"), file("new.db"), "name an SQLite file that is there"},
		{"itself", same, same, "copied to itself"},
		{"into one that is in use for long", filled(), filled(), "it must be empty"},
		{"an older schema", "sqlite:" + fileOf(t, 5, "SELECT 1"), file("new.db"), "has version 5, this program's is"},
		{"a newer schema", changed(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`), file("new.db"), "has version 99"},
		{"sums that do not agree", changed(`UPDATE usage_counters SET used = used + 1`), file("new.db"), "do not agree, so that nothing is copied"},
		{"a worker is running", open, file("new.db"), "is in use: stop every worker"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := strings.TrimPrefix(c.from, "sqlite:")
			_, missing := os.Stat(path)
			_, err := Copy(t.Context(), Address{DSN: c.from}, Address{DSN: c.to}, nil)
			require.ErrorContains(t, err, c.want)
			if _, err := os.Stat(path); missing != nil {
				require.ErrorIs(t, err, os.ErrNotExist, "nothing is created where a name is wrong")
				return
			}
			var moved *MovedError
			if again, err := Open(t.Context(), c.from); err == nil {
				require.NoError(t, again.Close())
			} else {
				require.NotErrorAs(t, err, &moved, "it is not locked")
			}
		})
	}
}

// TestADatabaseThatCannotBeCopied is the same for a PostgreSQL ledger on either side.
func TestADatabaseThatCannotBeCopied(t *testing.T) {
	ofPostgreSQL(t)
	file := func() Address { return Address{DSN: filepath.Join(t.TempDir(), "file.db")} }
	filled := func(at Address) Address {
		s, err := Open(t.Context(), at.DSN)
		require.NoError(t, err)
		books{t, s}.opened("a", 100)
		require.NoError(t, s.Close())
		return at
	}
	newer := filled(Address{DSN: shared(t)})
	s, err := Open(t.Context(), newer.DSN)
	require.NoError(t, err)
	_, err = s.writer.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	for _, c := range []struct {
		name     string
		from, to Address
		want     string
	}{
		{"into one that is in use for long", filled(file()), filled(Address{DSN: shared(t)}), "it must be empty"},
		{"one that is none", Address{DSN: shared(t)}, file(), "there is no ledger in the schema"},
		{"a newer schema", newer, file(), "has version 99"},
	} {
		_, err := Copy(t.Context(), c.from, c.to, nil)
		require.ErrorContains(t, err, c.want, c.name)
		require.NotErrorAs(t, err, new(*MovedError), c.name)
	}
	used := shared(t)
	b := newBooks(t, used).opened("a", 100)
	_, err = Copy(t.Context(), Address{DSN: used}, file(), nil)
	require.ErrorContains(t, err, "in use by", "a worker is running")
	b.held("a", noon, noLimits)
}

func TestSomebodyElsesFileIsNotChangedToSeeWhetherItCanBeCopied(t *testing.T) {
	ofSQLite(t)
	file := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", file+"?_journal_mode=WAL")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `CREATE TABLE orders (id)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	require.EqualValues(t, 2, before[18], "it has a write-ahead log")

	_, err = Copy(t.Context(), Address{DSN: file}, Address{DSN: filepath.Join(t.TempDir(), "new.db")}, nil)
	require.ErrorContains(t, err, "an SQLite file of another program")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
}
