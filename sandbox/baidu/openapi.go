package baidu

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// openapiFields are the fields of §3.2 and §2.3; pmAppKey is the payment appKey, not the mini-program's.
var openapiFields = map[string][]field{
	opApply: {
		{name: "pmAppKey", kind: isName}, {name: "orderId", kind: isLong}, {name: "userId", kind: isLong},
		{name: "refundType", kind: isRefundType}, {name: "refundReason", kind: isText}, {name: "tpOrderId", kind: isName},
		{name: "bizRefundBatchId", kind: isSerial}, {name: "isSkipAudit", kind: isFlag},
		{name: "applyRefundMoney", kind: isFen, optional: true}, {name: "refundNotifyUrl", kind: isLink, optional: true},
	},
	opFind:  {{name: "pmAppKey", kind: isName}, {name: "tpOrderId", kind: isName}, {name: "userId", kind: isLong}},
	opOrder: {{name: "pmAppKey", kind: isName}, {name: "tpOrderId", kind: isName}},
}

// openapi serves one token-authenticated operation.
func (p *Platform) openapi(op string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		params, formErr := readForm(r)
		// An empty value counts as not sent: the official Go client sends refundNotifyUrl empty when it has none [inferred], and
		// nothing is signed here that could read differently, as on the cashier (§9.3).
		maps.DeleteFunc(params, func(_, value string) bool { return value == "" })
		p.stage.Serve(w, p.call(op, "openapi", "pmAppKey", params), func() stage.Reply {
			if formErr != nil {
				return p.render(op, refuse(40001, "param error: "+formErr.Error()))
			}
			return p.render(op, p.locked(func(b *book) answer { return b.openapiCall(op, params, p.stage.Clock.Now()) }))
		}, p.forge(op))
	}
}

func (b *book) openapiCall(op string, params map[string]string, now time.Time) answer {
	clientID, refusal := b.bearer(params["access_token"], now)
	if refusal != nil {
		return *refusal
	}
	if e := checkFields(params, openapiFields[op]); e != nil {
		return openapiParam(e)
	}
	m := b.merchants[params["pmAppKey"]]
	switch {
	case m == nil:
		return noService
	case m.clientID != clientID:
		return notYours
	}
	switch op {
	case opFind:
		return b.refundsOf(m, params["tpOrderId"], mustLong(params, "userId"), now)
	case opOrder:
		return b.orderByMerchantID(m, params["tpOrderId"])
	}
	if strings.ContainsAny(params["refundReason"], "<>") {
		return crossSite
	}
	// The numbers of business refusals on this door are not stated (§8.3); the cashier's are used, inferred.
	a := applicationOf(params)
	a.skipAudit, a.notifyURL = params["isSkipAudit"] == "1", params["refundNotifyUrl"]
	r, refusal := b.apply(m, a, now)
	if refusal != nil {
		return *refusal
	}
	// refundBatchId a string, refundPayMoney a number (§3.2, trap 6).
	return accept(map[string]any{"refundBatchId": id(r.batchID), "refundPayMoney": r.amount})
}

// refundsOf answers findOrderRefund (§5): no amounts, numbers instead of strings, and a lag if one is set.
func (b *book) refundsOf(m *merchant, tpOrderID string, userID int64, now time.Time) answer {
	o := b.orderByTp(m, tpOrderID)
	if o == nil || o.userID != userID {
		return noData
	}
	list := []map[string]any{}
	for _, r := range o.refunds {
		if now.Before(r.appliedAt.Add(time.Duration(b.settings.QueryLag))) {
			continue
		}
		list = append(list, map[string]any{"bizRefundBatchId": r.bizID, "orderId": o.id, "refundBatchId": r.batchID,
			"refundStatus": findStatus(r.status), "userId": o.userID})
	}
	return accept(list)
}

// findStatus is this message's own numbering (§7).
func findStatus(s control.RefundStatus) int {
	switch s {
	case control.Success:
		return 2
	case control.Failed:
		return 3
	case control.Processing, control.Abnormal: // the latter is no end of Baidu's
	}
	return 1
}

// orderByMerchantID answers findByTpOrderId in the shape of the published sample; what the books do not know is zero.
func (b *book) orderByMerchantID(m *merchant, tpOrderID string) answer {
	o := b.orderByTp(m, tpOrderID)
	if o == nil {
		return noData
	}
	status := 1
	if o.paid {
		status = 2
	}
	return accept(map[string]any{
		"bizInfo": "", "count": 1, "createTime": 0, "dealId": 0, "orderId": o.id, "oriPrice": o.total, "parentOrderId": 0,
		"parentType": 0, "payMoney": o.total, "settlePrice": o.total, "status": status, "subStatus": 0, "totalMoney": o.total,
		"tpId": 0, "tpOrderId": o.tpOrderID, "tradeNo": "", "type": 0, "openId": "", "appKey": m.appKey, "appId": m.appID,
		"userId": o.userID,
	})
}
