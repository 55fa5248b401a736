package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// on makes a world on a transport and a refund of a whole order in it.
func on(t *testing.T, transport string, order control.NewOrder, faults ...control.Fault) (*refundtest.World, refund.Request) {
	t.Helper()
	w := refundtest.On(t, providertest.Named(t, transport), refundtest.Options{})
	for _, f := range faults {
		w.Fault(f)
	}
	order.Total = 9800
	return w, w.Request("R1", w.Bench().NewOrder(t, order), 9800)
}

// altered is the account's provider with some answers of its own.
type altered struct {
	providers.Provider
	rules func(providers.Rules) providers.Rules
	query func(n int) (providers.Result, error)
	apply func(n int, in providers.Instruction) (providers.Receipt, error)

	queries, applies int
}

func (p *altered) Rules() providers.Rules {
	if p.rules == nil {
		return p.Provider.Rules()
	}
	return p.rules(p.Provider.Rules())
}

func (p *altered) Query(ctx context.Context, in providers.Instruction) (providers.Result, error) {
	p.queries++
	if p.query != nil {
		if result, err := p.query(p.queries); err != nil || result.State != "" {
			return result, err
		}
	}
	return p.Provider.Query(ctx, in)
}

func (p *altered) Apply(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	p.applies++
	if p.apply != nil {
		return p.apply(p.applies, in)
	}
	return p.Provider.Apply(ctx, in)
}

// alter puts p in front of the account's provider.
func alter(w *refundtest.World, p *altered) *altered {
	w.Configure(func(a *activities.Account) *activities.Account {
		p.Provider, a.Provider = a.Provider, p
		return a
	})
	return p
}

func TestARefusedQuestionIsNotTheRefundsEnd(t *testing.T) {
	t.Parallel()
	for code, text := range map[string]string{
		"TRADE_OVERDUE": "订单已经超过退款期限", "ERROR": "累计退款金额大于支付金额", "INVALID_REQUEST": "订单已关闭", "NOTENOUGH": "基本账户余额不足",
	} {
		w, request := on(t, "wechat/v2", control.NewOrder{}, control.Fault{Op: "refundquery", Kind: control.FaultAnswer, Code: code, Msg: text})
		r := w.Run(request, refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry)))
		require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, "%s: %s", code, r.Outcome.Reason)
		require.Contains(t, r.Passed(), refund.StatusNeedsAttention)
	}
}

func TestAProvenEndIsNotSentAgainWhileTheQuestionLags(t *testing.T) {
	t.Parallel()
	w, request := on(t, "wechat/v2", control.NewOrder{},
		control.Fault{Op: "refund", Kind: control.FaultDisconnect, Phase: control.After},
		control.Fault{Op: "refundquery", Kind: control.FaultAnswer, Code: "REFUNDNOTEXIST", Msg: "not exist", Times: 3})
	r := w.Run(request, refundtest.After(findOut, 1, tell))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	applies, err := w.Platform.Calls(t.Context(), control.CallFilter{Op: "refund"})
	require.NoError(t, err)
	require.Len(t, applies, 1)
}

func TestAProvenEndWakesWhatStands(t *testing.T) {
	t.Parallel()
	w, request := on(t, "wechat/cloudrun trusted", control.NewOrder{})
	alter(w, &altered{query: func(n int) (providers.Result, error) {
		if n > 1 {
			return providers.Result{}, nil
		}
		return providers.Result{}, &refund.Failure{Class: refund.ClassNeedsHuman, Op: "refundquery", Code: "CHANGE"}
	}})
	r := w.Run(request, refundtest.At(2*time.Hour, tell))
	require.Nil(t, r.Stood)
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	require.Contains(t, r.Passed(), refund.StatusNeedsAttention)
}

// Whoever sends signals must not be able to fill the history until the server
// ends the workflow.
func TestManySignalsAreFewQuestions(t *testing.T) {
	t.Parallel()
	w, request := on(t, "wechat/v2", control.NewOrder{SettleAfter: new(control.Duration(50 * time.Hour))})
	var acts []refundtest.Act
	for i := range 300 {
		acts = append(acts, refundtest.At(time.Duration(i+1)*time.Minute, refundtest.Signal(workflows.SignalNotification, nil)))
	}
	r := w.Run(request, acts...)
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	require.Less(t, r.Scheduled(await), 62, "fifty at once, then one an hour")
}

// The number is known to one merchant of the platform alone, and perhaps the
// money is, too.
func TestARefundIsNotSentToAnotherMerchant(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]control.Fault{
		"in doubt": {Op: "refund", Kind: control.FaultDisconnect, Phase: control.After},
		"not sent": {Op: "orderquery", Kind: control.FaultStatus, Status: 503},
	} {
		w, request := on(t, "wechat/v2", control.NewOrder{}, fault)
		step := map[string]string{"in doubt": apply, "not sent": check}[name]
		p := &altered{rules: func(r providers.Rules) providers.Rules { r.Merchant = "wechat/1999999999"; return r }}
		r := w.Run(request, refundtest.After(step, 1, func(*refundtest.Run) { alter(w, p) }))
		require.NotNil(t, r.Stood, name)
		require.Contains(t, r.Stood.Sentence, "1999999999", name)
		require.Zero(t, p.applies, name)
		require.Zero(t, p.queries, name)
	}
}

func TestARepeatThatWasNeverSentIsNotUsedUp(t *testing.T) {
	t.Parallel()
	w, request := on(t, "shengpay/text", control.NewOrder{}, // of which one repeat is permitted
		control.Fault{Op: "pay/refund", Kind: control.FaultDisconnect, Phase: control.Before},
		control.Fault{Op: "pay/refund", Kind: control.FaultStatus, Status: 429, Phase: control.Before})
	r := w.Run(request)
	require.Nil(t, r.Stood, "it needed a person: %+v", r.Stood)
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
}

func TestAFailureInAnswerToARepeatIsNotTheEnd(t *testing.T) {
	t.Parallel()
	w, request := on(t, "wechat/v2", control.NewOrder{})
	alter(w, &altered{
		query: func(int) (providers.Result, error) { return providers.Result{State: providers.ResultUnknown}, nil },
		apply: func(n int, in providers.Instruction) (providers.Receipt, error) {
			if n == 1 {
				return providers.Receipt{}, &refund.Failure{Class: refund.ClassAmbiguous, Op: "refund", Code: "timeout"}
			}
			return providers.Receipt{Amount: in.Request.Amount, State: providers.ResultFailed}, nil
		},
	})
	r := w.Run(request)
	require.NotNil(t, r.Stood, "the first request may have been paid")
	require.Contains(t, r.Stood.Sentence, "nobody could find out")
}

// A gateway's error page says nothing of what the platform behind it has done.
func TestWhatMayHaveBeenPaidCannotBeCancelled(t *testing.T) {
	t.Parallel()
	for transport, statuses := range map[string][]int{
		"xlife/alone": {404, 429}, "xlife/mos queries": {404, 429}, "wechat/v2": {404, 429}, "wechat/cloudrun": {404, 429},
		"wechat/cloudfunction": {404, 429}, "shengpay/text": {404}, "baidu/cashier": {404}, "baidu/openapi": {404},
	} {
		for _, status := range statuses {
			w, request := on(t, transport, control.NewOrder{})
			w.Fault(control.Fault{Op: w.Bench().Ops.Apply, Kind: control.FaultStatus, Status: status, Phase: control.After, Nth: map[bool]int{
				true: 2, false: 1}[w.Bench().Ops.Apply == w.Bench().Ops.Order], Times: 3})
			r := w.Run(request, refundtest.At(100*time.Minute, refundtest.Cancel("finance-2"), tell))
			require.NotEqual(t, refund.StatusCancelled, r.Outcome.Status, "%s %d", transport, status)
		}
	}
}
