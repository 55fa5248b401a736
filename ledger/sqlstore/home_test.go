package sqlstore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// tale is what is heard of a new home.
type tale struct {
	open  int
	until time.Time
}

func hears(told *[]tale) Option {
	return NewHome(func(open int, until time.Time) { *told = append(*told, tale{open, until}) })
}

// homes are the places that a ledger knows.
func (b books) homes() (known []string) {
	b.Helper()
	require.NoError(b, b.read(b.Context(), func(t *tx) error {
		known = nil
		return t.each(func(scan func(...any) error) error {
			var home string
			err := scan(&home)
			known = append(known, home)
			return err
		}, `SELECT home FROM homes ORDER BY since`)
	}))
	return known
}

// moveAway makes the ledger believe that it has lived elsewhere.
func (b books) moveAway() {
	b.Helper()
	b.does(`UPDATE homes SET home = 'elsewhere'`)
}

// dumpAndRestore does to the table what a dump and its restore in the same database do.
func (b books) dumpAndRestore() {
	b.Helper()
	b.does(`CREATE TABLE anew (LIKE homes INCLUDING ALL)`, `INSERT INTO anew SELECT * FROM homes`, `DROP TABLE homes`, `ALTER TABLE anew RENAME TO homes`)
}

func (b books) does(statements ...string) {
	b.Helper()
	for _, statement := range statements {
		_, err := b.writer.ExecContext(b.Context(), statement)
		require.NoError(b, err)
	}
}

// TestALedgerInANewHomeIsARestoredOne: whoever finds it so, by opening it or by a new
// connection of a store that has been open for long.
func TestALedgerInANewHomeIsARestoredOne(t *testing.T) {
	ofPostgreSQL(t)
	opening := func(_ books, open func() books) { open() }
	connecting := func(old books, _ func() books) {
		old.writer.SetMaxIdleConns(-1) // the old ones end
		require.NoError(old, old.writer.PingContext(old.Context()))
	}
	pooled := func(old books, _ func() books) { require.NoError(old, old.writer.PingContext(old.Context())) }
	for name, c := range map[string]struct {
		settings string
		move     func(books)
		find     func(old books, open func() books)
	}{
		"on another server, when it is opened":   {"", books.moveAway, opening},
		"on another server, by a new connection": {"", books.moveAway, connecting},
		"from a dump, when it is opened":         {"", books.dumpAndRestore, opening},
		"from a dump, by a new connection":       {"", books.dumpAndRestore, connecting},
		"behind a pooler, by an old connection":  {"&default_query_exec_mode=exec", books.moveAway, pooled},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := shared(t) + c.settings
			var told []tale
			open := func() books {
				s, err := Open(t.Context(), dsn, hears(&told))
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, s.Close()) })
				return books{t, s}
			}
			b := open().opened("open", 100).opened("sent", 100).sent("sent", noon)
			open()
			require.Empty(t, told, "it lives where it was made")
			require.Len(t, b.homes(), 1)

			c.move(b)
			before := time.Now()
			c.find(b, open)
			require.Len(t, told, 1)
			b = open()
			require.Len(t, told, 1, "it is said once")
			require.Equal(t, 1, told[0].open, "what is being sent asks anyhow")
			require.WithinRange(t, told[0].until, before.Add(askAfterMove), time.Now().Add(askAfterMove))
			require.Len(t, b.homes(), 2)
			require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend("open", noon))
			require.Equal(t, ledger.Permit{Doubt: true}, b.opened("new", 100).beginSend("new", noon))
			b.balanced()
		})
	}
}

// TestAHomeIsNeitherCopiedNorHeededWhereTheBooksHaveLeft: what has moved is no restored
// ledger, whatever server shows it, and what is copied was made where it is.
func TestAHomeIsNeitherCopiedNorHeededWhereTheBooksHaveLeft(t *testing.T) {
	ofPostgreSQL(t)
	from, to := shared(t), shared(t)
	b := newBooks(t, from)
	full(t, from)
	b.moveAway()
	homes := b.homes()
	b.writer.SetMaxIdleConns(-1) // for Copy nobody is there
	b.reader.SetMaxIdleConns(-1)
	_, err := Copy(t.Context(), Address{DSN: from}, Address{DSN: to}, nil)
	require.NoError(t, err)
	onlyMoved(t, from, to, false)
	next := newBooks(t, to)
	require.Len(t, next.homes(), 1)
	require.NotContains(t, next.homes(), homes[0])
}

// TestAServerThatDoesNotTellWhereItIsIsUsedAllTheSame: some owners permit it to no user.
func TestAServerThatDoesNotTellWhereItIsIsUsedAllTheSame(t *testing.T) {
	s := ofPostgreSQL(t)
	run := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			_, err := s.db.ExecContext(context.Background(), statement)
			require.NoError(t, err)
		}
	}
	run(`CREATE ROLE refundflow_test_blind LOGIN`, `CREATE SCHEMA blind AUTHORIZATION refundflow_test_blind`,
		`COMMENT ON SCHEMA blind IS '`+claimMark+`'`, `REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC`)
	t.Cleanup(func() {
		run(`GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC`, `DROP SCHEMA blind CASCADE`, `DROP ROLE refundflow_test_blind`)
	})
	store, err := Open(t.Context(), strings.Replace(s.with("search_path", "blind"), "//"+s.address.User.String()+"@", "//refundflow_test_blind@", 1))
	require.NoError(t, err)
	defer store.Close()
	b := books{t, store}.opened("a", 100)
	require.Empty(t, b.homes())
	require.True(t, b.beginSend("a", noon).Send)
}
