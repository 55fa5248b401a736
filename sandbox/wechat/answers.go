package wechat

import (
	"fmt"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Constants of a world in which nobody asks further.
const (
	openID     = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	bankType   = "CMB_CREDIT"
	receiver   = "支付用户零钱" // refund_recv_accout
	couponType = "NO_CASH"
	beijing    = time.DateTime // v2 dates are in Beijing time, inferred from the samples (§2); the sandbox clock shows it
)

// id is refund_id: 29 digits that begin with 50 (§4.2).
func (r *refund) id() string { return fmt.Sprintf("503%026d", r.seq) }

// state is refund_status (§10).
func (r *refund) state() string {
	switch r.status {
	case control.Success:
		return "SUCCESS"
	case control.Failed:
		return "REFUNDCLOSE"
	case control.Abnormal:
		return "CHANGE"
	case control.Processing:
	}
	return "PROCESSING"
}

// layers are the first two layers of every understood answer (§4.2).
func layers(m *merchant, no *refusal) fields {
	var f fields
	f.add("return_code", "SUCCESS")
	f.add("return_msg", "OK")
	f.add("appid", m.AppID)
	f.add("mch_id", m.MchID)
	f.addText("sub_appid", m.SubAppID)
	f.addText("sub_mch_id", m.SubMchID)
	f.add("nonce_str", random())
	if no == nil {
		f.add("result_code", "SUCCESS")
		return f
	}
	f.add("result_code", "FAIL")
	f.add("err_code", no.code)
	f.add("err_code_des", no.text)
	return f
}

func returnFail(no *refusal) fields {
	return fields{{"return_code", "FAIL"}, {"return_msg", no.text}}
}

// accepted is the third layer of an application's answer, without the list of coupons.
func (r *refund) accepted() fields {
	var f fields
	f.add("transaction_id", r.o.id)
	f.add("out_trade_no", r.o.outTradeNo)
	f.add("out_refund_no", r.number)
	f.add("refund_id", r.id())
	f.add("refund_fee", r.amount)
	f.add("coupon_refund_fee", r.coupon)
	f.add("total_fee", r.o.total)
	f.add("cash_fee", r.o.total-r.o.coupon)
	f.add("coupon_refund_count", r.coupons())
	f.add("cash_refund_fee", r.amount-r.coupon)
	if r.o.coupon > 0 {
		f.add("settlement_refund_fee", r.amount-r.coupon)
		f.add("settlement_total_fee", r.o.total-r.o.coupon)
	}
	return f
}

func (r *refund) coupons() int64 {
	if r.coupon > 0 {
		return 1
	}
	return 0
}

func (o *order) couponID() string { return "C" + o.id }

// acceptedV2 adds what only v2 shows, coupons as $n fields.
func (r *refund) acceptedV2() fields {
	f := r.accepted()
	f.add("refund_channel", "") // there and empty in real answers, though undocumented
	if r.coupon > 0 {
		f.add("coupon_type_0", couponType)
		f.add("coupon_refund_id_0", r.o.couponID())
		f.add("coupon_refund_fee_0", r.coupon)
	}
	return f
}

// acceptedCloud shows coupons as lists (§4.2 "Shapes").
func (r *refund) acceptedCloud() fields {
	types, ids, fees := []any{}, []any{}, []any{}
	if r.coupon > 0 {
		types, ids, fees = append(types, couponType), append(ids, r.o.couponID()), append(fees, r.coupon)
	}
	f := r.accepted()
	f.add("coupon_type_list", types)
	f.add("coupon_refund_id_list", ids)
	f.add("coupon_refund_fee_list", fees)
	return f
}

// record is one refund in a query's answer, names without index.
func (r *refund) record() fields {
	var f fields
	f.add("out_refund_no", r.number)
	f.add("refund_id", r.id())
	f.add("refund_channel", "ORIGINAL")
	f.add("refund_fee", r.amount)
	if r.o.coupon > 0 {
		f.add("settlement_refund_fee", r.amount-r.coupon)
	}
	if r.coupon > 0 {
		f.add("coupon_refund_fee", r.coupon)
		f.add("coupon_refund_count", r.coupons())
	}
	f.add("refund_status", r.state())
	f.add("refund_account", r.account)
	f.add("refund_recv_accout", receiver) // misspelt on the wire (§5)
	if r.status == control.Success {
		f.add("refund_success_time", r.settlesAt.Format(beijing))
	}
	return f
}

// head is what a refund query says about the order.
func (o *order) head() fields {
	f := fields{{"transaction_id", o.id}, {"out_trade_no", o.outTradeNo}, {"total_fee", o.total}, {"cash_fee", o.total - o.coupon}}
	if o.coupon > 0 {
		f.add("settlement_total_fee", o.total-o.coupon)
	}
	return f
}

// indexed is a page of refunds with $n behind every name (§5).
func indexed(page []*refund) fields {
	var f fields
	for n, r := range page {
		at := "_" + strconv.Itoa(n)
		for _, e := range r.record() {
			f.add(e.name+at, e.value)
		}
		if r.coupon > 0 {
			f.add("coupon_type"+at+"_0", couponType)
			f.add("coupon_refund_id"+at+"_0", r.o.couponID())
			f.add("coupon_refund_fee"+at+"_0", r.coupon)
		}
	}
	return f
}

// lists is a page of refunds as the cloud dialects' lists. Their names follow the samples; empty is how WeChat really
// leaves them (§5).
func lists(page []*refund, empty bool) fields {
	var f fields
	for _, name := range []string{"out_refund_no", "refund_id", "refund_channel", "refund_fee", "settlement_refund_fee",
		"coupon_refund_fee", "coupon_refund_count", "refund_status", "refund_account", "refund_recv_accout", "refund_success_time"} {
		list := []any{}
		for _, r := range page {
			record := r.record()
			if r.o.coupon == 0 {
				record.add("settlement_refund_fee", r.amount) // v2 leaves it out here, the lists of the samples do not
			}
			for _, e := range record {
				if e.name == name && !empty {
					list = append(list, e.value)
				}
			}
		}
		if name != "refund_channel" { // the one list without the ending
			name += "_list"
		}
		f.add(name, list)
	}
	for _, name := range []string{"coupon_type_array", "coupon_refund_id_array", "coupon_refund_fee_array"} {
		f.add(name, []any{})
	}
	return f
}

// tradeState is the payment's state (§3). REFUND says that some refund was accepted, not which and not how it ended.
func (o *order) tradeState() (state, text string) {
	switch {
	case !o.paid:
		return "NOTPAY", "订单未支付"
	case len(o.refunds) > 0:
		return "REFUND", "订单发生过退款，退款详情请查询退款单"
	}
	return "SUCCESS", "支付成功"
}

// payment is the third layer of an order query's answer.
func (o *order) payment() fields {
	state, text := o.tradeState()
	var f fields
	if o.paid {
		f.add("openid", openID)
		f.add("is_subscribe", "N")
		f.add("trade_type", "JSAPI")
	}
	f.add("trade_state", state)
	f.add("trade_state_desc", text)
	f.add("total_fee", o.total)
	f.add("out_trade_no", o.outTradeNo)
	f.add("attach", "")
	if !o.paid {
		return f
	}
	f.add("bank_type", bankType)
	f.add("cash_fee", o.total-o.coupon)
	f.add("fee_type", "CNY")
	f.add("transaction_id", o.id)
	f.add("time_end", o.paidAt.Format("20060102150405"))
	if o.coupon > 0 {
		f.add("settlement_total_fee", o.total-o.coupon)
		f.add("coupon_fee", o.coupon)
		f.add("coupon_count", int64(1))
	}
	return f
}
