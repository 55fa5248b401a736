package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// The saga never asks which platform it speaks to: here it meets them all, on
// every transport, in fair weather and with each call of theirs spoiled once in
// each way. After every run refundtest compares ledger, outcome and the
// platform's own books.
func TestOnEveryTransportARefundIsMadeOnceWhateverGoesWrong(t *testing.T) {
	t.Parallel()
	for _, transport := range providertest.Benches() {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			for name, fault := range map[string]control.Fault{
				"in fair weather":        {},
				"an answer lost":         {Kind: control.FaultDisconnect, Phase: control.After},
				"a request lost":         {Kind: control.FaultDisconnect, Phase: control.Before},
				"an answer cut":          {Kind: control.FaultTruncated, Phase: control.After},
				"a page of HTML":         {Kind: control.FaultHTML, Phase: control.After},
				"an endless answer":      {Kind: control.FaultHuge, Phase: control.After},
				"an answer without code": {Kind: control.FaultNoErrno, Phase: control.After},
				"status 502, done":       {Kind: control.FaultStatus, Status: 502, Phase: control.After},
				"status 503, not done":   {Kind: control.FaultStatus, Status: 503, Phase: control.Before},
				"status 429":             {Kind: control.FaultStatus, Status: 429, Phase: control.Before},
			} {
				for _, op := range opsOf(t, transport) {
					t.Run(strings.ReplaceAll(op, "/", ".")+", "+name, func(t *testing.T) {
						fault := fault // each run its own
						fault.Op = op
						paid(t, transport, fault)
					})
				}
			}
		})
	}
}

// opsOf are the calls that a refund makes on the transport.
func opsOf(t *testing.T, transport providertest.Transport) []string {
	ops := providertest.Stand(t, transport).Ops
	all := []string{ops.Apply}
	for _, op := range []string{ops.Order, ops.Query} {
		if op != "" && op != ops.Apply {
			all = append(all, op)
		}
	}
	return all
}

// paid runs a refund that meets the fault and must succeed all the same. Where
// the platform cannot be asked about the end, its proven word comes after an hour,
// as the receiver of callbacks would write it down.
func paid(t *testing.T, transport providertest.Transport, fault control.Fault) {
	w := refundtest.On(t, transport, refundtest.Options{})
	if fault.Kind != "" {
		w.Fault(fault)
	}
	request := w.Request("R1", w.Bench().NewOrder(t, control.NewOrder{Total: 9800}), 9800)
	r := w.Run(request, refundtest.At(time.Hour, tell))
	require.Nil(t, r.Stood, "it needed a person: %+v", r.Stood)
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
}

// tell writes down what the platform's books say, where that is final.
func tell(r *refundtest.Run) {
	for _, placed := range r.Bench().Refunds(r.T, r.Request.Order) {
		if placed.Status != control.Success {
			continue
		}
		require.NoError(r, r.Ledger.Testify(r.Context(), ledger.KeyOf(r.Request), ledger.Evidence{
			State: providers.ResultSucceeded, PlatformRefundID: placed.PlatformRefundID, Amount: refund.Fen(placed.Amount),
			At: r.Now(), Source: "notification",
		}))
		refundtest.Signal(workflows.SignalNotification, nil)(r)
	}
}

func TestOnEveryTransportARefundThatFailsIsReportedAsFailed(t *testing.T) {
	t.Parallel()
	for _, transport := range providertest.Benches() {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.On(t, transport, refundtest.Options{})
			order := w.Bench().NewOrder(t, control.NewOrder{Total: 9800, Outcome: control.Failed})
			r := w.Run(w.Request("R1", order, 9800))
			require.Equal(t, refund.StatusFailed, r.Outcome.Status, r.Outcome.Reason)
			rules := w.Bench().Provider.Rules()
			if rules.Query == providers.QueryByNumber && !rules.FullWantsUnverified {
				require.Nil(t, r.Stood, "it needed a person: %+v", r.Stood)
			}
		})
	}
}
