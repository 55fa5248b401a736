package shengpay

import (
	"encoding/json"
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

// readBody reads the JSON object of a request. Numbers and text come out alike, since they sign alike (§5.3). nulls names what
// was sent as null: not sent, but maybe signed.
func readBody(r *http.Request) (params map[string]string, nulls []string, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read body: %w", err)
	}
	if len(body) > maxBody {
		return nil, nil, errors.New("the body is too large")
	}
	if params, err = orders.Flat(body); err != nil {
		return nil, nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, nil, err
	}
	for name, raw := range members {
		if string(raw) == "null" {
			nulls = append(nulls, name)
		}
	}
	return params, nulls, nil
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

// seedFields are those of the seed's table (§3.1); the wallet's refund has the same (§2).
var seedFields = append([]field{{name: "appId", limit: 32, allows: plain}, {name: "totalFee", limit: 19, allows: isFen}}, refundFields...)

// requests are the fields of each operation (§2, §3.1, §4). The aggregate refund and the queries do without appId and
// totalFee; sent all the same, they must be right.
var requests = map[string][]field{
	opRefund:       seedFields,
	opWalletRefund: seedFields,
	opOrderRefund:  append([]field{{name: "appId", limit: 32, allows: plain, optional: true}, {name: "totalFee", limit: 19, allows: isFen, optional: true}}, refundFields...),
	opQueryRefund:  {{name: "appId", limit: 32, allows: plain, optional: true}, {name: "outRefundNo", limit: 32, allows: plain}},
	opQueryOrder:   append([]field{{name: "appId", limit: 32, allows: plain, optional: true}}, ids...),
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
