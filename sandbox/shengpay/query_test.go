package shengpay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestStatusesOfARefund(t *testing.T) {
	for outcome, want := range map[control.RefundStatus]string{
		control.Success: "REFUND_SUCCESS", control.Failed: "REFUND_FAIL", control.Abnormal: "REFUND_ODD",
	} {
		t.Run(want, func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{SettleAfter: control.Duration(time.Hour), OddStatus: "REFUND_ODD"})
			w.order(func(o *control.NewShengpayOrder) { o.Outcome = outcome })
			w.accepted(refundPath, wanted())
			require.Equal(t, "REFUND_PROCESSING", w.accepted(queryPath, query())["refundStatus"])
			w.advance(time.Hour)
			require.Equal(t, want, w.accepted(queryPath, query())["refundStatus"])
			require.Equal(t, outcome, w.book().Refunds[0].Status)
		})
	}
}

func TestWhatTheQueryDoesNotFind(t *testing.T) {
	code := func(w *world) any { return w.post(queryPath, query())["errorCode"] }
	t.Run("a number never used", func(t *testing.T) {
		require.Equal(t, "REFUND_NOT_EXIST", code(newWorld(t, control.ShengpaySettings{})))
		require.Equal(t, "ORDER_NOT_FOUND", code(newWorld(t, control.ShengpaySettings{QueryUnknown: "ORDER_NOT_FOUND"})))
	})
	t.Run("a fresh refund while the query lags", func(t *testing.T) {
		w := newWorld(t, control.ShengpaySettings{QueryLag: control.Duration(time.Minute)})
		w.order(nil)
		w.accepted(refundPath, wanted())
		require.Equal(t, "REFUND_NOT_EXIST", code(w))
		w.advance(time.Minute)
		require.Nil(t, code(w))
	})
	t.Run("refunds of the other product when it is blind", func(t *testing.T) {
		w := newWorld(t, control.ShengpaySettings{QueryBlind: true})
		w.order(nil)
		w.accepted(refundPath, with(wanted(), "refundFee", 1))
		require.Equal(t, "REFUND_NOT_EXIST", code(w))
		w.accepted(orderRefundPath, with(with(wanted(), "refundFee", 1), "outRefundNo", "R2"))
		require.Equal(t, "REFUND_SUCCESS", w.post(queryPath, with(query(), "outRefundNo", "R2"))["refundStatus"])
	})
	t.Run("another merchant's refund", func(t *testing.T) {
		w := newWorld(t, control.ShengpaySettings{})
		w.order(nil)
		w.accepted(refundPath, wanted())
		_, err := w.ctl.CreateMerchant(t.Context(), control.NewShengpayMerchant{AppID: "a2", MchID: "2", PublicKeyPEM: w.merchant().PublicKeyPEM})
		require.NoError(t, err)
		require.Equal(t, "REFUND_NOT_EXIST", w.post(queryPath, with(query(), "mchId", "2"))["errorCode"])
		require.Equal(t, "ORDER_NOT_EXIST", w.post(orderPath, with(orderQuery(), "mchId", "2"))["errorCode"])
	})
}

func TestWhichAnswersAreSigned(t *testing.T) {
	for setting, want := range map[control.Choice][]bool{"": {true, true}, "true": {true, true}, "false": {false, false}, "failures_unsigned": {true, false}} {
		t.Run(string(setting), func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{SignAnswers: setting})
			w.order(nil)
			success, failure := w.post(refundPath, wanted()), w.post(queryPath, with(query(), "outRefundNo", "x"))
			require.Equal(t, want, []bool{success["sign"] != nil, failure["sign"] != nil})
			require.Equal(t, want, []bool{w.genuine(success), w.genuine(failure)})
		})
	}
}

func TestAnUnpaidOrderIsShownAsSuch(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(func(o *control.NewShengpayOrder) { o.Paid = new(false) })
	got := w.accepted(orderPath, orderQuery())
	require.Equal(t, "PAY_WAIT", got["status"])
	require.NotContains(t, got, "timeEnd")
	require.Equal(t, "LACK_PARAMS", w.post(orderPath, with(orderQuery(), "outTradeNo", nil))["errorCode"])
}
