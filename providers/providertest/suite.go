package providertest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Run demands of one transport what every provider must hold.
func Run(t *testing.T, transport Transport) {
	for _, rule := range []struct {
		name  string
		prove func(*testing.T, Transport)
	}{
		{"its rules and its own checks fit together", rulesFit},
		{"a paid order is seen as paid, with its total", orderIsSeen},
		{"a whole order is given back once", wholeOrder},
		{"a part is given back, or refused where the platform knows only whole orders", partOfAnOrder},
		{"a repeated number pays once", repeatPaysOnce},
		{"a repeated number with another amount pays nothing", repeatWithAnotherAmount},
		{"coupons come back as coupons, and the refund says so", couponsComeBack},
		{"a lost answer is found out", lostAnswer},
		{"a refund that fails is reported as failed, never as given back", failedRefund},
		{"a refund that never arrived is never reported as there", neverArrived},
		{"a malformed answer is never a success", malformedAnswers},
		{"a forged answer is never a success", forgedAnswers},
		{"a genuine answer about another refund is never ours", swappedAnswers},
		{"every documented code ends in its class", documentedCodes},
		{"what was not sent is safe to repeat", notSent},
		{"silence is ambiguous", silence},
		{"the platform's own message is proven, and nobody else's", notifications},
	} {
		t.Run(rule.name, func(t *testing.T) { rule.prove(t, transport) })
	}
}

func rulesFit(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	r := b.Provider.Rules()
	require.NotEmpty(t, r.Provider)
	require.True(t, strings.HasPrefix(r.Merchant, r.Provider+"/") && len(r.Merchant) > len(r.Provider)+1, "the scope of numbers names the platform and the merchant")
	require.NotEmpty(t, r.OrderKey.Of(refund.Order{PlatformID: "p", MerchantID: "m"}))
	require.True(t, r.Number.Accepts(refund.ProviderNumber("shop", "", refund.NewID(), r.Number)))
	require.Positive(t, r.AbsenceReads)
	require.Positive(t, r.AbsenceInterval)
	require.Positive(t, r.MaxResends)
	require.NotEmpty(t, r.Poll)
	require.Greater(t, r.PollFor, r.Poll[0])
	if r.FullWantsUnverified {
		require.Implements(t, (*providers.VerificationCanceller)(nil), b.Provider)
	}
	if r.Query == providers.QueryNone {
		require.True(t, r.RepeatAnswers, "a platform that can be asked in no way must answer a repeat, or nothing could ever be found out")
	}
	var invalid *refund.InvalidError
	require.ErrorAs(t, b.Provider.Validate(refund.Request{}), &invalid, "what is missing is named")
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	require.NoError(t, b.Provider.Validate(Request(order, 9800)))
}

func orderIsSeen(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	paid := b.NewOrder(t, control.NewOrder{Total: 9800})
	state, err := b.Provider.OrderState(t.Context(), paid)
	require.NoError(t, err)
	require.Equal(t, b.Ops.Order == "", b.Provider.Rules().NoOrderQuery, "the saga must know beforehand who cannot be asked")
	if !state.Asked {
		require.Empty(t, b.Ops.Order, "a provider that asks about orders must say so")
		return
	}
	require.True(t, state.Paid)
	require.Contains(t, []refund.Fen{0, 9800}, state.Total)
	require.NotContains(t, []providers.ResultState{providers.ResultSucceeded, providers.ResultProcessing}, state.Refund)

	unpaid := b.NewOrder(t, control.NewOrder{Total: 9800, Paid: new(false)})
	state, err = b.Provider.OrderState(t.Context(), unpaid)
	require.True(t, err != nil || !state.Paid, "an unpaid order is never seen as paid")
}

func wholeOrder(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	b.ready(t, order)
	b.paysOnce(t, b.instruction(order, 9800, "R1"))
}

func partOfAnOrder(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	if b.Provider.Rules().Partial {
		b.paysOnce(t, b.instruction(order, 3050, "R1"))
		return
	}
	_, err := b.Provider.Apply(t.Context(), b.instruction(order, 3050, "R1"))
	require.Error(t, err)
	require.Empty(t, b.Refunds(t, order))
}

// paysOnce applies for the refund and follows it to its end.
func (b *Bench) paysOnce(t *testing.T, in providers.Instruction) {
	t.Helper()
	receipt, err := b.Provider.Apply(t.Context(), in)
	require.NoError(t, err)
	require.Contains(t, []refund.Fen{0, in.Request.Amount}, receipt.Amount)
	b.isPaid(t, in, receipt)
}

// isPaid compares what the provider says with the platform's books.
func (b *Bench) isPaid(t *testing.T, in providers.Instruction, receipt providers.Receipt) {
	t.Helper()
	placed := b.Refunds(t, in.Request.Order)
	require.Len(t, placed, 1)
	require.Equal(t, in.Number, placed[0].Number)
	require.EqualValues(t, in.Request.Amount, placed[0].Amount)
	if receipt.PlatformRefundID != "" && placed[0].PlatformRefundID != "" {
		require.Equal(t, placed[0].PlatformRefundID, receipt.PlatformRefundID)
	}
	result, err := b.Provider.Query(t.Context(), in)
	require.NoError(t, err)
	switch b.Provider.Rules().Query {
	case providers.QueryByNumber:
		require.Equal(t, providers.ResultSucceeded, result.State)
		require.Contains(t, []refund.Fen{0, in.Request.Amount}, result.Amount)
	case providers.QueryPresence:
		require.Equal(t, providers.ResultProcessing, result.State, "known is not given back")
	case providers.QueryByOrder:
		require.True(t, result.Weak)
	case providers.QueryNone:
		require.Equal(t, providers.ResultUnknown, result.State)
		require.Equal(t, providers.ResultSucceeded, receipt.State, "what cannot be asked must have been answered at once")
	}
}

func repeatPaysOnce(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	if !b.Provider.Rules().RepeatAnswers {
		t.Log("the platform promises nothing about a repeat: the saga asks before it repeats")
		require.NotEqual(t, providers.QueryNone, b.Provider.Rules().Query)
		return
	}
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	in := b.instruction(order, 9800, "R1")
	first, err := b.Provider.Apply(t.Context(), in)
	require.NoError(t, err)
	for range 2 {
		again, err := b.Provider.Apply(t.Context(), in)
		require.NoError(t, err)
		again.Repeated = first.Repeated
		require.Equal(t, first, again)
	}
	b.isPaid(t, in, first)
}

func repeatWithAnotherAmount(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	first, second := refund.Fen(3000), refund.Fen(2000)
	if !b.Provider.Rules().Partial {
		first, second = 9800, 4900
	}
	if !b.Provider.Rules().RepeatAnswers {
		t.Log("the platform promises nothing about a repeat: the ledger refuses another amount before anything is sent")
		return
	}
	_, err := b.Provider.Apply(t.Context(), b.instruction(order, first, "R1"))
	require.NoError(t, err)
	_, err = b.Provider.Apply(t.Context(), b.instruction(order, second, "R1"))
	require.Error(t, err)
	require.NotEqual(t, refund.ClassTransient, classOf(t, err), "the same again would be refused again")
	placed := b.Refunds(t, order)
	require.Len(t, placed, 1)
	require.EqualValues(t, first, placed[0].Amount)
}

func couponsComeBack(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800, Coupon: 1800})
	if b.NoCoupons {
		t.Log("the platform's answers know no coupons")
		return
	}
	receipt, err := b.Provider.Apply(t.Context(), b.instruction(order, 9800, "R1"))
	require.NoError(t, err)
	require.EqualValues(t, 9800, receipt.Amount, "the whole of it is given back")
	require.NotNil(t, receipt.Parts)
	require.EqualValues(t, 1800, receipt.Parts.Coupon)
	var sum refund.Fen
	for _, c := range receipt.Parts.Coupons {
		sum += c.Amount
	}
	require.Contains(t, []refund.Fen{0, 1800}, sum, "the single coupons, where they are listed")
}

func lostAnswer(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	b.ready(t, order)
	in := b.instruction(order, 9800, "R1")
	b.fault(t, control.Fault{Op: b.Ops.Apply, Kind: control.FaultDisconnect, Phase: control.After})
	_, err := b.Provider.Apply(t.Context(), in)
	require.Equal(t, refund.ClassAmbiguous, classOf(t, err))

	receipt := providers.Receipt{}
	if rules := b.Provider.Rules(); rules.Query == providers.QueryNone {
		receipt, err = b.Provider.Apply(t.Context(), in)
		require.NoError(t, err, "repeating is how it is asked")
	}
	b.isPaid(t, in, receipt)
}

func failedRefund(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800, Outcome: control.Failed})
	b.ready(t, order)
	in := b.instruction(order, 9800, "R1")
	receipt, err := b.Provider.Apply(t.Context(), in)
	if err != nil {
		require.Contains(t, refund.Classes, classOf(t, err)) // refused at once is as good
		return
	}
	require.NotEqual(t, providers.ResultSucceeded, receipt.State)
	result, err := b.Provider.Query(t.Context(), in)
	if err == nil {
		require.NotEqual(t, providers.ResultSucceeded, result.State)
	}
	if b.Provider.Rules().Query == providers.QueryByNumber {
		require.NoError(t, err)
		require.Equal(t, providers.ResultFailed, result.State)
	}
}

func neverArrived(t *testing.T, transport Transport) {
	b := Stand(t, transport)
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	in := b.instruction(order, 9800, "R1")
	b.fault(t, control.Fault{Op: b.Ops.Apply, Kind: control.FaultDisconnect, Phase: control.Before})
	_, err := b.Provider.Apply(t.Context(), in)
	require.Equal(t, refund.ClassAmbiguous, classOf(t, err), "from here it looks like a lost answer")
	result, err := b.Provider.Query(t.Context(), in)
	require.NoError(t, err)
	require.Contains(t, []providers.ResultState{providers.ResultAbsent, providers.ResultUnknown}, result.State)
	require.Empty(t, b.Refunds(t, order))
}

func notSent(t *testing.T, transport Transport) {
	const nobody = "http://127.0.0.1:1" // a port that no program is given by chance
	b := Stand(t, transport, func(g *Ground) { g.Address = nobody })
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	in := b.instruction(order, 9800, "R1")
	_, err := b.Provider.Apply(t.Context(), in)
	require.Equal(t, refund.ClassTransient, classOf(t, err))
	if b.Ops.Order != "" {
		_, err = b.Provider.OrderState(t.Context(), order)
		require.Equal(t, refund.ClassTransient, classOf(t, err))
	}
	if b.Ops.Query != "" {
		_, err = b.Provider.Query(t.Context(), in)
		require.Equal(t, refund.ClassTransient, classOf(t, err))
	}
}

func silence(t *testing.T, transport Transport) {
	b := Stand(t, transport, func(g *Ground) { g.Timeout = 50 * time.Millisecond })
	order := b.NewOrder(t, control.NewOrder{Total: 9800})
	b.fault(t, control.Fault{Op: b.Ops.Apply, Kind: control.FaultDelay, Delay: control.Duration(10 * time.Second), Phase: control.Before})
	_, err := b.Provider.Apply(t.Context(), b.instruction(order, 9800, "R1"))
	require.Equal(t, refund.ClassAmbiguous, classOf(t, err))
}

// classOf demands a failure and returns its class.
func classOf(t *testing.T, err error) refund.Class {
	t.Helper()
	require.Error(t, err)
	var failure *refund.Failure
	require.True(t, errors.As(err, &failure), "every error holds a failure: %v", err)
	require.NotEmpty(t, failure.Op)
	require.NotEmpty(t, failure.Code)
	return failure.Class
}
