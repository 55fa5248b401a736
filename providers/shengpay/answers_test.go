package shengpay

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

type changes = map[string]any

func TestAnAcceptanceMustBeOfThisRefund(t *testing.T) {
	receipt := providers.Receipt{PlatformRefundID: "DF510145179916173312", Amount: 100}
	for name, test := range map[string]struct {
		changes changes
		want    refund.Class
		code    string
	}{
		"as asked":                        {changes{}, "", ""},
		"amounts as texts":                {changes{"refundFee": "100", "totalFee": "100"}, "", ""},
		"mchId as a number":               {changes{"mchId": 93745648}, "", ""},
		"optional fields empty":           {changes{"outTradeNo": "", "transactionId": "", "totalFee": "", "couponRefundFee": nil}, "", ""},
		"optional fields missing":         {changes{"appId": nil, "mchId": nil, "outTradeNo": nil, "settlementRefundFee": nil, "totalFee": nil}, "", ""},
		"the number under its other name": {changes{"outRefundNo": nil, "refundOrderNo": number}, "", ""},
		"a customer's part with coupons":  {changes{"settlementRefundFee": 80, "couponRefundFee": 20, "couponRefundFee0": 15, "couponRefundFee1": "5"}, "", ""},

		"another refund number":      {changes{"outRefundNo": number + "2"}, ambiguous, "other refund"},
		"another merchant":           {changes{"mchId": "93745641"}, ambiguous, "other refund"},
		"another application":        {changes{"appId": "appid"}, ambiguous, "other refund"},
		"two refund numbers":         {changes{"refundOrderNo": number + "2"}, ambiguous, "unreadable"},
		"no refund number":           {changes{"outRefundNo": nil}, ambiguous, "unreadable"},
		"an empty refund number":     {changes{"outRefundNo": ""}, ambiguous, "unreadable"},
		"no amount":                  {changes{"refundFee": nil}, ambiguous, "unreadable"},
		"an amount that is null":     {changes{"refundFee": json.RawMessage("null")}, ambiguous, "unreadable"},
		"an amount in yuan":          {changes{"refundFee": "1.00"}, ambiguous, "unreadable"},
		"an amount as a float":       {changes{"refundFee": json.RawMessage("1e2")}, ambiguous, "unreadable"},
		"an amount below zero":       {changes{"refundFee": -100}, ambiguous, "unreadable"},
		"a nested amount":            {changes{"refundFee": []int{100}}, ambiguous, "unreadable"},
		"a nested refund number":     {changes{"outRefundNo": []string{number}}, ambiguous, "unreadable"},
		"an amount beyond reason":    {changes{"totalFee": 10000000001}, ambiguous, "unreadable"},
		"coupons beyond reason":      {changes{"couponRefundFee0": 10000000000, "couponRefundFee1": 1}, ambiguous, "unreadable"},
		"another order":              {changes{"outTradeNo": "huaweitest_0jhiuhi_32"}, needsHuman, "other order"},
		"Shengpay's other order":     {changes{"transactionId": "DO1"}, needsHuman, "other order"},
		"another amount":             {changes{"refundFee": 99}, needsHuman, "other amount"},
		"no amount, zero":            {changes{"refundFee": 0, "settlementRefundFee": 0}, needsHuman, "other amount"},
		"another total":              {changes{"totalFee": 200}, needsHuman, "other amount"},
		"more given back than asked": {changes{"settlementRefundFee": 101}, needsHuman, "other amount"},
		"more coupons than asked":    {changes{"couponRefundFee": 101}, needsHuman, "other amount"},
		"single coupons above it":    {changes{"couponRefundFee0": 60, "couponRefundFee1": 60}, needsHuman, "other amount"},
		"a coupon with underscore":   {changes{"couponRefundFee_0": 600}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := instruction()
			in.Request.Order.PlatformID = "DO497469603661217792"
			got, err := answering(t, signed(t, with(t, accepted, test.changes))).Apply(t.Context(), in)
			if test.want != "" {
				f := failureOf(t, err)
				require.Equal(t, []any{test.want, test.code, "refund"}, []any{f.Class, f.Code, f.Op}, f.Error())
				require.NotEmpty(t, f.Hint)
				return
			}
			require.NoError(t, err)
			got.Parts = nil // nothing is decided on it
			require.Equal(t, receipt, got)
		})
	}
	got, err := answering(t, signed(t, with(t, accepted, changes{"transactionId": "DO1", "refundId": nil}))).Apply(t.Context(), instruction())
	require.NoError(t, err, "an order number that we do not know cannot disagree")
	require.Equal(t, providers.Receipt{Amount: 100}, got)
}

func TestEveryCouponIsBookedWhateverItsNumber(t *testing.T) {
	many, sum := changes{"settlementRefundFee": 34}, refund.Fen(0)
	var list []providers.Coupon
	for n := range 12 {
		many[fmt.Sprint("couponRefundId", n)], many[fmt.Sprint("couponRefundFee", n)] = fmt.Sprint("C", n), fmt.Sprint(n)
		list = append(list, providers.Coupon{ID: fmt.Sprint("C", n), Amount: refund.Fen(n)})
		sum += refund.Fen(n)
	}
	for name, test := range map[string]struct {
		changes changes
		want    *providers.Parts
	}{
		"none":                     {changes{}, nil},
		"twelve, in number order":  {many, &providers.Parts{Settled: 34, Coupon: sum, Coupons: list}},
		"a gap":                    {changes{"settlementRefundFee": 70, "couponRefundFee0": 10, "couponRefundFee2": 5, "couponRefundFee10": 15, "couponRefundFee1": ""}, &providers.Parts{Settled: 70, Coupon: 30, Coupons: []providers.Coupon{{Amount: 10}, {Amount: 5}, {Amount: 15}}}},
		"counted from 1":           {changes{"settlementRefundFee": 90, "couponRefundFee1": 10, "couponType1": "CASH"}, &providers.Parts{Settled: 90, Coupon: 10, Coupons: []providers.Coupon{{Type: "CASH", Amount: 10}}}},
		"the total alone":          {changes{"settlementRefundFee": 80, "couponRefundFee": 20, "couponRefundCount": 1}, &providers.Parts{Settled: 80, Coupon: 20}},
		"told by the settled part": {changes{"settlementRefundFee": 80}, &providers.Parts{Settled: 80, Coupon: 20}},
		"nothing settled is told":  {changes{"settlementRefundFee": nil}, nil},
		"words in Chinese":         {changes{"couponRefundFee0": 20, "couponRefundId0": 7, "couponType0": "代金券"}, &providers.Parts{Settled: 100, Coupon: 20, Coupons: []providers.Coupon{{ID: "7", Type: "代金券", Amount: 20}}}},
		"words that are none":      {changes{"couponRefundFee0": 20, "couponRefundId0": []int{1}, "couponType0": json.RawMessage("null")}, &providers.Parts{Settled: 100, Coupon: 20, Coupons: []providers.Coupon{{Amount: 20}}}},
		"other names":              {changes{"couponRefundFee_0": 10, "couponRefundFee01": 10, "couponRefundFeeX": 10}, nil},
	} {
		got, err := answering(t, signed(t, with(t, accepted, test.changes))).Apply(t.Context(), instruction())
		require.NoError(t, err, name)
		require.Equal(t, test.want, got.Parts, name)
	}
	_, err := answering(t, signed(t, with(t, accepted, changes{"couponRefundFee0": 1, "couponRefundFee11": 100}))).Apply(t.Context(), instruction())
	require.Equal(t, needsHuman, failureOf(t, err).Class, "no coupon behind a gap escapes the comparison")
}

func TestAResultIsFinalOnlyWhenItIsSignedAndOfThisRefund(t *testing.T) {
	const id = "DF510145179916173312"
	for name, test := range map[string]struct {
		changes          changes
		signed, unsigned providers.ResultState
		class            refund.Class
	}{
		"succeeded":             {changes{}, providers.ResultSucceeded, providers.ResultUnknown, ""},
		"processing":            {changes{"refundStatus": "REFUND_PROCESSING"}, providers.ResultProcessing, providers.ResultProcessing, ""},
		"fail":                  {changes{"refundStatus": "REFUND_FAIL"}, providers.ResultFailed, providers.ResultUnknown, ""},
		"failed":                {changes{"refundStatus": "REFUND_FAILED"}, providers.ResultFailed, providers.ResultUnknown, ""},
		"closed":                {changes{"refundStatus": "REFUND_CLOSED"}, providers.ResultFailed, providers.ResultUnknown, ""},
		"a status nobody lists": {changes{"refundStatus": "SUCCESS"}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"in small letters":      {changes{"refundStatus": "refund_success"}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"in another script":     {changes{"refundStatus": "退款成功"}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"with a blank":          {changes{"refundStatus": "REFUND_SUCCESS "}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"as a number":           {changes{"refundStatus": 1}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"beside a hidden field": {changes{"attach": "uid=1&refundStatus=REFUND_FAIL"}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"no status":             {changes{"refundStatus": nil}, providers.ResultUnknown, providers.ResultUnknown, ""},
		"under its other name":  {changes{"outRefundNo": nil, "refundOrderNo": number}, providers.ResultSucceeded, providers.ResultUnknown, ""},
		"another amount":        {changes{"refundFee": 99}, "", "", needsHuman},
		"another order":         {changes{"outTradeNo": "x"}, "", "", needsHuman},
		"another refund":        {changes{"outRefundNo": "x"}, "", "", transient},
		"another merchant":      {changes{"mchId": "1"}, "", "", transient},
		"an unreadable status":  {changes{"refundStatus": []string{"REFUND_SUCCESS"}}, "", "", transient},
	} {
		body := with(t, found, test.changes)
		for _, answered := range []struct {
			answer string
			state  providers.ResultState
		}{{signed(t, body), test.signed}, {body, test.unsigned}} {
			got, err := answering(t, answered.answer).Query(t.Context(), instruction())
			if test.class != "" {
				require.Equal(t, test.class, failureOf(t, err).Class, name)
				continue
			}
			require.NoError(t, err, name)
			require.Equal(t, providers.Result{State: answered.state, PlatformRefundID: id, Amount: 100}, got, name)
		}
	}
	got, err := answering(t, signed(t, with(t, found, changes{"outRefundNo": nil}))).Query(t.Context(), instruction())
	require.NoError(t, err)
	require.Equal(t, providers.Result{State: providers.ResultUnknown}, got, "a success of whom?")
	got, err = answering(t, signed(t, with(t, found, changes{"refundFee": nil}))).Query(t.Context(), instruction())
	require.NoError(t, err)
	require.Equal(t, providers.Result{State: providers.ResultSucceeded, PlatformRefundID: id}, got, "no amount named is not a wrong one")
}

func TestTheConfigurationAddsStatuses(t *testing.T) {
	read := func(s *Settings) {
		s.Statuses = map[string]providers.ResultState{"SUCCESS": providers.ResultSucceeded, "REFUND_CLOSED": providers.ResultProcessing}
	}
	for word, want := range map[string]providers.ResultState{
		"SUCCESS": providers.ResultSucceeded, "REFUND_CLOSED": providers.ResultProcessing, "REFUND_SUCCESS": providers.ResultSucceeded,
		"REFUND_FAIL": providers.ResultFailed, "WHATEVER": providers.ResultUnknown,
	} {
		body := signed(t, with(t, found, changes{"refundStatus": word, "outTradeNo": "huaweitest_0jhiuhi_31"}))
		p := answering(t, body, read)
		got, err := p.Query(t.Context(), instruction())
		require.NoError(t, err)
		require.Equal(t, want, got.State, word)
		n, err := p.Notification(providers.Callback{Body: []byte(body)})
		require.NoError(t, err)
		require.Equal(t, want, n.State, word)
	}
}

func TestAnOrderIsPaidWhenASignedAnswerSaysSo(t *testing.T) {
	isPaid := providers.OrderState{Asked: true, Paid: true, Refund: providers.ResultUnknown, Total: 100}
	for name, test := range map[string]struct {
		body  string
		want  providers.OrderState
		class refund.Class
	}{
		"paid":                     {signed(t, order), isPaid, ""},
		"paid, by the other name":  {signed(t, with(t, order, changes{"status": nil, "payStatus": "PAY_SUCCESS"})), isPaid, ""},
		"paid, unsigned":           {order, providers.OrderState{}, ""},
		"another word":             {signed(t, with(t, order, changes{"status": "CLOSED"})), providers.OrderState{}, ""},
		"no word":                  {signed(t, with(t, order, changes{"status": nil})), providers.OrderState{}, ""},
		"of no order":              {signed(t, with(t, order, changes{"outTradeNo": nil})), providers.OrderState{}, ""},
		"of another order":         {signed(t, with(t, order, changes{"outTradeNo": "x"})), providers.OrderState{}, needsHuman},
		"of another merchant":      {signed(t, with(t, order, changes{"mchId": "1"})), providers.OrderState{}, transient},
		"with an unreadable total": {signed(t, with(t, order, changes{"totalFee": "1.00"})), providers.OrderState{}, transient},
		// Signed alike whether appId is a field or the tail of attach: as good as unsigned.
		"with an attach of our fields": {signed(t, with(t, order, changes{"attach": "uid=1&appId=x"})), providers.OrderState{}, ""},
		"with an attach of parameters": {signed(t, with(t, order, changes{"attach": "x=1&y=2"})), isPaid, ""},
	} {
		got, err := answering(t, test.body).OrderState(t.Context(), instruction().Request.Order)
		if test.class != "" {
			require.Equal(t, test.class, failureOf(t, err).Class, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
	shengpay := newStub(t, text(200, signed(t, order)))
	s := settings(t, shengpay.URL)
	s.OrderPath = NoOrderQuery
	require.True(t, newProvider(t, s).Rules().NoOrderQuery)
	got, err := newProvider(t, s).OrderState(t.Context(), instruction().Request.Order)
	require.NoError(t, err)
	require.False(t, got.Asked)
	require.Empty(t, shengpay.seen)
}
