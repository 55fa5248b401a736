package shengpay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const (
	transient     = refund.ClassTransient
	throttled     = refund.ClassThrottled
	ambiguous     = refund.ClassAmbiguous
	misconfigured = refund.ClassMisconfigured
	rejected      = refund.ClassRejected
	needsHuman    = refund.ClassNeedsHuman
	insufficient  = refund.ClassInsufficientFunds
	// nothing stands for an answer that says nothing: no failure, unknown.
	nothing = refund.Class("unknown")
)

// wanted is what a class of the file means for refund, refund query and order
// query, written down a second time from the notes.
var wanted = map[string][3]refund.Class{
	"configuration-bug":      {misconfigured, misconfigured, misconfigured},
	"needs-human":            {needsHuman, needsHuman, needsHuman},
	"business-final":         {rejected, nothing, needsHuman},
	"retryable-same-request": {ambiguous, transient, transient}, // the outcome of the first is unknown
	"ambiguous-outcome":      {ambiguous, transient, transient},
}

func refusal(code string) string {
	return fmt.Sprintf(`{"returnCode":"SUCCESS","returnMsg":"OK","resultCode":"FAIL","errorCode":%q,"errorCodeDes":"其他"}`, code)
}

// classesOf is what one answer means for the three calls.
func classesOf(t *testing.T, p *Provider) [3]refund.Class {
	t.Helper()
	_, applyErr := p.Apply(t.Context(), instruction())
	result, queryErr := p.Query(t.Context(), instruction())
	_, orderErr := p.OrderState(t.Context(), instruction().Request.Order)
	got := [3]refund.Class{failureOf(t, applyErr).Class, nothing, failureOf(t, orderErr).Class}
	if queryErr != nil {
		got[1] = failureOf(t, queryErr).Class
	} else {
		require.Equal(t, providers.Result{State: providers.ResultUnknown}, result)
	}
	for _, err := range []error{applyErr, queryErr, orderErr} {
		if err != nil {
			require.NotEmpty(t, failureOf(t, err).Hint)
		}
	}
	return got
}

func TestEveryDocumentedCodeEndsInItsClassForEveryOperation(t *testing.T) {
	var file struct {
		Codes []struct{ Code, Class string } `json:"codes"`
	}
	testdata(t, "shengpay_error_codes.json", &file)
	inFile := map[string]bool{}
	for _, d := range file.Codes {
		inFile[d.Code] = true
		p := answering(t, signed(t, refusal(d.Code)))
		require.Equal(t, wanted[d.Class], classesOf(t, p), d.Code)
		_, err := p.Apply(t.Context(), instruction())
		f := failureOf(t, err)
		require.Equal(t, []string{"refund", d.Code, "其他"}, []string{f.Op, f.Code, f.Message})
		require.Equal(t, d.Code == "LACK_PARAMS" || d.Code == "PARAMS_ERROR", f.RequestOnly, "only these may lie in the request: %s", d.Code)
	}
	inTable := map[string]bool{}
	for _, c := range codes {
		inTable[c.code] = true
	}
	require.Equal(t, inFile, inTable, "the table and the notes hold the same codes")
}

func TestACodeNobodyListsIsNeitherSuccessNorFailure(t *testing.T) {
	for _, code := range []string{"REFUND_NOT_EXIST", "", "system_error", " SYSTEM_ERROR", "余额不足"} {
		for _, body := range []string{refusal(code), signed(t, refusal(code))} {
			require.Equal(t, [3]refund.Class{ambiguous, nothing, needsHuman}, classesOf(t, answering(t, body)), code)
		}
	}
	for _, part := range []string{``, `,"errorCode":null`, `,"errorCode":7`, `,"errorCode":["SIGN_ERROR"]`} {
		p := answering(t, `{"returnCode":"SUCCESS","resultCode":"FAIL"`+part+`}`)
		require.Equal(t, [3]refund.Class{ambiguous, nothing, needsHuman}, classesOf(t, p), part)
	}
}

func TestAnUnsignedRefusalDoesNotProveThatNothingHappened(t *testing.T) {
	codes := map[string]refund.Class{"A": rejected, "B": insufficient, "C": throttled, "D": needsHuman, "E": misconfigured}
	read := func(s *Settings) { s.Codes = codes }
	for code, class := range codes {
		_, err := answering(t, signed(t, refusal(code)), read).Apply(t.Context(), instruction())
		require.Equal(t, class, failureOf(t, err).Class, code)
		_, err = answering(t, refusal(code), read).Apply(t.Context(), instruction())
		want := ambiguous
		if class == needsHuman || class == misconfigured {
			want = needsHuman
		}
		require.Equal(t, want, failureOf(t, err).Class, "%s unsigned", code)
	}
	for code, body := range map[string]string{
		"PARAMS_ERROR": refusal("PARAMS_ERROR"), "NO_AUTH": refusal("NO_AUTH"), "returnCode FAIL": `{"returnCode":"FAIL","returnMsg":"param"}`,
	} {
		p := answering(t, body)
		_, err := p.Apply(t.Context(), instruction())
		f := failureOf(t, err)
		require.Equal(t, []any{needsHuman, code, false}, []any{f.Class, f.Code, f.RequestOnly})
		require.NotEmpty(t, f.Hint)
		_, err = p.Query(t.Context(), instruction())
		require.Equal(t, misconfigured, failureOf(t, err).Class, "a question takes nothing back")
	}
	_, err := answering(t, refusal("ORDER_CLOSED")).Apply(t.Context(), instruction())
	require.Equal(t, ambiguous, failureOf(t, err).Class)
}

func TestTheConfigurationAddsCodesForEveryOperation(t *testing.T) {
	for class, want := range map[refund.Class][3]refund.Class{
		rejected: {rejected, nothing, needsHuman}, insufficient: {insufficient, nothing, needsHuman},
		throttled: {throttled, throttled, throttled}, ambiguous: {ambiguous, transient, transient},
		needsHuman: {needsHuman, needsHuman, needsHuman}, misconfigured: {misconfigured, misconfigured, misconfigured},
	} {
		p := answering(t, signed(t, refusal("NEW_CODE")), func(s *Settings) { s.Codes = map[string]refund.Class{"NEW_CODE": class} })
		require.Equal(t, want, classesOf(t, p), class)
	}
	p := answering(t, signed(t, refusal("ORDER_CLOSED")), func(s *Settings) { s.Codes = map[string]refund.Class{"ORDER_CLOSED": needsHuman} })
	require.Equal(t, [3]refund.Class{needsHuman, needsHuman, needsHuman}, classesOf(t, p))
}

func TestAThrottleKeepsTheServersPause(t *testing.T) {
	s := settings(t, newStub(t, header("Retry-After", "5", text(200, signed(t, refusal("TOO_OFTEN"))))).URL)
	s.Codes = map[string]refund.Class{"TOO_OFTEN": throttled}
	p := newProvider(t, s)
	for _, c := range calls {
		require.Equal(t, 5*time.Second, failureOf(t, c.call(t.Context(), p)).RetryAfter, string(c.op))
	}
}

func TestARefusedRequestIsReadByItsText(t *testing.T) {
	type reading struct {
		classes [3]refund.Class
		request bool
	}
	for message, want := range map[string]reading{
		"签名错误":         {[3]refund.Class{misconfigured, misconfigured, misconfigured}, false},
		"验签失败":         {[3]refund.Class{misconfigured, misconfigured, misconfigured}, false},
		"Sign error":   {[3]refund.Class{misconfigured, misconfigured, misconfigured}, false},
		"参数 sign 错误":   {[3]refund.Class{misconfigured, misconfigured, misconfigured}, false},
		"缺少参数 mchId":   {[3]refund.Class{misconfigured, misconfigured, misconfigured}, true},
		"PARAMS_ERROR": {[3]refund.Class{misconfigured, misconfigured, misconfigured}, true},
		"参数异常，请检查后重试":  {[3]refund.Class{misconfigured, misconfigured, misconfigured}, true},
		"invalid sign": {[3]refund.Class{misconfigured, misconfigured, misconfigured}, false},
		// The advice on SYSTEM_ERROR names parameters, and words end in "sign".
		"系统异常,请用相同请求参数重新发起请求":                     {[3]refund.Class{ambiguous, transient, transient}, false},
		"请用相同参数重试":                                {[3]refund.Class{ambiguous, transient, transient}, false},
		"timeout, retry with the same parameters": {[3]refund.Class{ambiguous, transient, transient}, false},
		"refund is not assigned to a channel":     {[3]refund.Class{ambiguous, transient, transient}, false},
		"系统繁忙":                                    {[3]refund.Class{ambiguous, transient, transient}, false},
		"":                                        {[3]refund.Class{ambiguous, transient, transient}, false},
		"OK":                                      {[3]refund.Class{ambiguous, transient, transient}, false},
		"refund failed":                           {[3]refund.Class{ambiguous, transient, transient}, false},
	} {
		body := fmt.Sprintf(`{"returnCode":"FAIL","returnMsg":%q,"resultCode":"SUCCESS"}`, message)
		unsigned := want
		if want.classes[0] == misconfigured {
			unsigned.classes[0], unsigned.request = needsHuman, false
		}
		for answer, want := range map[string]reading{body: unsigned, signed(t, body): want} {
			p := answering(t, answer)
			require.Equal(t, want.classes, classesOf(t, p), message)
			_, err := p.Apply(t.Context(), instruction())
			require.Equal(t, want.request, failureOf(t, err).RequestOnly, message)
			require.Equal(t, "returnCode FAIL", failureOf(t, err).Code)
		}
	}
}

func TestATextBesideAnUnlistedCodeHintsToPeopleAndDecidesNothing(t *testing.T) {
	for message, want := range map[string]string{
		"账户余额不足，请充值": "top up", "退款金额超过可退金额": "what is left", "退款金额大于订单金额": "what is left",
		"退款单号重复": "repeated number", "订单不存在": "does not exist", "请求过于频繁": "wait", "其他": "",
	} {
		body := strings.Replace(refusal("NEW_CODE"), "其他", message, 1)
		for _, answer := range []string{body, signed(t, body)} {
			p := answering(t, answer)
			require.Equal(t, [3]refund.Class{ambiguous, nothing, needsHuman}, classesOf(t, p), message)
			_, applyErr := p.Apply(t.Context(), instruction())
			_, orderErr := p.OrderState(t.Context(), instruction().Request.Order)
			for _, err := range []error{applyErr, orderErr} {
				require.Contains(t, failureOf(t, err).Hint, want)
				require.Equal(t, want != "", strings.Contains(failureOf(t, err).Hint, "its text"), message)
			}
		}
	}
}
