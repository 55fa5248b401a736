package sqlstore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// batchArguments bounds what one statement carries: SQLite takes 32766, PostgreSQL 65535.
const batchArguments = 16000

// sum counts the lines of a table and adds up the digests of each: the order in which
// an engine tells them does not matter.
type sum struct {
	lines  int64
	digest [4]uint64
}

// add takes a line. Each value is told with its type and length, so that no two lines
// look alike.
func (s *sum) add(columns []string, line []any) {
	hash := sha256.New()
	for i, value := range line {
		text := fmt.Sprint(value)
		fmt.Fprintf(hash, "%s %T %d %s\n", columns[i], value, len(text), text)
	}
	digest := hash.Sum(nil)
	for i := range s.digest {
		s.digest[i] += binary.BigEndian.Uint64(digest[8*i:])
	}
	s.lines++
}

// copyTable copies a table, reads the copy, and compares. It returns the number of lines.
func copyTable(from, to *tx, table string, report Progress) (int64, error) {
	columns, err := from.columns(table)
	if err != nil {
		return 0, err
	}
	var read, written sum
	b := batch{to: to, into: "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ",
		line: "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"}
	err = from.lines(table, columns, func(line []any) error {
		read.add(columns, line)
		if err := b.add(line); err != nil {
			return err
		}
		if b.lines == 0 && report != nil {
			report(table, read.lines)
		}
		return nil
	})
	if err == nil {
		err = b.flush()
	}
	if err != nil {
		return 0, err
	}
	if report != nil {
		report(table, read.lines)
	}
	if err := to.lines(table, columns, func(line []any) error { written.add(columns, line); return nil }); err != nil {
		return 0, err
	}
	if read != written {
		return 0, fmt.Errorf("ledger: %d lines were read, and the %d that were written are others", read.lines, written.lines)
	}
	return read.lines, nil
}

// batch collects lines for one statement.
type batch struct {
	to         *tx
	into, line string
	args       []any
	lines      int
}

func (b *batch) add(line []any) error {
	b.args = append(b.args, line...)
	b.lines++
	if len(b.args)+len(line) <= batchArguments {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	if b.lines == 0 {
		return nil
	}
	query := b.into + strings.TrimSuffix(strings.Repeat(b.line+", ", b.lines), ", ")
	_, err := b.to.sql.ExecContext(b.to.ctx, b.to.rebind(query), b.args...) // not exec: texts are in their stored form already
	b.args, b.lines = b.args[:0], 0
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// columns are the names of a table's columns.
func (t *tx) columns(table string) ([]string, error) {
	rows, err := t.sql.QueryContext(t.ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return columns, rows.Err()
}

// lines reads a whole table, its texts in their stored form. Integers and text are all
// there is in one.
func (t *tx) lines(table string, columns []string, each func([]any) error) error {
	return t.each(func(scan func(...any) error) error {
		line, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range line {
			into[i] = &line[i]
		}
		if err := scan(into...); err != nil {
			return err
		}
		for i, value := range line {
			if text, ok := value.([]byte); ok {
				line[i] = string(text)
			}
			if text, ok := line[i].(string); ok && (!utf8.ValidString(text) || strings.Contains(text, "\x00")) {
				line[i] = stored(text) // of an SQLite ledger from before there was such a form
			}
			if text, ok := line[i].(string); ok && len(text) > keyMost && columns[i] == "once" {
				line[i] = stored(asKey(original(text))) // likewise
			}
		}
		return each(line)
	}, "SELECT "+strings.Join(columns, ", ")+" FROM "+table)
}
