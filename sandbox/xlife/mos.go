package xlife

import (
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// mosQuery serves alibaba.mos.onsite.trade.query (§6.1), the state of an order on either core. Its refusals are not
// published; the sub codes are TOP's general ones.
func (b *book) mosQuery(m *merchant, asked map[string]string, _ time.Time) answer {
	for _, name := range []string{"store_id_type", "store_id"} {
		if asked[name] == "" {
			return missingArgument(name)
		}
	}
	if asked["trade_no"] == "" && asked["out_trade_no"] == "" {
		return missingArgument("trade_no")
	}
	o := b.find(m.AppKey, asked["trade_no"], asked["out_trade_no"])
	switch {
	case o == nil:
		return b.business("isv.invalid-parameter", "交易不存在")
	case !m.sameStore(o, asked["store_id_type"], asked["store_id"]):
		return b.business("isv.invalid-parameter", "门店与订单的门店不一致")
	}
	content := object{{"trade_no", o.PlatformID}, {"out_trade_no", o.MerchantID}, {"buyer_nick", buyerNick},
		{"total_amount", o.Total}, {"buyer_total_fund_fee", fund(o)}, {"buyer_total_promotion_fee", o.Total - fund(o)},
		{"store_total_marketing_fee", o.Own.Marketing}, {"store_total_received_fee", o.Total - o.Own.Marketing},
		{"trade_status", tradeStatus(o)}}
	if o.Paid {
		content = append(content, member{"gmt_payment", o.PaidAt.In(stage.Shanghai).Format(timestampLayout)})
	}
	content = append(content, member{"auth_code_source", "MJ"}, member{"extend_params", "{}"},
		member{"fund_bill_list", list{"fund_bill", fundBills(o)}})
	return answer{content: object{{"onsite_trade_query_response", content}}}
}

// tradeStatus closes an order with its refund (§6.1, inferred). TRADE_FINISHED is not made: when an order becomes so is not
// documented.
func tradeStatus(o *order) string {
	switch {
	case !o.Paid:
		return "WAIT_BUYER_PAY"
	case o.View().Refunded > 0:
		return "TRADE_CLOSED"
	}
	return "TRADE_SUCCESS"
}

func fundBills(o *order) []object {
	bill := func(amount int64, channel string) object {
		return object{{"amount", amount}, {"fund_channel", "alipay"}, {"sub_fund_channel", channel}, {"extend_params", "{}"}}
	}
	var bills []object
	if fund(o) > 0 {
		bills = append(bills, bill(fund(o), "alipay_account"))
	}
	if promoted := o.Total - fund(o); promoted > 0 {
		bills = append(bills, bill(promoted, "alipay_mj_voucher"))
	}
	return bills
}

// mosFind serves alibaba.mos.onsite.trade.queryrefund (§6.2). It sees refunds made by either family: the notes' saga asks it
// about xlife refunds, too (§5, inferred).
func (b *book) mosFind(m *merchant, asked map[string]string, _ time.Time) answer {
	number := asked["out_request_no"]
	if number == "" {
		return missingArgument("out_request_no")
	}
	var found *refund
	for _, o := range b.Of(m.AppKey) {
		if no := asked["order_no"]; no != "" && no != o.PlatformID && no != o.MerchantID {
			continue
		}
		if r := refundOf(o, number); r != nil {
			found = r // of several orders with the same number, the latest: the number is unique per order only (§4)
		}
	}
	if found == nil {
		return refused(mosNoRefund, "退款不存在")
	}
	return accepted(refundData(found))
}

// refundStatus are the words of §6.2.
var refundStatus = map[control.RefundStatus]string{
	control.Processing: "REFUNDING", control.Success: "SUCCESS", control.Failed: "FAIL",
}

func refundData(r *refund) object {
	o := r.Order
	return object{{"trade_no", o.PlatformID}, {"out_trade_no", o.MerchantID}, {"out_request_no", r.Number},
		{"refund_status", refundStatus[r.Status]}, {"buyer_alipay_id", "2088000000000000"}, {"refund_amount", r.Amount},
		{"auth_code_source", "MJ"}, {"buyer_nick", buyerNick}, {"fund_bill_list", list{"fund_bill_do", fundBills(o)}}}
}

// mosRefund serves alibaba.mos.onsite.trade.refund (§6.3). It is asynchronous: the first answer is REFUNDING even when the
// refund settles at once, and the rest is asking again.
func (b *book) mosRefund(m *merchant, asked map[string]string, now time.Time) answer {
	if name := wrongMember(asked, "order_no", "out_request_no", "refund_amount", "refund_reason", "mj_shop_id", "store_id",
		"store_id_type", "terminal_id", "operator_id", "refund_source"); name != "" {
		return refused(mosParam, "参数错误："+name)
	}
	if n, err := strconv.Atoi(asked["refund_source"]); err != nil || n < 1 || n > 4 {
		return refused(mosParam, "参数错误：refund_source")
	}
	o := b.ID(m.AppKey, asked["order_no"])
	if o == nil {
		o = b.Number(m.AppKey, asked["order_no"])
	}
	amount, _ := orders.Fen(asked["refund_amount"])
	switch {
	case o == nil:
		return refused(mosNoOrder, "订单不存在")
	case !o.Own.NewCore:
		return refused(mosOldCore, "非新支付订单")
	case !m.sameStore(o, asked["store_id_type"], asked["store_id"]):
		return refused(mosStore, "退款的门店与订单的门店不一致")
	case amount != o.Total:
		return refused(mosAmount, "退款金额不等于订单消费总额")
	}
	if r := refundOf(o, asked["out_request_no"]); r != nil && r.Status != control.Failed {
		return accepted(refundData(r))
	}
	switch {
	case o.View().Refunding > 0:
		return refused(mosRefunding, "存在在途退款")
	case b.closedTo(o, m, now):
		return refused(mosState, "订单状态不允许退款")
	case b.settings.RefuseCreate:
		return refused(mosCreate, "退款交易创建操作失败")
	}
	return accepted(refundData(b.place(o, asked["out_request_no"], opMosRefund, now)))
}

// mosNewOrder serves alibaba.mos.onsite.trade.isnewpayorder (§6.4). An order nobody knows is not on the new core.
func (b *book) mosNewOrder(m *merchant, asked map[string]string, _ time.Time) answer {
	number := asked["out_trade_no"]
	switch {
	case number == "":
		return missingArgument("out_trade_no")
	case len(number) > 100:
		return refused(mosParam, "参数错误：out_trade_no")
	}
	o := b.Number(m.AppKey, number)
	return accepted(o != nil && o.Own.NewCore)
}
