package wechat

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// told is what the samples say.
func told(state providers.ResultState, proven bool) providers.Notification {
	return providers.Notification{Proven: proven, Number: number, PlatformRefundID: refundID, State: state, Amount: 300,
		Order: refund.Order{PlatformID: "1217752501201407033233368018", MerchantID: "20260301ORDER0001", Total: 888}}
}

// encryptInfo is the inverse of decryptInfo, written from the notes.
func encryptInfo(key, plain string) string {
	sum := md5.Sum([]byte(key))
	block, _ := aes.NewCipher([]byte(hex.EncodeToString(sum[:])))
	pad := 16 - len(plain)%16
	data := []byte(plain + strings.Repeat(string(rune(pad)), pad))
	for at := 0; at < len(data); at += 16 {
		block.Encrypt(data[at:at+16], data[at:at+16])
	}
	return base64.StdEncoding.EncodeToString(data)
}

// message is the success sample with some of its inner or outer fields changed.
func message(t testing.TB, inner, outer fields) []byte {
	t.Helper()
	v := notifyVectors(t)[0]
	f, err := parseXML([]byte(v.Plaintext), "root")
	require.NoError(t, err)
	envelope, err := parseXML([]byte(v.Notification), "xml")
	require.NoError(t, err)
	set := func(into, change fields) {
		for name, value := range change {
			into[name] = value
			if value == "-" {
				delete(into, name)
			}
		}
	}
	set(f, inner)
	plain := xmlOf(f)
	envelope["req_info"] = encryptInfo(apiKey, "<root>"+plain[5:len(plain)-6]+"</root>")
	set(envelope, outer)
	return []byte(xmlOf(envelope))
}

func TestAV2MessageIsProvenByItsKey(t *testing.T) {
	s := settings(t, TransportV2, "http://localhost")
	for _, v := range notifyVectors(t) {
		s.APIKeyFile = write(t, v.APIKey)
		got, err := newProvider(t, s).Notification(providers.Callback{Body: []byte(v.Notification)})
		require.NoError(t, err, v.Name)
		want := map[string]providers.ResultState{"success": providers.ResultSucceeded, "md5_with_leading_zeros": providers.ResultSucceeded,
			"close": providers.ResultFailed, "refundclose": providers.ResultFailed, "change": providers.ResultProcessing}[v.Name]
		require.Equal(t, told(want, true), got, v.Name)
	}
	p := newProvider(t, settings(t, TransportV2, "http://localhost"))
	for name, state := range map[string]providers.ResultState{
		"success": providers.ResultSucceeded, "close": providers.ResultFailed, "change": providers.ResultProcessing,
	} {
		got, err := p.Notification(providers.Callback{Body: sample(t, "wechat_v2_refund_notify_"+name+".xml")})
		require.NoError(t, err, name)
		require.Equal(t, told(state, true), got, name)
	}
	for name, test := range map[string]struct {
		inner fields
		want  func(*providers.Notification)
	}{
		"from the console":     {fields{"refund_request_source": "VENDOR_PLATFORM"}, func(n *providers.Notification) { n.Elsewhere = true }},
		"a state not listed":   {fields{"refund_status": "NEW"}, func(n *providers.Notification) { n.State = providers.ResultUnknown }},
		"no state":             {fields{"refund_status": "-"}, func(n *providers.Notification) { n.State = providers.ResultUnknown }},
		"no amount":            {fields{"refund_fee": "-"}, func(n *providers.Notification) { n.State, n.Amount = providers.ResultUnknown, 0 }},
		"an amount of nothing": {fields{"refund_fee": "0"}, func(n *providers.Notification) { n.State, n.Amount = providers.ResultUnknown, 0 }},
		"another amount":       {fields{"refund_fee": "301"}, func(n *providers.Notification) { n.Amount = 301 }},
	} {
		got, err := p.Notification(providers.Callback{Body: message(t, test.inner, nil)})
		require.NoError(t, err, name)
		want := told(providers.ResultSucceeded, true)
		test.want(&want)
		require.Equal(t, want, got, name)
	}
}

func TestAV2MessageThatCannotBeBelievedIsRefused(t *testing.T) {
	p := newProvider(t, settings(t, TransportV2, "http://localhost"))
	for name, body := range map[string][]byte{
		"not ours, by appid":            message(t, nil, fields{"appid": "wx0"}),
		"not ours, by mch_id":           message(t, nil, fields{"mch_id": "1"}),
		"not ours, by sub_mch_id":       message(t, nil, fields{"sub_mch_id": "1"}),
		"no appid":                      message(t, nil, fields{"appid": "-"}),
		"a payment's":                   message(t, nil, fields{"req_info": "-"}),
		"FAIL":                          message(t, nil, fields{"return_code": "FAIL"}),
		"encrypted with another key":    message(t, nil, fields{"req_info": encryptInfo(strings.Repeat("0", 32), "<root></root>")}),
		"no document inside":            message(t, nil, fields{"req_info": encryptInfo(apiKey, "ok")}),
		"another root inside":           message(t, nil, fields{"req_info": encryptInfo(apiKey, "<xml></xml>")}),
		"an amount in yuan":             message(t, fields{"refund_fee": "3.00"}, nil),
		"a total in yuan":               message(t, fields{"total_fee": "8.88"}, nil),
		"a number that cannot be shown": message(t, fields{"out_refund_no": "退款"}, nil),
		"nothing":                       nil, "a page": []byte("<html></html>"),
		"too long": []byte("<xml><a>" + strings.Repeat("x", maxMessage) + "</a></xml>"),
	} {
		got, err := p.Notification(providers.Callback{Body: body})
		f := failureOf(t, err)
		require.Equal(t, providers.Notification{}, got, name)
		require.Equal(t, "notification", f.Op)
		require.NotEmpty(t, f.Message, name)
		if len(body) > 100 {
			require.NotContains(t, f.Error(), "20260301ORDER0001", name)
		}
	}
}

func TestACloudRunCallbackIsAHintUnlessTheServiceIsClosed(t *testing.T) {
	body := sample(t, "wechat_cloudrun_refund_callback.json")
	source := http.Header{"X-Wx-Source": {"wx_client"}}
	for _, test := range []struct {
		trust  bool
		header http.Header
		proven bool
	}{{false, nil, false}, {false, source, false}, {true, nil, false}, {true, source, true}} {
		s := settings(t, TransportCloudRun, "http://localhost")
		s.TrustCallback = test.trust
		got, err := newProvider(t, s).Notification(providers.Callback{Header: test.header, Body: body})
		require.NoError(t, err)
		require.Equal(t, told(providers.ResultSucceeded, test.proven), got)
	}
	p := newProvider(t, settings(t, TransportCloudRun, "http://localhost"))
	for _, test := range []struct {
		name, body string
		want       *providers.Notification // nil is refused
	}{
		{"v2's spelling", `{"return_code":"SUCCESS","out_refund_no":"RF-1","refund_fee":300,"refund_status":"REFUNDCLOSE"}`,
			&providers.Notification{Number: "RF-1", Amount: 300, State: providers.ResultFailed}},
		{"no state", `{"returnCode":"SUCCESS","outRefundNo":"RF-1","refundFee":300}`, &providers.Notification{Number: "RF-1", Amount: 300, State: providers.ResultUnknown}},
		{"no amount", `{"outRefundNo":"RF-1","refundStatus":"SUCCESS"}`, &providers.Notification{Number: "RF-1", State: providers.ResultUnknown}},
		{"no number", `{"refundStatus":"SUCCESS","refundFee":300,"refundRequestSource":"VENDOR_PLATFORM"}`,
			&providers.Notification{Amount: 300, State: providers.ResultUnknown, Elsewhere: true}},
		{"FAIL", `{"returnCode":"FAIL"}`, nil},
		{"another sub-merchant's", `{"outRefundNo":"RF-1","subMchId":"1"}`, nil},
		{"a name twice", `{"refundFee":300,"refundFee":300}`, nil},
		{"two amounts", `{"refundFee":300,"refund_fee":301}`, nil},
		{"an amount in yuan", `{"refundFee":3.00}`, nil},
		{"an array", `[]`, nil},
		{"nothing", ``, nil},
		{"too long", `{"a":"` + strings.Repeat("x", maxMessage) + `"}`, nil},
	} {
		got, err := p.Notification(providers.Callback{Body: []byte(test.body)})
		if test.want == nil {
			failureOf(t, err)
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, *test.want, got, test.name)
	}
}

// signedCallback is what the shipped function posts.
func signedCallback(secret string, at time.Time, body []byte) providers.Callback {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + string(body)))
	return providers.Callback{Body: body, Header: http.Header{
		"X-Refundflow-Signature": {hex.EncodeToString(mac.Sum(nil))}, "X-Refundflow-Timestamp": {stamp},
	}}
}

func TestACloudFunctionCallbackIsProvenByTheFunctionsSignature(t *testing.T) {
	body := sample(t, "wechat_cloudrun_refund_callback.json")
	good := signedCallback(callbackSecret, moment, body)
	with := func(name, value string) providers.Callback {
		h := good.Header.Clone()
		h.Set(name, value)
		return providers.Callback{Header: h, Body: body}
	}
	for name, test := range map[string]struct {
		callback providers.Callback
		taken    bool
	}{
		"fresh":               {good, true},
		"a little old":        {signedCallback(callbackSecret, moment.Add(-callbackAge), body), true},
		"a fast clock":        {signedCallback(callbackSecret, moment.Add(callbackAge), body), true},
		"upper case":          {with(headerSignature, strings.ToUpper(good.Header.Get(headerSignature))), true},
		"too old":             {signedCallback(callbackSecret, moment.Add(-callbackAge-time.Second), body), false},
		"from the future":     {signedCallback(callbackSecret, moment.Add(callbackAge+time.Second), body), false},
		"another secret":      {signedCallback("other", moment, body), false},
		"another body":        {providers.Callback{Header: good.Header, Body: append([]byte(" "), body...)}, false},
		"another time":        {with(headerTimestamp, strconv.FormatInt(moment.Unix()+1, 10)), false},
		"a time that is none": {with(headerTimestamp, "now"), false},
		"an absurd time":      {with(headerTimestamp, "-9223372036854775808"), false},
		"no hex":              {with(headerSignature, "zz"), false},
		"half a signature":    {with(headerSignature, good.Header.Get(headerSignature)[:32]), false},
		"no headers":          {providers.Callback{Body: body}, false},
	} {
		got, err := newProvider(t, settings(t, TransportCloudFunction, "http://localhost")).Notification(test.callback)
		if !test.taken {
			require.Equal(t, providers.Notification{}, got, name)
			failureOf(t, err)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, told(providers.ResultSucceeded, true), got, name)
	}
	s := settings(t, TransportCloudFunction, "http://localhost")
	s.CallbackSecretFile = ""
	got, err := newProvider(t, s).Notification(good)
	require.NoError(t, err)
	require.Equal(t, told(providers.ResultSucceeded, false), got, "without a secret nothing is proven")
}

func TestACallbackThatSaysNoToItsOwnResultIsNoResult(t *testing.T) {
	for code, want := range map[string]providers.ResultState{`"SUCCESS"`: providers.ResultSucceeded, `""`: providers.ResultSucceeded,
		`"FAIL"`: providers.ResultUnknown, `"OTHER"`: providers.ResultUnknown} {
		body := `{"returnCode":"SUCCESS","resultCode":` + code + `,"subMchId":"1900000111","outTradeNo":"O1","outRefundNo":"` + number + `","refundFee":300,"refundStatus":"SUCCESS"}`
		got, err := newProvider(t, settings(t, TransportCloudFunction, "http://localhost")).Notification(signedCallback(callbackSecret, moment, []byte(body)))
		require.NoError(t, err, code)
		require.Equal(t, want, got.State, code)
		require.Equal(t, number, got.Number, "the refund is found all the same")
	}
}

func TestAV2MessageMayBeLaidOutOverLines(t *testing.T) {
	v := notifyVectors(t)[0]
	body := message(t, nil, fields{"req_info": "\n  " + encryptInfo(apiKey, v.Plaintext) + "\r\n", "return_code": " SUCCESS "})
	p := newProvider(t, settings(t, TransportV2, "http://localhost"))
	got, err := p.Notification(providers.Callback{Body: append([]byte("\ufeff"), body...)})
	require.NoError(t, err)
	require.Equal(t, told(providers.ResultSucceeded, true), got)
}

func TestACloudCallbackMustNameItsMerchantAndItsOrder(t *testing.T) {
	const rest = `"outRefundNo":"` + number + `","refundId":"` + refundID + `","refundFee":300,"refundStatus":"SUCCESS"}`
	for name, test := range map[string]struct {
		body   string
		proven bool
	}{
		"neither":                         {`{` + rest, false},
		"the merchant alone":              {`{"subMchId":"1900000111",` + rest, false},
		"an empty merchant":               {`{"subMchId":"","outTradeNo":"O1",` + rest, false},
		"the order alone":                 {`{"outTradeNo":"O1","transactionId":"T1",` + rest, false},
		"the merchant and our order":      {`{"subMchId":"1900000111","outTradeNo":"O1",` + rest, true},
		"the merchant and WeChat's, v2":   {`{"sub_mch_id":"1900000111","transaction_id":"T1",` + rest, true},
		"the merchant and an empty order": {`{"subMchId":"1900000111","outTradeNo":"",` + rest, false},
	} {
		run := settings(t, TransportCloudRun, "http://localhost")
		run.TrustCallback = true
		got, err := newProvider(t, run).Notification(providers.Callback{Header: http.Header{"X-Wx-Source": {"wx_client"}}, Body: []byte(test.body)})
		require.NoError(t, err, name)
		require.Equal(t, test.proven, got.Proven, "cloudrun: %s", name)

		function := settings(t, TransportCloudFunction, "http://localhost")
		got, err = newProvider(t, function).Notification(signedCallback(callbackSecret, moment, []byte(test.body)))
		require.NoError(t, err, name)
		require.Equal(t, test.proven, got.Proven, "cloudfunction: %s", name)
	}
	// Two accounts behind one service: what proves something to one proves nothing to the other.
	s := settings(t, TransportCloudRun, "http://localhost")
	s.TrustCallback, s.SubMchID = true, "1900000222"
	_, err := newProvider(t, s).Notification(providers.Callback{Header: http.Header{"X-Wx-Source": {"wx_client"}},
		Body: sample(t, "wechat_cloudrun_refund_callback.json")})
	failureOf(t, err)
}

func TestTheRepliesAreTheSamplesOwn(t *testing.T) {
	bare := strings.NewReplacer("\n", "", "  ", "", `": `, `":`)
	for _, transport := range transports {
		p := newProvider(t, settings(t, transport, "http://localhost"))
		taken, again := p.NotificationReply(true), p.NotificationReply(false)
		require.Equal(t, []int{200, 200}, []int{taken.Status, again.Status})
		if transport == TransportV2 {
			require.Equal(t, bare.Replace(string(sample(t, "wechat_v2_notify_reply_success.xml"))), string(taken.Body))
			require.Equal(t, bare.Replace(string(sample(t, "wechat_v2_notify_reply_fail.xml"))), string(again.Body))
			continue
		}
		require.Equal(t, bare.Replace(string(sample(t, "wechat_cloudrun_callback_reply.json"))), string(taken.Body))
		require.JSONEq(t, `{"errcode":1,"errmsg":"retry later"}`, string(again.Body))
	}
}
