package shengpay

import (
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// queryRefund serves /refund/queryRefundOrder (§4.1). The answer's field table was found nowhere: it is taken to be the
// refund's answer with the status (inferred).
func (b *book) queryRefund(m *merchant, params map[string]string, now time.Time) answer {
	r := b.refunds[m.MchID+"\x00"+params["outRefundNo"]]
	if r == nil || now.Before(r.AppliedAt.Add(b.settings.QueryLag.Std())) || b.settings.QueryBlind && r.Own.Op != opOrderRefund {
		return refuse(b.settings.QueryUnknown, "退款单不存在")
	}
	fields := refundFieldsOf(m, r)
	fields["refundStatus"] = b.status(r)
	return answer{fields: fields}
}

// status writes a state in Shengpay's words, of which only REFUND_SUCCESS is confirmed (§4.1).
func (b *book) status(r *refund) string {
	switch r.Status {
	case control.Success:
		return "REFUND_SUCCESS"
	case control.Failed:
		return "REFUND_FAIL"
	case control.Abnormal:
		return b.settings.OddStatus
	case control.Processing:
	}
	return "REFUND_PROCESSING"
}

// orderState serves /pay/queryOrder (§4.4). The field names are those of the payment notification (§4.3, inferred); the status of
// an unpaid order is the sandbox's own.
func (b *book) orderState(m *merchant, o *order) answer {
	fields := map[string]any{"appId": m.AppID, "mchId": m.MchID, "transactionId": o.PlatformID, "outTradeNo": o.MerchantID,
		"totalFee": o.Total, "settlementTotalFee": o.Total - o.Coupon, "status": "PAY_WAIT"}
	if o.Paid {
		fields["status"], fields["timeEnd"] = "PAY_SUCCESS", o.PaidAt.In(stage.Shanghai).Format("20060102150405")
	}
	return answer{fields: fields}
}
