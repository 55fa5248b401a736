package wechat

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rule says what one parameter may hold.
type rule struct {
	name     string
	allows   func(string) bool
	optional bool
}

// The limits of §2 and §4.1. Lengths count bytes: the notes say so for out_refund_no, for the others it is inferred.
var (
	nonce       = matching(`^[\x21-\x7e]{1,32}$`)
	orderNo     = matching(`^[0-9A-Za-z_\-|*]{1,32}$`)
	refundNo    = matching(`^[0-9A-Za-z_\-|*@]{1,64}$`)
	platformNo  = matching(`^[0-9A-Za-z]{1,32}$`)
	fen         = matching(`^[1-9][0-9]{0,10}$`)
	countFrom0  = matching(`^(0|[1-9][0-9]{0,5})$`)
	currency    = func(v string) bool { return v == "CNY" }
	description = func(v string) bool { return len(v) <= 80 && utf8.ValidString(v) }
	source      = func(v string) bool { return v == unsettledFunds || v == rechargeFunds }
	signTypes   = func(v string) bool { return v == signMD5 || v == signHMAC }
)

// The values of refund_account.
const (
	unsettledFunds = "REFUND_SOURCE_UNSETTLED_FUNDS"
	rechargeFunds  = "REFUND_SOURCE_RECHARGE_FUNDS"
)

var (
	applyRules = []rule{
		{name: "transaction_id", allows: platformNo, optional: true}, {name: "out_trade_no", allows: orderNo, optional: true},
		{name: "out_refund_no", allows: refundNo}, {name: "total_fee", allows: fen}, {name: "refund_fee", allows: fen},
		{name: "refund_fee_type", allows: currency, optional: true}, {name: "refund_desc", allows: description, optional: true},
		{name: "refund_account", allows: source, optional: true}, {name: "notify_url", allows: notifyAddress, optional: true},
	}
	refundQueryRules = []rule{
		{name: "refund_id", allows: platformNo, optional: true}, {name: "out_refund_no", allows: refundNo, optional: true},
		{name: "transaction_id", allows: platformNo, optional: true}, {name: "out_trade_no", allows: orderNo, optional: true},
		{name: "offset", allows: countFrom0, optional: true},
	}
	orderQueryRules = []rule{
		{name: "transaction_id", allows: platformNo, optional: true}, {name: "out_trade_no", allows: orderNo, optional: true},
	}
	// v2Rules are for every v2 call; in the cloud dialects only the nonce is left of them, and may be missing: the official
	// Cloud Run samples do without (§4.1).
	v2Rules    = []rule{{name: "sign_type", allows: signTypes, optional: true}, {name: "nonce_str", allows: nonce}}
	cloudRules = []rule{{name: "nonce_str", allows: nonce, optional: true}}
)

func matching(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }

// notifyAddress: absolute, at most 256 bytes, no query (§2). Plain http is let in: test machines have no certificates.
func notifyAddress(v string) bool {
	u, err := url.Parse(v)
	return err == nil && len(v) <= 256 && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(v, "?#")
}

// checkParams applies the rules in order. An empty value counts as not sent, as it does for the signature (§8).
func checkParams(params map[string]string, rules ...rule) *refusal {
	for _, r := range rules {
		v := params[r.name]
		switch {
		case v == "" && r.optional:
		case v != "" && r.allows(v):
		case r.name == "transaction_id":
			return badTransaction
		default:
			return badParam(r.name)
		}
	}
	return nil
}

// number reads a parameter that its rule has passed; an absent one is 0.
func number(params map[string]string, name string) int64 {
	n, _ := strconv.ParseInt(params[name], 10, 64)
	return n
}
