package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// often does something n times, beginning at a moment.
func often(n int, from, every time.Duration, do ...refundtest.Do) (acts []refundtest.Act) {
	for i := range n {
		acts = append(acts, refundtest.At(from+time.Duration(i)*every, do...))
	}
	return acts
}

// Fifty looks at once, then one an hour: see TestManySignalsAreFewQuestions for the result.
func TestManySignalsAreFewLooks(t *testing.T) {
	prove(t, []situation{
		{name: "limits-changed in the wait for the balance", world: refundtest.Options{Merchant: poor},
			acts: append(often(500, 10*time.Second, time.Second, refundtest.Look), refundtest.At(time.Hour, refundtest.Cancel("agent-17"))),
			ends: refund.StatusCancelled, also: func(t *testing.T, r *run) {
				require.Greater(t, r.Scheduled(check), 50, "fifty are free")
				require.Less(t, r.Scheduled(check), 54)
			}},
		{name: "limits-changed in the short waits for the order's turn", part: true,
			acts: append(often(500, 10*time.Second, time.Second, refundtest.Look),
				refundtest.Before(activities.Hold, 1, rival("R0", true)), refundtest.At(20*time.Minute, refundtest.Cancel("agent-17"))),
			ends: refund.StatusCancelled, also: func(t *testing.T, r *run) {
				require.Greater(t, r.Attempts(activities.Hold), 50, "fifty are free")
				require.Less(t, r.Attempts(activities.Hold), 80, "and those that the waits themselves end in")
			}},
		{name: "provider-notification while a person is needed", part: true, faults: []control.Fault{lost(opApply, control.Before, forEver)},
			acts: append(often(110, 2*day, time.Minute, notified), refundtest.At(3*day, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveFailed))),
			ends: refund.StatusFailed, also: func(t *testing.T, r *run) {
				require.Greater(t, r.Scheduled(findOut), 50, "fifty are free")
				require.Less(t, r.Scheduled(findOut), 55)
			}},
	})
}

// TestWhoWasWokenTooOftenIsNotDeaf: after fifty wakings the next one is an hour away, but
// what a person says counts at once, and the platform's word counts in the end.
func TestWhoWasWokenTooOftenIsNotDeaf(t *testing.T) {
	worn := func(then refundtest.Act) []refundtest.Act {
		return append(often(60, 2*day, time.Minute, notified), then) // the last ten wait for the hour
	}
	never := []control.Fault{lost(opApply, control.Before, forEver)}
	over := refundtest.Options{Limits: ledger.Limits{DailyCap: 9799}, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk}}
	prove(t, []situation{
		{name: "people are asked to let it over a limit, and the limit is raised and said so once", world: over,
			acts: append(often(60, time.Minute, time.Second, refundtest.Look), refundtest.At(10*time.Minute, raise, refundtest.Look)),
			ends: refund.StatusSucceeded, also: took(10*time.Minute, 2*time.Hour)},
		{name: "a person resolves it", part: true, faults: never,
			acts: worn(refundtest.At(2*day+65*time.Minute, takes(refund.ResolveFailed))),
			ends: refund.StatusFailed, also: took(2*day+65*time.Minute, 2*day+66*time.Minute)},
		{name: "the platform has paid, and says so", part: true, faults: never,
			acts: worn(refundtest.At(2*day+65*time.Minute, func(r *run) {
				require.NoError(r, r.Platform.ClearFaults(r.Context()))
				paidByHand(r)
				tell(r)
			})),
			ends: refund.StatusSucceeded, also: took(2*day+65*time.Minute, 2*day+3*time.Hour)},
		{name: "the platform has paid, and says so days later", part: true, faults: never,
			acts: worn(refundtest.At(5*day, func(r *run) {
				require.NoError(r, r.Platform.ClearFaults(r.Context()))
				paidByHand(r)
				tell(r)
			})),
			ends: refund.StatusSucceeded, also: took(5*day, 5*day+time.Hour)},
	})
}

func TestManyMalformedSignalsAreAnsweredAndDrownNothing(t *testing.T) {
	const many = 300
	prove(t, []situation{{name: "three hundred, and then an approval", world: approved,
		acts: append(often(many, time.Second, time.Second, refundtest.Typed(workflows.SignalApprove, "{")),
			refundtest.At(time.Hour, awaits(1), refundtest.Approve("finance-2"))),
		ends: refund.StatusSucceeded, also: func(t *testing.T, r *run) {
			require.Len(t, r.Said("signal approve ignored, its payload is wrong"), many, "each is in the journal")
			require.Len(t, r.View.Steps, refund.MaxSteps, "the view keeps the newest")
			require.Equal(t, "received", r.View.Steps[0].Text)
			took(time.Hour, 2*time.Hour)(t, r)
		}}})
}
