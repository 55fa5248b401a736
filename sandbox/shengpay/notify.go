package shengpay

import (
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// notifyLadder is at most ten attempts at growing pauses (§4.2); how long the pauses are is not documented.
var notifyLadder = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute,
	30 * time.Minute, time.Hour, 6 * time.Hour, 12 * time.Hour}

// settled gives back what a failed refund had drawn and tells the merchant.
func (b *book) settled(r *refund, post func(stage.Letter)) {
	m := b.merchants[r.Order.Merchant]
	if r.Status == control.Failed {
		*m.balance(r.Own.From) += r.Own.Drawn
	}
	if r.Own.NotifyURL == "" { // made in the console
		return
	}
	post(stage.Letter{Platform: b.Platform, Kind: "refund notification", OrderID: r.Order.PlatformID, RefundNo: r.Number,
		URL: r.Own.NotifyURL, ContentType: "application/json; charset=utf-8", Body: b.notification(m, r), Ladder: notifyLadder})
}

// notification is the body of §4.2. refundStatus, refundOrderNo and refundId were seen in a working handler; the rest of the set
// is assumed there.
func (b *book) notification(m *merchant, r *refund) []byte {
	fields := map[string]any{"returnCode": "SUCCESS", "returnMsg": "OK", "resultCode": "SUCCESS", "appId": m.AppID, "mchId": m.MchID,
		"transactionId": r.Order.PlatformID, "outTradeNo": r.Order.MerchantID, "refundId": r.PlatformRefundID,
		"refundFee": r.Amount, "settlementRefundFee": r.Amount - r.Coupon, "totalFee": r.Order.Total, "refundStatus": b.status(r)}
	if b.settings.RefundNoAs != asOutRefundNo {
		fields["refundOrderNo"] = r.Number
	}
	if b.settings.RefundNoAs != asRefundOrderNo {
		fields["outRefundNo"] = r.Number
	}
	return b.seal(fields, true)
}

// Answered takes a notification as received only by HTTP 200 with the bare word SUCCESS (§4.2).
func (p *Platform) Answered(_ stage.Letter, status int, body []byte) string {
	switch {
	case status != http.StatusOK:
		return "the HTTP status is not 200"
	case string(body) != "SUCCESS":
		return "the body is not the bare word SUCCESS"
	}
	return ""
}
