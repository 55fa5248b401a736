package sqlstore

import (
	"fmt"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// judgement is the answer to a question by what the books say now.
type judgement struct {
	ledger.AuditAnswer
	// key is the refund that is asked about, as far as is known; open: it has not ended.
	key  ledger.Key
	open bool
	// foreign: it was not made here.
	foreign bool
}

// judge finds the refund that is asked about, by the platform's number or, when
// that is not known yet, by its order, and whether it is still wanted as asked.
func (t *tx) judge(q ledger.AuditQuestion) (judgement, error) {
	r, err := maybe(t.byPlatformRefund(q.Merchant, q.PlatformRefundID))
	if err != nil {
		return judgement{}, err
	}
	named := r != nil
	if !named {
		if r, err = maybe(t.inFlight(q.Merchant, q.OrderKey)); err != nil {
			return judgement{}, err
		}
	}
	switch {
	case r == nil:
		return stranger(q, "no refund of this order was sent from here"), nil
	case !named && r.PlatformRefundID != "":
		return stranger(q, "refund %s of the same order is the platform's %s, and one refund is paid once",
			r.Key, refund.CleanText(r.PlatformRefundID)), nil
	}
	found := judgement{key: r.Key, open: r.Status == ledger.Open}
	found.Verdict = providers.AuditVerdict{Decision: providers.AuditUndecided, Amount: r.Amount}
	if found.Why = doubt(r, q); found.Why != "" {
		found.Alert = true
		return found, nil
	}
	if !named && r.Sending != ledger.Done {
		found.Why = fmt.Sprintf("refund %s was sent, and its acceptance is not written yet", r.Key)
		return found, nil
	}
	found.Verdict.Decision = providers.AuditApprove
	found.Why = fmt.Sprintf("refund %s asked for it", r.Key)
	return found, nil
}

// doubt is why a person must look before the refund is approved; "" when nothing is.
func doubt(r *row, q ledger.AuditQuestion) string {
	switch {
	case q.OrderKey != "" && q.OrderKey != r.orderKey:
		return fmt.Sprintf("refund %s is of order %s, asked is about order %s", r.Key, r.orderKey, refund.CleanText(q.OrderKey))
	case q.MerchantOrder != "" && r.Request.Order.MerchantID != "" && q.MerchantOrder != r.Request.Order.MerchantID:
		return fmt.Sprintf("refund %s is of the merchant's order %s, asked is about %s", r.Key, r.Request.Order.MerchantID, refund.CleanText(q.MerchantOrder))
	case q.Payer != "" && r.Request.Order.UserID != "" && q.Payer != r.Request.Order.UserID:
		return fmt.Sprintf("asked is about another payer than that of refund %s", r.Key) // personal: unnamed
	case r.Status != ledger.Open && r.Status != ledger.Succeeded:
		return fmt.Sprintf("refund %s is %s", r.Key, r.Status)
	case r.Status == ledger.Succeeded && r.endedBy != "":
		return fmt.Sprintf("refund %s was ended by %s, perhaps because it was paid in another way", r.Key, r.endedBy)
	case r.Evidence != nil && (r.Evidence.Contradicted || r.Evidence.State == providers.ResultFailed):
		return fmt.Sprintf("the platform has reported that refund %s failed", r.Key)
	case q.Amount == 0 && !r.Request.Full():
		return fmt.Sprintf("the question names no amount, and refund %s of %s is a part", r.Key, r.Amount)
	case differ(q.Amount, r.Amount):
		return fmt.Sprintf("refund %s is of %s, asked is about %s", r.Key, r.Amount, q.Amount)
	}
	return ""
}

func stranger(q ledger.AuditQuestion, why string, args ...any) judgement {
	return judgement{foreign: true, AuditAnswer: ledger.AuditAnswer{Alert: true, Why: fmt.Sprintf(why, args...) + ": a person must decide",
		Verdict: providers.AuditVerdict{Decision: providers.AuditUndecided, Amount: q.Amount}}}
}
