package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// TestTheApprovalIsThatOfTheOpening: the configuration changes, the workflow is terminated
// and begun anew, as the reconciler does. What was demanded before is demanded still.
func TestTheApprovalIsThatOfTheOpening(t *testing.T) {
	t.Parallel()
	nobody, always := refund.ApprovalPolicy{}, refund.ApprovalPolicy{Always: true}
	for _, c := range []struct {
		name        string
		opened, now refund.ApprovalPolicy
		acts        []refundtest.Act
		ends        refund.Status
		asked       bool
	}{
		{name: "two, and nobody now: two are asked", opened: twoPeople, now: nobody, asked: true,
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(2), refundtest.Approve("finance-2"), refundtest.Approve("finance-3"))}, ends: refund.StatusSucceeded},
		{name: "one, and nobody now: it can still be rejected", opened: always, now: nobody, asked: true,
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(1), refundtest.Reject("finance-2"))}, ends: refund.StatusRejected},
		{name: "one, and two now: one is asked", opened: always, now: twoPeople, asked: true,
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(1), refundtest.Approve("finance-2"))}, ends: refund.StatusSucceeded},
		{name: "nobody, and one now: nobody is asked", opened: nobody, now: always,
			acts: []refundtest.Act{refundtest.At(time.Minute, toppedUp, refundtest.Look)}, ends: refund.StatusSucceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Approval: c.opened, Merchant: poor})
			request := w.Full()
			w.Abandon(request, refundtest.Terminate(time.Hour))
			w.Configure(func(a *activities.Account) *activities.Account { a.Approval = c.now; return a })
			side := &gone{}
			require.Equal(t, 1, compared(w, side, nil).Resumed)
			if c.asked {
				w.Balance(1_000_000_00)
			}
			r := w.Run(request, c.acts...)
			require.Nil(t, r.Stood)
			require.Equal(t, c.ends, r.Outcome.Status, r.Outcome.Reason)
			if c.asked {
				require.Contains(t, r.Passed(), refund.StatusAwaitingApproval)
			} else {
				require.NotContains(t, r.Passed(), refund.StatusAwaitingApproval)
			}
		})
	}
}

// TestWhoHasApprovedIsNotAskedAgain: a terminated refund keeps its approvals, and with them
// the deadline is over.
func TestWhoHasApprovedIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	approve := func(by ...string) (do []refundtest.Do) {
		for _, who := range by {
			do = append(do, refundtest.Approve(who))
		}
		return do
	}
	inTime := refund.ApprovalPolicy{Above: new(refund.Fen(1)), TwiceAbove: new(refund.Fen(2)), Deadline: 3 * day, AtDeadline: refund.DeadlineReject}
	for _, c := range []struct {
		name   string
		policy refund.ApprovalPolicy
		first  []refundtest.Do
		cut    time.Duration
		acts   []refundtest.Act
		ends   refund.Status
		took   time.Duration
		also   func(*testing.T, *run)
	}{
		{name: "one of two: the other is missing", policy: twoPeople, first: approve("finance-2"), cut: 2 * time.Hour,
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(2, "finance-2"), refundtest.Approve("Finance-2")),
				refundtest.At(2*time.Hour, awaits(2, "finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, took: 2 * time.Hour, also: turnedDown("approval by Finance-2 came twice and counts once")},
		{name: "one of two may still think better of it", policy: twoPeople, first: approve("finance-2"), cut: 2 * time.Hour,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Reject("finance-2"))}, ends: refund.StatusRejected, took: time.Hour},
		{name: "both: nobody is asked, though the deadline has passed", policy: inTime, first: approve("finance-2", "finance-3"), cut: 4 * day,
			acts: []refundtest.Act{refundtest.At(time.Hour, raise, refundtest.Look)}, ends: refund.StatusSucceeded, took: time.Hour,
			also: func(t *testing.T, r *run) {
				require.Contains(t, texts(r.View), "was approved before by finance-2, finance-3")
				require.NotContains(t, r.Passed(), refund.StatusAwaitingApproval)
			}},
		{name: "one of two: the other has the whole deadline, counted anew", policy: inTime, first: approve("finance-2"), cut: 2 * day,
			ends: refund.StatusRejected, took: 3 * day},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly}})
			usedUp(w)
			w.Configure(func(a *activities.Account) *activities.Account {
				a.Approval = c.policy
				if c.policy.Deadline == 0 {
					a.Limits.Reserve = 0
				}
				return a
			})
			request := w.Full()
			w.Abandon(request, refundtest.At(time.Hour, c.first...), refundtest.Terminate(c.cut))
			r := w.Run(request, c.acts...)
			require.Nil(t, r.Stood)
			require.Equal(t, c.ends, r.Outcome.Status, r.Outcome.Reason)
			require.InDelta(t, c.took.Minutes(), r.Took().Minutes(), 1)
			if c.also != nil {
				c.also(t, r)
			}
		})
	}
}

// What was sent under an earlier run cannot be cancelled before anybody has read that.
func TestACancellationThatComesBeforeTheBooksAreReadIsJudgedByThem(t *testing.T) {
	t.Parallel()
	const tooLate = "refused: the point of no return has passed"
	for name, c := range map[string]struct {
		do   refundtest.Do
		also func(*testing.T, *run)
	}{
		"by signal":   {refundtest.Cancel("agent-17"), both(turnedDown("cancellation by agent-17 "+tooLate), said("cancellation by agent-17 "+tooLate))},
		"by Temporal": {refundtest.CancelWorkflow, turnedDown("cancellation by temporal " + tooLate)},
		"by update": {refundtest.Update(workflows.UpdateCancel, refund.Decision{By: "agent-17"}, func(r *run, a answered) {
			require.NoError(r, a.Refused)
			isRefusal(r, a.Err, workflows.RefusedNow, tooLate)
		}), turnedDown("cancellation by agent-17 " + tooLate)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			request := w.Part(refundtest.SettlesAfter(time.Hour))
			w.Abandon(request, refundtest.Terminate(10*time.Minute))
			r := w.Run(request, refundtest.Before(activities.Open, 1, c.do))
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
			c.also(t, r)
		})
	}
}
