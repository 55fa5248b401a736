package providertest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/xlife"
	"github.com/refundflow/refundflow/sandbox/control"
)

// xlife knows no notification (docs/protocols/xlife.md): what becomes of a refund
// is in the answer, or is asked for by the sibling interface where an application
// is entitled to it.
var xlifeBenches = []Transport{
	xlifeBench("alone"),
	xlifeBench("mos queries", xlife.MosQuery, xlife.MosQueryRefund),
}

func xlifeBench(name string, entitled ...xlife.Entitlement) Transport {
	return Transport{Name: "xlife/" + name, Open: func(t *testing.T, g Ground) *Bench {
		b := &Bench{Platform: control.New(g.Server.URL())}
		platform, appKey, secret, session := b.Platform.XLife(), digits(8), random(), random()
		_, err := platform.CreateMerchant(t.Context(), control.NewXLifeMerchant{AppKey: appKey, AppSecret: secret, Session: session})
		require.NoError(t, err)
		provider, err := xlife.New(xlife.Settings{
			AppKey: appKey, AppSecretFile: secretFile(t, secret), SessionFile: secretFile(t, session),
			URL: g.Address + "/router/rest", StoreID: "12345678", StoreIDType: xlife.StoreMiaojie, Mos: entitled, Timeout: g.Timeout, Now: g.Now,
		})
		require.NoError(t, err)
		b.Provider, b.Secrets = provider, []string{secret, session}
		b.Ops.Apply = "alibaba.xlife.onsite.trade.refund"
		if len(entitled) > 0 {
			b.Ops.Order, b.Ops.Query = "alibaba.mos.onsite.trade.query", "alibaba.mos.onsite.trade.queryrefund"
		}
		b.NewOrder = newOrder(platform.Platform, appKey)
		b.Refunds = placedRefunds(platform.Platform)
		b.Codes = xlifeCodes
		b.Forged = map[string]control.Fault{
			"another order's": {Kind: control.FaultAnswer, Body: xlifeAnswer("T1", "O1", "9800", "9800")},
			"no fund_change":  {Kind: control.FaultAnswer, Body: strings.Replace(xlifeAnswer("T1", "O1", "9800", "9800"), `"fund_change":"Y",`, "", 1)},
			"a broken sum":    {Kind: control.FaultAnswer, Body: xlifeAnswer("T1", "O1", "9800", "1")},
		}
		return b
	}}
}

func xlifeAnswer(trade, out, fee, fund string) string {
	return `{"alibaba_xlife_onsite_trade_refund_response":{"onsite_trade_refund_response":{"trade_no":"` + trade +
		`","out_trade_no":"` + out + `","buyer_id":1,"buyer_nick":"1","fund_change":"Y","refund_fee":` + fee +
		`,"refund_fund_fee":` + fund + `,"store_name":"S"}}}`
}

func xlifeCodes(t *testing.T) []Code {
	t.Helper()
	var file struct {
		Entries []struct {
			Layer     string `json:"layer"`
			Operation string `json:"operation"`
			Code      string `json:"code"`
			Class     string `json:"class"`
			MayExist  string `json:"refund_may_exist"`
		} `json:"entries"`
	}
	testdata(t, "xlife", "xlife_error_codes.json", &file)
	var codes []Code
	for _, e := range file.Entries {
		business := e.Layer == "business" || e.Layer == "top-sub_code"
		if !business || strings.ContainsAny(e.Code, "(*") || e.Operation != "refund" && e.Operation != "any" {
			continue // prefixes and parent codes are proven in the provider's own tests
		}
		codes = append(codes, Code{Name: e.Code, Fault: control.Fault{Code: e.Code, Msg: "其他"}, Want: class(e.Class, e.MayExist == "maybe")})
	}
	return codes
}
