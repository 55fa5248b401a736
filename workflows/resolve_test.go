package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// paidByHand is what a person does in the platform's console.
func paidByHand(r *run) {
	account, err := r.Account(refundtest.AccountName)
	require.NoError(r, err)
	_, err = account.Provider.Apply(r.Context(), instruction(r.Ask().ProviderNumber, r.Request))
	require.NoError(r, err)
}

func TestAPersonResolvesWhatNeedsAttention(t *testing.T) {
	after := func(do ...refundtest.Do) []refundtest.Act {
		return []refundtest.Act{refundtest.At(48*time.Hour, do...)}
	}
	retry, failed, succeeded := refundtest.Resolve(refund.ResolveRetry), refundtest.Resolve(refund.ResolveFailed), refundtest.Resolve(refund.ResolveSucceeded)
	var situations []situation
	for _, kind := range []struct {
		name  string
		part  bool
		order []order
		fault control.Fault
	}{
		{name: "the order's check", part: true, fault: answer(opCheck, 77777, "?", 1)},
		{name: "a cancelling in doubt", fault: answer(opCancel, 77777, "?", 1)},
		{name: "a wrong key", part: true, fault: answer(opApply, 10000, badSignature, 1)},
		{name: "a sending in doubt", part: true, fault: answer(opApply, 10002, notFound, 1)},
	} {
		base := situation{part: kind.part, order: kind.order, faults: []control.Fault{kind.fault}}
		for action, do := range map[string][]refundtest.Do{"retry": {retry}, "failed": {failed}, "succeeded": {paidByHand, succeeded}} {
			s := base
			s.name, s.acts, s.ends = kind.name+": "+action, after(do...), refund.StatusSucceeded
			s.also = func(t *testing.T, r *run) {
				require.Len(t, r.Said("resolved with "+action+" by finance-2"), 1)
				require.Equal(t, action == "failed", r.Outcome.Failure != nil, "a success has no failure")
				require.Equal(t, action == "retry", r.Outcome.Reason == "baidu reports the money as given back", r.Outcome.Reason)
			}
			if action == "succeeded" && kind.name == "a cancelling in doubt" {
				s.acts = after(unverify, paidByHand, succeeded)
			}
			if action == "failed" {
				s.ends = refund.StatusFailed
			}
			situations = append(situations, s)
		}
	}
	prove(t, situations)
}

// unverify is what the console does before it gives a verified order back.
func unverify(r *run) {
	_, err := r.Baidu.PatchOrder(r.Context(), r.Request.Order.PlatformID, control.BaiduOrderPatch{Verified: new(false)})
	require.NoError(r, err)
}

func TestAResolutionThatIsNoneIsAnswered(t *testing.T) {
	stuck := []control.Fault{answer(opCheck, 77777, "?", forEver)}
	typed := func(payload string) refundtest.Do { return refundtest.Typed(workflows.SignalResolve, payload) }
	prove(t, []situation{
		{name: "nothing needs attention", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveSucceeded)),
				refundtest.At(2*time.Hour, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: said("resolve by finance-2 refused: the refund is awaiting_approval")},
		{name: "before it needs attention it is not kept for later", faults: stuck,
			acts:   []refundtest.Act{refundtest.Before(check, 1, refundtest.Resolve(refund.ResolveFailed))},
			stands: "77777", ends: refund.StatusFailed},
		{name: "without evidence the books are not closed", faults: stuck,
			acts:   []refundtest.Act{refundtest.At(time.Hour, typed(`{"action":"succeeded","by":"finance-2"}`))},
			stands: "77777", ends: refund.StatusFailed, also: said("evidence: want how it is known")},
		{name: "an unknown action", faults: stuck,
			acts:   []refundtest.Act{refundtest.At(time.Hour, typed(`{"action":"again","by":"finance-2"}`))},
			stands: "77777", ends: refund.StatusFailed, also: said(`action: want "retry", "succeeded" or "failed"`)},
		{name: "two at once: the first counts", faults: stuck,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveFailed), refundtest.Resolve(refund.ResolveRetry))},
			ends: refund.StatusFailed, also: said("resolved with failed by finance-2", "resolve by finance-2 came after finance-2 had decided")},
	})
}

// TestNoSignalIsDroppedAtTheEnd: whatever comes while the refund completes is answered
// and journaled.
func TestNoSignalIsDroppedAtTheEnd(t *testing.T) {
	storm := func(n int) refundtest.Do {
		return func(r *run) {
			for i := range n {
				who := fmt.Sprintf("storm-%d-%d", n, i)
				refundtest.Approve(who)(r)
				refundtest.Reject(who)(r)
				refundtest.Cancel(who)(r)
				refundtest.Signal(workflows.SignalResolve, refund.Resolution{Action: refund.ResolveRetry, By: who})(r)
				refundtest.Look(r)
			}
		}
	}
	answered := func(want int) func(*testing.T, *run) {
		return func(t *testing.T, r *run) {
			lines := 0
			for _, line := range r.Journal {
				if strings.Contains(line.Text, "storm-") {
					lines++
				}
			}
			require.Equal(t, want, lines)
		}
	}
	prove(t, []situation{
		{name: "while the result arrives", acts: []refundtest.Act{refundtest.After(await, 1, storm(10))},
			ends: refund.StatusSucceeded, also: answered(40)},
		{name: "while the last answers are written", acts: []refundtest.Act{refundtest.After(await, 1, storm(1)),
			refundtest.Before(activities.Note, 1, storm(2)), refundtest.After(activities.Note, 12, storm(3))},
			ends: refund.StatusSucceeded, also: answered(4 + 8 + 12)},
		{name: "while the end is booked", order: []order{refundtest.Unpaid},
			acts: []refundtest.Act{refundtest.Before(activities.Finish, 1, storm(2)), refundtest.After(activities.Finish, 1, storm(3))},
			ends: refund.StatusFailed, also: answered(8 + 12)},
		{name: "while it is opened", acts: []refundtest.Act{refundtest.Before(activities.Open, 1, func(r *run) {
			refundtest.Approve("storm-1")(r)
			refundtest.Signal(workflows.SignalResolve, refund.Resolution{Action: refund.ResolveRetry, By: "storm-2"})(r)
		})}, ends: refund.StatusSucceeded, also: answered(2)},
	})
}
