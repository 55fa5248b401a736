package callback

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

// auditMargin is what an audit's answer needs for the way back.
const auditMargin = 500 * time.Millisecond

// A platform asks within milliseconds of accepting a refund, often before the
// acceptance is in the books, and "not decided yet" costs minutes: so long an
// answer waits for it, looking again after each pause.
const (
	acceptanceWait  = 800 * time.Millisecond
	acceptancePause = 50 * time.Millisecond
)

func (h *handler) audits(p providers.Provider) receiver {
	a, ok := p.(providers.Auditor)
	if !ok {
		return receiver{}
	}
	return receiver{limit: min(bookTime, a.AuditDeadline()-auditMargin), answer: func(ctx context.Context, m message) providers.Reply {
		return a.AuditReply(h.audited(ctx, a, m))
	}}
}

// audited answers a question from the books; nil makes the platform ask again. The
// books being out of reach is no reason to decide anything: only they may approve,
// and only a person refuses.
func (h *handler) audited(ctx context.Context, a providers.Auditor, m message) *providers.AuditVerdict {
	q, err := a.Audit(m.Callback)
	if err != nil {
		m.refused(err)
		return nil
	}
	m.log = m.log.WithField("platform_refund", q.PlatformRefundID)
	answer, err := h.decide(ctx, ledger.AuditQuestion{
		Merchant: m.rules.Merchant, Account: m.account, PlatformRefundID: q.PlatformRefundID,
		OrderKey: m.rules.OrderKey.Of(q.Order), Amount: q.Amount, At: h.Now(),
		MerchantOrder: q.Order.MerchantID, Payer: q.Order.UserID,
	})
	if err != nil {
		m.log.WithError(err).Error("an audit could not be decided; the platform will ask again")
		if q.Amount == 0 {
			return nil // a verdict names an amount, and nobody knows it
		}
		return &providers.AuditVerdict{Decision: providers.AuditUndecided, Amount: q.Amount}
	}
	m.log = m.log.WithFields(logrus.Fields{"decision": answer.Verdict.Decision, "reason": answer.Why})
	if answer.Alert {
		m.log.WithField("alert", true).Error("an audit needs a person")
	} else {
		m.log.Info("an audit was answered")
	}
	return &answer.Verdict
}

// decide asks the books, and asks again while nothing but the refund's acceptance
// is missing there. The question stays the same one, so that it counts once.
func (h *handler) decide(ctx context.Context, q ledger.AuditQuestion) (ledger.AuditAnswer, error) {
	enough := time.NewTimer(acceptanceWait)
	defer enough.Stop()
	for {
		answer, err := h.Books.DecideAudit(ctx, q)
		if err != nil || answer.Alert || answer.Verdict.Decision != providers.AuditUndecided {
			return answer, err
		}
		select {
		case <-enough.C:
			return answer, nil
		case <-ctx.Done():
			return answer, nil
		case <-time.After(acceptancePause):
		}
	}
}
