package providertest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

var baiduBenches = []Transport{
	baiduBench(baidu.TransportCashier, true), baiduBench(baidu.TransportCashierLegacy, true),
	baiduBench(baidu.TransportOpenAPI, true),
	// Without OpenAPI credentials no refund can be asked for by its number.
	baiduBench(baidu.TransportCashier, false),
}

func baiduBench(transport baidu.Transport, openAPI bool) Transport {
	name := "baidu/" + string(transport)
	if !openAPI {
		name += " alone"
	}
	return Transport{Name: name, Open: func(t *testing.T, g Ground) *Bench {
		b := &Bench{Platform: control.New(g.Server.URL()), NoCoupons: true}
		platform, appKey, secret := b.Platform.Baidu(), "MMM"+random()[:12], random()
		merchant, err := platform.CreateMerchant(t.Context(), control.NewBaiduMerchant{
			AppKey: appKey, AppID: 10026, PublicKeyPEM: publicPEM(t), ClientID: appKey, ClientSecret: secret,
			Balance: 1_000_000_00, RefundNotifyURL: g.NotifyURL, RefundAuditURL: g.AuditURL,
		})
		require.NoError(t, err)
		settings := baidu.Settings{
			Transport: transport, AppID: "10026", AppKey: appKey, PrivateKeyFile: privateFile(t),
			PlatformPublicKeyFile: secretFile(t, merchant.PlatformPublicKeyPEM),
			CashierURL:            g.Address + "/cashier", LegacyURL: g.Address + "/nop/server/rest",
			OrderURL: g.Address + "/platform/entity/openapi/queryorderdetail", OpenAPIURL: g.Address, Timeout: g.Timeout,
		}
		if openAPI {
			settings.OpenAPI = &baidu.OpenAPI{ClientID: appKey, ClientSecretFile: secretFile(t, secret)}
		} else {
			settings.Poll = seldom
		}
		provider, err := baidu.New(settings)
		require.NoError(t, err)
		b.Provider, b.Secrets = provider, []string{secret}
		b.Ops.Apply, b.Ops.Order = "applyOrderRefund", "queryorderdetail"
		if openAPI {
			b.Ops.Query = "findOrderRefund"
		}
		b.NewOrder = func(t *testing.T, o control.NewOrder) refund.Order {
			t.Helper()
			wanted := control.NewBaiduOrder{AppKey: appKey, OrderID: o.PlatformID, TpOrderID: o.MerchantID, Total: o.Total,
				Paid: o.Paid, SettleAfter: o.SettleAfter, Outcome: o.Outcome}
			if o.Paid != nil {
				wanted.Verified = o.Paid
			}
			made, err := platform.CreateOrder(t.Context(), wanted)
			require.NoError(t, err)
			return refund.Order{PlatformID: made.OrderID, MerchantID: made.TpOrderID, UserID: made.UserID, Total: refund.Fen(o.Total)}
		}
		b.Refunds = BaiduRefunds(platform)
		b.Codes = func(t *testing.T) []Code { return baiduCodes(t, transport == baidu.TransportOpenAPI) }
		return b
	}}
}

// BaiduRefunds reads an order's refunds from Baidu's books.
func BaiduRefunds(platform *control.Baidu) func(*testing.T, refund.Order) []control.PlacedRefund {
	return func(t *testing.T, o refund.Order) []control.PlacedRefund {
		t.Helper()
		book, err := platform.OrderBook(context.Background(), o.PlatformID)
		var unknown *control.Error
		if errors.As(err, &unknown) && unknown.Status == http.StatusNotFound {
			return nil
		}
		require.NoError(t, err)
		var placed []control.PlacedRefund
		for _, r := range book.Refunds {
			placed = append(placed, control.PlacedRefund{PlatformRefundID: r.RefundBatchID, Number: r.BizRefundBatchID,
				Amount: r.Amount, Status: r.Status, AppliedAt: r.AppliedAt, SettlesAt: r.SettlesAt})
		}
		return placed
	}
}

// baiduCodes are the codes of the apply; the provider's own tests prove the rest
// of the table.
func baiduCodes(t *testing.T, openAPI bool) []Code {
	t.Helper()
	type entry struct {
		Code  int64    `json:"code"`
		Class string   `json:"class"`
		Texts []string `json:"msg_contains"`
		Ops   []string `json:"ops"`
	}
	var file struct {
		Cashier []entry `json:"cashier_errno"`
		Access  []entry `json:"access_layer"`
		OpenAPI []entry `json:"openapi_errno"`
	}
	testdata(t, "baidu", "baidu_error_codes.json", &file)
	tables := append(file.Cashier, file.Access...)
	if openAPI {
		tables = append(file.Access, file.OpenAPI...)
	}
	var codes []Code
	for _, e := range tables {
		if e.Class == "ok" || len(e.Ops) > 0 && e.Ops[0] != "applyOrderRefund" {
			continue
		}
		message := "其他"
		if len(e.Texts) > 0 {
			message = e.Texts[0]
		}
		c := Code{Name: strconv.FormatInt(e.Code, 10) + " " + message, Fault: control.Fault{Errno: &e.Code, Msg: message}, Want: class(e.Class, false)}
		if message == "已消费订单不允许退款" {
			c.Want = refund.ClassTransient // and the order is looked at again
		}
		codes = append(codes, c)
	}
	return codes
}
