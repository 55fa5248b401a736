package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Approve remembers who has approved an open refund; twice is once.
func (s *Store) Approve(ctx context.Context, key ledger.Key, at time.Time, by string) error {
	if by == "" {
		return fmt.Errorf("ledger: approving %s: nobody is named", key)
	}
	if at.IsZero() {
		return fmt.Errorf("ledger: approving %s: it has no time: give the workflow's", key)
	}
	if err := tooLong("the name of who approves "+key.String(), by); err != nil {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		if _, err := t.loadOpen(key, "be approved"); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO approvals (account, id, by_name, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (account, id, by_name) DO NOTHING`, key.Account, key.ID, by, micros(at))
		return err
	})
}

// SpendSeal uses a signature up for a claim, and reports whether it was unused, or
// used by the same claim: a step that is repeated finds its own.
func (s *Store) SpendSeal(ctx context.Context, key ledger.Key, at time.Time, signature, claim string) (bool, error) {
	if signature == "" || claim == "" {
		return false, errors.New("ledger: a seal is spent with its signature and a claim")
	}
	if err := tooLong("the signature of a decision on "+key.String(), signature); err != nil {
		return false, err
	}
	ours := false
	err := s.write(ctx, func(t *tx) error {
		if _, err := t.load(key); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO spent_seals (account, id, signature, claim, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (account, id, signature) DO NOTHING`, key.Account, key.ID, signature, claim, micros(at)); err != nil {
			return err
		}
		var by string
		_, err := t.get([]any{&by}, `SELECT claim FROM spent_seals WHERE account = ? AND id = ? AND signature = ?`,
			key.Account, key.ID, signature)
		ours = by == claim
		return err
	})
	return ours, err
}

// approvers are those who have approved, in order.
func (t *tx) approvers(key ledger.Key) (names []string, err error) {
	err = t.each(func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	}, `SELECT by_name FROM approvals WHERE account = ? AND id = ? ORDER BY at, by_name`, key.Account, key.ID)
	return names, err
}

// demanded reads the approval that a refund was opened with.
func demanded(key ledger.Key, text string) (*refund.Approval, error) {
	if text == "" {
		return nil, nil
	}
	var a refund.Approval
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, fmt.Errorf("ledger: the stored approval of %s cannot be read: %w", key, err)
	}
	return &a, nil
}
