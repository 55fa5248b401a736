package wechat

import (
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/refund"
)

// op is an operation in WeChat's own words.
type op string

const (
	opApply        op = "refund"
	opQuery        op = "refundquery"
	opOrder        op = "orderquery"
	opToken        op = "token"
	opNotification op = "notification"
)

// reads reports whether the operation changes nothing and can be repeated freely.
func (o op) reads() bool { return o != opApply }

// layer is who speaks: a code means nothing without it (§11).
type layer string

const (
	layerBusiness layer = "err_code"           // of all dialects alike
	layerReturn   layer = "return_code"        // the message was not understood
	layerRun      layer = "cloudrun errcode"   // the gateway of Cloud Run
	layerFunction layer = "invocation errcode" // the gateway of cloud functions
)

// code is one row: what a code means, for which operation, and what to do.
type code struct {
	layer layer
	// op to which the row belongs; "" is every one.
	op   op
	code string
	// text that must be part of the message; empty fits every message.
	text  string
	class refund.Class
	// absent: no refund under this number. An answer, not a failure.
	absent bool
	// wait is the least pause before the next attempt; 0 leaves it to the saga.
	wait time.Duration
	// request: the fault is in the request's own content, not in the account.
	request bool
	hint    string
}

const (
	hintLook      = "the outcome is not known: ask WeChat before the same request is sent again"
	hintAgain     = "WeChat was too busy: send the same request again"
	hintSlow      = "too many requests: wait"
	hintFunds     = "the merchant's refundable balance is too low: recharge it; the same request is repeated"
	hintKey       = "compare mch_id, sign_type and api_key_file with the merchant console"
	hintIDs       = "compare appid, mch_id and sub_mch_id with the merchant console"
	hintRemainder = "the order's refunds would exceed what was paid: list them in the merchant console"
	hintOrder     = "compare order.platform_id, order.merchant_id and order.total with the payment callback"
	hintScope     = "compare the order's numbers, transport and merchant number: an order is refunded only where it was paid"
	hintCompare   = "a refund with other amounts may exist under this number, perhaps of another installation: compare it in the merchant console; never change the number"
	hintRead      = "read WeChat's text and look for the refund in the merchant console"
	hintProgram   = "WeChat finds the message malformed: compare url and transport with its pages"
	hintRelease   = "redeploy with the open-interface service switched on and the path on its white list"
	hintTrigger   = "compare env, function and the cloud environment with WeChat's console"
)

// codes is §11 as data. Rows with a text come before those without.
var codes = []code{
	// The order has been given back in full, perhaps by this very refund, whose
	// answer was lost: asking by its number tells. Hence ambiguous, although the
	// notes leave it to a person, who still gets it when the number stays absent.
	{layer: layerBusiness, op: opApply, code: "ERROR", text: "订单已全额退款", class: refund.ClassAmbiguous,
		hint: "the order is given back in full already: ask for our number; absent, somebody else did it"},
	{layer: layerBusiness, op: opApply, code: "ERROR", text: "累计退款金额大于支付金额", class: refund.ClassRejected,
		hint: hintRemainder},
	{layer: layerBusiness, op: opApply, code: "ERROR", text: "申请退款金额大于", class: refund.ClassRejected, hint: hintRemainder},
	{layer: layerBusiness, op: opApply, code: "INVALID_REQUEST", text: "订单金额或退款金额与之前请求不一致", class: refund.ClassNeedsHuman, hint: hintCompare},
	{layer: layerBusiness, op: opApply, code: "INVALID_REQUEST", text: "订单已关闭", class: refund.ClassRejected, hint: "the order was closed without payment"},
	{layer: layerBusiness, op: opApply, code: "INVALID_REQUEST", text: "您的请求参数与订单信息不一致", class: refund.ClassMisconfigured, request: true, hint: hintScope},
	{layer: layerBusiness, op: opApply, code: "NOTENOUGH", text: "交易未结算资金不足", class: refund.ClassInsufficientFunds,
		hint: "unsettled funds are too low: set refund_account to REFUND_SOURCE_RECHARGE_FUNDS (old fund flow) or recharge"},
	{layer: layerBusiness, op: opApply, code: "NOTENOUGH", text: "基本账户余额不足", class: refund.ClassInsufficientFunds, hint: hintFunds},
	{layer: layerBusiness, op: opApply, code: "FREQUENCY_LIMITED", text: "频率限制", class: refund.ClassThrottled, wait: time.Minute, hint: hintSlow},

	{layer: layerBusiness, op: opApply, code: "SYSTEMERROR", class: refund.ClassAmbiguous, hint: hintLook},
	{layer: layerBusiness, op: opApply, code: "BIZERR_NEED_RETRY", class: refund.ClassTransient, hint: hintAgain},
	{layer: layerBusiness, op: opApply, code: "TRADE_OVERDUE", class: refund.ClassRejected, hint: "the order was paid more than a year ago: pay back by another way"},
	{layer: layerBusiness, op: opApply, code: "ERROR", class: refund.ClassNeedsHuman, hint: hintRead},
	{layer: layerBusiness, op: opApply, code: "USER_ACCOUNT_ABNORMAL", class: refund.ClassNeedsHuman, hint: "the buyer's account is closed: pay back by another way"},
	{layer: layerBusiness, op: opApply, code: codeShielded, class: refund.ClassThrottled, wait: time.Minute,
		hint: "WeChat shields itself from this merchant's many wrong requests: wait, and look for the reason"},
	{layer: layerBusiness, op: opApply, code: "NOTENOUGH", class: refund.ClassInsufficientFunds, wait: time.Hour, hint: hintFunds},
	{layer: layerBusiness, op: opApply, code: "INVALID_TRANSACTIONID", class: refund.ClassMisconfigured, request: true, hint: hintOrder},
	{layer: layerBusiness, op: opApply, code: "PARAM_ERROR", class: refund.ClassMisconfigured, request: true, hint: hintOrder},
	{layer: layerBusiness, op: opApply, code: "APPID_NOT_EXIST", class: refund.ClassMisconfigured, hint: hintIDs},
	{layer: layerBusiness, op: opApply, code: "MCHID_NOT_EXIST", class: refund.ClassMisconfigured, hint: hintIDs},
	{layer: layerBusiness, op: opApply, code: "REQUIRE_POST_METHOD", class: refund.ClassMisconfigured, hint: hintProgram},
	{layer: layerBusiness, op: opApply, code: "SIGNERROR", class: refund.ClassMisconfigured, hint: hintKey},
	{layer: layerBusiness, op: opApply, code: "XML_FORMAT_ERROR", class: refund.ClassMisconfigured, hint: hintProgram},
	{layer: layerBusiness, op: opApply, code: "FREQUENCY_LIMITED", class: refund.ClassThrottled, wait: time.Minute, hint: hintSlow},
	{layer: layerBusiness, op: opApply, code: "NOAUTH", class: refund.ClassMisconfigured,
		hint: "add this machine's address to the white list in the merchant console, and compare sub_mch_id with the merchants bound there"},
	{layer: layerBusiness, op: opApply, code: "ORDERNOTEXIST", class: refund.ClassRejected, hint: hintScope},
	{layer: layerBusiness, op: opApply, code: "REFUND_FEE_MISMATCH", class: refund.ClassNeedsHuman, hint: hintCompare},
	{layer: layerBusiness, op: opApply, code: "INVALID_REQUEST", class: refund.ClassNeedsHuman, hint: hintRead},

	{layer: layerReturn, code: returnFail, text: "签名错误", class: refund.ClassMisconfigured, hint: hintKey},
	// The seed's own words for return_msg, and for its codes of a message that was
	// not understood; that the latter come as return_msg is inferred.
	{layer: layerReturn, code: returnFail, text: "签名失败", class: refund.ClassMisconfigured, hint: hintKey},
	{layer: layerReturn, code: returnFail, text: "参数格式校验错误", class: refund.ClassMisconfigured, request: true, hint: hintOrder},
	{layer: layerReturn, code: returnFail, text: "MCHID不存在", class: refund.ClassMisconfigured, hint: hintIDs},
	{layer: layerReturn, code: returnFail, text: "APPID不存在", class: refund.ClassMisconfigured, hint: hintIDs},
	{layer: layerReturn, code: returnFail, text: "XML格式错误", class: refund.ClassMisconfigured, hint: hintProgram},
	{layer: layerReturn, code: returnFail, text: "请使用post方法", class: refund.ClassMisconfigured, hint: hintProgram},
	{layer: layerReturn, code: returnFail, text: "受理关系不存在", class: refund.ClassMisconfigured, hint: "bind sub_mch_id to the service provider in the merchant console"},
	{layer: layerReturn, code: returnFail, text: "特约子商户商户号未授权服务商的产品权限", class: refund.ClassMisconfigured,
		hint: "the sub-merchant must authorise the refund interface in its merchant console"},
	{layer: layerReturn, code: returnFail, text: "普通商户不允许传sub_mch_id", class: refund.ClassMisconfigured, hint: "remove sub_mch_id: this merchant is a direct one"},

	{layer: layerBusiness, op: opQuery, code: "REFUNDNOTEXIST", absent: true},
	{layer: layerBusiness, op: opQuery, code: "ORDERNOTEXIST", absent: true}, // of WeChat's own sandbox
	{layer: layerBusiness, op: opQuery, code: "SYSTEMERROR", class: refund.ClassTransient, hint: hintAgain},
	{layer: layerBusiness, op: opQuery, code: "PARAM_ERROR", class: refund.ClassMisconfigured, request: true, hint: hintOrder},
	{layer: layerBusiness, op: opOrder, code: "ORDERNOTEXIST", class: refund.ClassRejected, hint: hintScope},
	{layer: layerBusiness, op: opOrder, code: "SYSTEMERROR", class: refund.ClassTransient, hint: hintAgain},

	{layer: layerRun, code: "85107", class: refund.ClassMisconfigured, hint: hintRelease},
	{layer: layerRun, code: "85105", class: refund.ClassMisconfigured, hint: hintRelease},
	{layer: layerRun, code: "48001", class: refund.ClassMisconfigured, hint: hintRelease},
	{layer: layerRun, code: "85112", class: refund.ClassNeedsHuman, hint: "the link to WeChat is broken on its side: open a support ticket"},
	{layer: layerRun, code: "85113", class: refund.ClassThrottled, wait: 3 * time.Minute, hint: "the open-interface service is starting: wait"},

	{layer: layerFunction, code: "-1", class: refund.ClassAmbiguous, hint: hintLook},
	{layer: layerFunction, code: "-1000", class: refund.ClassAmbiguous, hint: hintLook},
	{layer: layerFunction, code: "40014", class: refund.ClassTransient, hint: "the access token is not valid: take a new one"},
	{layer: layerFunction, code: "41001", class: refund.ClassTransient, hint: "the access token is missing: take a new one"},
	{layer: layerFunction, code: "42001", class: refund.ClassTransient, hint: "the access token has expired: take a new one"},
	{layer: layerFunction, code: "40101", class: refund.ClassMisconfigured, hint: hintTrigger},
	{layer: layerFunction, code: "43002", class: refund.ClassMisconfigured, hint: hintTrigger},
	{layer: layerFunction, code: "44002", class: refund.ClassMisconfigured, hint: hintTrigger},
	{layer: layerFunction, code: "85088", class: refund.ClassMisconfigured, hint: "switch cloud development on in WeChat's console"},
}

const (
	returnSuccess = "SUCCESS"
	returnFail    = "FAIL"
	codeShielded  = "INVALID_REQ_TOO_MUCH"
)

// refusedTokens are answers of the gateway to a bad token; nothing was invoked.
// 40001 is not in the trigger's list but is WeChat's general code for a token that
// somebody else's newer one has replaced (inferred): kept, it would fail for hours.
var refusedTokens = []string{"40001", "40014", "41001", "42001"}

// vague are codes that leave it to the text, under whichever of them it comes
// (§11.3); "" because CloudPay may hide the code (inferred, §16.12).
var vague = []string{"", "ERROR", "INVALID_REQUEST"}

// find returns the first row that fits, or what an unlisted code means (§11): an
// apply may have gone through, everything else is for a person. A read can be
// refused an answer, but what it borrows from the rows of the apply never ends the
// refund, which may have been sent before.
func find(l layer, o op, number, message string) (row code, listed bool) {
	of := []op{o}
	if o.reads() {
		of = append(of, opApply) // the queries' own list names only a few (inferred, §11.2)
	}
	for _, from := range of {
		i := slices.IndexFunc(codes, func(c code) bool {
			named := c.code == number || c.text != "" && slices.Contains(vague, number)
			return c.layer == l && (c.op == "" || c.op == from) && named && strings.Contains(message, c.text)
		})
		if i < 0 {
			continue
		}
		row = codes[i]
		if from != o && (row.class == refund.ClassRejected || row.class == refund.ClassInsufficientFunds) {
			row.class, row.wait, row.hint = refund.ClassNeedsHuman, 0, hintRead
		}
		return row, true
	}
	unlisted := code{layer: l, code: number, class: refund.ClassNeedsHuman, hint: "WeChat's pages do not list this code: ask its support"}
	if o == opApply || l != layerBusiness {
		// A gateway or a misunderstood message: a read is simply repeated.
		unlisted.class, unlisted.hint = refund.ClassAmbiguous, hintLook
	}
	return unlisted, false
}
