package shengpay_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The seed's request with the vector's signature, byte for byte.
func TestTheSeedsRequestIsAccepted(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID, Signature string
			Params        fields
		}
	}
	readJSON(t, "shengpay_signature_vectors.json", &file)
	i := slices.IndexFunc(file.Vectors, func(v struct {
		ID, Signature string
		Params        fields
	}) bool {
		return v.ID == "seed-refund-request"
	})
	w := newWorld(t, control.ShengpaySettings{SettleAfter: control.Duration(time.Hour)})
	w.order(nil)
	got := w.send(refundPath, text(with(file.Vectors[i].Params, "sign", file.Vectors[i].Signature)))
	require.ElementsMatch(t, names(sample(t, "refund-accepted", "response")), names(got))
	require.True(t, w.genuine(got))
	require.EqualValues(t, 100, w.book().Refunding, "accepted, not refunded")
}

func names(in fields) []string { return slices.Collect(maps.Keys(in)) }

func TestAnswersAreShapedLikeTheSamples(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(coupons)
	got := w.accepted(refundPath, wanted())
	for name, value := range sample(t, "refund-accepted-with-coupons", "response") {
		if name == "refundId" || name == "nonceStr" || name == "sign" {
			require.NotEmpty(t, got[name])
			continue
		}
		require.Equal(t, fmt.Sprint(value), fmt.Sprint(got[name]), name)
	}
	found := w.accepted(queryPath, query())
	for name := range sample(t, "refund-query-response", "response") {
		require.Contains(t, found, name)
	}
	require.Equal(t, "REFUND_SUCCESS", found["refundStatus"])
	require.Equal(t, got["refundId"], found["refundId"])
	state := w.accepted(orderPath, orderQuery())
	require.Equal(t, []any{transaction, "PAY_SUCCESS", "20261120120000"}, []any{state["transactionId"], state["status"], state["timeEnd"]})
}

func TestTheOtherSamplesAreAccepted(t *testing.T) {
	for _, c := range []struct{ id, path, mch, app string }{
		{"refund-request-withholding", refundPath, "93747514", "wxd678efh567hg6787"},
		{"refund-request-wallet", walletPath, "93751497", "djgeiq978y933"},
	} {
		t.Run(c.id, func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{})
			_, err := w.ctl.CreateMerchant(t.Context(), control.NewShengpayMerchant{AppID: c.app, MchID: c.mch,
				PublicKeyPEM: w.merchant().PublicKeyPEM, Unsettled: 100})
			require.NoError(t, err)
			in := sample(t, c.id, "request")
			w.order(func(o *control.NewShengpayOrder) { o.Merchant, o.MerchantID = c.mch, in["outTradeNo"].(string) })
			if n, isNumber := in["mchId"].(float64); isNumber { // goes back as the number it was
				in["mchId"] = json.Number(fmt.Sprintf("%.0f", n))
			}
			required := fields{"nonceStr": "n", "signType": "RSA", "notifyUrl": "http://127.0.0.1:9/none"}
			for name, value := range required { // the samples leave out what the table requires
				if in[name] == nil {
					in[name] = value
				}
			}
			w.accepted(c.path, in)
			require.EqualValues(t, 100, w.book().Refunded)
		})
	}
}

func TestRefusals(t *testing.T) {
	unpaid := func(o *control.NewShengpayOrder) { o.Paid = new(false) }
	long := strings.Repeat("x", 33)
	for name, c := range map[string]struct {
		order func(*control.NewShengpayOrder)
		path  string
		in    fields
		want  string
		says  string // part of errorCodeDes
	}{
		"no appId on the withholding refund": {in: with(wanted(), "appId", nil), want: "LACK_PARAMS"},
		"unknown appId":                      {in: with(wanted(), "appId", "x"), want: "APP_ID_NOT_EXIST"},
		"unknown mchId":                      {in: with(wanted(), "mchId", "1"), want: "MCH_ID_NOT_EXIST"},
		"another's appId":                    {in: with(wanted(), "appId", "app2"), want: "APP_ID_AND_MCH_ID_NOT_MATCH"},
		"no mchId":                           {in: with(wanted(), "mchId", nil), want: "LACK_PARAMS"},
		"no nonce":                           {in: with(wanted(), "nonceStr", ""), want: "LACK_PARAMS"},
		"nonce too long":                     {in: with(wanted(), "nonceStr", long), want: "PARAMS_ERROR"},
		"another signType":                   {in: with(wanted(), "signType", "MD5"), want: "PARAMS_ERROR"},
		"no order number":                    {in: with(wanted(), "outTradeNo", nil), want: "LACK_PARAMS"},
		"unknown order":                      {in: with(wanted(), "outTradeNo", "x"), want: "ORDER_NOT_EXIST"},
		"the platform's number":              {in: with(with(wanted(), "outTradeNo", nil), "transactionId", transaction)},
		"numbers of two orders":              {in: with(with(wanted(), "outTradeNo", "x"), "transactionId", transaction), want: "PARAMS_ERROR"},
		"no refund number":                   {in: with(wanted(), "outRefundNo", nil), want: "LACK_PARAMS"},
		"refund number too long":             {in: with(wanted(), "outRefundNo", long), want: "PARAMS_ERROR"},
		"no total":                           {in: with(wanted(), "totalFee", nil), want: "LACK_PARAMS"},
		"another total":                      {in: with(wanted(), "totalFee", "101"), want: "PARAMS_ERROR"},
		"amount as a number":                 {in: with(with(wanted(), "refundFee", 100), "totalFee", 100)},
		"amount zero":                        {in: with(wanted(), "refundFee", "0"), want: "PARAMS_ERROR"},
		"amount in yuan":                     {in: with(wanted(), "refundFee", "1.00"), want: "PARAMS_ERROR"},
		"amount above the total":             {in: with(wanted(), "refundFee", "101"), want: "REFUND_FEE_EXCEED"},
		"no address":                         {in: with(wanted(), "notifyUrl", nil), want: "LACK_PARAMS"},
		"address with a query":               {in: with(wanted(), "notifyUrl", "https://a.example/x?tenant=1"), want: "PARAMS_ERROR"},
		"address with an empty query":        {in: with(wanted(), "notifyUrl", "https://a.example/x?"), want: "PARAMS_ERROR"},
		"address without a scheme":           {in: with(wanted(), "notifyUrl", "a.example/x"), want: "PARAMS_ERROR"},
		"address too long":                   {in: with(wanted(), "notifyUrl", "https://a.example/"+strings.Repeat("x", 300)), want: "PARAMS_ERROR"},
		"reason of 128 characters":           {in: with(wanted(), "refundDesc", strings.Repeat("退", 128))},
		"reason of 129 characters":           {in: with(wanted(), "refundDesc", strings.Repeat("退", 129)), want: "PARAMS_ERROR"},
		"unknown source":                     {in: with(wanted(), "refundAccount", "BANK"), want: "PARAMS_ERROR"},
		"proxy without its merchant":         {in: with(wanted(), "applyType", "PROXY"), want: "LACK_PARAMS", says: "applyMchId"},
		"a merchant without proxy":           {in: with(wanted(), "applyMchId", "1"), want: "LACK_PARAMS", says: "applyType"},
		"a proxy with its merchant":          {in: with(with(wanted(), "applyMchId", "1"), "applyType", "PROXY")},
		"the wallet's without appId":         {path: walletPath, in: with(wanted(), "appId", nil), want: "LACK_PARAMS", says: "appId"},
		"an address of 300 characters":       {in: with(wanted(), "notifyUrl", "http://127.0.0.1:9/"+strings.Repeat("x", 281))},
		"a total with leading zeros":         {in: with(wanted(), "totalFee", "00100"), want: "PARAMS_ERROR"},
		"unknown fields":                     {in: with(with(wanted(), "attach", "x=1&y=2"), "zz", 1.5)},
		"an unpaid order":                    {order: unpaid, in: wanted(), want: "ORDER_NOT_PAID"},
		"the aggregate refund does without appId and total": {path: orderRefundPath, in: with(with(wanted(), "appId", nil), "totalFee", nil)},
		"but checks them if they come":                      {path: orderRefundPath, in: with(wanted(), "totalFee", "1"), want: "PARAMS_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.ShengpaySettings{})
			_, err := w.ctl.CreateMerchant(t.Context(), control.NewShengpayMerchant{AppID: "app2", MchID: "2", PublicKeyPEM: w.merchant().PublicKeyPEM})
			require.NoError(t, err)
			w.order(c.order)
			if c.path == "" {
				c.path = refundPath
			}
			got := w.post(c.path, c.in)
			require.Equal(t, "SUCCESS", got["returnCode"])
			code, _ := got["errorCode"].(string)
			require.Equal(t, c.want, code, "%v", got)
			if c.says != "" {
				require.Contains(t, got["errorCodeDes"], c.says)
			}
			require.Equal(t, c.want == "", w.book().Refunded == 100)
		})
	}
}

func TestSignaturesAreCheckedBeforeAnythingElse(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	forged := with(w.sign(wanted()), "refundFee", "99")
	got := w.send(refundPath, text(forged))
	require.Equal(t, "SIGN_ERROR", got["errorCode"])
	require.Equal(t, "LACK_PARAMS", w.send(refundPath, text(wanted()))["errorCode"], "no signature at all")
	require.Equal(t, "PARAMS_ERROR", w.send(refundPath, text(with(wanted(), "sign", strings.Repeat("A", 501))))["errorCode"])

	_, err := w.ctl.SetSettings(t.Context(), control.ShengpaySettings{SignErrorAs: "return_fail"})
	require.NoError(t, err)
	got = w.send(refundPath, text(forged))
	want := sample(t, "refund-transport-fail", "response")
	require.Equal(t, []any{want["returnCode"], want["returnMsg"]}, []any{got["returnCode"], got["returnMsg"]})
	require.Empty(t, w.book().Refunds)
}

func TestWhatIsNoRequestFailsAtTheFirstLevel(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	for _, body := range []string{"", "x", "[]", `{"mchId":"1","mchId":"2"}`, `{"a":{}}`, `{} {}`, "{\"a\":\"\xff\"}", strings.Repeat(" ", 65<<10)} {
		got := w.send(refundPath, body)
		require.Equal(t, "FAIL", got["returnCode"], body)
	}
}

func TestPermissionIsPerOperation(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	_, err := w.ctl.PatchMerchant(t.Context(), "93745648", control.ShengpayMerchantPatch{Denied: &[]string{"pay/refund"}})
	require.NoError(t, err)
	require.Equal(t, "NO_AUTH", w.post(refundPath, wanted())["errorCode"])
	w.accepted(orderRefundPath, wanted())
	_, err = w.ctl.PatchMerchant(t.Context(), "93745648", control.ShengpayMerchantPatch{Denied: &[]string{"pay"}})
	require.ErrorContains(t, err, "denied")
}

func TestANumberMeansOneRefund(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{})
	w.order(nil)
	w.order(func(o *control.NewShengpayOrder) { o.PlatformID, o.MerchantID = "DO2", "O2" })
	partial := with(wanted(), "refundFee", "40")
	first := w.accepted(refundPath, partial)
	again := w.accepted(refundPath, with(with(partial, "nonceStr", "another"), "refundFee", 40))
	require.Equal(t, first["refundId"], again["refundId"])
	require.NotEqual(t, first["nonceStr"], again["nonceStr"])
	for _, other := range []fields{with(partial, "refundFee", "41"), with(partial, "refundAccount", "RECHARGE"), with(partial, "outTradeNo", "O2")} {
		require.Equal(t, "OUT_TRADE_NO_USED", w.post(refundPath, other)["errorCode"])
	}
	require.EqualValues(t, 40, w.book().Refunded)

	require.Equal(t, "REFUND_FEE_EXCEED", w.post(refundPath, with(with(partial, "outRefundNo", "R2"), "refundFee", "61"))["errorCode"])
	w.accepted(refundPath, with(with(partial, "outRefundNo", "R2"), "refundFee", "60"))
	require.Equal(t, "ORDER_CLOSED", w.post(refundPath, with(partial, "outRefundNo", "R3"))["errorCode"])
	w.accepted(refundPath, partial)
	require.EqualValues(t, 100, w.book().Refunded)
}

func TestBalancesPayAndFailedRefundsGiveBack(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{SettleAfter: control.Duration(time.Hour)})
	w.order(func(o *control.NewShengpayOrder) { o.Total, o.Outcome = 2000, control.Failed })
	in := func(no, account string, fee int) fields {
		return with(with(with(with(wanted(), "totalFee", 2000), "outRefundNo", no), "refundFee", fee), "refundAccount", account)
	}
	balances := func() []int64 { m := w.merchant(); return []int64{m.Recharge, m.Unsettled} }
	w.accepted(refundPath, in("R1", "RECHARGE", 400))
	w.accepted(refundPath, in("R2", "UNSETTLED", 300))
	w.accepted(refundPath, in("R3", "", 300))
	require.Equal(t, []int64{100, 400}, balances(), "an empty source means the unsettled turnover by default")
	short := w.post(refundPath, in("R4", "RECHARGE", 101))
	require.Equal(t, []any{"BALANCE_NOT_ENOUGH", "余额不足"}, []any{short["errorCode"], short["errorCodeDes"]})
	_, err := w.ctl.SetSettings(t.Context(), control.ShengpaySettings{DefaultAccount: "RECHARGE", SettleAfter: control.Duration(time.Hour)})
	require.NoError(t, err)
	w.accepted(refundPath, in("R5", "", 100))
	require.Equal(t, []int64{0, 400}, balances())
	w.advance(time.Hour)
	require.Equal(t, "REFUND_FAIL", w.accepted(queryPath, with(query(), "outRefundNo", "R1"))["refundStatus"])
	require.Equal(t, []int64{500, 1000}, balances())
	w.accepted(refundPath, in("R1", "RECHARGE", 400))
	require.Equal(t, []int64{500, 1000}, balances(), "a repeat of a failed number is its first answer, no new refund")
	require.Zero(t, w.book().Refunded)
}

func TestCouponsComeBackInProportionAndToTheLastFen(t *testing.T) {
	w := newWorld(t, control.ShengpaySettings{AmountsAs: "text"})
	w.order(coupons)
	var cash, coupon int64
	for i, fee := range []int{33, 33, 34} {
		got := w.accepted(refundPath, with(with(wanted(), "outRefundNo", fmt.Sprint("R", i)), "refundFee", fee))
		require.IsType(t, "", got["refundFee"], "amounts as text")
		cash += number64(t, got["settlementRefundFee"])
		coupon += number64(t, got["couponRefundFee"])
		parts := int64(0)
		for n := range number64(t, got["couponRefundCount"]) {
			parts += number64(t, got[fmt.Sprint("couponRefundFee", n)])
			require.NotEmpty(t, got[fmt.Sprint("couponRefundId", n)])
		}
		require.Equal(t, number64(t, got["couponRefundFee"]), parts)
		require.EqualValues(t, fee, number64(t, got["settlementRefundFee"])+parts)
	}
	require.Equal(t, []int64{80, 20}, []int64{cash, coupon})
	require.EqualValues(t, 920, w.merchant().Unsettled, "coupons cost the merchant nothing")
}

func number64(t *testing.T, v any) int64 {
	t.Helper()
	n, err := json.Number(fmt.Sprint(v)).Int64()
	require.NoError(t, err)
	return n
}
