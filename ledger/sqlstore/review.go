package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// DecideAudit answers the platform's question whether a refund is wanted. The
// table of answers is inferred: see the protocol notes, docs/protocols/baidu.md
// §6.1. It never refuses, since a refusal may be for ever: a person does that.
func (s *Store) DecideAudit(ctx context.Context, q ledger.AuditQuestion) (ledger.AuditAnswer, error) {
	if err := checkQuestion(q); err != nil {
		return ledger.AuditAnswer{}, fmt.Errorf("ledger: an audit: %w", err)
	}
	var answer ledger.AuditAnswer
	err := s.write(ctx, func(t *tx) error {
		known, err := t.audit(q.Merchant, q.PlatformRefundID)
		if err != nil {
			return err
		}
		if known != nil && known.Decision != providers.AuditUndecided {
			answer = known.answer()
			// The answer stands, whatever is asked now: the platform has heard it.
			if why := changed(known.AuditQuestion, q); why != "" {
				answer.Alert = true
				answer.Why += "; " + why
			}
			if known.Decision == providers.AuditApprove && known.Key != (ledger.Key{}) {
				r, err := t.load(known.Key)
				if err != nil {
					return err
				}
				now := known.AuditQuestion
				now.MerchantOrder, now.Payer = q.MerchantOrder, q.Payer
				if why := doubt(r, now); why != "" {
					answer.Alert = true // and may now be wrong
					answer.Why += "; since then " + why
				}
			}
			return t.saveAudit(*known, q.At)
		}
		found, err := t.judge(q)
		if err != nil {
			return err
		}
		next := review{AuditEntry: ledger.AuditEntry{AuditQuestion: q, Key: found.key, Decision: found.Verdict.Decision, Why: found.Why},
			amount: found.Verdict.Amount}
		if known != nil {
			next.At, next.Asked, next.Last = known.At, known.Asked, known.Last
		}
		if answer = found.AuditAnswer; found.foreign {
			if _, err := t.noteForeign(ledger.ForeignRefund{Merchant: q.Merchant, Account: q.Account, PlatformRefundID: q.PlatformRefundID,
				OrderKey: q.OrderKey, Amount: q.Amount, State: providers.ResultProcessing, First: q.At, Last: q.At}); err != nil {
				return err
			}
		}
		if next.Decision == providers.AuditApprove {
			if err := t.bind(found.key, q); err != nil {
				return err
			}
		}
		if err := t.auditLine(q, q.At, string(next.Decision), next.Why); err != nil {
			return err
		}
		return t.saveAudit(next, q.At)
	})
	return answer, err
}

// changed says how a question differs from what was asked before under its number;
// "" when it does not.
func changed(before, now ledger.AuditQuestion) string {
	switch {
	case before.OrderKey != now.OrderKey && before.OrderKey != "" && now.OrderKey != "":
		return fmt.Sprintf("it was asked about order %s then and is asked about order %s now", refund.CleanText(before.OrderKey), refund.CleanText(now.OrderKey))
	case differ(before.Amount, now.Amount):
		return fmt.Sprintf("it was asked for %s then and is asked for %s now", before.Amount, now.Amount)
	}
	return ""
}

func checkQuestion(q ledger.AuditQuestion) error {
	switch {
	case q.Merchant == "" || q.Account == "":
		return errors.New("no Merchant or no Account: give the account's name and its Rules().Merchant")
	case q.PlatformRefundID == "":
		return errors.New("no PlatformRefundID: without it the answer cannot be remembered")
	case q.At.IsZero():
		return errors.New("no At: give the time of the question")
	}
	return checkAmount("AuditQuestion.Amount", q.Amount)
}

// bind gives the approved refund the platform's number, where it had none.
func (t *tx) bind(key ledger.Key, q ledger.AuditQuestion) error {
	r, err := t.load(key)
	if err != nil {
		return err
	}
	if _, err := t.learn(r, q.At, q.PlatformRefundID); err != nil {
		return err
	}
	if _, err := t.journal(key, q.At, "audit approved", "the platform asked for "+refund.CleanText(q.PlatformRefundID)+" whether it is wanted"); err != nil {
		return err
	}
	return t.save(r)
}

// auditLine journals a decision under the account, each decision and reason once.
func (t *tx) auditLine(q ledger.AuditQuestion, at time.Time, decision, why string) error {
	_, err := t.line(ledger.Key{Account: q.Account}, at, fmt.Sprintf("audit %s %s %s %s", q.Merchant, q.PlatformRefundID, decision, why),
		"audit "+decision, fmt.Sprintf("platform refund %s of order %s with %s: %s", refund.CleanText(q.PlatformRefundID),
			refund.CleanText(q.OrderKey), q.Amount, why))
	return err
}

// SettleAudit is a person's decision on a question that was left undecided. A
// refund of this register speaks for itself: its question can only be refused, and
// only after that refund has ended.
func (s *Store) SettleAudit(ctx context.Context, merchant, platformRefundID string, decision providers.AuditDecision, by, note string, at time.Time) error {
	if decision != providers.AuditApprove && decision != providers.AuditRefuse {
		return fmt.Errorf("ledger: settling an audit: the decision is %q: give %q or %q", decision, providers.AuditApprove, providers.AuditRefuse)
	}
	if by == "" {
		return errors.New("ledger: settling an audit: by is missing: name the person who decides")
	}
	return s.write(ctx, func(t *tx) error {
		known, err := t.audit(merchant, platformRefundID)
		switch {
		case err != nil:
			return err
		case known == nil:
			return fmt.Errorf("%w: merchant %s was not asked about %s", ledger.ErrUnknown, merchant, refund.CleanText(platformRefundID))
		case known.Decision == decision:
			return nil
		case known.Decision != providers.AuditUndecided:
			return t.objectToAudit(*known, decision, by, at)
		}
		found, err := t.judge(known.AuditQuestion)
		if err != nil {
			return err
		}
		switch {
		case found.key != (ledger.Key{}) && (decision == providers.AuditApprove || found.open):
			return fmt.Errorf("ledger: audit %s belongs to refund %s: it is answered by that refund, and can be refused by hand only after it has ended",
				refund.CleanText(platformRefundID), found.key)
		case decision == providers.AuditApprove && known.Amount == 0:
			return fmt.Errorf("ledger: audit %s names no amount, and an approval must: decide it in the platform's console",
				refund.CleanText(platformRefundID))
		}
		known.Key, known.Decision, known.By, known.amount = found.key, decision, by, known.Amount
		known.Why = "decided by " + by
		if note != "" {
			known.Why += ": " + refund.CleanText(note)
		}
		if err := t.auditLine(known.AuditQuestion, at, string(decision), known.Why); err != nil {
			return err
		}
		return t.saveAudit(*known, time.Time{})
	})
}

// objectToAudit journals a decision against a decision, and makes it the answer.
func (t *tx) objectToAudit(known review, wanted providers.AuditDecision, by string, at time.Time) error {
	t.verdict = &ledger.AuditDecidedError{Merchant: known.Merchant, PlatformRefundID: known.PlatformRefundID, Booked: known.Decision, Wanted: wanted}
	return t.auditLine(known.AuditQuestion, at, "contradiction", fmt.Sprintf("%s wants to %s, but the answer is %s", by, wanted, known.Decision))
}
