package shengpay

import (
	"regexp"
	"slices"
	"strings"

	"github.com/refundflow/refundflow/refund"
)

// op is an operation in Shengpay's own words.
type op string

const (
	opRefund       op = "refund"
	opQuery        op = "queryRefundOrder"
	opOrder        op = "queryOrder"
	opNotification op = "refund notification"
)

// reads reports whether the operation changes nothing and can be repeated freely.
func (o op) reads() bool { return o == opQuery || o == opOrder }

// code is one row: what an errorCode means and what to do about it.
type code struct {
	code  string
	class refund.Class
	// request: the fault is in the request's own content, not in the account.
	request bool
	hint    string
}

const (
	hintKeys   = "compare private_key_file with the public key uploaded to Shengpay's merchant platform"
	hintPair   = "compare app_id and mch_id with Shengpay's merchant platform"
	hintParams = "compare order.merchant_id, order.total and the amount with the payment: this code may also hide a business reason"
	hintLook   = "the outcome is not known: ask Shengpay before the same request is sent again"
	hintAsk    = "Shengpay's page does not list this code for refunds: ask its support, then enter it under codes"
	hintSlow   = "too many requests: wait"
	hintOrder  = "look at the order in Shengpay's merchant platform"
)

// codes is §7.1 as data. The codes are documented, their classes inferred, and
// the table is evidently that of another call: expect others, see
// [Settings.Codes].
var codes = []code{
	{code: "NO_AUTH", class: refund.ClassMisconfigured, hint: "ask Shengpay for permission to this interface"},
	{code: "ORDER_PAID", class: refund.ClassNeedsHuman, hint: "senseless for a refund: " + hintOrder},
	// A full refund may close an order too. For a first request that was another
	// refund; the saga takes no refusal of a repeat for an answer.
	{code: "ORDER_CLOSED", class: refund.ClassRejected, hint: "the order is closed: unpaid, or refunded before"},
	// "Send the same parameters again" does not say that the first were not processed.
	{code: "SYSTEM_ERROR", class: refund.ClassAmbiguous, hint: hintLook},
	{code: "APP_ID_NOT_EXIST", class: refund.ClassMisconfigured, hint: hintPair},
	{code: "MCH_ID_NOT_EXIST", class: refund.ClassMisconfigured, hint: hintPair},
	{code: "APP_ID_AND_MCH_ID_NOT_MATCH", class: refund.ClassMisconfigured, hint: hintPair},
	{code: "LACK_PARAMS", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	{code: "PARAMS_ERROR", class: refund.ClassMisconfigured, request: true, hint: hintParams},
	// Perhaps our own refund number, known already: ask and adopt it.
	{code: "OUT_TRADE_NO_USED", class: refund.ClassAmbiguous, hint: hintLook},
	{code: "SIGN_ERROR", class: refund.ClassMisconfigured, hint: hintKeys},
}

// find returns what an errorCode means, by the settings first.
func (p *Provider) find(name string) (row code, listed bool) {
	if class, ok := p.settings.Codes[name]; ok {
		return code{code: name, class: class, hint: "read as the setting codes says: " + hintOrder}, true
	}
	for _, c := range codes {
		if c.code == name {
			return c, true
		}
	}
	return code{code: name, class: refund.ClassAmbiguous, hint: hintLook}, false
}

// silent reports whether an errorCode of the refund query says nothing about the
// refund. There is no documented code for "not found", and what a code says of
// an order or a balance is no result of a refund (§4.1, §13).
func (p *Provider) silent(name string) bool {
	row, listed := p.find(name)
	return !listed || row.class == refund.ClassRejected || row.class == refund.ClassInsufficientFunds
}

// returnTexts are read from the top; what none of them is found in is ambiguous.
// Inferred: no list of such texts is published.
var returnTexts = []struct {
	text *regexp.Regexp
	row  code
}{
	// The page's own advice on SYSTEM_ERROR, "send again with the same parameters",
	// names parameters and yet leaves open what became of the first request.
	{regexp.MustCompile(`系统|繁忙|超时|稍后|相同|(?i:system|busy|time ?out|timed out|later|\bsame\b)`), code{class: refund.ClassAmbiguous, hint: hintLook}},
	// "sign" as a word, as in signType and SIGN_ERROR: other words end in it.
	{regexp.MustCompile(`签名|验签|(?i:(^|[^a-z])sign(ature|type|error|ing)?([^a-z]|$))`), code{class: refund.ClassMisconfigured, hint: hintKeys}},
	{regexp.MustCompile(`参数|(?i:param)`), code{class: refund.ClassMisconfigured, request: true, hint: hintParams}},
}

// returned reads returnMsg, all there is when returnCode is FAIL (§7.2). Such an
// answer is not about the refund but about the request, unless the system speaks
// of itself.
func returned(message string) code {
	for _, t := range returnTexts {
		if t.text.MatchString(message) {
			return t.row
		}
	}
	return code{class: refund.ClassAmbiguous, hint: hintLook}
}

// suggestion is what the text beside an unlisted code lets a person guess, "" for
// nothing. It is for people alone: the table lacks every code that a refund really
// meets, and no text decides anything (inferred, §7.1, §8).
func suggestion(message string) string {
	for _, t := range []struct{ words, hint string }{
		{"余额不足", "; its text speaks of the balance: top up, or decide another source for a new refund"},
		{"超过 大于", "; its text speaks of too much: compare the amount with what is left of the order"},
		{"重复", "; its text speaks of a repeated number: compare the refund that has it"},
		{"不存在", "; its text speaks of what does not exist: compare order.merchant_id and the account with the payment"},
		{"频繁", "; its text speaks of too many requests: wait"},
	} {
		if slices.ContainsFunc(strings.Fields(t.words), func(word string) bool { return strings.Contains(message, word) }) {
			return t.hint
		}
	}
	return ""
}
