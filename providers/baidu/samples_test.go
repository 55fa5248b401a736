package baidu

import (
	"encoding/json"
	"fmt"
	"net/http"
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
			Response json.RawMessage `json:"response"`
		} `json:"samples"`
	}
	testdata(t, "baidu_samples.json", &file)

	receipt := providers.Receipt{PlatformRefundID: "152713835", Amount: 9800}
	state := func(verified bool, r providers.ResultState) outcome {
		return outcome{value: providers.OrderState{Asked: true, Paid: true, Verified: verified, Refund: r}}
	}
	apply := func(p *Provider) (any, error) { return p.Apply(t.Context(), full()) }
	cancel := func(p *Provider) (any, error) { return nil, p.CancelVerification(t.Context(), full().Request.Order) }
	order := func(p *Provider) (any, error) { return p.OrderState(t.Context(), full().Request.Order) }
	query := func(p *Provider) (any, error) { return p.Query(t.Context(), partial()) }
	type reading struct {
		call func(*Provider) (any, error)
		want outcome
	}
	readings := map[string]reading{
		"apply-refund-ok-string-money":      {apply, outcome{value: receipt}},
		"apply-refund-ok-int-money":         {apply, outcome{value: receipt}},
		"apply-refund-consumed-order":       {apply, outcome{class: refund.ClassTransient}},
		"apply-refund-order-not-found":      {apply, outcome{class: refund.ClassNeedsHuman}},
		"apply-refund-appkey-not-found":     {apply, outcome{class: refund.ClassMisconfigured}},
		"apply-refund-bad-signature":        {apply, outcome{class: refund.ClassMisconfigured}},
		"apply-refund-bad-param":            {apply, outcome{class: refund.ClassMisconfigured}},
		"apply-refund-internal":             {apply, outcome{class: refund.ClassAmbiguous}},
		"cancel-verification-ok":            {cancel, outcome{}},
		"cancel-verification-balance-short": {cancel, outcome{class: refund.ClassInsufficientFunds}},
		"cancel-verification-wrong-ids":     {cancel, outcome{class: refund.ClassNeedsHuman}},
		"query-order-paid-unverified":       {order, state(false, providers.ResultAbsent)},
		"query-order-verified":              {order, state(true, providers.ResultAbsent)},
		"query-order-refunding":             {order, state(false, providers.ResultProcessing)},
		"query-order-refunded":              {order, state(false, providers.ResultSucceeded)},
		"query-order-refund-failed":         {order, state(false, providers.ResultFailed)},
		"find-order-refund":                 {query, outcome{value: providers.Result{State: providers.ResultProcessing, PlatformRefundID: "152713835"}}},
		"find-order-refund-none":            {query, outcome{value: providers.Result{State: providers.ResultAbsent}}},
		"openapi-token-invalid":             {query, outcome{class: refund.ClassMisconfigured}}, // twice in a row
	}
	// The token's samples are read in TestATokenIsReadAsDocumented, the callbacks in
	// notification_test.go; this package does not make the other calls.
	elsewhere := map[string]bool{
		"token-ok": true, "token-error": true, "find-by-tp-order-id": true, "cancel-order": true, "bound-service": true,
		"finance-balance": true, "callback-audit": true, "callback-refund-result": true, "callback-payment": true,
	}
	for _, sample := range file.Samples {
		if elsewhere[sample.ID] {
			continue
		}
		t.Run(sample.ID, func(t *testing.T) {
			r, ok := readings[sample.ID]
			require.True(t, ok, "a sample that nothing reads")
			delete(readings, sample.ID)
			baidu := newStub(t, text(200, string(sample.Response)))
			got, err := r.call(newProvider(t, settings(t, TransportCashier, baidu.URL)))
			if r.want.class != "" {
				require.Equal(t, r.want.class, failureOf(t, err).Class)
				return
			}
			require.NoError(t, err)
			require.Equal(t, r.want.value, got)
		})
	}
	require.Empty(t, readings, "a sample is gone from the file")
}

func TestAnAcceptanceWithoutItsNumberIsAmbiguous(t *testing.T) {
	for name, data := range map[string]string{
		"missing": ``, "null": `,"data":null`, "an empty array": `,"data":[]`, "an array": `,"data":[{"refundBatchId":"1"}]`,
		"an empty object": `,"data":{}`, "a string": `,"data":"{}"`, "true": `,"data":true`,
		"a null number":       `,"data":{"refundBatchId":null,"refundPayMoney":"1"}`,
		"an empty number":     `,"data":{"refundBatchId":"","refundPayMoney":"1"}`,
		"number zero":         `,"data":{"refundBatchId":0,"refundPayMoney":"1"}`,
		"a fractional number": `,"data":{"refundBatchId":1.5,"refundPayMoney":"1"}`,
		"money in yuan":       `,"data":{"refundBatchId":"1","refundPayMoney":"98.00"}`,
		"money as a float":    `,"data":{"refundBatchId":"1","refundPayMoney":9.8e3}`,
		"money below zero":    `,"data":{"refundBatchId":"1","refundPayMoney":-1}`,
		"money beyond reason": `,"data":{"refundBatchId":"1","refundPayMoney":10000000001}`,
		"money empty":         `,"data":{"refundBatchId":"1","refundPayMoney":""}`,
		"the number twice":    `,"data":{"refundBatchId":"1","refundBatchId":"2"}`,
	} {
		for _, transport := range []Transport{TransportCashier, TransportOpenAPI} {
			baidu := newStub(t, text(200, `{"errno":0,"msg":"success"`+data+`}`))
			_, err := newProvider(t, settings(t, transport, baidu.URL)).Apply(t.Context(), full())
			f := failureOf(t, err)
			require.Equal(t, refund.ClassAmbiguous, f.Class, name)
			require.Equal(t, "unreadable", f.Code, name)
		}
	}
	// No amount named is not a wrong amount, and a quoted errno is an errno.
	baidu := newStub(t, text(200, `{"errno":"0","data":{"refundBatchId":152713835}}`))
	got, err := newProvider(t, settings(t, TransportCashier, baidu.URL)).Apply(t.Context(), full())
	require.NoError(t, err)
	require.Equal(t, providers.Receipt{PlatformRefundID: "152713835"}, got)
}

func TestAnOrderStateWithAMissingPartIsNeverNotPaid(t *testing.T) {
	const pay, none, refunds = `"payStatus":{"statusNum":1}`, `"verification":{"statusNum":"-1"}`, `"refundStatus":{"statusNum":-1}`
	for data, want := range map[string]refund.Class{
		pay + "," + none + "," + refunds:         "",
		none + "," + refunds:                     refund.ClassTransient,
		pay + "," + refunds:                      refund.ClassTransient,
		pay + "," + none:                         refund.ClassTransient,
		``:                                       refund.ClassTransient,
		`"payStatus":{},` + none + "," + refunds: refund.ClassTransient,
		`"payStatus":[],` + none + "," + refunds: refund.ClassTransient,
		`"payStatus":1,` + none + "," + refunds:  refund.ClassTransient,
		`"payStatus":{"statusNum":null},` + none + "," + refunds:                           refund.ClassTransient,
		`"payStatus":{"statusNum":1.0},` + none + "," + refunds:                            refund.ClassTransient,
		`"payStatus":{"statusNum":0},` + none + "," + refunds:                              refund.ClassNeedsHuman,
		`"payStatus":{"statusNum":2},` + none + "," + refunds:                              refund.ClassNeedsHuman,
		pay + `,"verification":{"statusNum":2},` + refunds:                                 refund.ClassNeedsHuman,
		`"payStatus":{"statusNum":-1},` + none + "," + refunds:                             "",
		pay + "," + none + `,"refundStatus":{"statusNum":3}`:                               "",
		`"payStatus":{"statusNum":1},"payStatus":{"statusNum":-1},` + none + "," + refunds: refund.ClassTransient,
	} {
		baidu := newStub(t, text(200, `{"errno":0,"data":{"data":{`+data+`}}}`))
		state, err := newProvider(t, settings(t, TransportCashier, baidu.URL)).OrderState(t.Context(), full().Request.Order)
		if want != "" {
			require.Equal(t, want, failureOf(t, err).Class, data)
			continue
		}
		require.NoError(t, err, data)
		require.True(t, state.Asked)
	}
	for _, data := range []string{``, `,"data":[]`, `,"data":null`, `,"data":{}`, `,"data":{"data":[]}`, `,"data":{"data":null}`} {
		baidu := newStub(t, text(200, `{"errno":0`+data+`}`))
		_, err := newProvider(t, settings(t, TransportCashier, baidu.URL)).OrderState(t.Context(), full().Request.Order)
		require.Equal(t, refund.ClassTransient, failureOf(t, err).Class, data)
	}
}

func TestARefundIsFoundByItsOwnNumberOnly(t *testing.T) {
	entry := func(number, order string, status int) string {
		return fmt.Sprintf(`{"bizRefundBatchId":%s,"orderId":%s,"refundBatchId":152713835,"refundStatus":%d,"userId":1}`, number, order, status)
	}
	const own, order = `"12132434546634535"`, `800200451`
	for name, test := range map[string]struct {
		list  string
		state providers.ResultState
		class refund.Class
	}{
		"processing":                  {entry(own, order, 1), providers.ResultProcessing, ""},
		"succeeded":                   {entry(own, order, 2), providers.ResultSucceeded, ""},
		"failed":                      {entry(own, order, 3), providers.ResultFailed, ""},
		"an unlisted status":          {entry(own, order, 9), providers.ResultUnknown, ""},
		"as a number":                 {entry(`12132434546634535`, `"800200451"`, 2), providers.ResultSucceeded, ""},
		"among others":                {entry(`"1"`, order, 3) + "," + entry(own, order, 2) + "," + entry(`""`, order, 3) + "," + entry(`null`, order, 3), providers.ResultSucceeded, ""},
		"only others":                 {entry(`"1"`, order, 2), providers.ResultAbsent, ""},
		"another's that starts alike": {entry(`"121324345466345350"`, order, 2) + "," + entry(`"1213243454663453"`, order, 2), providers.ResultAbsent, ""},
		"twice":                       {entry(own, order, 2) + "," + entry(own, order, 3), "", refund.ClassNeedsHuman},
		"under another order":         {entry(own, `800200452`, 2), "", refund.ClassNeedsHuman},
		"an unreadable other entry":   {entry(own, order, 2) + `,"x"`, "", refund.ClassTransient},
		"an entry without status":     {`{"bizRefundBatchId":` + own + `,"orderId":800200451,"refundBatchId":1}`, "", refund.ClassTransient},
		"an entry without order":      {`{"bizRefundBatchId":` + own + `,"refundBatchId":1,"refundStatus":2}`, "", refund.ClassTransient},
	} {
		t.Run(name, func(t *testing.T) {
			baidu := newStub(t, text(200, `{"errno":0,"data":[`+test.list+`]}`))
			got, err := newProvider(t, settings(t, TransportOpenAPI, baidu.URL)).Query(t.Context(), partial())
			if test.class != "" {
				require.Equal(t, test.class, failureOf(t, err).Class)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.state, got.State)
			require.False(t, got.Weak)
		})
	}
	for _, data := range []string{``, `,"data":null`, `,"data":{}`, `,"data":"[]"`} {
		baidu := newStub(t, text(200, `{"errno":0`+data+`}`))
		_, err := newProvider(t, settings(t, TransportOpenAPI, baidu.URL)).Query(t.Context(), partial())
		require.Equal(t, refund.ClassTransient, failureOf(t, err).Class, "no list is not an empty list: %s", data)
	}
}

func TestWithoutCredentialsTheOrderSpeaksWeaklyAndOnlyOfAFullRefund(t *testing.T) {
	for status, want := range map[int]providers.ResultState{
		-1: providers.ResultAbsent, 1: providers.ResultProcessing, 2: providers.ResultSucceeded,
		9: providers.ResultFailed, 3: providers.ResultUnknown,
	} {
		baidu := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"errno":0,"data":{"data":{"payStatus":{"statusNum":1},"refundStatus":{"statusNum":%d},"verification":{"statusNum":-1}}}}`, status)
		})
		s := settings(t, TransportCashier, baidu.URL)
		s.OpenAPI = nil
		p := newProvider(t, s)
		got, err := p.Query(t.Context(), full())
		require.NoError(t, err)
		require.Equal(t, providers.Result{State: want, Weak: true}, got)
		got, err = p.Query(t.Context(), partial())
		require.NoError(t, err)
		require.Equal(t, providers.Result{State: providers.ResultUnknown, Weak: true}, got)
		require.Len(t, baidu.seen, 1, "a partial refund asks nothing")
	}
}
