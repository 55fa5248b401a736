package baidu

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const formType = "application/x-www-form-urlencoded; charset=utf-8"

func wireForm(t *testing.T, id string) string {
	t.Helper()
	all, _ := vectors(t)
	for _, v := range all {
		if v.ID == id {
			return v.WireForm
		}
	}
	t.Fatalf("no vector %s", id)
	return ""
}

func TestASignedRequestIsExactlyTheVector(t *testing.T) {
	apply := func(in providers.Instruction) func(*Provider) error {
		return func(p *Provider) error { _, err := p.Apply(t.Context(), in); return err }
	}
	cancel := func(p *Provider) error {
		return p.CancelVerification(t.Context(), refund.Order{PlatformID: "2636635856", UserID: "4188819900"})
	}
	order := func(p *Provider) error {
		_, err := p.OrderState(t.Context(), refund.Order{PlatformID: "1920891312", UserID: "3747777038"})
		return err
	}
	chinese := partial()
	chinese.Request.Reason = "充值未到账"
	for _, test := range []struct {
		vector    string
		transport Transport
		appKey    string
		reason    SendReason
		answer    string
		call      func(*Provider) error
		want      request
	}{
		{"computed-refund-etrade-ascii", TransportCashier, "MMM4hG", "", applyOK, apply(partial()),
			request{method: "POST", path: "/cashier/applyOrderRefund", contentType: formType}},
		{"computed-refund-etrade-chinese", TransportCashier, "MMM4hG", SendReasonRaw, applyOK, apply(chinese),
			request{method: "POST", path: "/cashier/applyOrderRefund", contentType: formType}},
		{"computed-refund-legacy", TransportCashierLegacy, "MMM4hG", "", applyOK, apply(partial()),
			request{method: "POST", path: "/nop/server/rest", contentType: formType}},
		{"computed-cancel-verification-etrade", TransportCashier, "MMMzaA", "", `{"errno":0,"data":[]}`, cancel,
			request{method: "POST", path: "/cashier/syncOrderStatus", contentType: formType}},
		{"computed-cancel-verification-etrade", TransportOpenAPI, "MMMzaA", "", `{"errno":0,"data":[]}`, cancel,
			request{method: "POST", path: "/cashier/syncOrderStatus", contentType: formType}},
		{"computed-cancel-verification-legacy", TransportCashierLegacy, "MMMzaA", "", `{"errno":0,"data":[]}`, cancel,
			request{method: "POST", path: "/nop/server/rest", contentType: formType}},
		{"computed-query-order-detail", TransportCashier, "MMM4oc", "", unverified, order,
			request{method: "GET", path: "/platform/entity/openapi/queryorderdetail"}},
	} {
		t.Run(test.vector+" "+string(test.transport), func(t *testing.T) {
			baidu := newStub(t, text(200, test.answer))
			s := settings(t, test.transport, baidu.URL)
			s.AppKey, s.SendReason = test.appKey, test.reason
			p := newProvider(t, s)
			require.NoError(t, test.call(p))
			require.NoError(t, test.call(p), "a repeat is accepted like the first")
			if test.want.method == "GET" {
				test.want.query = wireForm(t, test.vector)
			} else {
				test.want.body = wireForm(t, test.vector)
			}
			require.Equal(t, []request{test.want, test.want}, baidu.seen, "a repeat is the same bytes")
		})
	}
}

func TestAnOpenAPIRequestCarriesItsTokenInTheQueryAndNoSignature(t *testing.T) {
	for skip, flag := range map[bool]string{false: "0", true: "1"} {
		baidu := newStub(t, text(200, `{"errno":0,"data":{"refundBatchId":"152713835","refundPayMoney":100}}`))
		s := settings(t, TransportOpenAPI, baidu.URL)
		s.SkipAudit = skip
		_, err := newProvider(t, s).Apply(t.Context(), partial())
		require.NoError(t, err)
		require.Equal(t, []request{
			{method: "GET", path: "/oauth/2.0/token",
				query: "client_id=client-1&client_secret=" + clientSecret + "&grant_type=client_credentials&scope=smartapp_snsapi_base"},
			{method: "POST", path: "/rest/2.0/smartapp/pay/paymentservice/applyOrderRefund",
				query: "access_token=" + accessToken, contentType: formType,
				body: "applyRefundMoney=100&bizRefundBatchId=12132434546634535&isSkipAudit=" + flag + "&orderId=800200451&pmAppKey=MMM4hG" +
					"&refundReason=customer_request&refundType=1&tpOrderId=10000234&userId=2250333905"},
		}, baidu.seen)
	}

	baidu := newStub(t, text(200, `{"errno":0,"data":[]}`))
	_, err := newProvider(t, settings(t, TransportCashier, baidu.URL)).Query(t.Context(), partial())
	require.NoError(t, err)
	require.Equal(t, []request{{method: "GET", path: "/rest/2.0/smartapp/pay/paymentservice/findOrderRefund",
		query: "access_token=" + accessToken + "&pmAppKey=MMM4hG&tpOrderId=10000234&userId=2250333905"}},
		baidu.requests("/rest/2.0/smartapp/pay/paymentservice/findOrderRefund"))
}

func TestTheAmountIsSentUnlessTheWholeOrderIsRefundedAndTheSwitchIsOff(t *testing.T) {
	no := false
	for _, transport := range []Transport{TransportCashier, TransportCashierLegacy, TransportOpenAPI} {
		for _, test := range []struct {
			in     providers.Instruction
			sends  *bool
			amount string
		}{{full(), nil, "9800"}, {full(), &no, ""}, {partial(), nil, "100"}, {partial(), &no, "100"}} {
			baidu := newStub(t, text(200, applyOK))
			s := settings(t, transport, baidu.URL)
			s.SendAmountOnFull = test.sends
			_, err := newProvider(t, s).Apply(t.Context(), test.in)
			require.NoError(t, err)
			form, err := url.ParseQuery(baidu.seen[len(baidu.seen)-1].body)
			require.NoError(t, err)
			require.Equal(t, test.amount, form.Get("applyRefundMoney"))
			require.Equal(t, test.amount != "", form.Has("applyRefundMoney"))
			require.Equal(t, "12132434546634535", form.Get("bizRefundBatchId"), "the number goes with every refund")
		}
	}
}

func TestTheReasonOnTheWireIsAWordOrTheTextItself(t *testing.T) {
	long := "a23456789_123456789_123456789_123456789_123456789_"
	for _, test := range []struct {
		how       SendReason
		reason    string
		initiator refund.Initiator
		want      string
	}{
		{SendReasonCode, "not-delivered_2", refund.InitiatorUser, "not-delivered_2"},
		{SendReasonCode, long, refund.InitiatorUser, long},
		{SendReasonCode, long + "1", refund.InitiatorUser, "customer_request"},
		{SendReasonCode, "not delivered", refund.InitiatorUser, "customer_request"},
		{SendReasonCode, "充值未到账", refund.InitiatorSupport, "service_desk"},
		{SendReasonCode, "<script>", refund.InitiatorSystem, "service_failure"},
		{SendReasonCode, "a b", "someone", "refund"},
		{SendReasonRaw, "充值 未到账", refund.InitiatorUser, "充值 未到账"},
	} {
		got := wireReason(test.how, refund.Request{Reason: test.reason, Initiator: test.initiator})
		require.Equal(t, test.want, got)
		require.True(t, test.how == SendReasonRaw || safeWord.MatchString(got))
	}
}

func TestARequestThatBaiduCannotTakeIsNamedAndNotSent(t *testing.T) {
	baidu := newStub(t, text(200, applyOK))
	p := newProvider(t, settings(t, TransportCashier, baidu.URL))
	require.NoError(t, p.Validate(partial().Request))
	change := func(f func(*refund.Order)) providers.Instruction {
		in := partial()
		f(&in.Request.Order)
		return in
	}
	for _, id := range []string{"", "0", "0800200451", "-1", "+1", "1.0", "1e3", "x", " 1", "9223372036854775808", "１"} {
		for field, in := range map[string]providers.Instruction{
			"order.platform_id": change(func(o *refund.Order) { o.PlatformID = id }),
			"order.user_id":     change(func(o *refund.Order) { o.UserID = id }),
		} {
			var invalid *refund.InvalidError
			require.ErrorAs(t, p.Validate(in.Request), &invalid, "%s %q", field, id)
			require.Len(t, invalid.Fields, 1)
			require.Equal(t, field, invalid.Fields[0].Field)
			_, err := p.Apply(t.Context(), in)
			require.Equal(t, refund.ClassMisconfigured, failureOf(t, err).Class)
			require.Error(t, p.CancelVerification(t.Context(), in.Request.Order))
			_, err = p.OrderState(t.Context(), in.Request.Order)
			require.Error(t, err)
			_, err = p.Query(t.Context(), in)
			require.Error(t, err)
		}
	}
	for _, id := range []string{"", "订单1", "a b", "a&b=1", "a=b", "a%20", "a+b", "a\n"} {
		var invalid *refund.InvalidError
		require.ErrorAs(t, p.Validate(change(func(o *refund.Order) { o.MerchantID = id }).Request), &invalid)
		require.Equal(t, "order.merchant_id", invalid.Fields[0].Field)
	}
	require.NoError(t, p.Validate(change(func(o *refund.Order) { o.MerchantID, o.PlatformID = "A:1/x.~-_", "9223372036854775807" }).Request))

	var invalid *refund.InvalidError
	require.ErrorAs(t, p.Validate(refund.Request{}), &invalid)
	require.Len(t, invalid.Fields, 3, "every mistake is named at once")

	for _, in := range []providers.Instruction{
		{Number: "", Request: partial().Request}, {Number: "a-b", Request: partial().Request},
		{Number: "123456789012345678901234567890123", Request: partial().Request},
		func() providers.Instruction { in := partial(); in.Request.Amount = 0; return in }(),
		func() providers.Instruction { in := partial(); in.Request.Amount = 9801; return in }(),
	} {
		_, err := p.Apply(t.Context(), in)
		require.Equal(t, refund.ClassMisconfigured, failureOf(t, err).Class)
	}
	require.Empty(t, baidu.seen)
}
