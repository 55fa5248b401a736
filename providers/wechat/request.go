package wechat

import (
	"strconv"
	"unicode/utf8"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// param is one field of a request under its v2 name.
type param struct {
	name, value string
	number      bool // bare in XML and JSON
}

// params are the fields of a request in the order of WeChat's tables.
type params []param

func (ps *params) text(name, value string) {
	if value != "" {
		*ps = append(*ps, param{name: name, value: value})
	}
}

func (ps *params) fen(name string, amount refund.Fen) {
	*ps = append(*ps, param{name: name, value: strconv.FormatInt(int64(amount), 10), number: true})
}

func (ps *params) count(name string, n int) {
	*ps = append(*ps, param{name: name, value: strconv.Itoa(n), number: true})
}

// fields returns the fields as they are signed.
func (ps params) fields() fields {
	f := make(fields, len(ps))
	for _, p := range ps {
		f[p.name] = p.value
	}
	return f
}

// The names a request's extra may hold, from WeChat's table of the refund (§4.1).
const (
	extraAccount = "refund_account"
	extraFeeType = "refund_fee_type"
)

// refundParams is the business content of a refund, alike in all dialects. It
// depends on the settings and the instruction alone, so that a repeat, whose
// every parameter has to be the same (§12), carries the same.
func (p *Provider) refundParams(in providers.Instruction) params {
	ps := orderParams(in.Request.Order)
	ps.text("out_refund_no", in.Number)
	ps.fen("total_fee", in.Request.Order.Total)
	ps.fen("refund_fee", in.Request.Amount)
	ps.text("refund_fee_type", in.Request.Extra[extraFeeType])
	ps.text("refund_desc", cut(in.Request.Reason))
	account := string(p.settings.RefundAccount)
	if chosen := in.Request.Extra[extraAccount]; chosen != "" {
		account = chosen
	}
	ps.text("refund_account", account)
	return ps
}

// orderParams names the order by WeChat's number where it is known, which wins
// over the merchant's anyway (§2); the answer is compared with both.
func orderParams(o refund.Order) params {
	var ps params
	if o.PlatformID != "" {
		ps.text("transaction_id", o.PlatformID)
	} else {
		ps.text("out_trade_no", o.MerchantID)
	}
	return ps
}

// maxReason is the length of refund_desc in bytes. The pages say 80 without a
// unit: bytes are right under either reading, and a refund must not fail for the
// length of its reason.
const maxReason = 80

// cut keeps as many whole characters of a reason as WeChat takes.
func cut(reason string) string {
	end := min(len(reason), maxReason)
	for end < len(reason) && !utf8.RuneStart(reason[end]) {
		end--
	}
	return reason[:end]
}
