package xlife

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// parameters finds what a method was asked: members of its JSON structure, or form fields.
func (m method) parameters(params map[string]string) (map[string]string, *answer) {
	if m.structure == "" {
		return params, nil
	}
	if params[m.structure] == "" {
		refusal := missingArgument(m.structure)
		return nil, &refusal
	}
	asked, err := orders.Flat([]byte(params[m.structure]))
	if err != nil {
		refusal := invalidArgument(m.structure, err.Error())
		return nil, &refusal
	}
	return asked, nil
}

// find gives the merchant's order; the platform's number wins over the merchant's, however wrong the latter is (§9.7).
// Where one field may hold either number (order_no of the mos family), it is given as id.
func (b *book) find(appKey, id, number string) *order {
	if id != "" {
		return b.ID(appKey, id)
	}
	return b.Number(appKey, number)
}

// refundOf is the latest refund of an order under a number, nil if there is none. A failed one may be followed by another of
// the same number.
func refundOf(o *order, number string) *refund {
	for i := len(o.Refunds) - 1; i >= 0; i-- {
		if o.Refunds[i].Number == number {
			return o.Refunds[i]
		}
	}
	return nil
}

// wrongMember names the first member of a refund structure that breaks its rule, "" if none does. The seed knows no lengths;
// 64 is the successor's, for numbers of orders and refunds alone (§2.2). Stores are looked up, tills and operators are not
// looked at.
func wrongMember(asked map[string]string, required ...string) string {
	for _, name := range required {
		if asked[name] == "" {
			return name
		}
	}
	for _, name := range []string{"trade_no", "out_trade_no", "order_no", "out_request_no"} {
		if v := asked[name]; v != "" && !orders.Plain.MatchString(v) {
			return name
		}
	}
	if _, ok := orders.Fen(asked["refund_amount"]); !ok {
		return "refund_amount"
	}
	if kind := asked["store_id_type"]; kind != "miaojie" && kind != "out" {
		return "store_id_type"
	}
	if text := asked["extend_params"]; text != "" && !json.Valid([]byte(text)) {
		return "extend_params"
	}
	return ""
}

// refund serves alibaba.xlife.onsite.trade.refund (§2). It is taken for orders on either core: the old interface is said to
// forward new orders (§6.4, inferred).
func (b *book) refund(m *merchant, asked map[string]string, now time.Time) answer {
	if name := wrongMember(asked, "refund_amount", "out_request_no", "refund_reason", "store_id_type", "store_id"); name != "" {
		return b.invalidParams("：" + name)
	}
	if asked["trade_no"] == "" && asked["out_trade_no"] == "" {
		return b.invalidParams("：trade_no")
	}
	o := b.find(m.AppKey, asked["trade_no"], asked["out_trade_no"])
	amount, _ := orders.Fen(asked["refund_amount"])
	switch {
	case o == nil:
		return b.invalidParams("：订单不存在") // no code for it is published; the choice is the sandbox's own
	case !m.sameStore(o, asked["store_id_type"], asked["store_id"]):
		return b.storeNoMatch()
	case amount != o.Total:
		return b.amountInvalid()
	}
	if r := refundOf(o, asked["out_request_no"]); r != nil && r.Status == control.Success {
		return b.paidBack(m, r, "N")
	}
	switch {
	case o.View().Refunding > 0:
		return b.existsRefunding()
	case b.closedTo(o, m, now):
		return b.notAllowed()
	case b.settings.RefuseCreate:
		return b.createFailed()
	}
	r := b.place(o, asked["out_request_no"], opRefund, now)
	if b.Settle(now); r.Status == control.Processing {
		return gaveUp
	}
	if r.Status == control.Failed {
		return b.createFailed()
	}
	return b.paidBack(m, r, "Y")
}

// closedTo tells that an order's state allows no refund: unpaid, refunded already, or past the contract's window (§2.1).
func (b *book) closedTo(o *order, m *merchant, now time.Time) bool {
	return !o.Paid || o.Live() > 0 || m.RefundWindow > 0 && now.After(o.PaidAt.Add(m.RefundWindow.Std()))
}

// place files a full refund, the only kind there is.
func (b *book) place(o *order, number, method string, now time.Time) *refund {
	r := &refund{PlacedRefund: control.PlacedRefund{PlatformRefundID: b.id("2015R"), Number: number, Amount: o.Total, Coupon: o.Coupon,
		Elsewhere: method == ""}, Own: origin{Method: method}}
	b.Place(o, r, b.settings.SettleAfter, now)
	return r
}

// id makes up a number in the length of Miaojie's.
func (b *book) id(prefix string) string {
	b.nextID++
	return prefix + strconv.FormatInt(2120110010044300000+b.nextID, 10)
}

// fund is the part of an order that left the buyer's fund account.
func fund(o *order) int64 { return o.Total - o.Coupon - o.Own.Subsidy - o.Own.Marketing }

// buyerID and buyerNick are the same for every order; who paid is not what this stand-in is about.
const (
	buyerID   = int64(10001)
	buyerNick = "159****5620"
)

// paidBack is the answer of §2.3. Its parts always add up: refund_fee = fund + promotion + subsidy + marketing (§2.4).
func (b *book) paidBack(m *merchant, r *refund, change string) answer {
	o := r.Order
	return answer{content: object{{"onsite_trade_refund_response", object{
		{"trade_no", o.PlatformID}, {"out_trade_no", o.MerchantID}, {"buyer_id", buyerID}, {"buyer_nick", buyerNick},
		{"fund_change", change}, {"refund_fee", r.Amount}, {"send_back_fee", fund(o)}, {"refund_fund_fee", fund(o)},
		{"refund_buy_promotion_fee", o.Coupon}, {"refund_mj_subsidy_fee", o.Own.Subsidy},
		{"refund_store_marketing_fee", o.Own.Marketing},
		{"gmt_refund_pay", r.SettlesAt.In(stage.Shanghai).Format(timestampLayout)}, {"store_name", m.storeName(o)},
	}}}}
}
