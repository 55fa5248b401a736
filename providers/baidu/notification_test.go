package baidu

import (
	"crypto"
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

type form = map[string]string

// platformSigned is a callback as Baidu sends it: every field counts, empty ones
// too.
func platformSigned(t testing.TB, fields form) providers.Callback {
	t.Helper()
	signature, err := wire.SignRSA(private(t, vectorKeys(t)["platform_test_key"]), crypto.SHA1, canonical.Text(fields))
	require.NoError(t, err)
	body := url.Values{"rsaSign": {signature}}
	for name, value := range fields {
		body.Set(name, value)
	}
	return providers.Callback{Body: []byte(body.Encode())}
}

// with returns a copy with changes; "-" leaves a field out.
func with(fields, changes form) form {
	fields = maps.Clone(fields)
	maps.Copy(fields, changes)
	maps.DeleteFunc(fields, func(_, v string) bool { return v == "-" })
	return fields
}

// callbackSample is a message of the documentation with the replies it wants.
func callbackSample(t testing.TB, id string) (fields form, replies map[string]json.RawMessage) {
	t.Helper()
	var file struct {
		Samples []struct {
			ID      string                     `json:"id"`
			Form    form                       `json:"form"`
			Replies map[string]json.RawMessage `json:"replies"`
		} `json:"samples"`
	}
	testdata(t, "baidu_samples.json", &file)
	for _, s := range file.Samples {
		if s.ID == id {
			return s.Form, s.Replies
		}
	}
	t.Fatalf("no sample %s", id)
	return nil, nil
}

func receiver(t testing.TB) *Provider {
	return &Provider{settings: Settings{AppKey: "MMM4hG"}.withDefaults(), platform: public(t, vectorKeys(t)["platform_test_key"])}
}

// compact is a sample's reply without the white space of the file; its members
// stay in their order.
func compact(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	return strings.Join(strings.Fields(string(raw)), "")
}

func TestANotificationMeansWhatBaiduDocuments(t *testing.T) {
	sample, replies := callbackSample(t, "callback-refund-result")
	all := refund.Order{PlatformID: "1068881223", MerchantID: "11119800", UserID: "149235070"}
	for name, test := range map[string]struct {
		changes form
		want    providers.Notification
	}{
		"1 is success":                        {nil, providers.Notification{State: providers.ResultSucceeded, Order: all}},
		"2 is failure, unlike in the queries": {form{"refundStatus": "2"}, providers.Notification{State: providers.ResultFailed, Order: all}},
		"3 is unknown, never failed":          {form{"refundStatus": "3"}, providers.Notification{State: providers.ResultUnknown, Order: all}},
		"-1 is unknown":                       {form{"refundStatus": "-1"}, providers.Notification{State: providers.ResultUnknown, Order: all}},
		"user and merchant's order may be empty": {form{"userId": "", "tpOrderId": ""},
			providers.Notification{State: providers.ResultSucceeded, Order: refund.Order{PlatformID: "1068881223"}}},
		"or missing": {form{"userId": "-", "tpOrderId": "-"},
			providers.Notification{State: providers.ResultSucceeded, Order: refund.Order{PlatformID: "1068881223"}}},
		"or 0": {form{"userId": "0"},
			providers.Notification{State: providers.ResultSucceeded, Order: refund.Order{PlatformID: "1068881223", MerchantID: "11119800"}}},
		"new fields are signed and passed over": {form{"bizRefundBatchId": "N1", "applyRefundMoney": "x"}, providers.Notification{State: providers.ResultSucceeded, Order: all}},
		"our own appKey":                        {form{"appKey": "MMM4hG"}, providers.Notification{State: providers.ResultSucceeded, Order: all}},
	} {
		got, err := receiver(t).Notification(platformSigned(t, with(sample, test.changes)))
		require.NoError(t, err, name)
		test.want.Proven, test.want.PlatformRefundID = true, "149235070"
		require.Equal(t, test.want, got, name)
	}
	reply := receiver(t).NotificationReply(true)
	require.Equal(t, 200, reply.Status)
	require.Equal(t, compact(t, replies["ack"]), string(reply.Body))
	require.JSONEq(t, string(replies["ack"]), string(reply.Body))
}

func TestAnAuditAsksWhatBaiduDocuments(t *testing.T) {
	sample, _ := callbackSample(t, "callback-audit")
	want := providers.AuditQuestion{PlatformRefundID: "149235070", Amount: 100,
		Order: refund.Order{PlatformID: "1068881223", MerchantID: "11119800", UserID: "149235070"}}
	for name, test := range map[string]struct {
		changes form
		amount  refund.Fen
	}{
		"with an amount":               {nil, 100},
		"the older edition names none": {form{"applyRefundMoney": "-"}, 0},
		"an empty amount is none":      {form{"applyRefundMoney": ""}, 0},
		"an amount beyond 32 bits":     {form{"applyRefundMoney": "4294967396"}, 4294967396},
	} {
		got, err := receiver(t).Audit(platformSigned(t, with(sample, test.changes)))
		require.NoError(t, err, name)
		want.Amount = test.amount
		require.Equal(t, want, got, name)
	}
	require.Equal(t, 2*time.Second, receiver(t).AuditDeadline())
}

func TestAnAuditReplyIsExactAndNeverApprovesByAccident(t *testing.T) {
	_, replies := callbackSample(t, "callback-audit")
	refusal := string(receiver(t).NotificationReply(false).Body)
	var envelope struct{ Errno *int }
	require.NoError(t, json.Unmarshal([]byte(refusal), &envelope))
	require.NotZero(t, *envelope.Errno)
	for name, test := range map[string]struct {
		verdict *providers.AuditVerdict
		want    string
	}{
		"approve":                       {&providers.AuditVerdict{Decision: providers.AuditApprove, Amount: 100}, compact(t, replies["approve"])},
		"refuse":                        {&providers.AuditVerdict{Decision: providers.AuditRefuse, Amount: 100}, compact(t, replies["reject"])},
		"undecided":                     {&providers.AuditVerdict{Decision: providers.AuditUndecided, Amount: 100}, compact(t, replies["undecided"])},
		"the amount is there, though 0": {&providers.AuditVerdict{Decision: providers.AuditRefuse}, `{"errno":0,"msg":"success","data":{"auditStatus":2,"calculateRes":{"refundPayMoney":0}}}`},
		"no verdict":                    {nil, refusal},
		"approving no amount":           {&providers.AuditVerdict{Decision: providers.AuditApprove}, refusal},
		"approving less than nothing":   {&providers.AuditVerdict{Decision: providers.AuditApprove, Amount: -1}, refusal},
		"a decision nobody knows":       {&providers.AuditVerdict{Decision: "yes", Amount: 100}, refusal},
		"no decision":                   {&providers.AuditVerdict{Amount: 100}, refusal},
	} {
		got := receiver(t).AuditReply(test.verdict)
		require.Equal(t, 200, got.Status, name)
		require.Equal(t, "application/json; charset=utf-8", got.ContentType, name)
		require.Equal(t, test.want, string(got.Body), name)
	}
}

func TestACallbackIsRefusedWithoutShowingIt(t *testing.T) {
	notice, _ := callbackSample(t, "callback-refund-result")
	question, _ := callbackSample(t, "callback-audit")
	const secret = "hunter2"
	type test struct {
		audit    bool
		callback providers.Callback
		code     string
	}
	tests := map[string]test{
		"an empty body":                {false, providers.Callback{}, "unreadable"},
		"no form":                      {false, providers.Callback{Body: []byte(secret)}, "unreadable"},
		"no signature":                 {false, providers.Callback{Body: []byte("refundBatchId=1&a=" + secret)}, "signature"},
		"a signature of somebody":      {false, providers.Callback{Body: []byte("a=" + secret + "&rsaSign=" + strings.Repeat("A", 172))}, "signature"},
		"a field more":                 {false, providers.Callback{Body: append(platformSigned(t, notice).Body, "&a="+secret...)}, "signature"},
		"a field twice":                {false, providers.Callback{Body: append(platformSigned(t, notice).Body, "&refundStatus=1"...)}, "unreadable"},
		"a message without its end":    {false, providers.Callback{Body: []byte(strings.TrimSuffix(string(platformSigned(t, notice).Body), "&userId=149235070"))}, "signature"},
		"the signed text in one field": {false, providers.Callback{Body: []byte(strings.ReplaceAll(string(platformSigned(t, notice).Body), "&refundStatus=", "%26refundStatus%3D"))}, "signature"},
		"a question at the address of notifications": {false, platformSigned(t, question), "unreadable"},
		"a notification at the address of questions": {true, platformSigned(t, notice), "unreadable"},
		"a payment":                  {false, platformSigned(t, form{"orderId": "1", "userId": "1", "status": "2", "totalMoney": "1"}), "unreadable"},
		"a question about a payment": {true, platformSigned(t, form{"orderId": "1", "userId": "1", "status": "2", "totalMoney": "1"}), "unreadable"},
	}
	for name, changes := range map[string]form{
		"no batch": {"refundBatchId": "-"}, "batch 0": {"refundBatchId": "0"}, "a batch in text": {"refundBatchId": secret},
		"a batch beyond 64 bits": {"refundBatchId": "9223372036854775808"}, "no order": {"orderId": ""}, "a user in text": {"userId": secret},
		"a merchant's order in two lines": {"tpOrderId": secret + "\n"}, "an endless merchant's order": {"tpOrderId": strings.Repeat(secret, 20)},
		"another merchant's appKey": {"appKey": secret},
	} {
		tests["a notification with "+name] = test{false, platformSigned(t, with(notice, changes)), "unreadable"}
		tests["a question with "+name] = test{true, platformSigned(t, with(question, changes)), "unreadable"}
	}
	for _, status := range []string{"-", "", secret, "1.0", "0x1", "01", "+1", " 1"} {
		tests["status "+status] = test{false, platformSigned(t, with(notice, form{"refundStatus": status})), "unreadable"}
	}
	for _, amount := range []string{"0", "-1", "1.5", "1e3", "0100", secret, "10000000001", "9223372036854775808"} {
		tests["amount "+amount] = test{true, platformSigned(t, with(question, form{"applyRefundMoney": amount})), "unreadable"}
	}
	for name, test := range tests {
		err := receive(receiver(t), test.callback)[test.audit]
		f := failureOf(t, err)
		require.Equal(t, test.code, f.Code, name)
		require.NotEmpty(t, f.Hint, name)
		require.NotContains(t, err.Error(), secret, name)
	}
}

// receive reads a callback in both ways: the errors of the audit and of the
// notification.
func receive(p *Provider, c providers.Callback) map[bool]error {
	_, notification := p.Notification(c)
	_, audit := p.Audit(c)
	return map[bool]error{false: notification, true: audit}
}

func TestWithoutThePlatformsKeyEveryCallbackIsRefused(t *testing.T) {
	p := receiver(t)
	p.platform = nil
	notice, _ := callbackSample(t, "callback-refund-result")
	for _, err := range receive(p, platformSigned(t, notice)) {
		f := failureOf(t, err)
		require.Equal(t, refund.ClassMisconfigured, f.Class)
		require.False(t, f.RequestOnly, "it concerns the whole account")
		require.ErrorContains(t, err, "baidu.platform_public_key_file is not set")
	}
	p.platform = public(t, vectorKeys(t)["merchant_doc_key"])
	for _, err := range receive(p, platformSigned(t, notice)) {
		require.Equal(t, "signature", failureOf(t, err).Code, "the merchant's own key in its place")
	}
}

// FuzzNoUnsignedCallbackIsBelieved feeds one body to both readers.
func FuzzNoUnsignedCallbackIsBelieved(f *testing.F) {
	p := receiver(f)
	believed := map[string]bool{}
	for _, id := range []string{"callback-refund-result", "callback-audit", "callback-payment"} {
		sample, _ := callbackSample(f, id)
		c := platformSigned(f, sample)
		form, err := wire.ParseForm(c.Body)
		require.NoError(f, err)
		believed[fingerprint(form)] = true
		f.Add(c.Body)
		f.Add(c.Body[:len(c.Body)/2])
	}
	f.Add([]byte("rsaSign=&rsaSign="))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, err := range receive(p, providers.Callback{Body: body}) {
			if err != nil {
				require.NotEmpty(t, failureOf(t, err).Code)
				continue
			}
			form, err := wire.ParseForm(body)
			require.NoError(t, err)
			require.True(t, believed[fingerprint(form)], "fields that nobody signed: %q", body)
		}
	})
}
