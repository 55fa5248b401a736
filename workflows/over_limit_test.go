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

// TestEachLimitIsAQuestionOfItsOwn: the cap and the reserve are both used up, or come to
// be. To let a refund over one of them says nothing of the other.
func TestEachLimitIsAQuestionOfItsOwn(t *testing.T) {
	t.Parallel()
	two := ledger.Limits{DailyCap: 10000, Reserve: 10000, Payout: ledger.PayoutMonthly}
	overCap := refundtest.At(time.Hour, asksOver("daily cap"), refundtest.Approve("finance-2"))
	onlyReserve := func(r *run) {
		r.Configure(func(a *activities.Account) *activities.Account {
			a.Limits = ledger.Limits{Zone: refundtest.Shanghai, Reserve: 9799, Payout: ledger.PayoutMonthly}
			return a
		})
	}
	for _, c := range []struct {
		name    string
		limits  ledger.Limits
		reserve refund.Exhausted
		policy  refund.ApprovalPolicy
		acts    []refundtest.Act
		ends    refund.Status
		took    time.Duration
		also    func(*testing.T, *run)
	}{
		{name: "let over the cap, and the reserve's policy is to fail", limits: two, reserve: refund.ExhaustedFail,
			acts: []refundtest.Act{overCap}, ends: refund.StatusFailed, took: time.Hour,
			also: func(t *testing.T, r *run) { require.Contains(t, r.Outcome.Reason, "reserve of the payout period") }},
		{name: "let over the cap, and the reserve's policy is to wait", limits: two, reserve: refund.ExhaustedWait,
			acts: []refundtest.Act{overCap, refundtest.At(2*time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusAwaitingBudget, v.Status)
				require.Contains(r, v.Sentence, "reserve of the payout period")
			}))}, ends: refund.StatusSucceeded, took: 9*day + 12*time.Hour + 5*time.Minute},
		{name: "two questions, and the same person may answer both", limits: two, reserve: refund.ExhaustedAsk,
			acts: []refundtest.Act{overCap, refundtest.At(2*time.Hour, asksOver("reserve"), awaits(1), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, took: 2 * time.Hour, also: turnedDown()},
		{name: "let over the cap, not over the reserve", limits: two, reserve: refund.ExhaustedAsk,
			acts: []refundtest.Act{overCap, refundtest.At(2*time.Hour, asksOver("reserve"), refundtest.Reject("finance-3"))},
			ends: refund.StatusRejected, took: 2 * time.Hour, also: givenBackTo(9800)},
		{name: "who let it over one limit, as the first of two, has not let it over another", limits: ledger.Limits{DailyCap: 10000}, reserve: refund.ExhaustedAsk,
			policy: refund.ApprovalPolicy{Above: new(refund.Fen(1)), TwiceAbove: new(refund.Fen(2))},
			acts: []refundtest.Act{
				refundtest.At(time.Minute, refundtest.Approve("finance-2"), refundtest.Approve("finance-3")),
				refundtest.At(time.Hour, asksOver("daily cap"), awaits(2), refundtest.Approve("finance-2")),
				refundtest.At(2*time.Hour, awaits(2, "finance-2"), onlyReserve, refundtest.Look),
				refundtest.At(3*time.Hour, asksOver("more than the whole reserve"), awaits(2), refundtest.Reject("finance-3"))},
			ends: refund.StatusRejected, took: 3 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Limits: c.limits, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk, Reserve: c.reserve}})
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

// givenBackTo: only so much of the day's cap is in use.
func givenBackTo(rest refund.Fen) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		used, _ := r.Used()
		require.Equal(t, rest, used)
	}
}

// TestBeyondThePointOfNoReturnThereIsNoWayBack: the verification is cancelled on the 21st,
// midnight passes while the sending is throttled, and the new day's cap is used up. People
// may let it over the cap, and nothing can turn it down.
func TestBeyondThePointOfNoReturnThereIsNoWayBack(t *testing.T) {
	world := func(p refund.Exhausted, policy refund.ApprovalPolicy) refundtest.Options {
		o := late
		o.Budget, o.Approval = refund.BudgetPolicy{DailyCap: p}, policy
		return o
	}
	asked := refundtest.At(2*time.Hour, asksOverBeyondReturn)
	nextDay := both(took(day, day+6*time.Minute), calls(map[string]int{opCancel: 1}))
	var situations []situation
	for _, s := range []situation{
		{name: "fail: a person, since the order stands without its verification", world: world(refund.ExhaustedFail, refund.ApprovalPolicy{}),
			stands: "the order's verification is cancelled and cannot be restored", ends: refund.StatusFailed},
		{name: "wait: only a limit can be changed", world: world(refund.ExhaustedWait, refund.ApprovalPolicy{}),
			acts: []refundtest.Act{refundtest.At(2*time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusAwaitingBudget, v.Status)
				require.True(r, v.Irreversible)
				require.Equal(r, []string{workflows.SignalLimitsChanged}, v.Waiting.Accepts)
			}))}, ends: refund.StatusSucceeded, also: nextDay},
		{name: "ask: nobody answers, and the next day has room", world: world(refund.ExhaustedAsk, refund.ApprovalPolicy{}),
			acts: []refundtest.Act{asked}, ends: refund.StatusSucceeded, also: nextDay},
		{name: "ask: approved, it goes over the limit", world: world(refund.ExhaustedAsk, refund.ApprovalPolicy{}),
			acts: []refundtest.Act{asked, refundtest.At(3*time.Hour, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: took(3*time.Hour, 4*time.Hour)},
		{name: "ask: rejected, it is told that this comes too late, and waits on", world: world(refund.ExhaustedAsk, refund.ApprovalPolicy{}),
			acts: []refundtest.Act{asked, refundtest.At(3*time.Hour, refundtest.Reject("finance-2"), refundtest.Cancel("agent-17"),
				refundtest.Decide(refund.VerbReject, "finance-3", refused(workflows.RefusedNow, "the point of no return has passed")))},
			ends: refund.StatusSucceeded, also: both(nextDay, turnedDown("rejection by finance-2 refused: the point of no return has passed",
				"cancellation by agent-17 refused: the point of no return has passed"))},
		{name: "ask: rejected, and a raised limit lets it go on", world: world(refund.ExhaustedAsk, refund.ApprovalPolicy{}),
			acts: []refundtest.Act{asked, refundtest.At(3*time.Hour, refundtest.Reject("finance-2")), refundtest.At(4*time.Hour, raise, refundtest.Look)},
			ends: refund.StatusSucceeded, also: took(4*time.Hour, 5*time.Hour)},
		{name: "ask: a deadline that would reject only makes it late", world: world(refund.ExhaustedAsk, refund.ApprovalPolicy{Deadline: 3 * time.Hour, AtDeadline: refund.DeadlineReject}),
			acts: []refundtest.Act{asked, refundtest.At(10*time.Hour, asksOverBeyondReturn, refundtest.See(func(r *run, v refund.View) {
				require.Contains(r, v.Sentence, "late: ")
				require.True(r, v.Waiting.Until.IsZero(), "nothing but room or people end it")
			}))}, ends: refund.StatusSucceeded, also: both(nextDay, said("late: nobody decided within 3h0m0s"))},
	} {
		s.faults = []control.Fault{throttled(opApply, time.Minute, 1)}
		s.acts = append(s.acts, refundtest.Before(apply, 2, rival("Rival", false)))
		situations = append(situations, s)
	}
	prove(t, situations)
}

// asksOverBeyondReturn waits for people who may only approve.
func asksOverBeyondReturn(r *run) {
	v := r.Ask()
	require.Equal(r, refund.StatusAwaitingApproval, v.Status)
	require.Contains(r, v.Sentence, "approved, it goes over the limit")
	require.True(r, v.Irreversible)
	require.Equal(r, []string{workflows.SignalApprove, workflows.SignalLimitsChanged}, v.Waiting.Accepts)
}

// TestAQuestionRestsBehindAnotherObstacle: people are asked to let the refund over the
// reserve, and then the account is flagged for fifty minutes: after an hour a flag lets one
// refund try. It is the same question afterwards.
func TestAQuestionRestsBehindAnotherObstacle(t *testing.T) {
	t.Parallel()
	resting := func(do ...refundtest.Do) []refundtest.Act {
		return []refundtest.Act{
			refundtest.At(time.Minute, refundtest.Approve("finance-2"), refundtest.Approve("finance-3")),
			refundtest.At(30*time.Minute, asksOver("reserve"), awaits(2), refundtest.Approve("finance-2")),
			refundtest.At(90*time.Minute, awaits(2, "finance-2"), func(r *run) {
				require.NoError(r, r.Ledger.Flag(r.Context(), refundtest.AccountName, r.Now(), "wrong key"))
			}, refundtest.Look),
			refundtest.At(91*time.Minute, stays(refund.StatusAwaitingBudget)),
			refundtest.At(139*time.Minute, stays(refund.StatusAwaitingBudget)),
			refundtest.At(140*time.Minute, func(r *run) {
				require.NoError(r, r.Ledger.Unflag(r.Context(), refundtest.AccountName, r.Now(), "ops"))
			}, refundtest.Look),
			refundtest.At(142*time.Minute, append([]refundtest.Do{asksOver("reserve"), awaits(2, "finance-2")}, do...)...),
		}
	}
	endsAt := func(after time.Duration) refundtest.Do {
		return refundtest.See(func(r *run, v refund.View) {
			require.InDelta(r, after.Minutes(), v.Waiting.Until.Sub(r.Opened()).Minutes(), 2)
		})
	}
	for _, c := range []struct {
		name string
		acts []refundtest.Act
		ends refund.Status
		took time.Duration
	}{
		{name: "who has let it over need not say so again", acts: resting(refundtest.Approve("finance-3")),
			ends: refund.StatusSucceeded, took: 142 * time.Minute},
		{name: "its deadline waits as long: asked since the first minute, for two hours beside the fifty minutes", acts: resting(endsAt(171 * time.Minute)),
			ends: refund.StatusRejected, took: 171 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly}, Budget: refund.BudgetPolicy{Reserve: refund.ExhaustedAsk}})
			usedUp(w)
			w.Configure(func(a *activities.Account) *activities.Account {
				a.Approval = twoPeople
				a.Approval.Deadline, a.Approval.AtDeadline = 2*time.Hour, refund.DeadlineReject
				return a
			})
			r := w.Run(w.Full(), c.acts...)
			require.Nil(t, r.Stood)
			require.Equal(t, c.ends, r.Outcome.Status, r.Outcome.Reason)
			require.InDelta(t, c.took.Minutes(), r.Took().Minutes(), 2)
		})
	}
}
