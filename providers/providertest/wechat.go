package providertest

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/wechat"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

var wechatBenches = []Transport{
	{Name: "wechat/v2", Open: func(t *testing.T, g Ground) *Bench { return wechatV2(t, g, wechat.SignHMACSHA256, false) }},
	{Name: "wechat/v2 service provider, MD5", Open: func(t *testing.T, g Ground) *Bench { return wechatV2(t, g, wechat.SignMD5, true) }},
	{Name: "wechat/cloudrun", Open: func(t *testing.T, g Ground) *Bench { return wechatCloudRun(t, g, false) }},
	{Name: "wechat/cloudrun trusted", Open: func(t *testing.T, g Ground) *Bench { return wechatCloudRun(t, g, true) }},
	{Name: "wechat/cloudfunction", Open: wechatCloudFunction},
}

// wechatV2 speaks through the TLS door, with the certificate the stand-in issued.
func wechatV2(t *testing.T, g Ground, sign wechat.SignType, provider bool) *Bench {
	b := &Bench{Platform: control.New(g.Server.URL())}
	mchID, apiKey, subMchID := digits(10), random(), ""
	if provider {
		subMchID = digits(10)
	}
	merchant, err := b.Platform.WeChat().CreateMerchant(t.Context(), control.NewWeChatMerchant{
		MchID: mchID, AppID: "wx" + random()[:16], APIKey: apiKey, SubMchID: subMchID, Balance: 1_000_000_00,
	})
	require.NoError(t, err)
	url := g.Address
	if url == g.Server.URL() {
		url = g.Server.TLSURL()
		require.NotEmpty(t, url, "without the TLS door this would be WeChat itself")
	}
	b.Provider, err = wechat.New(wechat.Settings{
		Transport: wechat.TransportV2, MchID: mchID, AppID: merchant.AppID, SubMchID: subMchID, SignType: sign,
		APIKeyFile: secretFile(t, apiKey), CertFile: secretFile(t, merchant.CertPEM), KeyFile: secretFile(t, merchant.KeyPEM),
		CAFile: secretFile(t, g.Server.CAPEM()), URL: url, NotifyURL: g.NotifyURL, Timeout: g.Timeout, Now: g.Now,
	})
	require.NoError(t, err)
	b.Secrets, b.Signed = []string{apiKey}, true
	b.Ops.Apply, b.Ops.Order, b.Ops.Query = "refund", "orderquery", "refundquery"
	b.wechat(mchID, subMchID, "v2", "v2-return_code")
	b.Forged = map[string]control.Fault{
		"an unsigned success": {Kind: control.FaultAnswer, Body: "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>" +
			"<refund_status_0>SUCCESS</refund_status_0><trade_state>SUCCESS</trade_state></xml>"},
		"a wrong signature": {Kind: control.FaultAnswer, Body: "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>" +
			"<sign>" + strings.Repeat("0", 64) + "</sign></xml>"},
		"an entity": {Kind: control.FaultAnswer, Body: `<!DOCTYPE x [<!ENTITY a "SUCCESS">]><xml><return_code>&a;</return_code></xml>`},
	}
	return b
}

func wechatCloudRun(t *testing.T, g Ground, trusted bool) *Bench {
	b := &Bench{Platform: control.New(g.Server.URL()), Hints: !trusted, Unsealed: trusted}
	subMchID := digits(10)
	container, path := g.NotifyURL, "/"
	if i := strings.Index(g.NotifyURL, "/callbacks"); i >= 0 {
		container, path = g.NotifyURL[:i], g.NotifyURL[i:]
	}
	merchant, err := b.Platform.WeChat().CreateMerchant(t.Context(), control.NewWeChatMerchant{
		Mode: control.WeChatCloud, SubMchID: subMchID, Balance: 1_000_000_00, ContainerURL: container, EnvID: "prod-" + subMchID,
	})
	require.NoError(t, err)
	b.Provider, err = wechat.New(wechat.Settings{
		Transport: wechat.TransportCloudRun, SubMchID: subMchID, URL: g.Address, EnvID: merchant.EnvID, Service: "refunds",
		Path: path, TrustCallback: trusted, Timeout: g.Timeout, Now: g.Now, Poll: seldom,
	})
	require.NoError(t, err)
	b.Ops.Apply, b.Ops.Order, b.Ops.Query = "cloudrun.refund", "cloudrun.queryorder", "cloudrun.queryrefund"
	b.wechat("", subMchID, "v2", "v2-return_code", "cloudrun-gateway")
	return b
}

func wechatCloudFunction(t *testing.T, g Ground) *Bench {
	b := &Bench{Platform: control.New(g.Server.URL())}
	subMchID, appID, appSecret, forward := digits(10), "wx"+random()[:16], random(), random()
	wanted := control.NewWeChatMerchant{
		Mode: control.WeChatCloud, SubMchID: subMchID, SubAppID: appID, AppSecret: appSecret, EnvID: "prod-" + subMchID,
		Function: "refundflow", Balance: 1_000_000_00,
	}
	if g.NotifyURL != "" {
		wanted.ForwardURL, wanted.ForwardSecret = g.NotifyURL, forward
	}
	_, err := b.Platform.WeChat().CreateMerchant(t.Context(), wanted)
	require.NoError(t, err)
	// The table can only be proven where the platform shows its codes.
	_, err = b.Platform.WeChat().SetSettings(t.Context(), control.WeChatSettings{CloudErrCode: control.CloudShown})
	require.NoError(t, err)
	b.Provider, err = wechat.New(wechat.Settings{
		Transport: wechat.TransportCloudFunction, SubMchID: subMchID, AppID: appID, AppSecretFile: secretFile(t, appSecret),
		URL: g.Address, Env: wanted.EnvID, Function: wanted.Function, CallbackFunction: wanted.Function,
		CallbackSecretFile: secretFile(t, forward), Timeout: g.Timeout, Now: g.Now,
	})
	require.NoError(t, err)
	b.Secrets = []string{appSecret, forward}
	b.Ops.Apply, b.Ops.Order, b.Ops.Query = "invokecloudfunction", "invokecloudfunction", "invokecloudfunction"
	b.wechat("", subMchID, "v2", "v2-return_code", "cloudfunction-http-trigger")
	return b
}

// wechat is what the dialects have in common.
func (b *Bench) wechat(mchID, subMchID string, layers ...string) {
	merchant := subMchID
	if merchant == "" {
		merchant = mchID
	}
	orders := b.Platform.Platform("wechat")
	b.NewOrder, b.Refunds = newOrder(orders, merchant), placedRefunds(orders)
	b.Codes = func(t *testing.T) (all []Code) {
		for _, layer := range layers {
			all = append(all, wechatCodes(t, layer)...)
		}
		return all
	}
}

func wechatCodes(t *testing.T, layer string) []Code {
	t.Helper()
	var file struct {
		Entries []struct {
			Layer     string `json:"layer"`
			Operation string `json:"operation"`
			Code      string `json:"code"`
			Text      string `json:"message_contains"`
			Class     string `json:"class"`
			MayExist  string `json:"refund_may_exist"`
		} `json:"entries"`
	}
	testdata(t, "wechat", "wechat_error_codes.json", &file)
	var codes []Code
	for _, e := range file.Entries {
		if e.Layer != layer || strings.HasPrefix(e.Code, "(") || e.Operation != "apply" && e.Operation != "any" {
			continue
		}
		c := Code{Name: strings.TrimSpace(e.Code + " " + e.Text), Want: class(e.Class, e.MayExist == "maybe")}
		c.Fault = control.Fault{Code: e.Code, Msg: e.Text}
		if e.Text == "" {
			c.Fault.Msg = "其他"
		}
		if number, err := strconv.ParseInt(e.Code, 10, 64); err == nil {
			c.Fault = control.Fault{ErrorCode: &number, Msg: "其他"}
		}
		switch {
		case e.Code == "40014" || e.Code == "41001" || e.Code == "42001":
			c.Heals = true // a new access token is fetched, once
		case e.Code == "NOTENOUGH":
			c.Want = refund.ClassInsufficientFunds
		case e.Text == "订单已全额退款":
			c.Want = refund.ClassAmbiguous // perhaps by this very refund: the saga asks by number
		}
		codes = append(codes, c)
	}
	return codes
}
