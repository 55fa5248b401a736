package shengpay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestASpoiledBooksFileIsRefused(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(coupons)
	w.accepted(refundPath, with(wanted(), "refundFee", 40))
	w.accepted(refundPath, with(with(wanted(), "refundFee", 40), "outRefundNo", "R2"))
	w.book()
	saved, err := w.platform.Save()
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, want string }{
		"status unknown":   {`"status":"success"`, `"status":"paid"`, "refunds[0]: status"},
		"merchant unknown": {`"merchant":"93745648"`, `"merchant":"1"`, "orders[0]"},
		"number twice":     {`"number":"R2"`, `"number":"` + number + `"`, "there twice"},
		"key broken":       {`BEGIN PRIVATE KEY`, `BEGIN NOTHING`, "platform_key_pem"},
		"coupons too big":  {`"fee":15`, `"fee":16`, "coupons[1]"},
		"setting unknown":  {`"amounts_as":"number"`, `"amounts_as":"float"`, "amounts_as"},
		"field unknown":    {`"next_id"`, `"last_id"`, "last_id"},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := strings.Replace(string(saved), c.old, c.new, 1)
			require.NotEqual(t, string(saved), spoiled)
			require.ErrorContains(t, w.platform.Restore([]byte(spoiled)), c.want)
			left, err := w.platform.Save()
			require.NoError(t, err)
			require.Equal(t, string(saved), string(left), "refused whole")
		})
	}
}

func TestTheLogKnowsContentButNoSecrets(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	w.accepted(refundPath, wanted())
	w.accepted(refundPath, with(with(wanted(), "nonceStr", "another"), "refundFee", 100))
	w.accepted(queryPath, query())
	calls := w.book().Calls
	require.Len(t, calls, 3, "the query is found by its order, too")
	require.Equal(t, calls[0].Content, calls[1].Content, "the same refund said again, with another nonce")
	require.Equal(t, []any{transaction, "huaweitest_0jhiuhi_31", number, int64(100), "pay/refund", "SUCCESS"},
		[]any{calls[0].OrderID, calls[0].TpOrderID, calls[0].RefundNo, calls[0].Amount, calls[0].Op, calls[0].Outcome})
	require.NotContains(t, text(calls), w.sign(wanted())["sign"])
}

func TestFaultsSpeakThePlatformsWords(t *testing.T) {
	for name, c := range map[string]struct {
		fault control.Fault
		want  fields // members of the answer; nil: absent
		paid  bool
	}{
		"an errorCode": {control.Fault{Kind: control.FaultAnswer, Errno: new(int64(1)), Msg: "SYSTEM_ERROR 系统错误", Phase: control.After},
			fields{"returnCode": "SUCCESS", "resultCode": "FAIL", "errorCode": "SYSTEM_ERROR", "errorCodeDes": "系统错误"}, true},
		"an errorCode by itself": {control.Fault{Kind: control.FaultAnswer, Code: "NO_AUTH", Msg: "x"}, fields{"errorCode": "NO_AUTH", "errorCodeDes": "x"}, false},
		"a returnCode FAIL": {control.Fault{Kind: control.FaultAnswer, ErrorCode: new(int64(1)), Msg: "签名错误"},
			fields{"returnCode": "FAIL", "returnMsg": "签名错误"}, false},
		"no code, not worked on": {control.Fault{Kind: control.FaultNoCode}, fields{"returnCode": nil, "sign": nil}, false},
		"no code, worked on": {control.Fault{Kind: control.FaultNoCode, Phase: control.After},
			fields{"returnCode": nil, "sign": nil, "outRefundNo": number}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{})
			w.order(nil)
			c.fault.Op, c.fault.OrderID = "pay/refund", transaction
			_, err := w.stage.Faults.Add(c.fault, w.platform.Ops())
			require.NoError(t, err)
			got := w.post(refundPath, wanted())
			for member, want := range c.want {
				require.Equal(t, want, got[member], "%s in %v", member, got)
			}
			require.Equal(t, c.paid, w.book().Refunded > 0)
		})
	}
}

func TestControlRefusesWhatMakesNoSense(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	ctx := t.Context()
	order := func(change func(*control.NewShengpayOrder)) error {
		o := control.NewShengpayOrder{NewOrder: control.NewOrder{Merchant: "93745648", Total: 100}}
		change(&o)
		_, err := w.ctl.CreateShengpayOrder(ctx, o)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"merchant unknown": {order(func(o *control.NewShengpayOrder) { o.Merchant = "x" }), "no merchant has mch_id"},
		"no total":         {order(func(o *control.NewShengpayOrder) { o.Total = 0 }), "total"},
		"coupon too big":   {order(func(o *control.NewShengpayOrder) { o.Coupon = 101 }), "coupon"},
		"coupons disagree": {order(func(o *control.NewShengpayOrder) { coupons(o); o.Coupon = 21 }), "add up to coupon"},
		"id too long":      {order(func(o *control.NewShengpayOrder) { o.PlatformID = strings.Repeat("x", 33) }), "32 characters"},
		"id taken":         {order(func(o *control.NewShengpayOrder) { o.PlatformID = transaction }), "HTTP 409"},
	} {
		require.ErrorContains(t, c.err, c.want, name)
	}
	_, err := w.ctl.CreateOrder(ctx, control.NewOrder{Merchant: "93745648", Total: 100, Coupon: 20})
	require.NoError(t, err, "the shared shape will do: ids and a coupon are made up")
	_, err = w.ctl.SetSettings(ctx, control.ShengpaySettings{SignAnswers: "maybe"})
	require.ErrorContains(t, err, "sign_answers")
	_, err = w.ctl.CreateMerchant(ctx, control.NewShengpayMerchant{AppID: "appid_huawei", MchID: "2"})
	require.ErrorContains(t, err, "HTTP 409")
	_, err = w.ctl.CreateMerchant(ctx, control.NewShengpayMerchant{AppID: "a", MchID: "2", PublicKeyPEM: "x"})
	require.ErrorContains(t, err, "public_key_pem")
	_, err = w.ctl.PatchOrder(ctx, transaction, control.OrderPatch{SettleAfter: new(control.Duration(time.Hour))})
	require.NoError(t, err)
	w.accepted(refundPath, wanted())
	require.EqualValues(t, 100, w.book().Refunding)
	w.platform.Reset()
	all, err := w.ctl.Orders(ctx)
	require.NoError(t, err)
	require.Empty(t, all)
	require.Equal(t, "MCH_ID_NOT_EXIST", w.post(queryPath, query())["errorCode"], "and no key to sign it with")
}
