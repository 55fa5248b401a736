package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// journal writes the line of one of the ledger's own steps, once, and tells
// whether it was new: a step that finds its line is a replay. Steps that can
// happen several times carry a number or a day.
func (t *tx) journal(key ledger.Key, at time.Time, step, text string) (bool, error) {
	return t.line(key, at, step, step, text)
}

func (t *tx) line(key ledger.Key, at time.Time, once, step, text string) (bool, error) {
	if at.IsZero() {
		return false, fmt.Errorf("ledger: %s: %q has no time: give the workflow's", key, step)
	}
	n, err := t.exec(`INSERT INTO journal (account, id, at, once, step, text) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (account, id, once) DO NOTHING`, key.Account, key.ID, micros(at), asKey(once), step, text)
	return n == 1, err
}

// written tells whether one of two lines is there already.
func (t *tx) written(key ledger.Key, once, or string) (bool, error) {
	var one int
	return t.get([]any{&one}, `SELECT 1 FROM journal WHERE account = ? AND id = ? AND once IN (?, ?) LIMIT 1`,
		key.Account, key.ID, asKey(once), asKey(or))
}

// Note adds a line to the journal of an opened refund. Its key begins with a
// word that no step of the ledger begins with, so that no note passes for one.
func (s *Store) Note(ctx context.Context, key ledger.Key, at time.Time, step, text string) error {
	digest := sha256.Sum256([]byte(step + "\x00" + text))
	return s.write(ctx, func(t *tx) error {
		if _, err := t.load(key); err != nil {
			return err
		}
		_, err := t.line(key, at, "note "+hex.EncodeToString(digest[:]), step, text)
		return err
	})
}

// Journal returns the lines of one refund, oldest first. A key without an ID
// asks for the lines of the account itself: flags put up and taken down.
func (s *Store) Journal(ctx context.Context, key ledger.Key) ([]ledger.Entry, error) {
	var lines []ledger.Entry
	err := s.read(ctx, func(t *tx) error {
		lines = nil
		return t.each(func(scan func(...any) error) error {
			line := ledger.Entry{Key: key}
			var at int64
			err := scan(&line.Seq, &at, &line.Step, &line.Text)
			line.At = fromMicros(at)
			lines = append(lines, line)
			return err
		}, `SELECT seq, at, step, text FROM journal WHERE account = ? AND id = ? ORDER BY seq`, key.Account, key.ID)
	})
	if err == nil && len(lines) == 0 && key.ID != "" {
		err = fmt.Errorf("%w: %s", ledger.ErrUnknown, key) // an opened one has a line
	}
	return lines, err
}

// Refund returns what is written of one refund, or [ledger.ErrUnknown].
func (s *Store) Refund(ctx context.Context, key ledger.Key) (ledger.Record, error) {
	var record ledger.Record
	err := s.glance(ctx, func(t *tx) error {
		r, err := t.load(key)
		if err == nil {
			record = r.Record
		}
		return err
	})
	return record, err
}

// refuse journals what contradicts the books, once, and makes it the answer of
// the transaction, which is committed.
func (t *tx) refuse(at time.Time, claim string, verdict *ledger.ContradictionError) error {
	_, err := t.journal(verdict.Key, at, "contradiction: "+claim, verdict.Error())
	t.verdict = verdict
	return err
}
