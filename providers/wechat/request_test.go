package wechat

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func TestAV2RefundIsTheNotesSampleFieldByField(t *testing.T) {
	for how, name := range map[SignType]string{
		SignMD5: "wechat_v2_refund_request_md5.xml", SignHMACSHA256: "wechat_v2_refund_request_hmac_sha256.xml",
	} {
		wechat := newStub(t, text(200, "<xml/>"))
		s := settings(t, TransportV2, wechat.URL)
		s.SignType = how
		in := partial()
		in.Request.Extra = map[string]string{"refund_fee_type": "CNY"}
		p := newProvider(t, s)
		for range 2 {
			_, err := p.Apply(t.Context(), in)
			require.Equal(t, ambiguous, failureOf(t, err).Class)
		}
		seen := wechat.requests("/secapi/pay/refund")
		require.Len(t, seen, 2)
		require.Equal(t, seen[0], seen[1], "a repeat is the same but for its nonce")
		require.Equal(t, "POST", seen[0].method)
		require.Equal(t, "application/xml; charset=utf-8", seen[0].contentType)
		want, err := parseXML(sample(t, name), "xml")
		require.NoError(t, err)
		got, err := parseXML([]byte(seen[0].body), "xml")
		require.NoError(t, err)
		require.Equal(t, want, got)
		// Beyond the fields, the sample's very markup: text in CDATA, numbers bare.
		require.Equal(t, strings.NewReplacer("\n", "", "  ", "").Replace(string(sample(t, name))),
			seen[0].body, name)
	}
}

func TestAV2QueryNamesTheRefundAndIsSigned(t *testing.T) {
	wechat := newStub(t, text(200, "<xml/>"))
	p := newProvider(t, settings(t, TransportV2, wechat.URL))
	_, err := p.Query(t.Context(), partial())
	require.Error(t, err)
	_, err = p.OrderState(t.Context(), partial().Request.Order)
	require.Error(t, err)
	common := fields{"appid": "wx8888888888888888", "mch_id": "1900000109", "sub_appid": "wx6666666666666666",
		"sub_mch_id": "1900000111", "nonce_str": nonce, "sign_type": "MD5"}
	for path, key := range map[string]fields{
		"/pay/refundquery": {"out_refund_no": number}, "/pay/orderquery": {"transaction_id": "1217752501201407033233368018"},
	} {
		seen := wechat.requests(path)
		require.Len(t, seen, 1)
		got, err := parseXML([]byte(seen[0].body), "xml")
		require.NoError(t, err)
		require.NoError(t, signer{SignMD5, apiKey}.verify(got))
		delete(got, "sign")
		want := fields{}
		for _, f := range []fields{common, key} {
			for k, v := range f {
				want[k] = v
			}
		}
		require.Equal(t, want, got)
	}
}

func TestADirectMerchantSendsNoSubMerchant(t *testing.T) {
	wechat := newStub(t, text(200, "<xml/>"))
	s := settings(t, TransportV2, wechat.URL)
	s.SubMchID, s.SubAppID = "", ""
	p := newProvider(t, s)
	_, _ = p.Apply(t.Context(), partial())
	require.NotContains(t, wechat.seen[0].body, "sub_")
	require.Equal(t, "wechat/1900000109", p.Rules().Merchant)
}

func TestACloudRunRequestIsTheNotesSample(t *testing.T) {
	wechat := newStub(t, text(200, "{}"))
	s := settings(t, TransportCloudRun, wechat.URL)
	p := newProvider(t, s)
	in := partial()
	in.Request.Order.PlatformID = ""
	_, _ = p.Apply(t.Context(), in)
	_, _ = p.Query(t.Context(), in)
	_, _ = p.OrderState(t.Context(), in.Request.Order)
	for path, want := range map[string]string{
		"/_/pay/refund":      strings.Replace(string(sample(t, "wechat_cloudrun_refund_request.json")), "{", `{"sub_appid":"wx6666666666666666",`, 1),
		"/_/pay/queryrefund": string(sample(t, "wechat_cloudrun_queryrefund_request.json")),
		"/_/pay/queryorder":  `{"out_trade_no":"20260301ORDER0001","sub_mch_id":"1900000111","nonce_str":"` + nonce + `"}`,
	} {
		seen := wechat.requests(path)
		require.Len(t, seen, 1)
		require.JSONEq(t, want, seen[0].body)
		require.Equal(t, "application/json", seen[0].contentType)
		require.Equal(t, "POST", seen[0].method)
		require.Empty(t, seen[0].query)
	}
}

// shippedFields are the parameters that the shipped function lists for each of its actions.
func shippedFields(t *testing.T) map[string][]string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("cloudfunction", "index.js"))
	require.NoError(t, err)
	quoted := regexp.MustCompile(`'(\w+)'`)
	list := func(pattern string) (names []string) {
		found := regexp.MustCompile(pattern).FindSubmatch(source)
		require.NotNil(t, found, pattern)
		for _, name := range quoted.FindAllSubmatch(found[1], -1) {
			names = append(names, string(name[1]))
		}
		return names
	}
	order := list(`const ORDER = \[([^\]]*)\]`)
	require.Regexp(t, `queryOrder: ORDER,`, string(source))
	return map[string][]string{
		"refund":      append(list(`refund: \[\.\.\.ORDER,([^\]]*)\]`), order...),
		"queryRefund": append(list(`queryRefund: \[\.\.\.ORDER,([^\]]*)\]`), order...),
		"queryOrder":  order,
	}
}

func TestACloudFunctionIsInvokedWithATokenAndCloudPaysSpelling(t *testing.T) {
	wechat := newStub(t, text(200, "{}"))
	s := settings(t, TransportCloudFunction, wechat.URL)
	s.RefundAccount = AccountRecharge
	p := newProvider(t, s)
	in := partial()
	in.Request.Extra = map[string]string{"refund_fee_type": "CNY"}
	_, _ = p.Apply(t.Context(), in)
	_, _ = p.Query(t.Context(), in)
	_, _ = p.OrderState(t.Context(), in.Request.Order)
	require.Equal(t, []request{{method: "GET", path: "/cgi-bin/token",
		query: "appid=wx6666666666666666&grant_type=client_credential&secret=" + appSecret}}, wechat.requests("/cgi-bin/token"))
	seen := wechat.requests("/tcb/invokecloudfunction")
	require.Len(t, seen, 3)
	common := `"subMchId":"1900000111","nonceStr":"` + nonce + `"`
	known := shippedFields(t)
	for i, want := range []string{
		`{"action":"refund","params":{` + common + `,"subAppid":"wx6666666666666666","transactionId":"1217752501201407033233368018","outRefundNo":"` + number + `",
			"totalFee":888,"refundFee":300,"refundFeeType":"CNY","refundDesc":"商品已售完","refundAccount":"REFUND_SOURCE_RECHARGE_FUNDS",
			"functionName":"refundNotify","envId":"prod-0000000000"}}`,
		`{"action":"queryRefund","params":{` + common + `,"outRefundNo":"` + number + `"}}`,
		`{"action":"queryOrder","params":{` + common + `,"transactionId":"1217752501201407033233368018"}}`,
	} {
		require.JSONEq(t, want, seen[i].body)
		var sent struct {
			Action string
			Params map[string]any
		}
		require.NoError(t, json.Unmarshal([]byte(seen[i].body), &sent))
		require.Subset(t, known[sent.Action], slices.Collect(maps.Keys(sent.Params)), "the shipped function refuses what it does not list")
		query, err := url.ParseQuery(seen[i].query)
		require.NoError(t, err)
		require.Equal(t, url.Values{"access_token": {accessToken}, "env": {"prod-0000000000"}, "name": {"refundflow"}}, query)
		require.Equal(t, "application/json", seen[i].contentType)
	}
}

func TestTheRequestsOwnAccountGoesBeforeTheSettings(t *testing.T) {
	for _, test := range []struct {
		set   RefundAccount
		extra string
		want  any
	}{
		{"", "", nil}, {AccountRecharge, "", "REFUND_SOURCE_RECHARGE_FUNDS"},
		{AccountRecharge, "REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_UNSETTLED_FUNDS"}, {"", "REFUND_SOURCE_RECHARGE_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"},
	} {
		wechat := newStub(t, text(200, "{}"))
		s := settings(t, TransportCloudRun, wechat.URL)
		s.RefundAccount = test.set
		in := partial()
		if test.extra != "" {
			in.Request.Extra = map[string]string{"refund_account": test.extra}
		}
		_, _ = newProvider(t, s).Apply(t.Context(), in)
		var body map[string]any
		require.NoError(t, json.Unmarshal([]byte(wechat.seen[0].body), &body))
		require.Equal(t, test.want, body["refund_account"])
	}
}

func TestAReasonIsCutToWholeCharacters(t *testing.T) {
	require.Equal(t, "商品已售完", cut("商品已售完"))
	require.Equal(t, strings.Repeat("退", 26), cut(strings.Repeat("退", 27)))
	require.Equal(t, strings.Repeat("a", 80), cut(strings.Repeat("a", 81)))
}

func TestWhatWeChatWouldMissIsRefusedUnsent(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*providers.Instruction)
		field  string
	}{
		{"no order number", func(in *providers.Instruction) { in.Request.Order.MerchantID = "" }, "order.merchant_id"},
		{"a long order number", func(in *providers.Instruction) { in.Request.Order.MerchantID = strings.Repeat("1", 33) }, "order.merchant_id"},
		{"a strange order number", func(in *providers.Instruction) { in.Request.Order.MerchantID = "a b" }, "order.merchant_id"},
		{"a strange WeChat number", func(in *providers.Instruction) { in.Request.Order.PlatformID = "1-2" }, "order.platform_id"},
		{"an unknown extra", func(in *providers.Instruction) { in.Request.Extra = map[string]string{"device_info": "1"} }, "extra.device_info"},
		{"a wrong account", func(in *providers.Instruction) { in.Request.Extra = map[string]string{"refund_account": "MINE"} }, "extra.refund_account"},
		{"a wrong currency", func(in *providers.Instruction) { in.Request.Extra = map[string]string{"refund_fee_type": "yuan"} }, "extra.refund_fee_type"},
		{"nothing to give", func(in *providers.Instruction) { in.Request.Amount = 0 }, "amount"},
		{"more than was paid", func(in *providers.Instruction) { in.Request.Amount = 889 }, "amount"},
		{"a wrong number", func(in *providers.Instruction) { in.Number = "a|b" }, "refund number"},
		{"a long number", func(in *providers.Instruction) { in.Number = strings.Repeat("1", 65) }, "refund number"},
	} {
		for _, transport := range transports {
			wechat := newStub(t, text(200, ""))
			p := newProvider(t, settings(t, transport, wechat.URL))
			in := partial()
			test.change(&in)
			_, err := p.Apply(t.Context(), in)
			f := failureOf(t, err)
			require.Equal(t, refund.Failure{Class: misconfigured, Op: "refund", Code: "invalid", RequestOnly: true, Message: f.Message, Hint: f.Hint}, *f, test.name)
			require.Contains(t, f.Message, test.field)
			_, err = p.Query(t.Context(), in)
			require.Equal(t, misconfigured, failureOf(t, err).Class)
			require.Empty(t, wechat.seen, test.name)
		}
	}
	p := newProvider(t, settings(t, TransportV2, "http://localhost"))
	require.NoError(t, p.Validate(partial().Request))
	_, err := p.OrderState(t.Context(), refund.Order{PlatformID: "1"})
	require.Contains(t, failureOf(t, err).Message, "order.merchant_id")
}
