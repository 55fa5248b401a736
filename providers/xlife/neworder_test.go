package xlife

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

var routed = []Entitlement{MosQueryRefund, MosIsNewPayOrder}

func isNewIs(t *testing.T, answer string) string {
	t.Helper()
	return changed(t, sample(t, "xlife_mos_isnewpayorder_response.json"), `"data": true`, `"data": `+answer)
}

func TestAnOrderIsRefundedOnTheCoreItLivesOn(t *testing.T) {
	for answer, refundOp := range map[string]op{"true": opNewRefund, "false": opRefund} {
		gateway := newStub(t, byMethod(map[op]string{
			opRoute: isNewIs(t, answer), opRefund: sample(t, "xlife_refund_response.json"),
			opNewRefund: sample(t, "xlife_mos_refund_response_refunding.json"),
		}))
		p := newProvider(t, settings(t, gateway.URL, routed...))
		for range 2 {
			_, err := p.Apply(t.Context(), instruction())
			require.NoError(t, err)
		}
		require.Equal(t, []op{opRoute, refundOp, opRoute, refundOp}, gateway.methods(), "asked again each time")
		require.Equal(t, map[string]string{"out_trade_no": "20260301ORDER0001"}, businessForm(gateway.seen[0].form))
		require.Equal(t, gateway.seen[1].body, gateway.seen[3].body)
	}
}

func TestARefundOnTheNewCoreHasTheDocumentedForm(t *testing.T) {
	var want struct {
		Name     string         `json:"business_parameter_name"`
		Business map[string]any `json:"business_parameter"`
		Method   op             `json:"method"`
	}
	testdata(t, "xlife_mos_refund_request.json", &want)
	delete(want.Business, "extend_params") // optional, and nothing to say
	for initiator, source := range map[refund.Initiator]any{
		refund.InitiatorSupport: want.Business["refund_source"], refund.InitiatorSystem: 1.0, refund.InitiatorUser: 2.0,
	} {
		gateway := newStub(t, byMethod(map[op]string{
			opRoute: isNewIs(t, "true"), opNewRefund: sample(t, "xlife_mos_refund_response_refunding.json"),
		}))
		in := instruction()
		in.Request.Initiator = initiator
		got, err := newProvider(t, settings(t, gateway.URL, routed...)).Apply(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, providers.Receipt{Amount: 88888}, got, "accepted is not refunded")
		require.Equal(t, []op{opRoute, want.Method}, gateway.methods())
		var business map[string]any
		require.NoError(t, json.Unmarshal([]byte(gateway.seen[1].form.Get(want.Name)), &business))
		want.Business["refund_source"] = source
		require.Equal(t, want.Business, business)
	}
}

func TestAnAnswerOfTheNewCoreIsBelievedOnlyOfOurOwnRefund(t *testing.T) {
	whole := sample(t, "xlife_mos_refund_response_refunding.json")
	for name, test := range map[string]struct {
		body  []string
		want  providers.Receipt
		class refund.Class
		code  string
	}{
		"done at once":       {[]string{`"REFUNDING"`, `"SUCCESS"`}, providers.Receipt{Amount: 88888, State: providers.ResultSucceeded}, "", ""},
		"failed at once":     {[]string{`"REFUNDING"`, `"FAIL"`}, providers.Receipt{Amount: 88888, State: providers.ResultFailed}, "", ""},
		"an unlisted status": {[]string{`"REFUNDING"`, `"NEW"`}, providers.Receipt{}, refund.ClassAmbiguous, "unknown status"},
		"another amount":     {[]string{`"refund_amount": 88888`, `"refund_amount": 88887`}, providers.Receipt{}, refund.ClassNeedsHuman, "other amount"},
		"another refund":     {[]string{`"HZ01RF001"`, `"HZ01RF002"`}, providers.Receipt{}, refund.ClassNeedsHuman, "other refund"},
		"another order":      {[]string{`"20260301ORDER0001"`, `"20260301ORDER0002"`}, providers.Receipt{}, refund.ClassNeedsHuman, "other order"},
		"refused for an unlisted reason": {[]string{whole, sample(t, "xlife_mos_refund_response_result_false.json")},
			providers.Receipt{}, refund.ClassNeedsHuman, "err_code 1001"},
		"refused without a reason": {[]string{whole, `{"result":{"success":false}}`}, providers.Receipt{}, refund.ClassNeedsHuman, "err_code missing"},
		"no data":                  {[]string{whole, `{"result":{"success":true}}`}, providers.Receipt{}, refund.ClassAmbiguous, "unreadable"},
		"success not said":         {[]string{`"success": true,`, ``}, providers.Receipt{}, refund.ClassAmbiguous, "unreadable"},
		"no result":                {[]string{whole, `{"alibaba_mos_onsite_trade_refund_response":{}}`}, providers.Receipt{}, refund.ClassAmbiguous, "unreadable"},
		"refused by the gateway":   {[]string{whole, refused(15, "isp.REFUND_NOT_ALLOWED_ERROR", "")}, providers.Receipt{}, refund.ClassNeedsHuman, "isp.REFUND_NOT_ALLOWED_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := newStub(t, byMethod(map[op]string{opRoute: isNewIs(t, "true"), opNewRefund: changed(t, whole, test.body...)}))
			got, err := newProvider(t, settings(t, gateway.URL, routed...)).Apply(t.Context(), instruction())
			if test.class != "" {
				f := failureOf(t, err)
				require.Equal(t, test.class, f.Class, f.Error())
				require.Equal(t, test.code, f.Code)
				require.Equal(t, string(opNewRefund), f.Op)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

// What the saga takes for "certainly not sent".
var notSent = map[refund.Class]bool{refund.ClassTransient: true, refund.ClassThrottled: true, refund.ClassMisconfigured: true}

func TestWithoutAnAnswerAboutTheCoreNothingIsSent(t *testing.T) {
	for name, answer := range map[string]string{
		"a page": "<html>", "nothing": "", "no data": `{"result":{"success":true}}`, "success not said": `{"result":{"data":true}}`, "text": isNewIs(t, `"true"`), "null": isNewIs(t, `null`),
		"a number":              isNewIs(t, `1`),
		"refused":               `{"result":{"success":false,"err_code":7,"err_msg":"x","data":false}}`,
		"an unlisted error":     refused(999, "", ""),
		"an unlisted isv error": refused(15, "isv.something-new", ""),
		"not allowed":           refused(50, "isp.REFUND_NOT_ALLOWED_ERROR", ""),
		"amount":                refused(50, "isv.REFUND_AMOUNT_INVALID", ""),
		"banned":                refused(7, "", "This ban will last for 4 more seconds"),
		"no permission":         refused(11, "isv.permission-api-package-empty", ""),
	} {
		gateway := newStub(t, byMethod(map[op]string{opRoute: answer}))
		_, err := newProvider(t, settings(t, gateway.URL, routed...)).Apply(t.Context(), instruction())
		f := failureOf(t, err)
		require.True(t, notSent[f.Class], "%s: %s", name, f.Error())
		require.Equal(t, string(opRoute), f.Op)
		require.Equal(t, []op{opRoute}, gateway.methods(), name)
	}
}
