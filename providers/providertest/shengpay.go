package providertest

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/shengpay"
	"github.com/refundflow/refundflow/sandbox/control"
)

var shengpayBenches = []Transport{shengpayBench(shengpay.AmountsText), shengpayBench(shengpay.AmountsNumber)}

func shengpayBench(amounts shengpay.Amounts) Transport {
	return Transport{Name: "shengpay/" + string(amounts), Open: func(t *testing.T, g Ground) *Bench {
		b := &Bench{Platform: control.New(g.Server.URL())}
		platform, mchID := b.Platform.Shengpay(), digits(8)
		merchant, err := platform.CreateMerchant(t.Context(), control.NewShengpayMerchant{
			AppID: "app" + mchID, MchID: mchID, PublicKeyPEM: publicPEM(t), Recharge: 1_000_000_00, Unsettled: 1_000_000_00,
		})
		require.NoError(t, err)
		provider, err := shengpay.New(shengpay.Settings{
			AppID: "app" + mchID, MchID: mchID, PrivateKeyFile: privateFile(t),
			PlatformPublicKeyFile: secretFile(t, merchant.PlatformPublicKeyPEM), URL: g.Address,
			NotifyURL: cmp.Or(g.NotifyURL, "http://127.0.0.1:9/callbacks/shop/refund"), Amounts: amounts, Timeout: g.Timeout,
		})
		require.NoError(t, err)
		b.Provider, b.Signed = provider, true
		b.Ops.Apply, b.Ops.Order, b.Ops.Query = "pay/refund", "pay/queryOrder", "refund/queryRefundOrder"
		b.NewOrder = newOrder(platform.Platform, mchID)
		b.Refunds = placedRefunds(platform.Platform)
		b.Codes = shengpayCodes
		b.Forged = map[string]control.Fault{
			"a wrong signature": {Kind: control.FaultAnswer, Body: `{"returnCode":"SUCCESS","returnMsg":"OK","resultCode":"SUCCESS",` +
				`"refundStatus":"REFUND_SUCCESS","status":"PAY_SUCCESS","nonceStr":"n","signType":"RSA","sign":"MTIz"}`},
			"another refund's": {Kind: control.FaultAnswer, Body: `{"returnCode":"SUCCESS","returnMsg":"OK","resultCode":"SUCCESS",` +
				`"outTradeNo":"O1","outRefundNo":"R9","refundId":"1","refundFee":9800,"nonceStr":"n","signType":"RSA","sign":"MTIz"}`},
		}
		return b
	}}
}

func shengpayCodes(t *testing.T) []Code {
	t.Helper()
	var file struct {
		Codes []struct {
			Code  string `json:"code"`
			Class string `json:"class"`
		} `json:"codes"`
	}
	testdata(t, "shengpay", "shengpay_error_codes.json", &file)
	var codes []Code
	for _, e := range file.Codes {
		// The one retryable code has an unknown outcome, docs/protocols/shengpay.md §7.1.
		codes = append(codes, Code{Name: e.Code, Fault: control.Fault{Code: e.Code, Msg: "其他"}, Want: class(e.Class, true)})
	}
	return append(codes, Code{Name: "a code nobody documented", Fault: control.Fault{Code: "REFUND_TOO_LATE", Msg: "其他"},
		Want: class("ambiguous-outcome", true)})
}
