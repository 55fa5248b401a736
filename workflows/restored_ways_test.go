package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// A run that stands for an alert, and whose books have forgotten the end, is an open refund
// again, and can be resolved.
func TestAnAlertWhoseEndTheBooksForgotCanBeResolved(t *testing.T) {
	t.Parallel()
	for _, action := range []refund.ResolveAction{refund.ResolveSucceeded, refund.ResolveFailed} {
		t.Run(string(action), func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			stands := refundtest.See(func(r *run, v refund.View) {
				if !v.Status.Final() {
					require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
					refundtest.Resolve(action)(r)
				}
			})
			r := w.Begin(w.Part(), refundtest.Before(await, 1, saysFailed),
				refundtest.At(time.Hour, func(r *run) { r.ForgetBooks() }, stands), refundtest.At(2*time.Hour, stands), refundtest.At(3*time.Hour, stands),
				refundtest.At(4*time.Hour, func(r *run) { require.True(r, r.Ask().Status.Final(), r.Ask().Sentence) }))
			outcome, _ := r.Result()
			require.Equal(t, refund.Status(action), outcome.Status)
		})
	}
}

// Books that were restored ask first, and that costs nobody a person: one lost request is
// repeated as it ever is.
func TestARefundGoesThroughByItselfThoughTheBooksAskFirst(t *testing.T) {
	for _, transport := range providertest.Benches() {
		for name, fault := range map[string]*control.Fault{
			"in fair weather": nil,
			"answer lost":     {Kind: control.FaultDisconnect, Phase: control.After},
			"request lost":    {Kind: control.FaultDisconnect, Phase: control.Before},
			"503":             {Kind: control.FaultStatus, Status: 503, Phase: control.Before},
			"429":             {Kind: control.FaultStatus, Status: 429, Phase: control.Before},
		} {
			t.Run(transport.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := refundtest.On(t, transport, refundtest.Options{})
				_, err := w.Ledger.Restored(t.Context(), w.Now(), w.Now().Add(7*day))
				require.NoError(t, err)
				if fault != nil {
					f := *fault
					f.Op = w.Bench().Ops.Apply
					w.Fault(f)
				}
				r := w.Run(w.Request("R1", w.Bench().NewOrder(t, control.NewOrder{Total: 9800}), 9800),
					refundtest.At(time.Hour, tell), refundtest.At(30*time.Hour, tell))
				require.NotContains(t, r.Passed(), refund.StatusNeedsAttention)
				require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
			})
		}
	}
}

// A whole order that shows a refund is not given back once more, unless the refund is this
// one and only the books have forgotten it.
func TestAForgottenRefundOfAWholeOrderIsNotTakenForSomebodyElses(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Sandbox: control.BaiduSettings{}})
	request := w.Full()
	require.Equal(t, refund.StatusSucceeded, w.Run(request).Outcome.Status)
	w.ForgetBooks()
	_, err := w.Ledger.Restored(t.Context(), w.Now(), w.Now().Add(day))
	require.NoError(t, err)
	again := w.Run(request)
	require.Equal(t, refund.StatusSucceeded, again.Outcome.Status, again.Outcome.Reason)
	require.NotContains(t, again.Passed(), refund.StatusNeedsAttention)
	require.Equal(t, 1, again.Count(opApply))
}
