package xlife_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestTheSuccessorFamilyAnswersLikeItsSamples(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(newCore)
	var query, find struct {
		Fields form `json:"form_business_fields"`
	}
	readJSON(t, "xlife_mos_trade_query_request.json", &query)
	readJSON(t, "xlife_mos_queryrefund_request.json", &find)
	var refund struct {
		Parameter map[string]any `json:"business_parameter"`
	}
	readJSON(t, "xlife_mos_refund_request.json", &refund)

	requireLike(t, "xlife_mos_trade_query_response.json", w.call(mosQuery, query.Fields).raw, "gmt_payment", "request_id")
	requireLike(t, "xlife_mos_isnewpayorder_response.json", w.call(mosNewOrder, form{"out_trade_no": "20260301ORDER0001"}).raw, "request_id")
	requireLike(t, "xlife_mos_refund_response_refunding.json", w.mosRefund(refund.Parameter).raw, "request_id")
	requireLike(t, "xlife_mos_queryrefund_response.json", w.call(mosFind, find.Fields).raw, "request_id")
	requireLike(t, "xlife_mos_refund_response_result_false.json", w.mosRefund(with(mosWanted(), "operator_id", nil)).raw, "err_msg", "request_id")
	require.EqualValues(t, 88888, w.book().Refunded)
}

func TestMosRefundRules(t *testing.T) {
	for name, c := range map[string]struct {
		order func(*control.NewXLifeOrder)
		in    map[string]any
		want  string
	}{
		"either number finds the order": {newCore, with(mosWanted(), "order_no", tradeNo), ""},
		"orders of the old core":        {nil, mosWanted(), "非新支付订单"},
		"full refunds only":             {newCore, with(mosWanted(), "refund_amount", 1), "退款金额不等于订单消费总额"},
		"the order's store only":        {newCore, with(mosWanted(), "store_id", "87654321"), "门店不一致"},
		"unknown order":                 {newCore, with(mosWanted(), "order_no", "none"), "订单不存在"},
		"source 5":                      {newCore, with(mosWanted(), "refund_source", 5), "refund_source"},
		"no terminal":                   {newCore, with(mosWanted(), "terminal_id", nil), "terminal_id"},
		"unpaid": {func(o *control.NewXLifeOrder) { o.NewCore, o.Paid = true, new(false) }, mosWanted(),
			"订单状态不允许退款"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{})
			w.order(c.order)
			got := w.mosRefund(c.in)
			require.Zero(t, got.code, "the gateway is content: %s", got.raw)
			require.Equal(t, c.want == "", got.fields["success"], got.raw)
			require.Contains(t, got.fields["err_msg"], c.want)
			require.Equal(t, c.want == "", len(w.book().Refunds) == 1)
		})
	}
}

func TestAMosRefundMovesMoneyOnce(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{SettleAfter: control.Duration(time.Hour)})
	w.order(newCore)
	status := func() any { return w.call(mosFind, form{"out_request_no": "HZ01RF001"}).data()["refund_status"] }
	w.mosRefund(mosWanted())
	require.Equal(t, "REFUNDING", w.mosRefund(mosWanted()).data()["refund_status"])
	require.Equal(t, false, w.mosRefund(with(mosWanted(), "out_request_no", "other")).fields["success"])
	require.Equal(t, "isp.EXISTS_REFUNDING_ORDER", w.refund(wanted()).subCode, "both families see one order")
	require.Equal(t, "REFUNDING", status())
	w.stage.Clock.Advance(time.Hour)
	require.Equal(t, "SUCCESS", status())
	require.Equal(t, "SUCCESS", w.mosRefund(mosWanted()).data()["refund_status"])
	require.Equal(t, "N", w.refund(wanted()).fields["fund_change"])
	require.EqualValues(t, 88888, w.book().Refunded)
}

func TestAMosRefundMayFail(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(func(o *control.NewXLifeOrder) { o.NewCore, o.Outcome = true, control.Failed })
	require.Equal(t, "REFUNDING", w.mosRefund(mosWanted()).data()["refund_status"])
	require.Equal(t, "FAIL", w.call(mosFind, form{"out_request_no": "HZ01RF001", "order_no": tradeNo}).data()["refund_status"])
	require.Equal(t, "TRADE_SUCCESS", w.call(mosQuery, form{"out_trade_no": "20260301ORDER0001", "store_id_type": "out", "store_id": "S1"}).fields["trade_status"])
}

func TestQueriesOfWhatIsNotThere(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(func(o *control.NewXLifeOrder) { o.Paid = new(false) })
	require.Equal(t, false, w.call(mosFind, form{"out_request_no": "HZ01RF001"}).fields["success"])
	require.Equal(t, false, w.call(mosNewOrder, form{"out_trade_no": "none"}).fields["data"])
	require.Equal(t, "isv.invalid-parameter", w.call(mosQuery, form{"trade_no": "none", "store_id_type": "out", "store_id": "S1"}).subCode)
	require.Equal(t, "isv.missing-parameter:store_id", w.call(mosQuery, form{"trade_no": tradeNo, "store_id_type": "out"}).subCode)
	unpaid := w.call(mosQuery, form{"trade_no": tradeNo, "store_id_type": "out", "store_id": "S1"}).fields
	require.Equal(t, "WAIT_BUYER_PAY", unpaid["trade_status"])
	require.NotContains(t, unpaid, "gmt_payment")
}
