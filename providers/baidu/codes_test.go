package baidu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// documented is one entry of baidu_error_codes.json.
type documented struct {
	Code  int64    `json:"code"`
	Class string   `json:"class"`
	Texts []string `json:"msg_contains"`
	Ops   []op     `json:"ops"`
}

func documentedCodes(t *testing.T) map[scope][]documented {
	t.Helper()
	var file struct {
		Cashier []documented `json:"cashier_errno"`
		Access  []documented `json:"access_layer"`
		Gateway []documented `json:"openapi_error_code"`
		OpenAPI []documented `json:"openapi_errno"`
	}
	testdata(t, "baidu_error_codes.json", &file)
	return map[scope][]documented{
		scopeCashier: file.Cashier, scopeAccess: file.Access, scopeGateway: file.Gateway, scopeOpenAPI: file.OpenAPI,
	}
}

var allOps = []op{opApply, opCancel, opOrder, opRefunds, opToken}

// wanted is the class of an entry, written down a second time from the notes.
func wanted(s scope, d documented, o op) refund.Class {
	class := map[string]refund.Class{
		"retryable-same-request": refund.ClassTransient, "retryable-after-wait": refund.ClassThrottled,
		"business-final": refund.ClassRejected, "needs-human": refund.ClassNeedsHuman,
		"configuration-bug": refund.ClassMisconfigured, "ambiguous-outcome": refund.ClassAmbiguous,
	}[d.Class]
	mutates := o == opApply || o == opCancel
	switch {
	case s == scopeCashier && d.Code == 10003 && o == opCancel:
		class = refund.ClassInsufficientFunds // wait for a top-up
	case len(d.Texts) > 0 && d.Texts[0] == "已消费订单不允许退款":
		class = refund.ClassTransient // and look at the order again
	case s == scopeGateway && d.Code == 2 && mutates:
		class = refund.ClassAmbiguous // the gateway may have passed it on
	}
	if class == refund.ClassAmbiguous && !mutates {
		class = refund.ClassTransient
	}
	if class == refund.ClassNeedsHuman && o == opToken {
		class = refund.ClassMisconfigured
	}
	return class
}

func answerWith(t *testing.T, gateway bool, number int64, message string) reply {
	t.Helper()
	body := fmt.Sprintf(`{"errno":%d,"msg":%q,"data":[]}`, number, message)
	if gateway {
		body = fmt.Sprintf(`{"error_code":%d,"error_msg":%q}`, number, message)
	}
	r, err := parseReply([]byte(body))
	require.NoError(t, err)
	return r
}

func TestEveryDocumentedCodeEndsInItsClassForEveryOperation(t *testing.T) {
	for s, entries := range documentedCodes(t) {
		for _, d := range entries {
			message := "系统错误，其他"
			if len(d.Texts) > 0 {
				message = "系统错误，" + d.Texts[0]
			}
			r := answerWith(t, s == scopeGateway, d.Code, message)
			ops := d.Ops
			if ops == nil {
				ops = allOps
			}
			for _, o := range ops {
				name := fmt.Sprintf("%s %d %q on %s", s, d.Code, message, o)
				if d.Class == "ok" {
					require.NoError(t, r.failure(o), name)
					continue
				}
				f := failureOf(t, r.failure(o))
				require.Equal(t, wanted(s, d, o), f.Class, name)
				require.Equal(t, string(o), f.Op, name)
				require.Equal(t, message, f.Message, name)
				require.NotEmpty(t, f.Hint, name)
				require.Equal(t, len(d.Texts) > 0 && d.Texts[0] == "已消费订单不允许退款", f.Recheck, name)
			}
		}
	}
}

func TestTheTableHoldsNothingThatIsNotDocumented(t *testing.T) {
	type key struct {
		scope scope
		code  int64
		text  string
	}
	inFile := map[key]bool{{scopeCashier, 10004, ""}: true} // §8.1 lists it, the file does not
	for s, entries := range documentedCodes(t) {
		for _, d := range entries {
			k := key{s, d.Code, ""}
			if len(d.Texts) > 0 {
				require.Len(t, d.Texts, 1)
				k.text = d.Texts[0]
			}
			inFile[k] = true
		}
	}
	inTable := map[key]bool{{scopeCashier, 0, ""}: true} // success is no row
	for _, c := range codes {
		inTable[key{c.scope, c.code, c.text}] = true
		require.Contains(t, refund.Classes, c.class)
		require.NotEmpty(t, c.hint)
	}
	require.Equal(t, inFile, inTable)
}

func TestNumbersOfTheServicesNeverOverlap(t *testing.T) {
	seen := map[int64]scope{}
	for _, c := range codes {
		if c.scope == scopeGateway {
			continue
		}
		if other, ok := seen[c.code]; ok {
			require.Equal(t, other, c.scope, "errno %d is in two lists", c.code)
		}
		seen[c.code] = c.scope
	}
}

func TestASignatureThatHasTwoFormsDoesNotBlameTheAccount(t *testing.T) {
	for merchantID, requestOnly := range map[string]bool{
		"10000234": false, "A_b-1.2": false, strings.Repeat("a", 64): false,
		"A/1": true, "A:1": true, "A,1": true, "A#1": true, "A(1)": true, "A;1": true, `"A"`: true, "A<b": true, "A~": true, "A*": true,
	} {
		for _, answer := range []string{`{"errno":10000,"msg":"签名校验失败"}`, `{"errno":930,"msg":"签名校验失败"}`, `{"errno":970,"msg":"no"}`} {
			baidu := newStub(t, text(200, answer))
			p := newProvider(t, settings(t, TransportCashier, baidu.URL))
			in := full()
			in.Request.Order.MerchantID = merchantID
			require.NoError(t, p.Validate(in.Request), merchantID)
			_, err := p.Apply(t.Context(), in)
			f := failureOf(t, err)
			require.Equal(t, refund.ClassMisconfigured, f.Class)
			signature := !strings.Contains(answer, "970")
			require.Equal(t, requestOnly && signature, f.RequestOnly, "%s %s", merchantID, answer)
			require.Equal(t, requestOnly && signature, strings.Contains(f.Hint, "order.merchant_id"))

			// The order number does not go with this call, which blames the keys alone.
			require.False(t, failureOf(t, p.CancelVerification(t.Context(), in.Request.Order)).RequestOnly)
		}
	}
}

func TestAnUmbrellaCodeIsReadByItsTextAndOperation(t *testing.T) {
	for _, test := range []struct {
		op      op
		number  int64
		message string
		want    refund.Class
		recheck bool
	}{
		{opApply, 10002, "系统错误，已消费订单不允许退款", refund.ClassTransient, true},
		{opCancel, 10002, "系统错误，已消费订单不允许退款", refund.ClassNeedsHuman, false},
		{opApply, 10002, "appKey 未找到，订单未找到", refund.ClassMisconfigured, false},
		{opApply, 10002, "", refund.ClassNeedsHuman, false},
		{opCancel, 10002, "订单未找到", refund.ClassNeedsHuman, false},
		{opCancel, 10003, "系统内部错误，请稍候重试", refund.ClassInsufficientFunds, false},
		{opApply, 10003, "系统内部错误，请稍候重试", refund.ClassAmbiguous, false},
		{opOrder, 10003, "系统内部错误，请稍候重试", refund.ClassTransient, false},
		{opApply, 10004, "", refund.ClassAmbiguous, false},
		{opCancel, 10004, "", refund.ClassAmbiguous, false},
		{opOrder, 10004, "", refund.ClassTransient, false},
		// Unlisted: an apply may have gone through, the rest is for a person.
		{opApply, 77777, "新错误", refund.ClassAmbiguous, false},
		{opApply, -1, "", refund.ClassAmbiguous, false},
		{opCancel, 77777, "新错误", refund.ClassNeedsHuman, false},
		{opOrder, 77777, "新错误", refund.ClassNeedsHuman, false},
		{opRefunds, 77777, "新错误", refund.ClassNeedsHuman, false},
	} {
		f := failureOf(t, answerWith(t, false, test.number, test.message).failure(test.op))
		require.Equal(t, test.want, f.Class, "%s %d %s", test.op, test.number, test.message)
		require.Equal(t, test.recheck, f.Recheck)
	}
	require.Equal(t, "error_code 2", failureOf(t, answerWith(t, true, 2, "").failure(opApply)).Code)
	require.Equal(t, "-1024", failureOf(t, answerWith(t, false, -1024, "").failure(opApply)).Code)
}
