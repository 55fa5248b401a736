package baidu

import (
	"net/url"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// The two letters of §6. Both are form-encoded, signed by the platform's key for the merchant, and to be answered within 2
// seconds.
const (
	auditLetter        = "refund audit"
	notificationLetter = "refund notification"
	answerTime         = 2 * time.Second
	// undecidedPause is when a merchant that answered auditStatus 3 is asked again, without limit (§6.1).
	undecidedPause = 5 * time.Minute
)

// retries are the pauses after an answer that is no answer; the last one repeats without limit (§6.1, §6.2).
var retries = []time.Duration{2 * time.Minute, 4 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

// postAudit asks the merchant whether a refund may go its way (§6.1). bizRefundBatchId is not among the fields.
func (b *book) postAudit(r *refund) {
	fields := map[string]string{"orderId": id(r.o.id), "userId": id(r.o.userID), "tpOrderId": r.o.tpOrderID, "refundBatchId": id(r.batchID)}
	if b.settings.AuditFields != control.Older {
		fields["applyRefundMoney"] = id(r.amount)
	}
	b.send(auditLetter, r, r.o.m.auditURL, fields)
}

// postNotification tells the merchant how a refund ended (§6.2), in this message's own numbers (§7).
func (b *book) postNotification(r *refund) {
	status := "1"
	if r.status == control.Failed {
		if b.settings.Notify == control.SuccessOnly {
			return
		}
		status = "2"
	}
	target := r.notifyURL
	if target == "" {
		target = r.o.m.notifyURL
	}
	if target == "" {
		return
	}
	fields := map[string]string{"orderId": id(r.o.id), "userId": id(r.o.userID), "tpOrderId": r.o.tpOrderID,
		"refundBatchId": id(r.batchID), "refundStatus": status}
	if b.settings.EmptyUser { // sent empty and signed as "userId=" (§9.3)
		fields["userId"], fields["tpOrderId"] = "", ""
	}
	b.send(notificationLetter, r, target, fields)
}

func (b *book) send(kind string, r *refund, target string, fields map[string]string) {
	form := url.Values{"rsaSign": {signature(r.o.m.platform, fields)}}
	for name, value := range fields {
		form.Set(name, value)
	}
	b.post(stage.Letter{Platform: platformName, Kind: kind, OrderID: id(r.o.id), RefundNo: r.bizID, URL: target,
		ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode()),
		Ladder: retries, Forever: true, Timeout: answerTime})
}

// askAgain repeats the question to merchants that could not decide yet. One that wants no audits any more is not asked: the
// refund goes its way.
func (b *book) askAgain(now time.Time) {
	for _, r := range slices.Clone(b.waiting) { // a decision takes the refund out of the list
		switch {
		case r.askAt.IsZero() || r.askAt.After(now):
		case r.o.m.auditURL == "":
			b.decide(r, approve, now)
		default:
			r.askAt = time.Time{}
			b.postAudit(r)
		}
	}
}
