package shengpay

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/refundflow/refundflow/sandbox/orders"
)

// maxBody bounds a request's body in bytes; a refund needs some hundred.
const maxBody = 64 << 10

// readBody reads the JSON object of a request. Numbers and text come out alike, since they sign alike (§5.3).
func readBody(r *http.Request) (map[string]string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if len(body) > maxBody {
		return nil, errors.New("the body is too large")
	}
	return orders.Flat(body)
}

// field is the rule for one parameter: how long it may be in characters, and its shape.
type field struct {
	name     string
	limit    int
	allows   func(v string) bool
	optional bool
}

// envelope are the fields of every request (§3.1).
var envelope = []field{
	{name: "mchId", limit: 20, allows: plain},
	{name: "nonceStr", limit: 32, allows: plain},
	{name: "signType", limit: 10, allows: is("RSA")},
	{name: "sign", limit: 500, allows: utf8.ValidString}, // excludes keys above 2048 bits by its length alone (§3.1)
}

// ids are the two numbers of an order; decide asks for one of them.
var ids = []field{
	{name: "outTradeNo", limit: 32, allows: plain, optional: true},
	{name: "transactionId", limit: 32, allows: plain, optional: true},
}

// refundFields are those of both refunds; the charset of outRefundNo is undocumented (§3.1).
var refundFields = append([]field{
	{name: "outRefundNo", limit: 32, allows: plain},
	{name: "refundFee", limit: 19, allows: isFen},
	{name: "refundDesc", limit: 128, allows: utf8.ValidString, optional: true},
	{name: "refundAccount", limit: 32, allows: is("RECHARGE", "UNSETTLED"), optional: true},
	{name: "notifyUrl", limit: 300, allows: isNotifyURL},
	{name: "feeType", limit: 10, allows: is("CNY"), optional: true},
	{name: "applyMchId", limit: 20, allows: plain, optional: true},
	{name: "applyType", limit: 20, allows: is("PROXY"), optional: true},
}, ids...)

// requests are the fields of each operation (§2, §3.1, §4). The withholding refund has appId and totalFee, the others do
// without; sent all the same, they must be right.
var requests = map[string][]field{
	opRefund:      append([]field{{name: "appId", limit: 32, allows: plain}, {name: "totalFee", limit: 19, allows: isFen}}, refundFields...),
	opOrderRefund: append([]field{{name: "appId", limit: 32, allows: plain, optional: true}, {name: "totalFee", limit: 19, allows: isFen, optional: true}}, refundFields...),
	opQueryRefund: {{name: "appId", limit: 32, allows: plain, optional: true}, {name: "outRefundNo", limit: 32, allows: plain}},
	opQueryOrder:  append([]field{{name: "appId", limit: 32, allows: plain, optional: true}}, ids...),
}

// checkFields names the first field that is missing or breaks its rule. An empty value counts as not sent, as in the seed's
// own sample.
func checkFields(params map[string]string, rules []field) (missing, wrong string) {
	for _, f := range rules {
		v := params[f.name]
		switch {
		case v == "" && f.optional:
		case v == "":
			return f.name, ""
		case utf8.RuneCountInString(v) > f.limit || !f.allows(v):
			return "", f.name
		}
	}
	return "", ""
}

func plain(v string) bool { return orders.Plain.MatchString(v) }

func is(words ...string) func(string) bool {
	return func(v string) bool {
		for _, w := range words {
			if v == w {
				return true
			}
		}
		return false
	}
}

// isNotifyURL holds the seed's rule: directly reachable, no query parameters.
func isNotifyURL(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && !u.ForceQuery &&
		u.Fragment == "" && u.User == nil
}

func isFen(v string) bool {
	_, ok := orders.Fen(v)
	return ok
}
