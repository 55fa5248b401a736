package shengpay

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const notice = `{` + envelope + `,"mchId":"93745648","refundId":"DF510145179916173312","refundOrderNo":"` + number + `",` +
	`"outTradeNo":"huaweitest_0jhiuhi_31","refundFee":100,"totalFee":100,"refundStatus":"REFUND_SUCCESS"}`

func TestANotificationSaysWhatItsSignatureProves(t *testing.T) {
	p := newProvider(t, settings(t, "https://localhost"))
	whole := providers.Notification{
		Proven: true, Number: number, PlatformRefundID: "DF510145179916173312", State: providers.ResultSucceeded, Amount: 100,
		Order: refund.Order{MerchantID: "huaweitest_0jhiuhi_31", Total: 100},
	}
	but := func(change func(*providers.Notification)) *providers.Notification {
		n := whole
		change(&n)
		return &n
	}
	state := func(s providers.ResultState) *providers.Notification {
		return but(func(n *providers.Notification) { n.State = s })
	}
	for name, test := range map[string]struct {
		changes changes
		want    *providers.Notification
		code    string
	}{
		"success":                         {changes{}, &whole, ""},
		"amounts as texts":                {changes{"refundFee": "100", "totalFee": "100", "mchId": 93745648}, &whole, ""},
		"the number under its other name": {changes{"refundOrderNo": nil, "outRefundNo": number}, &whole, ""},
		"the number under both":           {changes{"outRefundNo": number}, &whole, ""},
		"without envelope":                {changes{"returnCode": nil, "resultCode": nil, "returnMsg": nil}, &whole, ""},
		"by its application":              {changes{"mchId": nil, "appId": "appid_huawei"}, &whole, ""},
		"with coupons":                    {changes{"settlementRefundFee": 80, "couponRefundFee": 20}, &whole, ""},
		"nested extras":                   {changes{"detail": map[string]int{"x": 1}, "none": json.RawMessage("null")}, &whole, ""},
		"failed":                          {changes{"refundStatus": "REFUND_FAIL"}, state(providers.ResultFailed), ""},
		"processing":                      {changes{"refundStatus": "REFUND_PROCESSING"}, state(providers.ResultProcessing), ""},
		"a status nobody lists":           {changes{"refundStatus": "DONE"}, state(providers.ResultUnknown), ""},
		"a status in another script":      {changes{"refundStatus": "退款成功"}, state(providers.ResultUnknown), ""},
		"no status":                       {changes{"refundStatus": nil}, state(providers.ResultUnknown), ""},
		"a failed exchange":               {changes{"returnCode": "FAIL"}, state(providers.ResultUnknown), ""},
		"a failed business":               {changes{"resultCode": "FAIL"}, state(providers.ResultUnknown), ""},
		"a contradiction in the amounts":  {changes{"settlementRefundFee": 101}, state(providers.ResultUnknown), ""},
		"by Shengpay's order number alone": {changes{"outTradeNo": nil, "transactionId": "DO1"}, but(func(n *providers.Notification) {
			n.Order.MerchantID, n.Order.PlatformID = "", "DO1"
		}), ""},
		// An end that cannot be compared with the refund is none.
		"without amounts": {changes{"refundFee": nil, "totalFee": ""}, but(func(n *providers.Notification) {
			n.State, n.Amount, n.Order.Total = providers.ResultUnknown, 0, 0
		}), ""},
		"with an amount of nothing": {changes{"refundFee": 0}, but(func(n *providers.Notification) {
			n.State, n.Amount = providers.ResultUnknown, 0
		}), ""},
		"without order": {changes{"outTradeNo": ""}, but(func(n *providers.Notification) {
			n.State, n.Order.MerchantID = providers.ResultUnknown, ""
		}), ""},
		"processing, without order": {changes{"outTradeNo": nil, "refundStatus": "REFUND_PROCESSING"}, but(func(n *providers.Notification) {
			n.State, n.Order.MerchantID = providers.ResultProcessing, ""
		}), ""},
		// Shengpay signs for all merchants with one key: this may be another's refund
		// with a number that they chose.
		"that names no merchant": {changes{"mchId": nil}, but(func(n *providers.Notification) {
			n.Proven, n.State = false, providers.ResultUnknown
		}), ""},

		"of another merchant":        {changes{"mchId": "93745641"}, nil, "other merchant"},
		"of another application":     {changes{"appId": "x"}, nil, "other merchant"},
		"two numbers that disagree":  {changes{"outRefundNo": "x"}, nil, "unreadable"},
		"no number":                  {changes{"refundOrderNo": nil}, nil, "unreadable"},
		"a number that is none":      {changes{"refundOrderNo": "a-b"}, nil, "unreadable"},
		"a nested number":            {changes{"refundOrderNo": []string{number}}, nil, "unreadable"},
		"an amount in yuan":          {changes{"refundFee": "1.00"}, nil, "unreadable"},
		"a field hidden in its text": {changes{"returnMsg": "OK&refundStatus=REFUND_SUCCESS"}, nil, "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			body := signed(t, with(t, notice, test.changes))
			for range 2 { // a replay says the same again
				got, err := p.Notification(providers.Callback{Body: []byte(body)})
				if test.want == nil {
					f := failureOf(t, err)
					require.Equal(t, []any{refund.ClassAmbiguous, test.code, "refund notification"}, []any{f.Class, f.Code, f.Op}, f.Error())
					require.NotContains(t, f.Error(), number)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, *test.want, got)
			}
		})
	}
}

func TestANotificationThatShengpayDidNotSignIsRefused(t *testing.T) {
	p := newProvider(t, settings(t, "https://localhost"))
	_, keys := vectors(t)
	good := signed(t, notice)
	byMerchant, err := sign(keys["merchant_test_key"].private(t), map[string]string{"a": "1"})
	require.NoError(t, err)
	for name, test := range map[string]struct{ body, code string }{
		"unsigned":                 {notice, "unsigned"},
		"an empty signature":       {withSign(notice, ""), "unsigned"},
		"the merchant's own key":   {withSign(notice, byMerchant), "signature"},
		"another message's":        {withSign(notice, signatureOf(t, "a=1")), "signature"},
		"another status":           {strings.Replace(good, "REFUND_SUCCESS", "REFUND_FAIL", 1), "signature"},
		"another amount":           {strings.Replace(good, `"refundFee":100`, `"refundFee":1000`, 1), "signature"},
		"a number for another's":   {strings.Replace(good, number, "huaweitest_0jhiuhi_31_re2", 1), "signature"},
		"a second number":          {strings.Replace(good, "{", `{"outRefundNo":"`+number+`",`, 1), "signature"},
		"a name twice":             {strings.Replace(good, "{", `{"refundStatus":"REFUND_FAIL",`, 1), "unreadable"},
		"cut":                      {good[:len(good)-10], "unreadable"},
		"a form":                   {"refundOrderNo=" + number, "unreadable"},
		"nothing":                  {"", "unreadable"},
		"an array":                 {"[" + good + "]", "unreadable"},
		"more than 64 KiB":         {strings.Replace(good, "{", "{"+strings.Repeat(" ", 64<<10), 1), "unreadable"},
		"a second document":        {good + good, "unreadable"},
		"a synchronous acceptance": {signed(t, with(t, accepted, changes{"outRefundNo": nil})), "unreadable"},
	} {
		n, err := p.Notification(providers.Callback{Body: []byte(test.body)})
		f := failureOf(t, err)
		require.Equal(t, []any{refund.ClassAmbiguous, test.code}, []any{f.Class, f.Code}, name)
		require.Zero(t, n, name)
		require.NotContains(t, f.Error(), number, name)
	}
	// An acceptance that is sent to the callback proves a number, but no result.
	n, err := p.Notification(providers.Callback{Body: []byte(signed(t, accepted))})
	require.NoError(t, err)
	require.Equal(t, providers.ResultUnknown, n.State)
}

// What Shengpay signed for somebody else's refund, whose attach and order number
// open and close a nested value around the real mchId.
func TestANestedValueHidesNoField(t *testing.T) {
	_, keys := vectors(t)
	signature, err := sign(keys["platform_test_key"].private(t), map[string]string{
		"attach": `z&mchId=93745648&mchIdx={"a":"q`, "mchId": "11111111", "nonceStr": "n", "outTradeNo": `x"}`,
		"refundFee": "100", "refundId": "D1", "refundOrderNo": number, "refundStatus": "REFUND_SUCCESS",
		"resultCode": "SUCCESS", "returnCode": "SUCCESS", "signType": "RSA",
	})
	require.NoError(t, err)
	forged := `{"attach":"z","mchId":"93745648","mchIdx":{"a":"q&mchId=11111111&nonceStr=n&outTradeNo=x"},` +
		`"refundFee":"100","refundId":"D1","refundOrderNo":"` + number + `","refundStatus":"REFUND_SUCCESS",` +
		`"resultCode":"SUCCESS","returnCode":"SUCCESS","signType":"RSA","sign":"` + signature + `"}`
	n, err := newProvider(t, settings(t, "https://localhost")).Notification(providers.Callback{Body: []byte(forged)})
	require.Equal(t, "signature", failureOf(t, err).Code)
	require.Zero(t, n)
}

func TestTheReplyIsTheBareWord(t *testing.T) {
	p := newProvider(t, settings(t, "https://localhost"))
	require.Equal(t, providers.Reply{Status: 200, ContentType: "text/plain", Body: []byte("SUCCESS")}, p.NotificationReply(true))
	require.Equal(t, providers.Reply{Status: 200, ContentType: "text/plain", Body: []byte("FAIL")}, p.NotificationReply(false))
}

// What PHP, Java and .NET make of one message: escapes, blanks, a byte order mark.
func TestAnySpellingOfTheSameJSONIsTheSameMessage(t *testing.T) {
	p := newProvider(t, settings(t, "https://localhost"))
	plain := signed(t, with(t, notice, changes{"returnMsg": "成功/OK"}))
	want, err := p.Notification(providers.Callback{Body: []byte(plain)})
	require.NoError(t, err)
	for _, spelt := range []string{
		"\ufeff" + plain, " \r\n" + plain + "\r\n", strings.ReplaceAll(plain, "/", `\/`), strings.ReplaceAll(plain, "成功", `\u6210\u529f`),
		strings.ReplaceAll(plain, `":`, "\" :\n\t"), strings.Replace(plain, "{", `{"attach":"","couponRefundCount":null,"detail":[{}],`, 1),
	} {
		require.NotEqual(t, plain, spelt)
		got, err := p.Notification(providers.Callback{Body: []byte(spelt)})
		require.NoError(t, err, spelt)
		require.Equal(t, want, got, spelt)
	}
	_, err = answering(t, "\ufeff"+signed(t, accepted)).Apply(t.Context(), instruction())
	require.NoError(t, err)
	_, err = answering(t, "\ufeff\ufeff"+signed(t, accepted)).Apply(t.Context(), instruction())
	require.Equal(t, refund.ClassAmbiguous, failureOf(t, err).Class, "one mark is a mark, two are something else")
}
