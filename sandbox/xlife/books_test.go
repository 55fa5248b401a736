package xlife_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestARestartGoesOnWhereTheBooksWere(t *testing.T) {
	w := &world{T: t, file: filepath.Join(t.TempDir(), "books.json")}
	w.start(control.XLifeSettings{SettleAfter: control.Duration(time.Hour), CallLimit: 3, LimitWindow: control.Duration(24 * time.Hour)})
	_, err := w.ctl.CreateMerchant(t.Context(), control.NewXLifeMerchant{AppKey: "12345678", AppSecret: "helloworld", Session: "test"})
	require.NoError(t, err)
	w.order(nil)
	w.refund(wanted())
	w.refund(wanted())
	before := w.book()

	w.start(control.XLifeSettings{})

	after := w.book()
	before.Calls, after.Calls = nil, nil // the log belongs to one run
	require.Equal(t, before, after)
	w.stage.Clock.Advance(time.Hour)
	require.Equal(t, "N", w.refund(wanted()).fields["fund_change"])
	require.EqualValues(t, 7, w.refund(wanted()).code, "two calls before the restart, one after")
	require.EqualValues(t, 88888, w.book().Refunded)
}

func TestASpoiledBooksFileIsRefused(t *testing.T) {
	w := &world{T: t, file: filepath.Join(t.TempDir(), "books.json")}
	w.start(control.XLifeSettings{})
	_, err := w.ctl.CreateMerchant(t.Context(), control.NewXLifeMerchant{AppKey: "12345678", AppSecret: "helloworld", Session: "test"})
	require.NoError(t, err)
	w.order(nil)
	w.refund(wanted())
	saved, err := w.platform.Save()
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, want string }{
		"status unknown":   {`"status":"success"`, `"status":"paid"`, "refunds[0]: status"},
		"merchant unknown": {`"merchant":"12345678"`, `"merchant":"1"`, "orders[0]"},
		"store unknown":    {`"store_id":"12345678"`, `"store_id":"1"`, "store_id"},
		"secret gone":      {`"app_secret":"helloworld"`, `"app_secret":""`, "app_secret"},
		"parts too big":    {`"subsidy":3000`, `"subsidy":88888`, "exceed the total"},
		"setting unknown":  {`"business_code":50`, `"business_code":7`, "business_code"},
		"field unknown":    {`"used":{}`, `"usage":{}`, "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := strings.Replace(string(saved), c.old, c.new, 1)
			require.NotEqual(t, string(saved), spoiled)
			require.ErrorContains(t, w.platform.Restore([]byte(spoiled)), c.want)
			left, err := w.platform.Save()
			require.NoError(t, err)
			require.JSONEq(t, string(saved), string(left), "refused whole")
		})
	}
}

func TestTheLogKnowsContentButNoSecrets(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	w.refund(wanted())
	w.stage.Clock.Advance(time.Minute) // another timestamp, another signature
	w.refund(with(wanted(), "trade_no", nil))
	w.refund(wanted())
	calls := w.book().Calls
	require.Len(t, calls, 3)
	require.Equal(t, calls[0].Content, calls[2].Content, "the same refund said again")
	require.NotEqual(t, calls[0].Content, calls[1].Content)
	for _, c := range calls {
		require.Equal(t, []any{tradeNo, "20260301ORDER0001", "HZ01RF001", int64(88888), refundMethod},
			[]any{c.OrderID, c.TpOrderID, c.RefundNo, c.Amount, c.Op})
		require.NotContains(t, text(c), "helloworld")
	}
	m, err := w.ctl.Merchant(t.Context(), "12345678")
	require.NoError(t, err)
	require.NotContains(t, text(m), "helloworld")
}

func TestFaultsSpeakThePlatformsWords(t *testing.T) {
	for name, c := range map[string]struct {
		fault control.Fault
		want  string
		paid  bool
	}{
		"a sub code":        {control.Fault{Kind: control.FaultAnswer, ErrorCode: new(int64(15)), Msg: "isp.remote-service-timeout slow"}, `{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isp.remote-service-timeout","sub_msg":"slow"`, false},
		"a sub code alone":  {control.Fault{Kind: control.FaultAnswer, Code: "isp.REFUND_CREATE_FAILED", Msg: "x"}, `{"error_response":{"code":50,"msg":"Remote service error","sub_code":"isp.REFUND_CREATE_FAILED","sub_msg":"x"`, false},
		"a code":            {control.Fault{Kind: control.FaultAnswer, ErrorCode: new(int64(10)), Msg: "Service Currently Unavailable", Phase: control.After}, `{"error_response":{"code":10,"msg":"Service Currently Unavailable","request_id"`, true},
		"no result":         {control.Fault{Kind: control.FaultNoCode, Phase: control.After}, `{"alibaba_xlife_onsite_trade_refund_response":{"request_id"`, true},
		"a body of my own":  {control.Fault{Kind: control.FaultAnswer, Body: `{"x":1}`}, `{"x":1}`, false},
		"a page of gateway": {control.Fault{Kind: control.FaultHTML}, `<!DOCTYPE html>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{})
			w.order(nil)
			c.fault.Op = refundMethod
			_, err := w.stage.Faults.Add(c.fault, w.platform.Ops())
			require.NoError(t, err)
			got := w.post(encode(signed(w.system(refundMethod, form{"onsite_trade_refund_request": text(wanted())}))))
			require.True(t, strings.HasPrefix(got, c.want), got)
			require.Equal(t, c.paid, w.book().Refunded > 0)
		})
	}
}

func TestControlRefusesWhatMakesNoSense(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	ctx := t.Context()
	_, err := w.ctl.CreateMerchant(ctx, control.NewXLifeMerchant{AppKey: "2", AppSecret: "s", Session: "t",
		Stores: []control.XLifeStore{{ID: "1", Name: "its store has no number of the merchant's"}}})
	require.NoError(t, err)
	order := func(change func(*control.NewXLifeOrder)) error {
		o := control.NewXLifeOrder{NewOrder: control.NewOrder{Merchant: "12345678", Total: 100}}
		change(&o)
		_, err := w.ctl.CreateXLifeOrder(ctx, o)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"merchant unknown": {order(func(o *control.NewXLifeOrder) { o.Merchant = "x" }), "no merchant has app_key"},
		"no total":         {order(func(o *control.NewXLifeOrder) { o.Total = 0 }), "total"},
		"parts too big":    {order(func(o *control.NewXLifeOrder) { o.Coupon, o.Subsidy = 60, 41 }), "exceed the total"},
		"store unknown":    {order(func(o *control.NewXLifeOrder) { o.StoreID = "x" }), "store_id"},
		"no such number":   {order(func(o *control.NewXLifeOrder) { o.Merchant, o.StoreIDType = "2", "out" }), "store_id"},
		"outcome unknown":  {order(func(o *control.NewXLifeOrder) { o.Outcome = control.Abnormal }), "outcome"},
		"id taken":         {order(func(o *control.NewXLifeOrder) { o.PlatformID = tradeNo }), "HTTP 409"},
		"number taken":     {order(func(o *control.NewXLifeOrder) { o.MerchantID = "20260301ORDER0001" }), "HTTP 409"},
	} {
		require.ErrorContains(t, c.err, c.want, name)
	}
	_, err = w.ctl.SetSettings(ctx, control.XLifeSettings{BusinessCode: 7})
	require.ErrorContains(t, err, "business_code")
	_, err = w.ctl.PatchMerchant(ctx, "x", control.XLifeMerchantPatch{})
	require.ErrorContains(t, err, "HTTP 404")
	_, err = w.ctl.CreateMerchant(ctx, control.NewXLifeMerchant{AppKey: "12345678"})
	require.ErrorContains(t, err, "HTTP 409")
	require.NoError(t, order(func(*control.NewXLifeOrder) {}), "ids are made up")
	all, err := w.ctl.Orders(ctx)
	require.NoError(t, err)
	require.Len(t, all, 2)
	w.platform.Reset()
	all, err = w.ctl.Orders(ctx)
	require.NoError(t, err)
	require.Empty(t, all)
}
