package shengpay

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// outcome is what a sample means: a value, or the class of a failure.
type outcome struct {
	value any
	class refund.Class
}

func TestEverySampleIsReadAsDocumented(t *testing.T) {
	var file struct {
		Samples []struct {
			ID       string          `json:"id"`
			Request  json.RawMessage `json:"request"`
			Response json.RawMessage `json:"response"`
			Body     json.RawMessage `json:"body"`
			Reply    string          `json:"reply_body"`
		} `json:"samples"`
	}
	testdata(t, "shengpay_samples.json", &file)

	type reading struct {
		call             func(p *Provider, body string) (any, error)
		signed, unsigned outcome // with a signature that holds, and without any
	}
	apply := func(p *Provider, _ string) (any, error) { return p.Apply(t.Context(), instruction()) }
	query := func(p *Provider, _ string) (any, error) { return p.Query(t.Context(), instruction()) }
	notify := func(p *Provider, body string) (any, error) {
		return p.Notification(providers.Callback{Body: []byte(body)})
	}
	receipt := outcome{value: providers.Receipt{PlatformRefundID: "DF510145179916173312", Amount: 100}}
	withCoupons := outcome{value: providers.Receipt{PlatformRefundID: "DF510145179916173312", Amount: 100, Parts: &providers.Parts{
		Settled: 80, Coupon: 20, Coupons: []providers.Coupon{{ID: "C1", Type: "CASH", Amount: 15}, {ID: "C2", Type: "CASH", Amount: 5}},
	}}}
	result := providers.Result{State: providers.ResultSucceeded, PlatformRefundID: "DF510145179916173312", Amount: 100}
	unknown := result
	unknown.State = providers.ResultUnknown
	inDoubt, wrongKeys := outcome{class: refund.ClassAmbiguous}, outcome{class: refund.ClassMisconfigured}
	look := outcome{class: refund.ClassNeedsHuman} // an unsigned refusal does not prove that nothing happened
	readings := map[string]reading{
		"refund-request-withholding":   {apply, inDoubt, inDoubt}, // no returnCode
		"refund-accepted":              {apply, receipt, receipt},
		"refund-accepted-with-coupons": {apply, withCoupons, withCoupons},
		"refund-transport-fail":        {apply, wrongKeys, look},
		"refund-business-fail":         {apply, inDoubt, inDoubt},
		"refund-query-response":        {query, outcome{value: result}, outcome{value: unknown}},
		// The working handler's fields name no order: such a message is a reason to ask.
		"refund-notify": {notify, outcome{value: providers.Notification{Proven: true, Number: number,
			PlatformRefundID: "DF510145179916173312", State: providers.ResultUnknown, Amount: 100}}, inDoubt},
		"payment-notify": {notify, inDoubt, inDoubt},
	}
	for _, sample := range file.Samples {
		body := sample.Response
		if sample.Body != nil {
			body = sample.Body
		}
		if body == nil {
			continue // a request: TestARequestIsExactlyTheVector, TestEveryOperationSendsItsDocumentedFields
		}
		r, ok := readings[sample.ID]
		require.True(t, ok, "nothing reads sample %s", sample.ID)
		delete(readings, sample.ID)
		for name, test := range map[string]struct {
			body string
			want outcome
		}{
			"signed":   {signed(t, string(body)), r.signed},
			"unsigned": {with(t, string(body), map[string]any{"sign": nil}), r.unsigned},
			"wrong":    {withSign(string(body), signatureOf(t, "a=1")), outcome{class: refund.ClassAmbiguous}},
		} {
			t.Run(sample.ID+" "+name, func(t *testing.T) {
				got, err := r.call(answering(t, test.body), test.body)
				want := test.want
				if name == "wrong" && sample.ID == "refund-query-response" {
					want.class = refund.ClassTransient // a read is repeated
				}
				if want.class != "" {
					require.Equal(t, want.class, failureOf(t, err).Class, err.Error())
					return
				}
				require.NoError(t, err)
				require.Equal(t, want.value, got)
			})
		}
	}
	require.Empty(t, readings, "a sample is gone from the file")
}

func TestTheEnumerationsAreThoseOfTheNotes(t *testing.T) {
	var file struct {
		Enums map[string]json.RawMessage `json:"enums"`
	}
	testdata(t, "shengpay_status_enums.json", &file)
	var known, expected []string
	require.NoError(t, json.Unmarshal(file.Enums["refundStatus.known"], &known))
	require.NoError(t, json.Unmarshal(file.Enums["refundStatus.expected_not_confirmed"], &expected))
	require.Len(t, results, len(known)+len(expected))
	for _, word := range append(known, expected...) {
		require.Contains(t, results, status(word))
	}
	var accounts map[string]string
	require.NoError(t, json.Unmarshal(file.Enums["refundAccount"], &accounts))
	for account := range accounts {
		require.True(t, RefundAccount(account).known())
	}
	require.Len(t, accounts, 2)
	require.JSONEq(t, `["PAY_SUCCESS"]`, string(file.Enums["payStatus.known"]))
	require.Equal(t, "PAY_SUCCESS", payStatusSuccess)
}
