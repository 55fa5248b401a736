package baidu

import (
	"net/http"
	"strings"

	"github.com/refundflow/refundflow/sandbox/stage"
)

// The fields of the signed calls: §3.1, §4.2, §4.3. appKey and the signature are checked before these.
var (
	applyFields = []field{
		{name: "orderId", kind: isLong}, {name: "userId", kind: isLong}, {name: "refundType", kind: isRefundType},
		{name: "refundReason", kind: isText}, {name: "tpOrderId", kind: isName},
		{name: "applyRefundMoney", kind: isFen, optional: true}, {name: "bizRefundBatchId", kind: isSerial, optional: true},
	}
	cancelFields = []field{{name: "orderId", kind: isLong}, {name: "userId", kind: isLong}, {name: "type", kind: isThree}}
	detailFields = []field{{name: "orderId", kind: isLong}, {name: "appId", kind: isLong}, {name: "siteId", kind: isLong}}
)

// legacyMethods are the values of "method" on the legacy address (§2.1).
var legacyMethods = map[string]string{
	"nuomi.cashier.applyorderrefund": opApply,
	"nuomi.cashier.syncorderstatus":  opCancel,
}

// cashier serves one operation of the new address.
func (p *Platform) cashier(op string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		params, err := readForm(r)
		p.serveSigned(w, op, "cashier", params, err)
	}
}

// legacy serves /nop/server/rest, where "method" names the operation and is signed like any other parameter (§2.1).
func (p *Platform) legacy(w http.ResponseWriter, r *http.Request) {
	params, err := readForm(r)
	if op, known := legacyMethods[params["method"]]; known {
		p.serveSigned(w, op, "legacy", params, err)
		return
	}
	refusal := noPermission
	if params["method"] == "" {
		refusal = noMethod
	}
	p.stage.Serve(w, p.call(opLegacy, "legacy", "appKey", params),
		func() stage.Reply { return p.render(opLegacy, refusal) }, p.forge(opLegacy))
}

func (p *Platform) serveSigned(w http.ResponseWriter, op, transport string, params map[string]string, formErr error) {
	p.stage.Serve(w, p.call(op, transport, "appKey", params), func() stage.Reply {
		if formErr != nil {
			return p.render(op, refuse(10001, "参数错误，"+formErr.Error()))
		}
		return p.render(op, p.locked(func(b *book) answer { return p.signedCall(b, op, params) }))
	}, p.forge(op))
}

// signedCall finds the merchant, proves the signature, and only then looks at anything else.
func (p *Platform) signedCall(b *book, op string, params map[string]string) answer {
	m := b.merchants[params["appKey"]]
	switch {
	case params["appKey"] == "":
		return cashierParam(&fieldError{"appKey", true})
	case m == nil:
		return appKeyNotFound
	case !signed(m.public, params, "rsaSign"):
		return badSignature
	}
	if op == opCancel {
		if e := checkFields(params, cancelFields); e != nil {
			return cashierParam(e)
		}
		if refusal := b.cancelVerification(m, mustLong(params, "orderId"), mustLong(params, "userId")); refusal != nil {
			return *refusal
		}
		return accept(nothing())
	}
	if e := checkFields(params, applyFields); e != nil {
		return cashierParam(e)
	}
	if strings.ContainsAny(params["refundReason"], "<>") {
		return crossSite
	}
	r, refusal := b.apply(m, applicationOf(params), p.stage.Clock.Now())
	if refusal != nil {
		return *refusal
	}
	// Both numbers are strings here and only here (§3.1).
	return accept(map[string]any{"refundBatchId": id(r.batchID), "refundPayMoney": id(r.amount)})
}

func applicationOf(params map[string]string) application {
	return application{
		orderID: mustLong(params, "orderId"), userID: mustLong(params, "userId"), tpOrderID: params["tpOrderId"],
		bizID: params["bizRefundBatchId"], amount: mustLong(params, "applyRefundMoney"),
	}
}
