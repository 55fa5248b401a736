package sqlstore

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// review is an audit as it is stored.
type review struct {
	ledger.AuditEntry
	amount refund.Fen // of the verdict
}

func (v review) answer() ledger.AuditAnswer {
	return ledger.AuditAnswer{Verdict: providers.AuditVerdict{Decision: v.Decision, Amount: v.amount}, Why: v.Why}
}

const auditColumns = `merchant, platform_refund_id, account, order_key, amount, refund_account, refund_id,
	decision, verdict_amount, why, decided_by, asked, first_at, last_at`

func scanAudit(scan func(...any) error) (review, error) {
	var v review
	var first, last int64
	err := scan(&v.Merchant, &v.PlatformRefundID, &v.Account, &v.OrderKey, &v.Amount, &v.Key.Account, &v.Key.ID,
		&v.Decision, &v.amount, &v.Why, &v.By, &v.Asked, &first, &last)
	v.At, v.Last = fromMicros(first), fromMicros(last)
	return v, err
}

// audit reads one, or nil.
func (t *tx) audit(merchant, platformRefundID string) (*review, error) {
	var known *review
	err := t.each(func(scan func(...any) error) error {
		v, err := scanAudit(scan)
		known = &v
		return err
	}, `SELECT `+auditColumns+` FROM audits WHERE merchant = ? AND platform_refund_id = ?`, merchant, platformRefundID)
	return known, err
}

// saveAudit writes an audit, asked at the given time; zero for not asked. The same
// time again is a replay.
func (t *tx) saveAudit(v review, asked time.Time) error {
	if asked.After(v.Last) {
		v.Asked, v.Last = v.Asked+1, asked
	}
	_, err := t.exec(`INSERT INTO audits (`+auditColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (merchant, platform_refund_id) DO UPDATE SET order_key = excluded.order_key, amount = excluded.amount,
			refund_account = excluded.refund_account, refund_id = excluded.refund_id, decision = excluded.decision,
			verdict_amount = excluded.verdict_amount, why = excluded.why, decided_by = excluded.decided_by,
			asked = excluded.asked, last_at = excluded.last_at`,
		v.Merchant, v.PlatformRefundID, v.Account, v.OrderKey, v.Amount, v.Key.Account, v.Key.ID,
		v.Decision, v.amount, v.Why, v.By, v.Asked, micros(v.At), micros(v.Last))
	return err
}

// Audits lists the questions, newest first; "" means those of all merchants.
func (s *Store) Audits(ctx context.Context, merchant string) ([]ledger.AuditEntry, error) {
	var list []ledger.AuditEntry
	err := s.read(ctx, func(t *tx) error {
		list = nil
		return t.each(func(scan func(...any) error) error {
			v, err := scanAudit(scan)
			list = append(list, v.AuditEntry)
			return err
		}, `SELECT `+auditColumns+` FROM audits WHERE ? = '' OR merchant = ? ORDER BY first_at DESC, merchant, platform_refund_id`, merchant, merchant)
	})
	return list, err
}
