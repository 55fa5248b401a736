package wechat_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
	"github.com/refundflow/refundflow/sandbox/wechat"
)

// restart lets a new sandbox take over the books file.
func (w *world) restart() {
	w.Helper()
	w.stop()
	w.start(control.WeChatSettings{})
}

func TestARestartForgetsNothingThatWasAnswered(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{SettleAfter: control.Duration(time.Hour), CloudQuery: control.CloudLists})
	in := newInbox(t, `{"errcode":1}`, takenJSON)
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000333", control.WeChatMerchantPatch{ForwardURL: new(in.URL + "/f"), ForwardSecret: new("hush")})
	require.NoError(t, err)
	w.order(func(o *control.NewOrder) { o.PlatformID, o.MerchantID, o.Coupon = "42", "ORDER-42", 88 })
	w.order(ofCloud)
	first := w.refund(with(refund("R1", "300"), "out_trade_no", "ORDER-42"))
	_, err = w.ctl.Platform("wechat").RefundElsewhere(t.Context(), "42", 100)
	require.NoError(t, err)
	token := w.token()
	require.Equal(t, "SUCCESS", w.invoke("refund", cloudRefund("R1", 300))["resultCode"])
	for range 7 {
		w.refund(without(refund("R2", "300"), "appid"))
	}
	w.advance(time.Hour)
	in.next(t)
	w.deliveries(1)
	before, err := w.p.Save()
	require.NoError(t, err)

	w.restart()
	after, err := w.p.Save()
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(after))
	w.advance(15 * time.Second)
	require.Equal(t, "R1", readObject(t, in.next(t).Body)["outRefundNo"], "the forwarder goes on trying")
	require.Equal(t, json.Number("0"), w.trigger("env=prod-1&name=refund&access_token="+token,
		`{"action":"queryOrder","params":{"subMchId":"1900000333","outTradeNo":"`+outTrade+`"}}`)["errcode"])
	w.advance(time.Minute)
	require.Equal(t, first["refund_id"], w.refund(with(refund("R1", "300"), "out_trade_no", "ORDER-42"))["refund_id"])
	settings, err := w.wechat.Settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, control.CloudLists, settings.CloudQuery)
}

func TestTheShieldOutlivesARestart(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	for range 7 {
		w.refund(without(refund("R1", "300"), "appid"))
	}
	w.restart()
	require.Equal(t, "INVALID_REQ_TOO_MUCH 无效请求过多", verdict(w.refund(refund("R1", "300"))))
}

func TestBooksThatDoNotAddUpAreRefusedWhole(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	require.Equal(t, "SUCCESS", verdict(w.refund(refund("R1", "300"))))
	saved, err := w.p.Save()
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, want string }{
		"an amount above the total": {`"amount":300`, `"amount":889`, "exceed"},
		"a merchant unknown":        {`"merchant":"1900000111"`, `"merchant":"1"`, "none of this file"},
		"a status unknown":          {`"status":"processing"`, `"status":"paid"`, "status"},
		"a door unknown":            {`"door":"v2"`, `"door":"back"`, "door"},
		"a refund number of later":  {`"seq":1`, `"seq":2`, "next_seq"},
		"a key cut short":           {docKey, "short", "api_key"},
		"a member unknown":          {`"next_order"`, `"next_odor"`, "next_odor"},
		"a setting unknown":         {`"cloud_query":"empty"`, `"cloud_query":"full"`, "cloud_query"},
	} {
		t.Run(name, func(t *testing.T) {
			text := string(saved)
			if strings.Contains(c.old, "processing") && !strings.Contains(text, c.old) {
				c.old = `"status":"success"`
			}
			require.Contains(t, text, c.old)
			p, err := wechat.New(stage.New(time.Now, nil), control.WeChatSettings{})
			require.NoError(t, err)
			empty, err := p.Save()
			require.NoError(t, err)
			require.ErrorContains(t, p.Restore(json.RawMessage(strings.Replace(text, c.old, c.new, 1))), c.want)
			still, err := p.Save()
			require.NoError(t, err)
			require.Equal(t, string(empty), string(still))
		})
	}
}

func TestResetReturnsToTheStart(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{QueryLag: control.Duration(time.Second)})
	w.order(nil)
	_, err := w.wechat.SetSettings(t.Context(), control.WeChatSettings{})
	require.NoError(t, err)
	w.p.Reset()
	orders, err := w.ctl.Platform("wechat").Orders(t.Context())
	require.NoError(t, err)
	require.Empty(t, orders)
	settings, err := w.wechat.Settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, time.Second, settings.QueryLag.Std())
	_, err = w.wechat.Merchant(t.Context(), "1900000111")
	require.ErrorContains(t, err, "no merchant has the number")
}

func TestMerchantsAndOrdersThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.order(nil)
	good := control.NewWeChatMerchant{MchID: "1900000109", AppID: "wx8888888888888888", APIKey: docKey, SubMchID: "1900000112"}
	require.NotEmpty(t, w.merchant(good).CertPEM, "a second sub-merchant of the provider")
	shown, err := w.wechat.Merchant(t.Context(), "1900000112")
	require.NoError(t, err)
	require.Empty(t, shown.KeyPEM, "shown once")
	for want, change := range map[string]func(*control.NewWeChatMerchant){
		"is registered; change it":    func(*control.NewWeChatMerchant) {},
		"another app_id or api_key":   func(m *control.NewWeChatMerchant) { m.SubMchID, m.AppID = "3", "wx1" },
		"as the other kind":           func(m *control.NewWeChatMerchant) { m.SubMchID = "" },
		"api_key has 5 bytes":         func(m *control.NewWeChatMerchant) { m.SubMchID, m.APIKey = "3", "short" },
		"mch_id is not":               func(m *control.NewWeChatMerchant) { m.MchID = "" },
		"mode is \"v3\"":              func(m *control.NewWeChatMerchant) { m.Mode = "v3" },
		"api_key or notify_url":       func(m *control.NewWeChatMerchant) { m.Mode = control.WeChatCloud },
		"these are for mode cloud":    func(m *control.NewWeChatMerchant) { m.EnvID = "prod" },
		"balance is -1":               func(m *control.NewWeChatMerchant) { m.Balance = -1 },
		"notify_url is not":           func(m *control.NewWeChatMerchant) { m.NotifyURL = "nowhere" },
		"sub_mch_id equals mch_id":    func(m *control.NewWeChatMerchant) { m.SubMchID = m.MchID },
		"sub_app_id needs sub_mch_id": func(m *control.NewWeChatMerchant) { m.SubMchID, m.SubAppID = "", "wx1" },
		"sub_mch_id is missing":       func(m *control.NewWeChatMerchant) { *m = control.NewWeChatMerchant{Mode: control.WeChatCloud} },
		"app_secret needs sub_app_id": func(m *control.NewWeChatMerchant) {
			*m = control.NewWeChatMerchant{Mode: control.WeChatCloud, SubMchID: "3", AppSecret: "s"}
		},
		"forward_url and forward_secret": func(m *control.NewWeChatMerchant) {
			*m = control.NewWeChatMerchant{Mode: control.WeChatCloud, SubMchID: "3", ForwardURL: "http://127.0.0.1/"}
		},
		"container_url has a path": func(m *control.NewWeChatMerchant) {
			*m = control.NewWeChatMerchant{Mode: control.WeChatCloud, SubMchID: "3", ContainerURL: "http://127.0.0.1/x"}
		},
	} {
		m := good
		change(&m)
		_, err := w.wechat.CreateMerchant(t.Context(), m)
		require.ErrorContains(t, err, want)
	}
	for want, change := range map[string]func(*control.NewOrder){
		"platform_id \"" + transaction: func(o *control.NewOrder) { o.PlatformID = transaction },
		"merchant_id \"" + outTrade:    func(o *control.NewOrder) { o.MerchantID = outTrade },
		"no merchant has the number":   func(o *control.NewOrder) { o.Merchant = "1" },
		"total is 0":                   func(o *control.NewOrder) { o.Total = 0 },
		"coupon is 889":                func(o *control.NewOrder) { o.Coupon = 889 },
		"outcome is \"lost\"":          func(o *control.NewOrder) { o.Outcome = "lost" },
		"store_id":                     func(o *control.NewOrder) { o.StoreID = "S1" },
	} {
		o := control.NewOrder{Merchant: "1900000111", Total: 888}
		change(&o)
		_, err := w.ctl.Platform("wechat").CreateOrder(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
}

func TestANewKeyHoldsForAllOfTheProvider(t *testing.T) {
	w := newWorld(t, control.WeChatSettings{})
	w.merchant(control.NewWeChatMerchant{MchID: "1900000109", AppID: "wx8888888888888888", APIKey: docKey, SubMchID: "1900000112", SubAppID: "wx7"})
	_, err := w.wechat.PatchMerchant(t.Context(), "1900000112", control.WeChatMerchantPatch{APIKey: new(directKey)})
	require.NoError(t, err)
	w.order(nil)
	ask := refund("R1", "300")
	answer := w.post("/secapi/pay/refund", writeXML(with(ask, "sign", v2Sign(ask, "", directKey))), "", directKey)
	require.Equal(t, "SUCCESS", verdict(answer))
}

func TestSettingsThatMeanNothingAreRefused(t *testing.T) {
	for want, s := range map[string]control.WeChatSettings{
		"cloud_query is":    {CloudQuery: "full"},
		"cloud_err_code is": {CloudErrCode: "maybe"},
		"token_ttl is":      {TokenTTL: 1},
		"order_gap is":      {OrderGap: -1},
	} {
		_, err := wechat.New(stage.New(time.Now, nil), s)
		require.ErrorContains(t, err, want)
	}
}
