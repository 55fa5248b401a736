package baidu

import (
	"slices"
	"strings"

	"github.com/refundflow/refundflow/refund"
)

// op is an operation in Baidu's own words.
type op string

const (
	opApply   op = "applyOrderRefund"
	opCancel  op = "syncOrderStatus"
	opOrder   op = "queryorderdetail"
	opRefunds op = "findOrderRefund"
	opToken   op = "token"
)

// reads reports whether the operation changes nothing and can be repeated freely.
func (o op) reads() bool { return o != opApply && o != opCancel }

// scope is the list a code comes from (§8). The first three share the field
// errno and have no number in common; the gateway's are in error_code.
type scope string

const (
	scopeCashier scope = "cashier errno"
	scopeAccess  scope = "access layer"
	scopeOpenAPI scope = "openapi errno"
	scopeGateway scope = "openapi error_code"
)

// code is one row: what a number means, for whom, and what to do about it.
type code struct {
	scope scope
	code  int64
	// text that must be part of the message; empty fits every message.
	text string
	// ops to which the row is limited; nil fits every operation.
	ops     []op
	class   refund.Class
	recheck bool
	// request: the fault is in the request's own content, not in the account.
	request bool
	hint    string
}

const (
	hintKeys   = "compare app_key, private_key_file and the public key uploaded to Baidu's console"
	hintForms  = "order.merchant_id has characters that Baidu may sign encoded: if other refunds pass, this order cannot be refunded here; else " + hintKeys
	hintParams = "compare order.platform_id, order.user_id and order.merchant_id with the payment callback"
	hintOrder  = "compare order.platform_id and order.user_id with the payment callback; if they agree, write to jiaoyi-ask@baidu.com"
	hintLook   = "the outcome is not known: ask Baidu before the same request is sent again"
	hintAccess = "ask Baidu for permission to this interface"
	hintSetup  = "complete the payment service in Baidu's console"
	hintSlow   = "too many requests: wait"
	hintToken  = "compare openapi.client_id and openapi.client_secret_file with Baidu's console"
	hintWait   = "Baidu's gateway is unavailable: wait"
)

// codes is §8 as data, the more specific row first. Numbers of the two openapi
// lists are inferred for the payment calls: Baidu documents them for its gateway
// and its SDK in general.
var codes = []code{
	{scope: scopeCashier, code: 10000, class: refund.ClassMisconfigured, hint: hintKeys},
	{scope: scopeCashier, code: 10001, class: refund.ClassMisconfigured, request: true, hint: hintParams},
	// 10002 is an umbrella: the text decides, and a text that names the appKey
	// before all others.
	{scope: scopeCashier, code: 10002, text: "appKey", class: refund.ClassMisconfigured, hint: "correct app_key: Baidu does not know it"},
	{scope: scopeCashier, code: 10002, text: "订单未找到", class: refund.ClassNeedsHuman, hint: hintOrder},
	{scope: scopeCashier, code: 10002, text: "已消费订单不允许退款", ops: []op{opApply}, class: refund.ClassTransient, recheck: true,
		hint: "the order is still verified: cancel its verification, then send the same request"},
	{scope: scopeCashier, code: 10002, class: refund.ClassNeedsHuman, hint: hintOrder},
	{scope: scopeCashier, code: 10003, ops: []op{opCancel}, class: refund.ClassInsufficientFunds,
		hint: "the enterprise balance (企业余额) is below the refund: top it up in Baidu's console"},
	{scope: scopeCashier, code: 10003, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeCashier, code: 10004, class: refund.ClassAmbiguous, hint: hintLook}, // inferred: no source documents it

	{scope: scopeAccess, code: 930, class: refund.ClassMisconfigured, hint: hintKeys},
	{scope: scopeAccess, code: 970, class: refund.ClassMisconfigured, hint: hintAccess},
	{scope: scopeAccess, code: 4010001, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeAccess, code: 4010002, class: refund.ClassNeedsHuman, hint: "Baidu calls the operation illegal: ask its support"},
	{scope: scopeAccess, code: 4010003, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeAccess, code: 4010004, class: refund.ClassMisconfigured, hint: "a system parameter is missing: compare transport and the addresses with Baidu's pages"},
	{scope: scopeAccess, code: 4010006, class: refund.ClassMisconfigured, request: true, hint: "the reason looks like a script to Baidu: set send_reason to code"},
	{scope: scopeAccess, code: 4010007, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeAccess, code: 5010001, class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{scope: scopeAccess, code: 5010002, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeAccess, code: 5010003, class: refund.ClassThrottled, hint: hintSlow},
	{scope: scopeAccess, code: 5010004, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeAccess, code: 5010005, class: refund.ClassNeedsHuman, hint: "Baidu's own configuration of the service is broken: ask its support"},
	{scope: scopeAccess, code: 6010007, class: refund.ClassNeedsHuman, hint: "Baidu wants a logged-in user: ask its support"},
	{scope: scopeAccess, code: 6010008, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeAccess, code: 7010001, class: refund.ClassAmbiguous, hint: hintLook},

	{scope: scopeGateway, code: 1, class: refund.ClassAmbiguous, hint: hintLook},
	// The gateway may have passed the request on before it gave up.
	{scope: scopeGateway, code: 2, ops: []op{opApply, opCancel}, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeGateway, code: 2, class: refund.ClassThrottled, hint: hintWait},
	{scope: scopeGateway, code: 3, class: refund.ClassMisconfigured, hint: "correct openapi_url: the gateway does not know the method"},
	{scope: scopeGateway, code: 4, class: refund.ClassThrottled, hint: hintSlow},
	{scope: scopeGateway, code: 6, class: refund.ClassMisconfigured, hint: hintAccess},
	{scope: scopeGateway, code: 13, class: refund.ClassThrottled, hint: hintWait},
	{scope: scopeGateway, code: 17, class: refund.ClassThrottled, hint: "the day's quota of requests is used up: wait, or ask Baidu for more"},
	{scope: scopeGateway, code: 18, class: refund.ClassThrottled, hint: hintSlow},
	{scope: scopeGateway, code: 19, class: refund.ClassNeedsHuman, hint: "the total quota of requests is used up: ask Baidu for more"},
	{scope: scopeGateway, code: 100, class: refund.ClassMisconfigured, hint: hintToken},
	{scope: scopeGateway, code: 110, class: refund.ClassTransient, hint: "the token is not valid: take a new one"},
	{scope: scopeGateway, code: 111, class: refund.ClassTransient, hint: "the token has expired: take a new one"},

	{scope: scopeOpenAPI, code: 500, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeOpenAPI, code: 501, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeOpenAPI, code: 1000, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeOpenAPI, code: 2002, class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{scope: scopeOpenAPI, code: 5000, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeOpenAPI, code: 6001, class: refund.ClassMisconfigured, hint: hintAccess},
	{scope: scopeOpenAPI, code: 6002, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeOpenAPI, code: -1024, class: refund.ClassNeedsHuman, hint: "Baidu refuses without saying why: ask its support"},
	// The record that exists may be this very refund: ask and adopt it.
	{scope: scopeOpenAPI, code: 40000, class: refund.ClassAmbiguous, hint: hintLook},
	{scope: scopeOpenAPI, code: 40001, class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{scope: scopeOpenAPI, code: 40008, class: refund.ClassMisconfigured, hint: "add this machine's address to the allow-list in Baidu's console"},
	{scope: scopeOpenAPI, code: 41000, class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{scope: scopeOpenAPI, code: 60000, class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{scope: scopeOpenAPI, code: 60008, class: refund.ClassMisconfigured, hint: hintSetup},
	{scope: scopeOpenAPI, code: 60013, class: refund.ClassMisconfigured, hint: hintSetup},
	{scope: scopeOpenAPI, code: 60014, class: refund.ClassMisconfigured, hint: hintSetup},
	{scope: scopeOpenAPI, code: 60019, class: refund.ClassThrottled, hint: "the payment service is under review at Baidu, which takes up to 3 days: wait"},
	{scope: scopeOpenAPI, code: 60021, class: refund.ClassNeedsHuman, hint: hintOrder},
}

// find returns the first row that fits, or what an unlisted code means (§8.1):
// an apply may have gone through, everything else is for a person.
func find(gateway bool, number int64, message string, o op) (row code, listed bool) {
	for _, c := range codes {
		if c.code == number && (c.scope == scopeGateway) == gateway &&
			strings.Contains(message, c.text) && (c.ops == nil || slices.Contains(c.ops, o)) {
			return c, true
		}
	}
	unlisted := code{code: number, class: refund.ClassNeedsHuman, hint: "Baidu's pages do not list this code: ask its support"}
	if o == opApply {
		unlisted.class, unlisted.hint = refund.ClassAmbiguous, hintLook
	}
	return unlisted, false
}
