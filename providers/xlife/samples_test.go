package xlife

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// done is the receipt of the samples: 80000 fen in money, the rest in coupons and
// subsidies.
func done() providers.Receipt {
	return providers.Receipt{State: providers.ResultSucceeded, Amount: 88888, Parts: &providers.Parts{Settled: 80000, Coupon: 8888}}
}

func TestARefundIsDoneWhetherThisCallMovedTheMoneyOrAnEarlierOne(t *testing.T) {
	for name, repeated := range map[string]bool{
		"xlife_refund_response.json": false, "xlife_refund_response_replay.json": true, "xlife_refund_response_simplify.json": false,
	} {
		for _, order := range []refund.Order{
			instruction().Request.Order, {MerchantID: "20260301ORDER0001", Total: 88888},
		} {
			gateway := newStub(t, text200(sample(t, name)))
			in := instruction()
			in.Request.Order = order
			got, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), in)
			require.NoError(t, err, name)
			want := done()
			want.Repeated = repeated
			require.Equal(t, want, got, name)
		}
	}
}

// The documentation's own sample has the shape of an answer, but its numbers
// contradict each other: it is never a success.
func TestTheDocumentationsOwnSampleIsReadAndNotBelieved(t *testing.T) {
	var file struct {
		Body json.RawMessage `json:"body"`
	}
	testdata(t, "xlife_refund_response_seed_sample.json", &file)
	gateway := newStub(t, text200(string(file.Body)))
	in := instruction()
	in.Request.Amount = 10000
	in.Request.Order = refund.Order{PlatformID: "2015120100222", MerchantID: "10001", Total: 10000}
	_, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), in)
	f := failureOf(t, err)
	require.Equal(t, refund.ClassNeedsHuman, f.Class)
	require.Equal(t, "refund_fee is ¥100.00, its parts make ¥20.30", f.Message)
}

func TestTheMerchantsShareIsToldWhereItDiffersAndCanBeTrue(t *testing.T) {
	whole := sample(t, "xlife_refund_response.json")
	cash := changed(t, whole, `"refund_fund_fee": 80000`, `"refund_fund_fee": 88888`, `"refund_buy_promotion_fee": 5000`, `"refund_buy_promotion_fee": 0`,
		`"refund_mj_subsidy_fee": 3000`, `"refund_mj_subsidy_fee": 0`, `"refund_store_marketing_fee": 888`, `"refund_store_marketing_fee": 0`)
	for name, test := range map[string]struct {
		body, share string
		want        *providers.Parts
	}{
		"money and coupons":               {whole, `80000`, &providers.Parts{Settled: 80000, Coupon: 8888}},
		"more than was given back":        {whole, `88889`, &providers.Parts{Coupon: 8888}},
		"less than nothing":               {whole, `-1`, &providers.Parts{Coupon: 8888}},
		"money alone, and as much of it":  {cash, `88888`, nil},
		"money alone, and less of it":     {cash, `88000`, &providers.Parts{Settled: 88000}},
		"money alone, and no word of it":  {cash, `null`, nil},
		"money alone, and more than that": {cash, `"99999"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := newStub(t, text200(changed(t, test.body, `"send_back_fee": 80000`, `"send_back_fee": `+test.share)))
			got, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), instruction())
			require.NoError(t, err)
			require.Equal(t, test.want, got.Parts)
		})
	}
}

func TestARefundWhoseNumbersAreNotOursIsForAPerson(t *testing.T) {
	whole := sample(t, "xlife_refund_response.json")
	for name, test := range map[string]struct {
		body  []string
		class refund.Class // "" is success
		code  string
	}{
		"another trade_no":             {[]string{`"2013112011001004330000121536"`, `"2013112011001004330000121537"`}, refund.ClassNeedsHuman, "other order"},
		"another out_trade_no":         {[]string{`"20260301ORDER0001"`, `"20260301ORDER0002"`}, refund.ClassNeedsHuman, "other order"},
		"another amount, that adds up": {[]string{`"refund_fee": 88888`, `"refund_fee": 8888`, `"refund_fund_fee": 80000`, `"refund_fund_fee": 0`}, refund.ClassNeedsHuman, "other amount"},
		"parts that do not add up":     {[]string{`"refund_fund_fee": 80000`, `"refund_fund_fee": 80001`}, refund.ClassNeedsHuman, "other amount"},
		"a part that is missing":       {[]string{`"refund_mj_subsidy_fee": 3000,`, ``}, refund.ClassNeedsHuman, "other amount"},
		"a part that is zero is as good as missing": {[]string{`"refund_fund_fee": 80000`, `"refund_fund_fee": 83000`,
			`"refund_mj_subsidy_fee": 3000,`, ``}, "", ""},
		"a part that is null counts as zero": {[]string{`"refund_fund_fee": 80000`, `"refund_fund_fee": 83000`,
			`"refund_mj_subsidy_fee": 3000`, `"refund_mj_subsidy_fee": null`}, "", ""},
		"numbers in quotes":            {[]string{`"refund_fee": 88888`, `"refund_fee": "88888"`, `"refund_fund_fee": 80000`, `"refund_fund_fee": "80000"`}, "", ""},
		"a buyer beyond 53 bits":       {[]string{`"buyer_id": 10001`, `"buyer_id": 9223372036854775807`}, "", ""},
		"soft: more taken than given":  {[]string{`"send_back_fee": 80000`, `"send_back_fee": 99999`}, "", ""},
		"a byte order mark":            {[]string{whole, "\uFEFF" + whole}, "", ""},
		"soft: no date":                {[]string{`"2026-03-01 15:20:01"`, `"100"`}, "", ""},
		"N with another amount":        {[]string{`"Y"`, `"N"`, `"refund_fee": 88888`, `"refund_fee": 0`}, refund.ClassNeedsHuman, "other amount"},
		"no fund_change":               {[]string{`"fund_change": "Y",`, ``}, refund.ClassAmbiguous, "unreadable"},
		"another fund_change":          {[]string{`"Y"`, `"P"`}, refund.ClassAmbiguous, "unreadable"},
		"fund_change in lower case":    {[]string{`"Y"`, `"y"`}, refund.ClassAmbiguous, "unreadable"},
		"fund_change a boolean":        {[]string{`"Y"`, `true`}, refund.ClassAmbiguous, "unreadable"},
		"fund_change null":             {[]string{`"Y"`, `null`}, refund.ClassAmbiguous, "unreadable"},
		"fund_change twice":            {[]string{`"fund_change": "Y",`, `"fund_change": "Y", "fund_change": "N",`}, refund.ClassAmbiguous, "unreadable"},
		"no trade_no":                  {[]string{`"trade_no": "2013112011001004330000121536",`, ``}, refund.ClassAmbiguous, "unreadable"},
		"an empty out_trade_no":        {[]string{`"20260301ORDER0001"`, `""`}, refund.ClassAmbiguous, "unreadable"},
		"no amount":                    {[]string{`"refund_fee": 88888,`, ``}, refund.ClassAmbiguous, "unreadable"},
		"an amount in yuan":            {[]string{`"refund_fee": 88888`, `"refund_fee": "888.88"`}, refund.ClassAmbiguous, "unreadable"},
		"an amount as a float":         {[]string{`"refund_fee": 88888`, `"refund_fee": 8.8888e4`}, refund.ClassAmbiguous, "unreadable"},
		"an amount below zero":         {[]string{`"refund_fund_fee": 80000`, `"refund_fund_fee": -80000`}, refund.ClassAmbiguous, "unreadable"},
		"an amount beyond reason":      {[]string{`"refund_fund_fee": 80000`, `"refund_fund_fee": 9223372036854775807`}, refund.ClassAmbiguous, "unreadable"},
		"a part of the wrong type":     {[]string{`"refund_fund_fee": 80000`, `"refund_fund_fee": {}`}, refund.ClassAmbiguous, "unreadable"},
		"the answer of another method": {[]string{`"alibaba_xlife_onsite_trade_refund_response"`, `"alibaba_xlife_onsite_trade_pay_response"`}, refund.ClassAmbiguous, "unreadable"},
		"an empty answer":              {[]string{whole, `{"alibaba_xlife_onsite_trade_refund_response":{"onsite_trade_refund_response":{}}}`}, refund.ClassAmbiguous, "unreadable"},
		"a wrapper that is a list":     {[]string{whole, `{"alibaba_xlife_onsite_trade_refund_response":[]}`}, refund.ClassAmbiguous, "unreadable"},
		"no inner answer":              {[]string{whole, `{"alibaba_xlife_onsite_trade_refund_response":{"request_id":"z"}}`}, refund.ClassAmbiguous, "unreadable"},
		"an inner answer that is text": {[]string{whole, `{"onsite_trade_refund_response":"onsiteTradeRefundResponse"}`}, refund.ClassAmbiguous, "unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := newStub(t, text200(changed(t, whole, test.body...)))
			got, err := newProvider(t, settings(t, gateway.URL)).Apply(t.Context(), instruction())
			if test.class == "" {
				require.NoError(t, err)
				got.Parts = nil // nothing is decided on it
				require.Equal(t, providers.Receipt{State: providers.ResultSucceeded, Amount: 88888}, got)
				return
			}
			f := failureOf(t, err)
			require.Equal(t, test.class, f.Class, f.Error())
			require.Equal(t, test.code, f.Code, f.Error())
			require.NotEmpty(t, f.Hint)
		})
	}
}
