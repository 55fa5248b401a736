package shengpay

import (
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
)

// decide checks who is asking, then what, then does it. The platform does not tell the order of its checks; a client must
// not depend on this one.
func (b *book) decide(op string, params map[string]string, nulls []string, bodyErr error, now time.Time) answer {
	if bodyErr != nil {
		return answer{returnFail: "参数格式错误"}
	}
	m, refusal := b.caller(op, params, nulls)
	if refusal != nil {
		return *refusal
	}
	if missing, bad := checkFields(params, requests[op]); missing != "" {
		return lacks(missing)
	} else if bad != "" {
		return wrong(bad)
	}
	if op == opQueryRefund {
		return b.queryRefund(m, params, now)
	}
	if params["outTradeNo"] == "" && params["transactionId"] == "" {
		return lacks("outTradeNo")
	}
	o := b.find(m.MchID, params["transactionId"], params["outTradeNo"])
	switch {
	case o == nil:
		return orderUnknown
	case params["outTradeNo"] != "" && params["outTradeNo"] != o.MerchantID:
		return wrong("outTradeNo") // two numbers of two orders; which of them would win is not documented
	case op == opQueryOrder:
		return b.orderState(m, o)
	}
	if params["totalFee"] != "" && params["totalFee"] != strconv.FormatInt(o.Total, 10) {
		return wrong("totalFee") // §13 asks whether it is rejected; the strict platform finds more mistakes
	}
	for _, pair := range [][2]string{{"applyMchId", "applyType"}, {"applyType", "applyMchId"}} {
		if params[pair[0]] != "" && params[pair[1]] == "" {
			return lacks(pair[1]) // the two belong together (§3.1, inferred)
		}
	}
	return b.apply(op, m, o, params, now)
}

// caller finds the merchant and proves the signature before anything else is looked at.
func (b *book) caller(op string, params map[string]string, nulls []string) (*merchant, *answer) {
	refused := func(a answer) (*merchant, *answer) { return nil, &a }
	if missing, bad := checkFields(params, envelope); missing != "" {
		return refused(lacks(missing))
	} else if bad != "" {
		return refused(wrong(bad))
	}
	m := b.merchants[params["mchId"]]
	switch {
	case params["appId"] != "" && b.byApp(params["appId"]) == nil:
		return refused(appIDUnknown)
	case m == nil:
		return refused(mchIDUnknown)
	case params["appId"] != "" && params["appId"] != m.AppID:
		return refused(notAPair)
	case !signed(m.public, params, nulls) && b.settings.SignErrorAs == asReturnFail:
		return refused(signErrorFail)
	case !signed(m.public, params, nulls):
		return refused(signError)
	case slices.Contains(m.Denied, op):
		return refused(noAuth)
	}
	return m, nil
}

// find gives the merchant's order by the platform's number, or else by the merchant's.
func (b *book) find(mchID, transactionID, outTradeNo string) *order {
	if transactionID != "" {
		return b.ID(mchID, transactionID)
	}
	return b.Number(mchID, outTradeNo)
}

// apply decides on a refund. A number seen before is answered with its first result, whatever became of that (§6, implied by
// the advice on SYSTEM_ERROR), or refused when it now stands for something else.
func (b *book) apply(op string, m *merchant, o *order, params map[string]string, now time.Time) answer {
	amount, _ := orders.Fen(params["refundFee"])
	if r := b.refunds[m.MchID+"\x00"+params["outRefundNo"]]; r != nil {
		if r.Order != o || r.Amount != amount || r.Own.Account != params["refundAccount"] {
			return numberUsed
		}
		return b.accepted(m, r)
	}
	rest := o.Total - o.Live()
	switch {
	case !o.Paid:
		return orderUnpaid
	case o.View().Refunded == o.Total:
		return orderClosed
	case amount > rest:
		return tooMuch
	}
	r := b.draw(o, amount)
	r.Number, r.Own.Op, r.Own.NotifyURL, r.Own.Account = params["outRefundNo"], op, params["notifyUrl"], params["refundAccount"]
	if r.Own.From = control.Choice(r.Own.Account); r.Own.From == "" {
		r.Own.From = b.settings.DefaultAccount
	}
	balance := m.balance(r.Own.From)
	if *balance < r.Own.Drawn {
		return shortBalance
	}
	*balance -= r.Own.Drawn
	b.Place(o, r, b.settings.SettleAfter, now)
	b.refunds[m.MchID+"\x00"+r.Number] = r
	return b.accepted(m, r)
}

// draw makes a refund and splits it: coupons give back their share of what is left, the merchant's balance pays the rest. The
// refund that empties the order takes all that is left of the coupons, so the parts add up to the order.
func (b *book) draw(o *order, amount int64) *refund {
	couponLeft := o.Coupon
	given := map[string]int64{}
	for _, r := range o.Refunds {
		if r.Status == control.Failed {
			continue
		}
		couponLeft -= r.Coupon
		for _, c := range r.Own.Coupons {
			given[c.ID] += c.Fee
		}
	}
	r := &refund{PlacedRefund: control.PlacedRefund{PlatformRefundID: b.id("DF"), Amount: amount,
		Coupon: share(couponLeft, amount, o.Total-o.Live())}, Own: source{Coupons: []control.ShengpayCoupon{}}}
	r.Own.Drawn = amount - r.Coupon
	part := r.Coupon
	for _, c := range o.Own.Coupons {
		if fee := min(part, c.Fee-given[c.ID]); fee > 0 {
			r.Own.Coupons = append(r.Own.Coupons, control.ShengpayCoupon{ID: c.ID, Type: c.Type, Fee: fee})
			part -= fee
		}
	}
	return r
}

// share is of * part / whole, rounded down, for 0 <= of and 0 < part <= whole; the product may exceed 64 bits.
func share(of, part, whole int64) int64 {
	hi, lo := bits.Mul64(uint64(of), uint64(part))
	quotient, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(quotient)
}

// id makes up a number in the shape of the samples.
func (b *book) id(prefix string) string {
	b.nextID++
	return prefix + strconv.FormatInt(510145179916173312+b.nextID, 10)
}

// accepted is the answer of §3.2: it has no status, acceptance is all it says.
func (b *book) accepted(m *merchant, r *refund) answer { return answer{fields: refundFieldsOf(m, r)} }

func refundFieldsOf(m *merchant, r *refund) map[string]any {
	o := r.Order
	fields := map[string]any{"appId": m.AppID, "mchId": m.MchID, "transactionId": o.PlatformID, "outTradeNo": o.MerchantID,
		"outRefundNo": r.Number, "refundId": r.PlatformRefundID, "refundFee": r.Amount, "settlementRefundFee": r.Amount - r.Coupon,
		"totalFee": o.Total, "settlementTotalFee": o.Total - o.Coupon}
	if len(r.Own.Coupons) > 0 {
		fields["couponRefundCount"], fields["couponRefundFee"] = int64(len(r.Own.Coupons)), r.Coupon
		for i, c := range r.Own.Coupons { // counted from 0, glued on without underscore
			n := strconv.Itoa(i)
			fields["couponRefundId"+n], fields["couponType"+n], fields["couponRefundFee"+n] = c.ID, c.Type, c.Fee
		}
	}
	return fields
}
