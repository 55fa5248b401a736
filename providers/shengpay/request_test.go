package shengpay

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const jsonUTF8 = "application/json; charset=utf-8"

func fixedNonce() string { return "adwafwaf3432523523523" }

func TestARequestIsExactlyTheVector(t *testing.T) {
	all, _ := vectors(t)
	var seed vector
	for _, v := range all {
		if v.ID == "seed-refund-request" {
			seed = v
		}
	}
	for amounts, fee := range map[Amounts]string{"": `"100"`, AmountsText: `"100"`, AmountsNumber: `100`} {
		shengpay := newStub(t, text(200, signed(t, accepted)))
		s := settings(t, shengpay.URL+"/")
		s.Amounts = amounts
		p := newProvider(t, s)
		p.nonce = fixedNonce
		for range 2 {
			_, err := p.Apply(t.Context(), instruction())
			require.NoError(t, err)
		}
		want := request{"POST", "/pay/refund", "", `{"appId":"appid_huawei","mchId":"93745648","nonceStr":"adwafwaf3432523523523",` +
			`"notifyUrl":"http://wifi.notify.com","outRefundNo":"huaweitest_0jhiuhi_31_re1","outTradeNo":"huaweitest_0jhiuhi_31",` +
			`"refundDesc":"测试退款","refundFee":` + fee + `,"sign":"` + seed.Signature + `","signType":"RSA","totalFee":` + fee + `}`, jsonUTF8}
		require.Equal(t, []request{want, want}, shengpay.seen, "under one nonce a repeat is the same bytes")
	}
}

// sent is the one request that the stub saw, verified against the merchant's key.
func sent(t *testing.T, s *stub) (string, map[string]string) {
	t.Helper()
	require.Len(t, s.seen, 1)
	require.Equal(t, []string{"POST", jsonUTF8, ""}, []string{s.seen[0].method, s.seen[0].contentType, s.seen[0].query})
	var members map[string]string
	require.NoError(t, json.Unmarshal([]byte(s.seen[0].body), &members))
	_, keys := vectors(t)
	signature, err := sign(keys["merchant_test_key"].private(t), members)
	require.NoError(t, err)
	require.Equal(t, signature, members["sign"], "what is sent is what was signed")
	for name, value := range members {
		require.NotEmpty(t, value, "%s is empty and should not be sent", name)
	}
	require.LessOrEqual(t, len(members["nonceStr"]), 32)
	delete(members, "sign")
	delete(members, "nonceStr")
	require.Equal(t, "RSA", members["signType"])
	delete(members, "signType")
	return s.seen[0].path, members
}

func TestEveryOperationSendsItsDocumentedFields(t *testing.T) {
	proxy := func(s *Settings) {
		s.ApplyMchID, s.ApplyType, s.RefundAccount = "93745641", ApplyTypeProxy, RefundAccountUnsettled
		s.RefundPath, s.QueryPath, s.OrderPath = "/refund/orderRefund", "/q", "/o"
	}
	base := map[string]string{"appId": "appid_huawei", "mchId": "93745648"}
	plus := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{base, more} {
			for name, value := range m {
				all[name] = value
			}
		}
		return all
	}
	refundFields := map[string]string{"outTradeNo": "huaweitest_0jhiuhi_31", "outRefundNo": number, "totalFee": "100", "refundFee": "100",
		"refundDesc": "测试退款", "notifyUrl": "http://wifi.notify.com", "applyMchId": "93745641", "applyType": "PROXY", "refundAccount": "RECHARGE"}
	for path, test := range map[string]struct {
		answer string
		change func(*Settings)
		call   func(*Provider) error
		want   map[string]string
	}{
		"/refund/orderRefund": {accepted, proxy, func(p *Provider) error {
			in := instruction()
			in.Request.Extra = map[string]string{"refundAccount": "RECHARGE"} // goes before the settings
			in.Request.Order.PlatformID = "DO497469603661217792"              // one number names the order
			_, err := p.Apply(t.Context(), in)
			return err
		}, plus(refundFields)},
		"/refund/queryRefundOrder": {found, func(*Settings) {}, func(p *Provider) error {
			_, err := p.Query(t.Context(), instruction())
			return err
		}, plus(map[string]string{"outRefundNo": number})},
		"/q": {found, proxy, func(p *Provider) error { _, err := p.Query(t.Context(), instruction()); return err },
			plus(map[string]string{"outRefundNo": number})},
		"/pay/queryOrder": {order, func(*Settings) {}, func(p *Provider) error {
			_, err := p.OrderState(t.Context(), instruction().Request.Order)
			return err
		}, plus(map[string]string{"outTradeNo": "huaweitest_0jhiuhi_31"})},
		"/o": {order, proxy, func(p *Provider) error {
			_, err := p.OrderState(t.Context(), instruction().Request.Order)
			return err
		}, plus(map[string]string{"outTradeNo": "huaweitest_0jhiuhi_31"})},
	} {
		shengpay := newStub(t, text(200, signed(t, test.answer)))
		s := settings(t, shengpay.URL)
		test.change(&s)
		require.NoError(t, test.call(newProvider(t, s)), path)
		gotPath, got := sent(t, shengpay)
		require.Equal(t, path, gotPath)
		require.Equal(t, test.want, got)
	}
}

func TestEveryAttemptHasItsOwnNonceAndTheSameContent(t *testing.T) {
	shengpay := newStub(t, text(200, signed(t, accepted)))
	p := newProvider(t, settings(t, shengpay.URL))
	nonces, contents := map[string]bool{}, map[string]bool{}
	for range 3 {
		_, err := p.Apply(t.Context(), instruction())
		require.NoError(t, err)
	}
	for _, r := range shengpay.seen {
		var members map[string]string
		require.NoError(t, json.Unmarshal([]byte(r.body), &members))
		nonces[members["nonceStr"]] = true
		delete(members, "nonceStr")
		delete(members, "sign")
		contents[fmt.Sprint(members)] = true
	}
	require.Len(t, nonces, 3)
	require.Len(t, contents, 1)
}

func TestTheReasonIsOneLineOfAtMost128Bytes(t *testing.T) {
	for reason, want := range map[string]string{
		"not <delivered> & \"late\"":   "not <delivered> & \"late\"",
		" a\n b\t c ":                  "a b c",
		strings.Repeat("退", 42):        strings.Repeat("退", 42),
		strings.Repeat("退", 43):        strings.Repeat("退", 42),
		strings.Repeat("退", 42) + " 货": strings.Repeat("退", 42),
		strings.Repeat("a", 110):       strings.Repeat("a", 110),
		"a\xff\u0000b":                 "a\ufffd b",
	} {
		got := description(reason)
		require.Equal(t, want, got)
		require.LessOrEqual(t, len(got), 128)
		require.True(t, utf8.ValidString(got))
	}
	shengpay := newStub(t, text(200, signed(t, accepted)))
	in := instruction()
	in.Request.Reason = `<b> & "x"`
	_, err := newProvider(t, settings(t, shengpay.URL)).Apply(t.Context(), in)
	require.NoError(t, err)
	require.Contains(t, shengpay.seen[0].body, `"refundDesc":"<b> & \"x\""`, "no \\u003c on the wire")
	sent(t, shengpay)
}

func TestARequestThatShengpayCannotTakeIsNamedAndNotSent(t *testing.T) {
	shengpay := newStub(t, text(200, signed(t, accepted)))
	p := newProvider(t, settings(t, shengpay.URL))
	require.NoError(t, p.Validate(instruction().Request))
	change := func(f func(*providers.Instruction)) providers.Instruction {
		in := instruction()
		f(&in)
		return in
	}
	long := strings.Repeat("a", 33)
	for _, test := range []struct {
		field string
		in    providers.Instruction
	}{
		{"order.merchant_id", change(func(in *providers.Instruction) { in.Request.Order.MerchantID = "" })},
		{"order.merchant_id", change(func(in *providers.Instruction) { in.Request.Order.MerchantID = long })},
		{"order.merchant_id", change(func(in *providers.Instruction) { in.Request.Order.MerchantID = "a&b=c" })},
		{"order.merchant_id", change(func(in *providers.Instruction) { in.Request.Order.MerchantID = "订单" })},
		{"order.platform_id", change(func(in *providers.Instruction) { in.Request.Order.PlatformID = long })},
		{"extra.refundAccount", change(func(in *providers.Instruction) {
			in.Request.Extra = map[string]string{"refundAccount": "recharge"}
		})},
		{"extra", change(func(in *providers.Instruction) { in.Request.Extra = map[string]string{"refund_account": "RECHARGE"} })},
		{"", change(func(in *providers.Instruction) { in.Number = "" })},
		{"", change(func(in *providers.Instruction) { in.Number = "a-b" })},
		{"", change(func(in *providers.Instruction) { in.Number = long })},
		{"", change(func(in *providers.Instruction) { in.Request.Amount = 0 })},
		{"", change(func(in *providers.Instruction) { in.Request.Amount = 101 })},
		{"", change(func(in *providers.Instruction) { in.Request.Order.Total = refund.MaxFen + 1 })},
	} {
		if test.field != "" {
			require.Equal(t, []string{test.field}, fieldsOf(t, p.Validate(test.in.Request)))
		}
		_, applyErr := p.Apply(t.Context(), test.in)
		_, queryErr := p.Query(t.Context(), test.in)
		for _, err := range []error{applyErr, queryErr} {
			f := failureOf(t, err)
			require.Equal(t, refund.ClassMisconfigured, f.Class)
			require.True(t, f.RequestOnly)
		}
	}
	_, err := p.OrderState(t.Context(), refund.Order{})
	require.Equal(t, refund.ClassMisconfigured, failureOf(t, err).Class)
	require.Len(t, fieldsOf(t, p.Validate(refund.Request{Order: refund.Order{PlatformID: long}, Extra: map[string]string{"x": "", "y": ""}})), 4, "every mistake at once")
	require.Empty(t, shengpay.seen)
}
