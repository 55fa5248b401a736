package wechat

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// documented is one entry of wechat_error_codes.json.
type documented struct {
	Layer     string `json:"layer"`
	Operation string `json:"operation"`
	Code      string `json:"code"`
	Text      string `json:"message_contains"`
	Class     string `json:"class"`
	MayExist  string `json:"refund_may_exist"`
	Wait      int    `json:"min_wait_seconds"`
}

var layers = map[string]layer{
	"v2": layerBusiness, "v2-return_code": layerReturn, "cloudrun-gateway": layerRun, "cloudfunction-http-trigger": layerFunction,
}

// documentedCodes leaves out v3, and what is no code but a way to get none, in
// parentheses: those are the transport tests.
func documentedCodes(t *testing.T) []documented {
	t.Helper()
	var file struct {
		Entries []documented `json:"entries"`
	}
	testdata(t, "wechat_error_codes.json", &file)
	var kept []documented
	for _, d := range file.Entries {
		if layers[d.Layer] != "" && !strings.HasPrefix(d.Code, "(") {
			kept = append(kept, d)
		}
	}
	require.Greater(t, len(kept), 40)
	return kept
}

func (d documented) ops() []op {
	return map[string][]op{
		"apply": {opApply}, "query-refund": {opQuery}, "query-order": {opOrder}, "any": {opApply, opQuery, opOrder},
	}[d.Operation]
}

// wanted is the class of an entry, written down a second time from the notes.
func wanted(d documented, o op) refund.Class {
	class := map[string]refund.Class{
		"retryable-same-request": transient, "retryable-after-wait": throttled, "business-final": rejected,
		"needs-human": needsHuman, "configuration-bug": misconfigured, "ambiguous-outcome": ambiguous,
	}[d.Class]
	switch {
	case d.Code == "NOTENOUGH":
		class = noFunds
	case d.Text == "订单已全额退款":
		class = ambiguous // perhaps by this very refund: ask by number
	case d.MayExist == "maybe" && class == transient:
		class = ambiguous
	}
	if o.reads() && class == ambiguous {
		class = transient
	}
	return class
}

// requestOnly are the codes that lie in the request's own content.
var requestOnly = []string{"INVALID_TRANSACTIONID", "PARAM_ERROR", "您的请求参数与订单信息不一致", "参数格式校验错误"}

func TestEveryDocumentedCodeEndsInItsClass(t *testing.T) {
	for _, d := range documentedCodes(t) {
		require.NotEmpty(t, d.ops(), d.Code)
		for _, o := range d.ops() {
			name := d.Layer + " " + d.Code + " " + d.Text + " on " + string(o)
			message := "其他，" + d.Text + "，请核实"
			err := codeFailure(layers[d.Layer], o, d.Code, message)
			if d.Class == "not-an-error" {
				require.ErrorIs(t, err, errAbsent, name)
				continue
			}
			f := failureOf(t, err)
			require.Equal(t, wanted(d, o), f.Class, name)
			require.Equal(t, string(o), f.Op, name)
			require.Equal(t, message, f.Message, name)
			require.NotEmpty(t, f.Hint, name)
			require.Equal(t, time.Duration(d.Wait)*time.Second, f.RetryAfter, name)
			only := d.Code == requestOnly[0] || d.Code == requestOnly[1] || d.Text == requestOnly[2] || d.Text == requestOnly[3]
			require.Equal(t, only, f.RequestOnly, name)
		}
	}
}

func TestTheTableHoldsNothingThatIsNotDocumented(t *testing.T) {
	type key struct {
		layer      layer
		op         op
		code, text string
	}
	inFile, inTable := map[key]bool{}, map[key]bool{}
	for _, d := range documentedCodes(t) {
		k := key{layers[d.Layer], d.ops()[0], d.Code, d.Text}
		if d.Operation == "any" {
			k.op = ""
		}
		inFile[k] = true
	}
	for _, c := range codes {
		k := key{c.layer, c.op, c.code, c.text}
		require.False(t, inTable[k], "%v is there twice", k)
		inTable[k] = true
		if !c.absent {
			require.Contains(t, refund.Classes, c.class)
			require.NotEmpty(t, c.hint)
		}
	}
	require.Equal(t, inFile, inTable)
}

func TestACodeNobodyListsIsNeitherSuccessNorFailure(t *testing.T) {
	for _, test := range []struct {
		layer         layer
		op            op
		code, message string
		want          refund.Class
	}{
		{layerBusiness, opApply, "NEW_CODE", "新错误", ambiguous},
		{layerBusiness, opApply, "", "", ambiguous},
		{layerBusiness, opQuery, "NEW_CODE", "新错误", needsHuman},
		{layerBusiness, opOrder, "NEW_CODE", "新错误", needsHuman},
		{layerReturn, opApply, returnFail, "系统繁忙", ambiguous},
		{layerReturn, opQuery, returnFail, "系统繁忙", transient},
		{layerRun, opApply, "-604100", "access_token missing", ambiguous},
		{layerRun, opQuery, "-604100", "", transient},
		{layerFunction, opApply, "-504002", "functions execute fail", ambiguous},
		// CloudPay may hide the code and leave the text.
		{layerBusiness, opApply, "", "基本账户余额不足，请充值后重新发起", noFunds},
		{layerBusiness, opApply, "", "订单已全额退款", ambiguous},
		// A code that means anything: the text decides, wherever in it the words stand.
		{layerBusiness, opApply, "INVALID_REQUEST", "退款失败：订单已全额退款。", ambiguous},
		{layerBusiness, opApply, "INVALID_REQUEST", "申请退款金额大于订单可退金额", rejected},
		{layerBusiness, opApply, "ERROR", "抱歉，订单已关闭，请核实", rejected},
		{layerBusiness, opApply, "ERROR", "订单金额或退款金额与之前请求不一致", needsHuman},
		{layerBusiness, opApply, "ERROR", "触发频率限制，请稍后", throttled},
		{layerBusiness, opApply, "ERROR", "交易未结算资金不足，请使用可用余额退款", noFunds},
		{layerBusiness, opApply, "ERROR", "业务错误", needsHuman},
		// A code of its own does not listen to the text.
		{layerBusiness, opApply, "SYSTEMERROR", "订单已关闭", ambiguous},
		{layerBusiness, opApply, "NEW_CODE", "订单已关闭", ambiguous},
		{layerReturn, opApply, returnFail, "签名失败，请检查", misconfigured},
		// The queries' own list names few codes: the rest means what it means above.
		{layerBusiness, opQuery, "SIGNERROR", "", misconfigured},
		{layerBusiness, opOrder, "FREQUENCY_LIMITED", "", throttled},
		{layerBusiness, opOrder, "REFUNDNOTEXIST", "", needsHuman},
		// But an answer to a question never ends the refund.
		{layerBusiness, opQuery, "TRADE_OVERDUE", "", needsHuman},
		{layerBusiness, opQuery, "NOTENOUGH", "基本账户余额不足", needsHuman},
		{layerBusiness, opQuery, "", "基本账户余额不足，请充值后重新发起", needsHuman},
		{layerBusiness, opOrder, "NOTENOUGH", "", needsHuman},
		{layerBusiness, opOrder, "ORDERNOTEXIST", "", rejected}, // the order query's own row
	} {
		f := failureOf(t, codeFailure(test.layer, test.op, test.code, test.message))
		require.Equal(t, test.want, f.Class, "%s %s %s", test.layer, test.op, test.code)
		require.NotEmpty(t, f.Code)
	}
}

func TestAQueryNeverRejectsTheRefund(t *testing.T) {
	for _, transport := range transports {
		for _, c := range codes {
			if c.layer != layerBusiness || c.op != opApply {
				continue
			}
			wechat := newStub(t, text(200, refused(t, transport, c.code, c.text)))
			_, err := newProvider(t, settings(t, transport, wechat.URL)).Query(t.Context(), partial())
			if err == nil {
				require.Equal(t, "ORDERNOTEXIST", c.code, "only this code of the apply is an answer to a query too: %s", transport)
				continue
			}
			f := failureOf(t, err)
			require.NotContains(t, []refund.Class{rejected, noFunds, ambiguous}, f.Class, "%s: %s %s", transport, c.code, c.text)
			if c.class == rejected || c.class == noFunds {
				require.Equal(t, needsHuman, f.Class, "%s: %s %s", transport, c.code, c.text)
				require.Zero(t, f.RetryAfter)
			}
		}
	}
}

func TestAFailureShowsNothingLikeASecret(t *testing.T) {
	f := failureOf(t, codeFailure(layerBusiness, opApply, strings.Repeat("A", 40), "key="+apiKey+"\r\nx"))
	require.Equal(t, "…", f.Code)
	require.Equal(t, "… x", f.Message)
}
