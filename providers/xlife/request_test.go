package xlife

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

func TestTheRefundCarriesWhatTheRequestAndTheSettingsSay(t *testing.T) {
	const start, end = `{"trade_no":"2013112011001004330000121536","out_trade_no":"20260301ORDER0001","refund_amount":88888,"out_request_no":"HZ01RF001","refund_reason":`, `}`
	for name, test := range map[string]struct {
		settings func(*Settings)
		request  func(*refund.Request)
		want     string
	}{
		"the settings' store and till": {nil, nil,
			start + `"正常退款","store_id_type":"miaojie","store_id":"12345678","terminal_id":"NJ_T_001","operator_id":"12345678"` + end},
		"the order's store and the request's till": {nil, func(r *refund.Request) {
			r.Order.StoreID, r.Order.StoreIDType = "S9", "out"
			r.Extra = map[string]string{"terminal_id": "T9", "operator_id": "店员9", "other": "x"}
		}, start + `"正常退款","store_id_type":"out","store_id":"S9","terminal_id":"T9","operator_id":"店员9"` + end},
		"the order's store, numbered like the account's": {nil, func(r *refund.Request) { r.Order.StoreID = "S9" },
			start + `"正常退款","store_id_type":"miaojie","store_id":"S9","terminal_id":"NJ_T_001","operator_id":"12345678"` + end},
		"no till": {func(s *Settings) { s.TerminalID, s.OperatorID = "", "" }, nil,
			start + `"正常退款","store_id_type":"miaojie","store_id":"12345678"` + end},
		"text that HTML would escape": {nil, func(r *refund.Request) { r.Reason = `<a> & "b" \` },
			start + `"<a> & \"b\" \\","store_id_type":"miaojie","store_id":"12345678","terminal_id":"NJ_T_001","operator_id":"12345678"` + end},
		"without Miaojie's number": {nil, func(r *refund.Request) { r.Order.PlatformID = "" },
			`{"out_trade_no":"20260301ORDER0001","refund_amount":88888,"out_request_no":"HZ01RF001","refund_reason":"正常退款","store_id_type":"miaojie","store_id":"12345678","terminal_id":"NJ_T_001","operator_id":"12345678"}`},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := newStub(t, text200(sample(t, "xlife_refund_response.json")))
			s, in := settings(t, gateway.URL), instruction()
			if test.settings != nil {
				test.settings(&s)
			}
			if test.request != nil {
				test.request(&in.Request)
			}
			_, err := newProvider(t, s).Apply(t.Context(), in)
			require.NoError(t, err)
			form := gateway.seen[0].form
			require.Equal(t, test.want, form.Get("onsite_trade_refund_request"))
			params := map[string]string{}
			for field := range form {
				params[field] = form.Get(field)
			}
			require.Equal(t, form.Get("sign"), signature(SignHMACSHA256, appSecret, params), "what is signed is what is sent")
		})
	}
}

func TestSimplifyIsAskedForOnlyWhenSetAndThenSigned(t *testing.T) {
	for simplify, answer := range map[bool]string{false: "xlife_refund_response.json", true: "xlife_refund_response_simplify.json"} {
		gateway := newStub(t, text200(sample(t, answer)))
		s := settings(t, gateway.URL)
		s.Simplify = simplify
		_, err := newProvider(t, s).Apply(t.Context(), instruction())
		require.NoError(t, err)
		require.Equal(t, simplify, gateway.seen[0].form.Get("simplify") == "true")
		require.Equal(t, simplify, gateway.seen[0].form.Has("simplify"))
	}
}

func TestARepeatDiffersInTimeAndSignatureOnly(t *testing.T) {
	gateway := newStub(t, text200(sample(t, "xlife_refund_response_replay.json")))
	p := newProvider(t, settings(t, gateway.URL))
	_, err := p.Apply(t.Context(), instruction())
	require.NoError(t, err)
	p.now = func() time.Time { return moment.Add(time.Hour) }
	_, err = p.Apply(t.Context(), instruction())
	require.NoError(t, err)
	first, second := gateway.seen[0].form, gateway.seen[1].form
	require.NotEqual(t, first.Get("sign"), second.Get("sign"))
	require.Equal(t, "2026-03-01 16:20:00", second.Get("timestamp"))
	for _, name := range []string{"sign", "timestamp"} {
		first.Del(name)
		second.Del(name)
	}
	require.Equal(t, first, second)
}

func TestARequestThatMiaojieCannotTakeIsNamedAndNotSent(t *testing.T) {
	gateway := newStub(t, text200(sample(t, "xlife_refund_response.json")))
	for field, change := range map[string]func(*refund.Request, *Settings){
		"order.merchant_id":   func(r *refund.Request, _ *Settings) { r.Order.MerchantID = "" },
		"order.platform_id":   func(r *refund.Request, _ *Settings) { r.Order.PlatformID = "订单" },
		"order.store_id":      func(r *refund.Request, s *Settings) { s.StoreID = "" },
		"order.store_id_type": func(r *refund.Request, _ *Settings) { r.Order.StoreIDType = "out" },
		"extra.terminal_id":   func(r *refund.Request, _ *Settings) { r.Extra = map[string]string{"terminal_id": "a\nb"} },
		"extra.operator_id":   func(r *refund.Request, _ *Settings) { r.Extra = map[string]string{"operator_id": "a\x00"} },
	} {
		s, in := settings(t, gateway.URL), instruction()
		change(&in.Request, &s)
		p := newProvider(t, s)
		require.Equal(t, []string{field}, fieldsOf(t, p.Validate(in.Request)))
		_, err := p.Apply(t.Context(), in)
		f := failureOf(t, err)
		require.Equal(t, refund.ClassMisconfigured, f.Class)
		require.True(t, f.RequestOnly)
		require.Contains(t, f.Message, field)
	}
	s := settings(t, gateway.URL)
	s.StoreID, s.StoreIDType = "", ""
	require.Equal(t, []string{"order.merchant_id", "order.store_id", "order.store_id_type"},
		fieldsOf(t, newProvider(t, s).Validate(refund.Request{})), "every mistake is named at once")
	wrong := instruction().Request
	wrong.Order.StoreID, wrong.Order.StoreIDType = "S9", "theirs"
	require.Equal(t, []string{"order.store_id_type"}, fieldsOf(t, newProvider(t, s).Validate(wrong)))

	p := newProvider(t, settings(t, gateway.URL))
	for _, change := range []func(*providers.Instruction){
		func(in *providers.Instruction) { in.Number = "" },
		func(in *providers.Instruction) { in.Number = "a-b" },
		func(in *providers.Instruction) { in.Request.Amount-- },
		func(in *providers.Instruction) { in.Request.Amount++ },
		func(in *providers.Instruction) { in.Request.Amount, in.Request.Order.Total = 0, 0 },
	} {
		in := instruction()
		change(&in)
		_, err := p.Apply(t.Context(), in)
		require.Equal(t, refund.ClassMisconfigured, failureOf(t, err).Class)
	}
	require.Empty(t, gateway.seen)
}

func TestABanKeepsTheWholeAppSilentUntilItIsOver(t *testing.T) {
	answer := refused(7, "accesscontrol.limited-by-app-access-count", "This ban will last for 41 more seconds")
	gateway := newStub(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(answer)) })
	s := settings(t, gateway.URL, MosQuery, MosQueryRefund)
	first, second := newProvider(t, s), newProvider(t, s)
	second.lane = first.lane

	_, err := first.Apply(t.Context(), instruction())
	require.Equal(t, 42*time.Second, failureOf(t, err).RetryAfter)
	for _, call := range []func() error{
		func() error { _, err := second.Apply(t.Context(), instruction()); return err },
		func() error { _, err := first.Query(t.Context(), instruction()); return err },
		func() error { _, err := first.OrderState(t.Context(), instruction().Request.Order); return err },
	} {
		f := failureOf(t, call())
		require.Equal(t, refund.ClassThrottled, f.Class, "held back before it is sent")
		require.Equal(t, "lane", f.Code)
		require.Equal(t, 42*time.Second, f.RetryAfter)
	}
	require.Len(t, gateway.seen, 1)

	answer = sample(t, "xlife_refund_response.json")
	second.now = func() time.Time { return moment.Add(42 * time.Second) }
	_, err = second.Apply(t.Context(), instruction())
	require.NoError(t, err)
}

func TestA429KeepsTheAppSilentAlthoughItProvesNothingAboutTheRefund(t *testing.T) {
	gateway := newStub(t, header("Retry-After", "90", textOf(429, "<html>slow down</html>")))
	p := newProvider(t, settings(t, gateway.URL, MosQueryRefund))
	_, err := p.Apply(t.Context(), instruction())
	require.Equal(t, ambiguous, failureOf(t, err).Class)
	for _, call := range []func() error{
		func() error { _, err := p.Apply(t.Context(), instruction()); return err },
		func() error { _, err := p.Query(t.Context(), instruction()); return err },
	} {
		f := failureOf(t, call())
		require.Equal(t, []any{throttled, "lane", 90 * time.Second}, []any{f.Class, f.Code, f.RetryAfter})
	}
	require.Len(t, gateway.seen, 1)
}

// A number pays once at one interface: the same number at a second one might pay
// again.
func TestARefundHasOneWayWhateverTheAppIsEntitledTo(t *testing.T) {
	for _, mos := range [][]Entitlement{nil, {MosQuery}, {MosQuery, MosQueryRefund}} {
		gateway := newStub(t, textOf(502, ""))
		p := newProvider(t, settings(t, gateway.URL, mos...))
		for range 2 {
			_, err := p.Apply(t.Context(), instruction())
			require.Equal(t, ambiguous, failureOf(t, err).Class)
		}
		require.Equal(t, []op{opRefund, opRefund}, gateway.methods())
	}
}

func TestAccountsOfOneAppShareItsLimitOfCalls(t *testing.T) {
	open := func(appKey string) *Provider {
		s := settings(t, "http://localhost")
		s.AppKey = appKey
		p, err := New(s)
		require.NoError(t, err)
		return p
	}
	require.Same(t, open("1").lane, open("1").lane)
	require.NotSame(t, open("1").lane, open("2").lane)

	gateway := newStub(t, text200(sample(t, "xlife_refund_response.json")))
	p := newProvider(t, settings(t, gateway.URL))
	p.lane = wire.NewLane(callsPerSecond)
	for range callsPerSecond {
		_, err := p.Apply(t.Context(), instruction())
		require.NoError(t, err)
	}
	_, err := p.Apply(t.Context(), instruction())
	f := failureOf(t, err)
	require.Equal(t, refund.ClassThrottled, f.Class)
	require.Equal(t, time.Second/callsPerSecond, f.RetryAfter)
	require.Len(t, gateway.seen, callsPerSecond)
}
