package baidu

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/providers"
)

var _ providers.Auditor = (*Provider)(nil)

// auditDeadline is how long Baidu waits for the reply (§6.1, §12).
const auditDeadline = 2 * time.Second

// auditStatus of the audit reply (§6.1, §7).
type auditStatus int

const (
	auditApproved  auditStatus = 1
	auditRefused   auditStatus = 2 // the order becomes non-refundable, for ever
	auditUndecided auditStatus = 3 // Baidu asks again every 5 minutes
)

// Audit reads Baidu's question whether a refund is wanted (§6.1). It comes for
// refunds that nobody applied for here, too. Its Amount is 0 in the older edition,
// which knew refunds of whole orders only. For the key it needs see
// [Provider.Notification].
func (p *Provider) Audit(c providers.Callback) (providers.AuditQuestion, error) {
	f, err := p.receive(opAudit, c)
	if err != nil {
		return providers.AuditQuestion{}, err
	}
	// A notification looks like a question of the older edition.
	f.without("refundStatus", "notification")
	q := providers.AuditQuestion{
		PlatformRefundID: f.long("refundBatchId"), Order: f.order(), Amount: f.amount("applyRefundMoney"),
	}
	if err := f.failure(opAudit); err != nil {
		return providers.AuditQuestion{}, err
	}
	return q, nil
}

// AuditReply is JSON with HTTP 200. refundPayMoney is a number of fen, there
// whatever the decision, and what Baidu really pays (§6.1): an approval without an
// amount is therefore none. A nil or unknown verdict is answered with an errno
// that makes Baidu ask again, like [Provider.NotificationReply].
func (p *Provider) AuditReply(v *providers.AuditVerdict) providers.Reply {
	if v == nil || v.Amount < 0 {
		return notTaken()
	}
	var status auditStatus
	switch v.Decision {
	case providers.AuditApprove:
		if status = auditApproved; v.Amount == 0 {
			return notTaken()
		}
	case providers.AuditRefuse:
		status = auditRefused
	case providers.AuditUndecided:
		status = auditUndecided
	default:
		return notTaken()
	}
	return replyJSON(fmt.Sprintf(
		`{"errno":0,"msg":"success","data":{"auditStatus":%d,"calculateRes":{"refundPayMoney":%d}}}`, status, int64(v.Amount)))
}

// AuditDeadline is 2 s (§6.1).
func (p *Provider) AuditDeadline() time.Duration { return auditDeadline }
