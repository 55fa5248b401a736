package wechat

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// outcomeOf is what one answer makes of an operation: a result or a failure.
type want struct {
	state providers.ResultState
	class refund.Class
	code  string
}

func TestAnAcceptanceIsReadFromEverySample(t *testing.T) {
	for name, test := range map[string]struct {
		transport Transport
		body      string
	}{
		"v2":             {TransportV2, accepted(t, TransportV2)},
		"cloud run":      {TransportCloudRun, accepted(t, TransportCloudRun)},
		"CloudPay":       {TransportCloudFunction, accepted(t, TransportCloudFunction)},
		"the invocation": {TransportCloudFunction, string(sample(t, "wechat_cloudfunction_invoke_response.json"))},
		"the seed's mixed spelling": {TransportCloudRun, cloud(t, TransportCloudRun,
			`{"returnCode":"SUCCESS","result_code":"SUCCESS","outRefundNo":"`+number+`","refund_id":"`+refundID+`","refundFee":"300","total_fee":888}`)},
		"coupons that do not add up": {TransportV2, answer(t, "wechat_v2_refund_response_success.xml", fields{
			"coupon_refund_fee": "100", "coupon_refund_count": "12", "cash_refund_fee": "7", "coupon_type_0": "CASH", "coupon_refund_id_0": "1",
			"coupon_refund_fee_0": "10", "coupon_type_11": "NO_CASH", "coupon_refund_fee_11": "20", "settlement_refund_fee": "280"})},
	} {
		wechat := newStub(t, text(200, test.body))
		got, err := newProvider(t, settings(t, test.transport, wechat.URL)).Apply(t.Context(), partial())
		require.NoError(t, err, name)
		want := providers.Receipt{PlatformRefundID: refundID, Amount: 300}
		if name == "coupons that do not add up" {
			want.Parts = &providers.Parts{Settled: 280, Coupon: 100, Coupons: []providers.Coupon{
				{ID: "1", Type: "CASH", Amount: 10}, {Type: "NO_CASH", Amount: 20},
			}}
		}
		require.Equal(t, want, got, name)
	}
}

func TestEveryCouponIsRead(t *testing.T) {
	f := fields{"out_refund_no_0": number, "refund_fee_0": "300", "coupon_refund_fee_0": "30", "coupon_type_0_0": "CASH", "coupon_refund_id_0_0": "c0",
		"coupon_refund_fee_0_0": "10", "coupon_type_0_10": "NO_CASH", "coupon_refund_fee_0_10": "20", "coupon_refund_id_1_0": "another refund's"}
	got, err := readRefund(f, "_0")
	require.NoError(t, err)
	require.Equal(t, []coupon{{"CASH", "c0", 10}, {"NO_CASH", "", 20}}, got.coupons)
	require.Equal(t, refund.Fen(30), got.coupon)
	f["coupon_refund_fee_0_10"] = "2.5"
	_, err = readRefund(f, "_0")
	require.ErrorContains(t, err, "coupon_refund_fee_0_10")
}

func TestARefusalIsReadFromEverySample(t *testing.T) {
	for name, test := range map[string]struct {
		transport Transport
		body      string
		want      want
	}{
		"amount_mismatch":      {TransportV2, "", want{"", needsHuman, "INVALID_REQUEST"}},
		"frequency_limited":    {TransportV2, "", want{"", throttled, "FREQUENCY_LIMITED"}},
		"full_refunded":        {TransportV2, "", want{"", ambiguous, "ERROR"}},
		"invalid_req_too_much": {TransportV2, "", want{"", throttled, "INVALID_REQ_TOO_MUCH"}},
		"need_retry":           {TransportV2, "", want{"", transient, "BIZERR_NEED_RETRY"}},
		"notenough":            {TransportV2, "", want{"", noFunds, "NOTENOUGH"}},
		"systemerror":          {TransportV2, "", want{"", ambiguous, "SYSTEMERROR"}},
		"trade_overdue":        {TransportV2, "", want{"", rejected, "TRADE_OVERDUE"}},
		"v2 sign":              {TransportV2, string(sample(t, "wechat_v2_response_return_fail_sign.xml")), want{"", misconfigured, "return_code FAIL"}},
		"v2 relation":          {TransportV2, string(sample(t, "wechat_v2_response_return_fail_relation.xml")), want{"", misconfigured, "return_code FAIL"}},
		"cloud run business":   {TransportCloudRun, string(sample(t, "wechat_cloudrun_refund_response_business_fail.json")), want{"", noFunds, "NOTENOUGH"}},
		"cloud run relation":   {TransportCloudRun, string(sample(t, "wechat_cloudrun_refund_response_relation_fail.json")), want{"", misconfigured, "return_code FAIL"}},
		"CloudPay not authorised": {TransportCloudFunction,
			cloud(t, TransportCloudFunction, string(sample(t, "wechat_cloudpay_refund_response_not_authorised.json"))), want{"", misconfigured, "return_code FAIL"}},
	} {
		body := test.body
		if body == "" {
			body = string(sample(t, "wechat_v2_refund_response_"+name+".xml"))
		}
		wechat := newStub(t, text(200, body))
		_, err := newProvider(t, settings(t, test.transport, wechat.URL)).Apply(t.Context(), partial())
		f := failureOf(t, err)
		require.Equal(t, test.want, want{"", f.Class, f.Code}, name)
	}
}

// query asks with an answer to each request, in turn; the last one repeats.
func query(t *testing.T, transport Transport, in providers.Instruction, bodies ...string) (providers.Result, *stub, error) {
	t.Helper()
	next := 0
	wechat := newStub(t, nil)
	wechat.answer = answerInTurn(bodies, &next)
	got, err := newProvider(t, settings(t, transport, wechat.URL)).Query(t.Context(), in)
	return got, wechat, err
}

func TestAV2QueryFindsTheRefundByItsNumber(t *testing.T) {
	success, processing := "wechat_v2_refundquery_response_success.xml", "wechat_v2_refundquery_response_processing.xml"
	found := func(s providers.ResultState) providers.Result {
		return providers.Result{State: s, PlatformRefundID: refundID, Amount: 300}
	}
	for _, test := range []struct {
		name, body string
		result     providers.Result
		class      refund.Class
	}{
		{"success", answer(t, success, nil), found(providers.ResultSucceeded), ""},
		{"processing", answer(t, processing, nil), found(providers.ResultProcessing), ""},
		{"closed", answer(t, success, fields{"refund_status_0": "REFUNDCLOSE"}), found(providers.ResultFailed), ""},
		{"failed long ago", answer(t, success, fields{"refund_status_0": "FAIL"}), found(providers.ResultFailed), ""},
		{"a state nobody lists", answer(t, success, fields{"refund_status_0": "NEW"}), found(providers.ResultProcessing), ""},
		{"no state", answer(t, success, fields{"refund_status_0": "-"}), found(providers.ResultProcessing), ""},
		{"the card is void", answer(t, success, fields{"refund_status_0": "CHANGE"}), providers.Result{}, needsHuman},
		{"at another index", answer(t, success, fields{"out_refund_no_0": "other", "out_refund_no_7": number, "refund_id_7": refundID,
			"refund_fee_7": "300", "refund_status_7": "PROCESSING"}), found(providers.ResultProcessing), ""},
		{"none", answer(t, "wechat_v2_refundquery_response_not_exist.xml", nil), providers.Result{State: providers.ResultAbsent}, ""},
		{"none, in the sandbox", answer(t, "wechat_v2_refundquery_response_not_exist.xml", fields{"err_code": "ORDERNOTEXIST"}), providers.Result{State: providers.ResultAbsent}, ""},
		{"busy", refused(t, TransportV2, "SYSTEMERROR", ""), providers.Result{}, transient},
		{"somebody else's records", answer(t, success, fields{"out_refund_no_0": "other"}), providers.Result{}, transient},
		{"no records", answer(t, success, fields{"out_refund_no_0": "-", "refund_count": "0"}), providers.Result{}, transient},
		{"no amount", answer(t, success, fields{"refund_fee_0": "-"}), providers.Result{}, transient},
		{"an amount in yuan", answer(t, success, fields{"refund_fee_0": "3.00"}), providers.Result{}, transient},
		{"a broken neighbour", answer(t, success, fields{"out_refund_no_1": "other", "refund_fee_1": "x"}), providers.Result{}, transient},
		{"two of one number", answer(t, success, fields{"out_refund_no_1": number}), providers.Result{}, needsHuman},
		{"another amount", answer(t, success, fields{"refund_fee_0": "301"}), providers.Result{}, needsHuman},
		{"another amount under way", answer(t, processing, fields{"refund_fee_0": "299"}), providers.Result{}, needsHuman},
		{"another total", answer(t, success, fields{"total_fee": "889"}), providers.Result{}, needsHuman},
		{"another order", answer(t, success, fields{"out_trade_no": "OTHER"}), providers.Result{}, needsHuman},
		{"another transaction", answer(t, success, fields{"transaction_id": "1"}), providers.Result{}, needsHuman},
		{"more given back than was paid", answer(t, success, fields{"out_refund_no_1": "other", "refund_fee_1": "589", "refund_status_1": "PROCESSING"}), providers.Result{}, needsHuman},
		{"all of it given back, and some closed", answer(t, success, fields{"out_refund_no_1": "other", "refund_fee_1": "588", "refund_status_1": "SUCCESS",
			"out_refund_no_11": "third", "refund_fee_11": "888", "refund_status_11": "REFUNDCLOSE"}), found(providers.ResultSucceeded), ""},
		{"words laid out over lines", answer(t, success, fields{"return_code": "\n SUCCESS\n", "result_code": " SUCCESS ", "refund_status_0": "\n\tSUCCESS "}), found(providers.ResultSucceeded), ""},
		{"none, its code among blanks", answer(t, "wechat_v2_refundquery_response_not_exist.xml", fields{"err_code": " REFUNDNOTEXIST\n"}), providers.Result{State: providers.ResultAbsent}, ""},
		{"too much settled", answer(t, success, fields{"settlement_refund_fee_0": "301"}), providers.Result{}, needsHuman},
		{"another sub-merchant", answer(t, success, fields{"sub_mch_id": "1"}), providers.Result{}, needsHuman},
	} {
		got, _, err := query(t, TransportV2, partial(), test.body)
		if test.class != "" {
			require.Equal(t, test.class, failureOf(t, err).Class, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, test.result, got, test.name)
	}
}

func TestALongListIsReadToThePageOfTheRefund(t *testing.T) {
	first, second := string(sample(t, "wechat_v2_refundquery_response_page_offset0.xml")), string(sample(t, "wechat_v2_refundquery_response_page_offset10.xml"))
	for asked, test := range map[string]struct {
		requests int
		state    providers.ResultState
		class    refund.Class
	}{
		"RF-20260301-000001": {1, providers.ResultSucceeded, ""}, "RF-20260301-000003": {1, providers.ResultProcessing, ""},
		"RF-20260301-000004": {1, "", needsHuman}, // CHANGE
		"RF-20260301-000011": {2, providers.ResultSucceeded, ""}, "RF-20260301-000012": {2, providers.ResultProcessing, ""},
		"RF-20260301-000099": {2, "", transient}, // neither found nor said to be missing
	} {
		in := partial()
		in.Number, in.Request.Amount = asked, 10
		got, wechat, err := query(t, TransportV2, in, first, second)
		require.Len(t, wechat.seen, test.requests, asked)
		require.NotContains(t, wechat.seen[0].body, "offset")
		if test.requests == 2 {
			require.Contains(t, wechat.seen[1].body, "<offset>10</offset>")
		}
		if test.class != "" {
			require.Equal(t, test.class, failureOf(t, err).Class, asked)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.state, got.State, asked)
	}
	endless := answer(t, "wechat_v2_refundquery_response_page_offset0.xml", fields{"total_refund_count": "1000000"})
	in := partial()
	in.Number = "RF-elsewhere"
	_, wechat, err := query(t, TransportV2, in, endless)
	require.Equal(t, transient, failureOf(t, err).Class)
	require.Len(t, wechat.seen, maxPages)
}

func TestACloudQueryClaimsNoMoreThanItKnows(t *testing.T) {
	processing := providers.Result{State: providers.ResultProcessing}
	unknown := providers.Result{State: providers.ResultUnknown}
	done := providers.Result{State: providers.ResultSucceeded, PlatformRefundID: refundID, Amount: 300}
	for _, test := range []struct {
		name, business string
		result         providers.Result
		class          refund.Class
	}{
		{"known, lists empty", respdata(t, "wechat_cloudrun_queryrefund_response_empty_lists.json"), processing, ""},
		{"known, lists empty, in CloudPay", string(sample(t, "wechat_cloudpay_queryrefund_response_empty_lists.json")), processing, ""},
		{"lists filled", respdata(t, "wechat_cloudrun_queryrefund_response_filled_hypothetical.json"), done, ""},
		{"indexed", respdata(t, "wechat_cloudrun_queryrefund_response_indexed_documented.json"), done, ""},
		{"indexed in CloudPay's spelling", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":1,"outRefundNo0":"` + number + `","refundId0":"` + refundID + `","refundFee0":300,"refundStatus0":"SUCCESS"}`, done, ""},
		{"success without an amount", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":1,"outRefundNoList":["` + number + `"],"refundStatusList":["SUCCESS"]}`, processing, ""},
		{"success of another amount", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","outRefundNoList":["` + number + `"],"refundStatusList":["SUCCESS"],"refundFeeList":[301]}`, providers.Result{}, needsHuman},
		{"somebody else's record", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":1,"outRefundNoList":["other"],"refundStatusList":["SUCCESS"]}`, unknown, ""},
		{"count 0", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":0,"outRefundNoList":[]}`, unknown, ""},
		{"no count", `{"returnCode":"SUCCESS","resultCode":"SUCCESS"}`, unknown, ""},
		{"a count that is none", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":"many"}`, providers.Result{}, transient},
		{"none", `{"returnCode":"SUCCESS","resultCode":"FAIL","errCode":"REFUNDNOTEXIST"}`, providers.Result{State: providers.ResultAbsent}, ""},
		{"another sub-merchant", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":1,"subMchId":"1"}`, providers.Result{}, needsHuman},
		{"another order", `{"returnCode":"SUCCESS","resultCode":"SUCCESS","refundCount":1,"outTradeNo":"1"}`, providers.Result{}, needsHuman},
		{"misunderstood", `{"returnCode":"FAIL","returnMsg":"受理关系不存在"}`, providers.Result{}, misconfigured},
		{"no return_code", `{"refundCount":1}`, providers.Result{}, transient},
		{"no result_code", `{"returnCode":"SUCCESS","refundCount":1}`, providers.Result{}, transient},
	} {
		for _, transport := range []Transport{TransportCloudRun, TransportCloudFunction} {
			got, _, err := query(t, transport, partial(), cloud(t, transport, test.business))
			if test.class != "" {
				require.Equal(t, test.class, failureOf(t, err).Class, "%s %s", transport, test.name)
				continue
			}
			require.NoError(t, err, test.name)
			require.Equal(t, test.result, got, "%s %s", transport, test.name)
		}
	}
}

func TestAnOrderIsPaidWhenWeChatSaysSo(t *testing.T) {
	paid := providers.OrderState{Asked: true, Paid: true, Total: 888, Refund: providers.ResultUnknown}
	notPaid := providers.OrderState{Asked: true, Refund: providers.ResultUnknown}
	for _, test := range []struct {
		name   string
		change fields
		want   providers.OrderState
		class  refund.Class
	}{
		{"paid", nil, paid, ""},
		{"with a refund, whose and how much nobody knows", fields{"trade_state": "REFUND"}, paid, ""},
		{"another total is the saga's to compare", fields{"total_fee": "889"}, providers.OrderState{Asked: true, Paid: true, Total: 889, Refund: providers.ResultUnknown}, ""},
		{"not paid", fields{"trade_state": "NOTPAY", "total_fee": "-"}, notPaid, ""},
		{"closed", fields{"trade_state": "CLOSED"}, notPaid, ""},
		{"revoked", fields{"trade_state": "REVOKED"}, notPaid, ""},
		{"payment failed", fields{"trade_state": "PAYERROR"}, notPaid, ""},
		{"typing the password", fields{"trade_state": "USERPAYING"}, notPaid, transient},
		{"debit pending", fields{"trade_state": "ACCEPT"}, notPaid, transient},
		{"a state nobody lists", fields{"trade_state": "NEW"}, notPaid, needsHuman},
		{"no state", fields{"trade_state": "-"}, notPaid, transient},
		{"no total", fields{"total_fee": "-"}, notPaid, transient},
		{"a total of nothing", fields{"total_fee": "0"}, notPaid, transient},
		{"another order", fields{"out_trade_no": "OTHER"}, notPaid, needsHuman},
		{"another transaction", fields{"transaction_id": "1"}, notPaid, needsHuman},
		{"no such order", fields{"result_code": "FAIL", "err_code": "ORDERNOTEXIST"}, notPaid, rejected},
	} {
		wechat := newStub(t, text(200, answer(t, "wechat_v2_orderquery_response_paid.xml", test.change)))
		got, err := newProvider(t, settings(t, TransportV2, wechat.URL)).OrderState(t.Context(), partial().Request.Order)
		if test.class != "" {
			require.Equal(t, test.class, failureOf(t, err).Class, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, test.want, got, test.name)
	}
	wechat := newStub(t, text(200, string(sample(t, "wechat_v2_orderquery_response_refund.xml"))))
	got, err := newProvider(t, settings(t, TransportV2, wechat.URL)).OrderState(t.Context(), partial().Request.Order)
	require.NoError(t, err)
	require.Equal(t, paid, got)
	for _, transport := range []Transport{TransportCloudRun, TransportCloudFunction} {
		wechat := newStub(t, text(200, cloud(t, transport, `{"returnCode":"SUCCESS","resultCode":"SUCCESS","tradeState":"SUCCESS","totalFee":888,"outTradeNo":"20260301ORDER0001"}`)))
		got, err := newProvider(t, settings(t, transport, wechat.URL)).OrderState(context.Background(), partial().Request.Order)
		require.NoError(t, err)
		require.Equal(t, paid, got)
	}
}

// respdata is the business part of a Cloud Run sample.
func respdata(t *testing.T, name string) string {
	t.Helper()
	members, err := parseObject(sample(t, name))
	require.NoError(t, err)
	return strings.TrimSpace(string(members["respdata"]))
}
