package xlife

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// businessForm is what of a form is not the gateway's own.
func businessForm(form url.Values) map[string]string {
	own := map[string]string{}
	for name := range form {
		switch name {
		case "method", "app_key", "session", "timestamp", "format", "v", "sign_method", "sign":
		default:
			own[name] = form.Get(name)
		}
	}
	return own
}

func TestWithoutEntitlementsNothingIsAskedAndNothingClaimed(t *testing.T) {
	gateway := newStub(t, text200(""))
	p := newProvider(t, settings(t, gateway.URL))
	state, err := p.OrderState(t.Context(), instruction().Request.Order)
	require.NoError(t, err)
	require.Equal(t, providers.OrderState{}, state)
	result, err := p.Query(t.Context(), instruction())
	require.NoError(t, err)
	require.Equal(t, providers.Result{State: providers.ResultUnknown}, result)
	require.Empty(t, gateway.seen)
}

func TestAnOrderIsAskedForInTheDocumentedForm(t *testing.T) {
	var want struct {
		Form   map[string]string `json:"form_business_fields"`
		Method op                `json:"method"`
	}
	testdata(t, "xlife_mos_trade_query_request.json", &want)
	for _, name := range []string{"xlife_mos_trade_query_response.json", "xlife_mos_trade_query_response_simplify.json"} {
		gateway := newStub(t, text200(sample(t, name)))
		state, err := newProvider(t, settings(t, gateway.URL, MosQuery)).OrderState(t.Context(), instruction().Request.Order)
		require.NoError(t, err)
		require.Equal(t, providers.OrderState{Asked: true, Paid: true, Refund: providers.ResultUnknown, Total: 88888}, state)
		require.Equal(t, []op{want.Method}, gateway.methods())
		require.Equal(t, want.Form, businessForm(gateway.seen[0].form))
	}
	gateway := newStub(t, text200(""))
	_, err := newProvider(t, settings(t, gateway.URL, MosQuery)).OrderState(t.Context(), refund.Order{})
	require.Equal(t, refund.ClassMisconfigured, failureOf(t, err).Class)
	require.Empty(t, gateway.seen)
}

func TestAnOrdersStatusMeansPaidOrNotOrAPerson(t *testing.T) {
	whole := sample(t, "xlife_mos_trade_query_response.json")
	for name, test := range map[string]struct {
		body  []string
		paid  bool
		class refund.Class
		code  string
	}{
		"waiting for confirmation":      {[]string{`"TRADE_SUCCESS"`, `"WAIT_FOR_CONFIRM"`}, false, "", ""},
		"waiting for the buyer":         {[]string{`"TRADE_SUCCESS"`, `"WAIT_BUYER_PAY"`}, false, "", ""},
		"success":                       {nil, true, "", ""},
		"finished":                      {[]string{`"TRADE_SUCCESS"`, `"TRADE_FINISHED"`}, true, "", ""},
		"closed: unpaid, or given back": {[]string{`"TRADE_SUCCESS"`, `"TRADE_CLOSED"`}, false, refund.ClassNeedsHuman, "TRADE_CLOSED"},
		"an unlisted status":            {[]string{`"TRADE_SUCCESS"`, `"TRADE_PENDING"`}, false, refund.ClassNeedsHuman, "unknown status"},
		"no status":                     {[]string{`"trade_status": "TRADE_SUCCESS",`, ``}, false, refund.ClassTransient, "unreadable"},
		"no total":                      {[]string{`"total_amount": 88888,`, ``}, false, refund.ClassTransient, "unreadable"},
		"a total in yuan":               {[]string{`"total_amount": 88888`, `"total_amount": 888.88`}, false, refund.ClassTransient, "unreadable"},
		"no order number":               {[]string{`"out_trade_no": "20260301ORDER0001",`, ``}, false, refund.ClassTransient, "unreadable"},
		"another order":                 {[]string{`"20260301ORDER0001"`, `"20260301ORDER0002"`}, false, refund.ClassNeedsHuman, "other order"},
		"another order's trade_no":      {[]string{`"2013112011001004330000121536"`, `"1"`}, false, refund.ClassNeedsHuman, "other order"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := newStub(t, text200(changed(t, whole, test.body...)))
			state, err := newProvider(t, settings(t, gateway.URL, MosQuery)).OrderState(t.Context(), instruction().Request.Order)
			if test.class != "" {
				f := failureOf(t, err)
				require.Equal(t, test.class, f.Class)
				require.Equal(t, test.code, f.Code)
				return
			}
			require.NoError(t, err)
			require.Equal(t, providers.OrderState{Asked: true, Paid: test.paid, Refund: providers.ResultUnknown, Total: 88888}, state)
		})
	}
}

func TestARefundIsAskedForByItsNumberInTheDocumentedForm(t *testing.T) {
	var want struct {
		Form   map[string]string `json:"form_business_fields"`
		Method op                `json:"method"`
	}
	testdata(t, "xlife_mos_queryrefund_request.json", &want)
	gateway := newStub(t, text200(sample(t, "xlife_mos_queryrefund_response.json")))
	got, err := newProvider(t, settings(t, gateway.URL, MosQueryRefund)).Query(t.Context(), instruction())
	require.NoError(t, err)
	require.Equal(t, providers.Result{State: providers.ResultSucceeded, Amount: 88888}, got)
	require.Equal(t, []op{want.Method}, gateway.methods())
	require.Equal(t, want.Form, businessForm(gateway.seen[0].form))
}

func TestOnlyWhatIsSaidOfOurOwnRefundCounts(t *testing.T) {
	whole := sample(t, "xlife_mos_queryrefund_response.json")
	for name, test := range map[string]struct {
		body  []string
		state providers.ResultState
		class refund.Class
		code  string
	}{
		"under way":              {[]string{`"SUCCESS"`, `"REFUNDING"`}, providers.ResultProcessing, "", ""},
		"failed":                 {[]string{`"SUCCESS"`, `"FAIL"`}, providers.ResultFailed, "", ""},
		"an unlisted status":     {[]string{`"SUCCESS"`, `"success"`}, providers.ResultUnknown, "", ""},
		"another refund":         {[]string{`"HZ01RF001"`, `"HZ01RF0010"`}, "", refund.ClassNeedsHuman, "other refund"},
		"another order":          {[]string{`"20260301ORDER0001"`, `"X"`}, "", refund.ClassNeedsHuman, "other order"},
		"another amount":         {[]string{`"refund_amount": 88888`, `"refund_amount": 1`}, "", refund.ClassNeedsHuman, "other amount"},
		"no amount":              {[]string{`"refund_amount": 88888,`, ``}, "", refund.ClassTransient, "unreadable"},
		"no number":              {[]string{`"out_request_no": "HZ01RF001",`, ``}, "", refund.ClassTransient, "unreadable"},
		"no status":              {[]string{`"refund_status": "SUCCESS",`, ``}, "", refund.ClassTransient, "unreadable"},
		"success not said":       {[]string{`"success": true,`, ``}, "", refund.ClassTransient, "unreadable"},
		"success in quotes":      {[]string{`"success": true`, `"success": "true"`}, "", refund.ClassTransient, "unreadable"},
		"success without data":   {[]string{whole, `{"result":{"success":true,"err_code":0}}`}, "", refund.ClassTransient, "unreadable"},
		"data that is a list":    {[]string{whole, `{"result":{"success":true,"data":[]}}`}, "", refund.ClassTransient, "unreadable"},
		"refused by the service": {[]string{whole, `{"result":{"success":false,"err_code":1001,"err_msg":"x"}}`}, providers.ResultUnknown, "", ""},
		"refused, with data":     {[]string{`"success": true`, `"success": false`}, providers.ResultUnknown, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := newStub(t, text200(changed(t, whole, test.body...)))
			got, err := newProvider(t, settings(t, gateway.URL, MosQueryRefund)).Query(t.Context(), instruction())
			if test.class != "" {
				f := failureOf(t, err)
				require.Equal(t, test.class, f.Class)
				require.Equal(t, test.code, f.Code)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.state, got.State)
		})
	}
	gateway := newStub(t, text200(""))
	in := instruction()
	in.Request.Order.MerchantID = ""
	_, err := newProvider(t, settings(t, gateway.URL, MosQueryRefund)).Query(t.Context(), in)
	require.Equal(t, refund.ClassMisconfigured, failureOf(t, err).Class)
	require.Empty(t, gateway.seen)
}
