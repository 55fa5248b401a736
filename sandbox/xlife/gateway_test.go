package xlife_test

import (
	"encoding/xml"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

func TestTheGatewayChecksItsParametersFirst(t *testing.T) {
	set := func(name, value string) func(form) form {
		return func(f form) form {
			if f[name] = value; value == "" {
				delete(f, name)
			}
			return signed(f)
		}
	}
	late := func(by time.Duration) func(form) form {
		return set("timestamp", afternoon.Add(by).Format(time.DateTime))
	}
	for name, c := range map[string]struct {
		change func(form) form
		code   int64
		sub    string
	}{
		"no method":                  {set("method", ""), 21, ""},
		"unknown method":             {set("method", "alibaba.xlife.onsite.trade.query"), 22, ""},
		"wrong format":               {set("format", "yaml"), 23, ""},
		"no signature":               {func(f form) form { return f }, 24, ""},
		"lower-case signature":       {func(f form) form { f = signed(f); f["sign"] = strings.ToLower(f["sign"]); return f }, 25, ""},
		"changed after signing":      {func(f form) form { f = signed(f); f["partner_id"] = "x"; return f }, 25, ""},
		"no session":                 {set("session", ""), 26, ""},
		"another's session":          {set("session", "x"), 27, "sessionkey-not-generated-by-server"},
		"no app key":                 {set("app_key", ""), 28, ""},
		"unknown app key":            {set("app_key", "1"), 29, ""},
		"no timestamp":               {set("timestamp", ""), 30, ""},
		"timestamp in another shape": {set("timestamp", "2026-03-01T15:20:00"), 31, ""},
		"ten minutes late":           {late(-10 * time.Minute), 0, ""},
		"later still":                {late(-10*time.Minute - time.Second), 31, ""},
		"ahead of time":              {late(10*time.Minute + time.Second), 31, ""},
		"no version":                 {set("v", ""), 32, ""},
		"wrong version":              {set("v", "1.0"), 33, ""},
		"no sign method":             {set("sign_method", ""), 40, "isv.missing-parameter:sign_method"},
		"unknown sign method":        {set("sign_method", "rsa"), 41, "isv.invalid-parameter:sign_method"},
		"no structure":               {set("onsite_trade_refund_request", ""), 40, "isv.missing-parameter:onsite_trade_refund_request"},
		"structure is no JSON":       {set("onsite_trade_refund_request", "trade_no=1"), 41, "isv.invalid-parameter:onsite_trade_refund_request"},
		"a member twice":             {set("onsite_trade_refund_request", `{"trade_no":"1","trade_no":"2"}`), 41, "isv.invalid-parameter:onsite_trade_refund_request"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{})
			w.order(nil)
			got := w.post(encode(c.change(w.system(refundMethod, form{"onsite_trade_refund_request": text(wanted())}))))
			if strings.HasPrefix(got, "<") { // a wrong format cannot be obeyed
				require.Contains(t, got, "<code>23</code>")
				return
			}
			r := w.read(got)
			require.Equal(t, []any{c.code, c.sub}, []any{r.code, r.subCode}, r.raw)
			require.Equal(t, c.code == 0, w.book().Refunded > 0)
		})
	}
}

func TestAnExpiredSessionIsRenewedAndTheSameRefundGoesOn(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	w.patch(control.XLifeMerchantPatch{SessionExpired: new(true)})
	require.Equal(t, "session-expired", w.refund(wanted()).subCode)
	w.patch(control.XLifeMerchantPatch{Session: new("test")})
	require.Equal(t, "Y", w.refund(wanted()).fields["fund_change"])
}

func TestMethodsNeedTheirEntitlement(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	w.patch(control.XLifeMerchantPatch{Entitled: &[]string{refundMethod}})
	require.Equal(t, "isv.permission-api-package-not-allowed", w.call(mosFind, form{"out_request_no": "1"}).subCode)
	require.Zero(t, w.refund(wanted()).code)
	_, err := w.ctl.PatchMerchant(t.Context(), "12345678", control.XLifeMerchantPatch{Entitled: &[]string{"taobao.item.get"}})
	require.ErrorContains(t, err, "entitled")
}

func TestOtherHTTPMethodsAreRefusedAndGETIsServed(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	w.order(nil)
	call := func(method string) string {
		query := encode(signed(w.system(refundMethod, form{"onsite_trade_refund_request": text(wanted())})))
		req, err := http.NewRequestWithContext(t.Context(), method, w.url+"/router/rest?"+query, nil)
		require.NoError(t, err)
		return w.do(req)
	}
	require.Contains(t, call(http.MethodPut), `"code":9`)
	require.Contains(t, call(http.MethodGet), `"fund_change":"Y"`)
}

func TestAParameterGivenTwiceIsRefused(t *testing.T) {
	w := newWorld(t, control.XLifeSettings{})
	got := w.read(w.post(encode(signed(w.system(refundMethod, nil))) + "&app_key=12345678"))
	require.EqualValues(t, 41, got.code)
}

func TestTheFormsOfAnAnswer(t *testing.T) {
	query := form{"trade_no": tradeNo, "store_id_type": "miaojie", "store_id": "12345678"}
	ask := func(t *testing.T, method string, business form, format string) string {
		w := newWorld(t, control.XLifeSettings{})
		w.order(nil)
		f := w.system(method, business)
		delete(f, "format")
		if format != "xml" {
			maps.Copy(f, form{"format": "json", "simplify": "true"})
		}
		return w.post(encode(signed(f)))
	}
	t.Run("XML is the default", func(t *testing.T) {
		got := ask(t, mosQuery, query, "xml")
		var answer struct {
			XMLName   xml.Name `xml:"alibaba_mos_onsite_trade_query_response"`
			TradeNo   string   `xml:"onsite_trade_query_response>trade_no"`
			Amounts   []int64  `xml:"onsite_trade_query_response>fund_bill_list>fund_bill>amount"`
			RequestID string   `xml:"request_id"`
		}
		require.NoError(t, xml.Unmarshal([]byte(got), &answer), got)
		require.Equal(t, tradeNo, answer.TradeNo)
		require.Equal(t, []int64{80000, 8888}, answer.Amounts)
		require.NotEmpty(t, answer.RequestID)
	})
	t.Run("refusals in XML have the envelope of the page", func(t *testing.T) {
		var refusal struct {
			XMLName xml.Name `xml:"error_response"`
			Code    int      `xml:"code"`
			SubCode string   `xml:"sub_code"`
			SubMsg  string   `xml:"sub_msg"`
		}
		got := ask(t, refundMethod, form{"session": "x"}, "xml")
		require.NoError(t, xml.Unmarshal([]byte(got), &refusal), got)
		require.Equal(t, 27, refusal.Code)
		require.Contains(t, refusal.SubMsg, "don&apos;t", "escaped before it was written, as the samples have it")
	})
	t.Run("simplify drops the wrapper and the lists' item name", func(t *testing.T) {
		requireLike(t, "xlife_mos_trade_query_response_simplify.json", ask(t, mosQuery, query, "json"), "gmt_payment", "request_id")
		requireLike(t, "xlife_refund_response_simplify.json", ask(t, refundMethod, form{"onsite_trade_refund_request": text(wanted())}, "json"),
			"gmt_refund_pay", "request_id")
	})
	t.Run("simplified refusals keep their envelope", func(t *testing.T) {
		require.True(t, strings.HasPrefix(ask(t, refundMethod, form{"session": "x"}, "json"), `{"error_response":{`))
	})
}

func TestCallLimits(t *testing.T) {
	for _, c := range []struct {
		kind    control.XLifeLimit
		sub     string
		another int64 // code of a call of another method after the limit is used up
	}{
		{control.LimitApp, "accesscontrol.limited-by-app-access-count", 7},
		{control.LimitAPI, "accesscontrol.limited-by-api-access-count", 0},
		{control.LimitAppAPI, "accesscontrol.limited-by-app-api-access-count", 0},
	} {
		t.Run(string(c.kind)+" limit bans until its window ends", func(t *testing.T) {
			w := newWorld(t, control.XLifeSettings{CallLimit: 2, LimitKind: c.kind, LimitWindow: control.Duration(24 * time.Hour)})
			ask := func(method string) reply { return w.call(method, form{"out_request_no": "1", "out_trade_no": "1"}) }
			ask(mosFind)
			require.Zero(t, ask(mosFind).code)
			banned := ask(mosFind)
			require.EqualValues(t, 7, banned.code)
			require.Equal(t, c.sub, banned.subCode)
			require.Equal(t, "This ban will last for 31200 more seconds", banned.subMsg, "from 15:20 to midnight")
			require.Equal(t, c.another, ask(mosNewOrder).code)
			w.stage.Clock.Advance(31200 * time.Second)
			require.Zero(t, ask(mosFind).code)
		})
	}
}
