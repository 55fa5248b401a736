package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// asksOver waits for people who may let it through over a limit.
func asksOver(why string) refundtest.Do {
	return refundtest.See(func(r *run, v refund.View) {
		require.Equal(r, refund.StatusAwaitingApproval, v.Status)
		require.Contains(r, v.Sentence, why)
		require.Contains(r, v.Sentence, "approved, it goes over the limit")
		require.Zero(r, r.Attempts(cancelling))
	})
}

func TestWhatARefundDoesWithoutRoomIsPolicy(t *testing.T) {
	t.Parallel()
	day1 := ledger.Limits{DailyCap: 10000}
	for _, c := range []struct {
		name   string
		limits ledger.Limits
		budget refund.BudgetPolicy
		policy refund.ApprovalPolicy
		acts   []refundtest.Act
		ends   refund.Status
		took   time.Duration
		also   func(*testing.T, *run)
	}{
		{name: "fail: it fails, with the figures", limits: day1, budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedFail}, ends: refund.StatusFailed,
			also: func(t *testing.T, r *run) { require.Contains(t, r.Outcome.Reason, "daily cap of 2093-11-21") }},
		{name: "fail, for the reserve alone", limits: ledger.Limits{DailyCap: 10000, Reserve: 100_000_00}, budget: refund.BudgetPolicy{Reserve: refund.ExhaustedFail},
			ends: refund.StatusSucceeded, took: 12*time.Hour + 5*time.Minute},
		{name: "ask: approved, it goes over the cap at once, and is counted", limits: day1, budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk},
			acts: []refundtest.Act{refundtest.At(time.Hour, asksOver("daily cap"), refundtest.Approve("agent-17"), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, took: time.Hour,
			also: func(t *testing.T, r *run) {
				used, _ := r.Used()
				require.Equal(t, refund.Fen(2*9800), used)
				turnedDown("agent-17 asked for this refund")(t, r)
			}},
		{name: "ask: rejected", limits: day1, budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk},
			acts: []refundtest.Act{refundtest.At(time.Hour, asksOver("daily cap"), refundtest.Reject("finance-2"))},
			ends: refund.StatusRejected, took: time.Hour},
		{name: "ask: nobody answers, and the next day it has room", limits: day1, budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk},
			acts: []refundtest.Act{refundtest.At(time.Hour, asksOver("daily cap"))},
			ends: refund.StatusSucceeded, took: 12*time.Hour + 5*time.Minute},
		{name: "ask: a raised limit is seen on limits-changed", limits: day1, budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk},
			acts: []refundtest.Act{refundtest.At(time.Hour, raise, refundtest.Look)},
			ends: refund.StatusSucceeded, took: time.Hour},
		{name: "ask: limits-changed that comes while the books are asked is not lost", limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly},
			budget: refund.BudgetPolicy{Reserve: refund.ExhaustedAsk},
			acts:   []refundtest.Act{refundtest.After(activities.Hold, 1, raise), refundtest.After(activities.Hold, 1, refundtest.Look)},
			ends:   refund.StatusSucceeded},
		{name: "wait: limits-changed that comes while the books are asked is not lost", limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly},
			acts: []refundtest.Act{refundtest.After(activities.Hold, 1, raise), refundtest.After(activities.Hold, 1, refundtest.Look)},
			ends: refund.StatusSucceeded},
		{name: "ask: cancelled", limits: day1, budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk},
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled, took: time.Hour},
		{name: "ask: as many people as the amount wants, over the reserve of a week", limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutWeekly},
			budget: refund.BudgetPolicy{Reserve: refund.ExhaustedAsk}, policy: refund.ApprovalPolicy{Above: new(refund.Fen(1000)), TwiceAbove: new(refund.Fen(9000))},
			acts: []refundtest.Act{
				refundtest.At(time.Hour, awaits(2), refundtest.Approve("finance-2"), refundtest.Approve("finance-3")),
				refundtest.At(2*time.Hour, asksOver("reserve"), refundtest.Approve("finance-2")),
				refundtest.At(3*time.Hour, awaits(2, "finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, took: 3 * time.Hour},
		{name: "ask: nobody in time, and the policy rejects", limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly},
			budget: refund.BudgetPolicy{Reserve: refund.ExhaustedAsk}, policy: refund.ApprovalPolicy{Deadline: 2 * day, AtDeadline: refund.DeadlineReject},
			ends: refund.StatusRejected, took: 2 * day},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Limits: c.limits, Budget: c.budget})
			usedUp(w)
			w.Configure(func(a *activities.Account) *activities.Account { a.Approval = c.policy; return a })
			r := w.Run(w.Full(), c.acts...)
			require.Nil(t, r.Stood)
			require.Equal(t, c.ends, r.Outcome.Status, r.Outcome.Reason)
			require.InDelta(t, c.took.Minutes(), r.Took().Minutes(), 1)
			if c.also != nil {
				c.also(t, r)
			}
		})
	}
}

func TestMoreThanTheWholeLimitByPolicy(t *testing.T) {
	world := func(p refund.Exhausted) refundtest.Options {
		return refundtest.Options{Limits: ledger.Limits{DailyCap: 9799, Reserve: 50000}, Budget: refund.BudgetPolicy{DailyCap: p, Reserve: refund.ExhaustedFail}}
	}
	prove(t, []situation{
		{name: "fail", world: world(refund.ExhaustedFail), ends: refund.StatusFailed, also: both(nothingSent, givenBack)},
		{name: "ask", world: world(refund.ExhaustedAsk),
			acts: []refundtest.Act{refundtest.At(20*day, asksOver("more than the whole daily cap"), refundtest.Approve("finance-2"))}, ends: refund.StatusSucceeded},
		{name: "ask, and the limit is raised without a word: seen within a day", world: world(refund.ExhaustedAsk),
			acts: []refundtest.Act{refundtest.At(time.Hour, asksOver("more than the whole daily cap"), raise)}, ends: refund.StatusSucceeded,
			also: took(day, day+time.Minute)},
		{name: "ask: a raised limit is seen on limits-changed", world: world(refund.ExhaustedAsk),
			acts: []refundtest.Act{refundtest.At(time.Hour, asksOver("more than the whole daily cap"), raise, refundtest.Look)},
			ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)},
		{name: "wait: for a person, as no day has room for it", world: world(refund.ExhaustedWait),
			stands: "raise it or refund in parts", ends: refund.StatusFailed, also: nothingSent},
	})
}

func TestWhatWasLetThroughStaysSoOverMidnight(t *testing.T) {
	world := late
	world.Budget = refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk}
	world.Limits = ledger.Limits{DailyCap: 9000}
	shop := world
	shop.Merchant = poor
	prove(t, []situation{
		{name: "approved before midnight, sent after it", world: world,
			acts: []refundtest.Act{
				refundtest.At(10*time.Second, refundtest.Approve("finance-2")),
				refundtest.Before(cancelling, 1, func(r *run) { r.Fault(throttled(opApply, time.Minute, 1)) })},
			ends: refund.StatusSucceeded, also: both(took(time.Minute, 3*time.Minute), said("hold 2093-11-21", "hold 2093-11-22"))},
		{name: "approved, and the merchant's balance is topped up three days later", world: shop,
			acts: []refundtest.Act{
				refundtest.At(10*time.Second, refundtest.Approve("finance-2")),
				refundtest.At(3*day, stays(refund.StatusAwaitingBudget), toppedUp, refundtest.Look)},
			ends: refund.StatusSucceeded, also: both(took(3*day, 3*day+time.Minute), said("approved by finance-2", "hold 2093-11-24"))},
	})
}
