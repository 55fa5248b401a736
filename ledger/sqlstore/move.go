package sqlstore

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3/database"
)

// tables are all that a ledger consists of, each after those that it refers to. Its homes
// are not among them: they are of one place.
var tables = []string{
	"accounts", "refunds", "holds", "usage_counters", "order_turns", "journal", "foreign_refunds", "audits",
	"waiters", "platform_words", "approvals", "spent_seals", "restores",
}

// A ledger that is copied elsewhere must not be written any more: two in use would
// break every limit. Its tables get triggers that stop every writer, whether it is
// running already or of an older version, and a table that says where it went. Both
// are made when they are needed and are no part of the schema: no version of the
// program can overlook the first, and none needs the second but this one.

// move is a line of that table: what is known of a ledger's way from or to a place.
type move struct {
	id    string
	state moveState
	place string
}

type moveState string

const (
	// expected, in the new place: a copy will come here. Only there a move can be taken back:
	// an empty ledger of the same name may be another one, on another machine or volume.
	expected moveState = "expected"
	leaving  moveState = "leaving" // locked; the copy may or may not be there
	left     moveState = "left"    // locked; the copy is there
	arrived  moveState = "arrived" // this is the copy
)

// MovedError says that the ledger was copied elsewhere and is not to be used any more.
type MovedError struct {
	// Place is the address it went to, without a password.
	Place string
	// Unfinished: the copying was broken off, or is still going on.
	Unfinished bool
}

func (e *MovedError) Error() string {
	if e.Unfinished {
		return "this ledger is being moved to " + e.Place + ": end that with `worker ledger copy`, or take it back with `worker ledger unlock`"
	}
	return "this ledger has moved to " + e.Place + ": let the setting ledger name that one"
}

// stay refuses a ledger that has left, or is about to.
func (s *Store) stay(ctx context.Context) error {
	var m *move
	err := s.read(ctx, func(t *tx) (err error) {
		m, err = t.departure(s.dialect)
		return err
	})
	if err != nil || m == nil {
		return err
	}
	return &MovedError{Place: m.place, Unfinished: m.state == leaving}
}

// departure is the move that takes this ledger elsewhere; nil when it stays.
func (t *tx) departure(d dialect) (*move, error) {
	known, err := t.has(d, "ledger_moves")
	if err != nil || !known {
		return nil, err
	}
	var m move
	found, err := t.get([]any{&m.id, &m.state, &m.place}, `SELECT id, state, place FROM ledger_moves WHERE state IN ('leaving', 'left')`)
	if err != nil || !found {
		return nil, err
	}
	return &m, nil
}

// came tells whether a move is known here in this state.
func (t *tx) came(d dialect, id string, state moveState) (bool, error) {
	known, err := t.has(d, "ledger_moves")
	if err != nil || !known {
		return false, err
	}
	var one int
	return t.get([]any{&one}, `SELECT 1 FROM ledger_moves WHERE id = ? AND state = ?`, id, state)
}

// has tells whether there is such a table.
func (t *tx) has(d dialect, table string) (bool, error) {
	query := `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`
	if d.postgres() {
		query = `SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?`
	}
	var n int
	_, err := t.get([]any{&n}, query, table)
	return n > 0, err
}

func (d dialect) postgres() bool { return d.goose == database.DialectPostgres }

// note writes a move down.
func (t *tx) note(m move) error {
	if _, err := t.exec(`CREATE TABLE IF NOT EXISTS ledger_moves (
			id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('expected', 'leaving', 'left', 'arrived')), place TEXT NOT NULL)`); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO ledger_moves (id, state, place) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state`, m.id, m.state, m.place)
	return err
}

// lock stops every writer from now on; who is in the middle of a transaction ends it first.
func (t *tx) lock(d dialect, m move) error {
	if err := t.note(m); err != nil {
		return err
	}
	text := "'" + strings.ReplaceAll("this ledger moves to "+m.place+" or has moved there: let the setting ledger name that one", "'", "''") + "'"
	return t.fences(d, func(trigger, action, table string) string {
		create := "CREATE TRIGGER " + trigger + " BEFORE " + action + " ON " + table
		if d.postgres() {
			return create + " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(" + text + ")"
		}
		return create + " BEGIN SELECT RAISE(ABORT, " + text + "); END"
	})
}

// unlock undoes lock.
func (t *tx) unlock(d dialect, m move) error {
	if err := t.fences(d, func(trigger, _, table string) string {
		if d.postgres() {
			return "DROP TRIGGER " + trigger + " ON " + table
		}
		return "DROP TRIGGER " + trigger
	}); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM ledger_moves WHERE id = ?`, m.id)
	return err
}

// fences runs a statement for each trigger that a lock consists of.
func (t *tx) fences(d dialect, statement func(trigger, action, table string) string) error {
	actions := map[string]string{"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}
	if d.postgres() {
		actions = map[string]string{"any": "INSERT OR UPDATE OR DELETE OR TRUNCATE"}
	}
	var all []string
	for _, table := range tables {
		for name, action := range actions {
			all = append(all, statement("moved_"+table+"_"+name, action, table))
		}
	}
	return t.all(all)
}

// all runs statements without arguments, as they are written.
func (t *tx) all(statements []string) error {
	for _, statement := range statements {
		if _, err := t.sql.ExecContext(t.ctx, statement); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	return nil
}

// placeOf names an address for people and for comparing: no password, no settings but
// the schema, and a file by its full path.
func placeOf(dsn string) string {
	if address, err := url.Parse(dsn); err == nil && address.Host != "" {
		place := url.URL{Scheme: "postgres", User: url.User(address.User.Username()), Host: address.Host, Path: address.Path}
		if schema := address.Query().Get("search_path"); schema != "" {
			place.RawQuery = url.Values{"search_path": {schema}}.Encode()
		}
		return place.String()
	}
	file := strings.TrimPrefix(dsn, "sqlite:")
	if full, err := filepath.Abs(file); err == nil && file != memory {
		file = full
	}
	return "sqlite:" + file
}
