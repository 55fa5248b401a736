package workflows_test

import (
	"errors"
	"fmt"
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

// atOnce demands that an update is answered in the moment in which it comes, whatever the
// answer is, and hands the answer on.
func atOnce(send func(func(*run, answered)) refundtest.Do, check func(*run, answered)) refundtest.Do {
	return func(r *run) {
		asked := r.Now()
		send(func(r *run, a answered) {
			require.Less(r, r.Now().Sub(asked), time.Minute, "answered at once: %+v", a)
			check(r, a)
		})(r)
	}
}

// notTaken demands a refusal, by the validator or a moment later.
func notTaken(text string) func(*run, answered) {
	return func(r *run, a answered) {
		isRefusal(r, errors.Join(a.Refused, a.Err), workflows.RefusedNow, text)
	}
}

func verdict(verb refund.Verb, by string) func(func(*run, answered)) refundtest.Do {
	return func(check func(*run, answered)) refundtest.Do { return refundtest.Decide(verb, by, check) }
}

// TestACancellationIsAnsweredByWhatBecomesOfTheRefund: at every step the answer is
// "cancelled" if and only if it was.
func TestACancellationIsAnsweredByWhatBecomesOfTheRefund(t *testing.T) {
	var situations []situation
	for step, stopped := range map[string]bool{
		activities.Open: true, activities.Hold: true, check: true, cancelling: false, apply: false, await: false,
	} {
		for when, at := range map[string]func(string, int, refundtest.Do) refundtest.Act{"before ": refundtest.Before, "after ": refundtest.After} {
			answer := notTaken("cancellation by agent-17 refused: the point of no return")
			ends := refund.StatusSucceeded
			if stopped {
				answer, ends = taken(refund.StatusCancelled, "cancelled by agent-17"), refund.StatusCancelled
			}
			situations = append(situations, situation{name: when + step, ends: ends,
				acts: []refundtest.Act{at(step, 1, atOnce(cancels, answer))}})
		}
	}
	situations = append(situations, situation{name: "while a person is needed and nothing was sent", part: true,
		faults: []control.Fault{answer(opCheck, 77777, "?", forEver)},
		acts: []refundtest.Act{
			refundtest.At(time.Hour, atOnce(cancels, taken(refund.StatusCancelled, "cancelled by agent-17")),
				atOnce(resolves(refund.ResolveRetry), notTaken("needs nobody now"))),
			refundtest.Before(activities.Finish, 1, atOnce(cancels, notTaken("already asked for by agent-17"))),
			refundtest.Before(activities.Finish, 1, atOnce(resolves(refund.ResolveFailed), notTaken("needs nobody now"))),
			refundtest.Before(activities.Finish, 1, atOnce(verdict(refund.VerbApprove, "ops"), notTaken("came when none was awaited any more")))},
		ends: refund.StatusCancelled})
	prove(t, situations)
}

func cancels(check func(*run, answered)) refundtest.Do {
	return refundtest.Update(workflows.UpdateCancel, refund.Decision{By: "agent-17"}, check)
}

func resolves(action refund.ResolveAction) func(func(*run, answered)) refundtest.Do {
	return func(check func(*run, answered)) refundtest.Do {
		return refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: action, By: "ops", Evidence: "the console"}, check)
	}
}

// TestAVerdictIsAnsweredAtEveryMoment: two have approved, the daily cap is used up, and a
// third person comes at any step that a refund goes through until it has ended.
func TestAVerdictIsAnsweredAtEveryMoment(t *testing.T) {
	t.Parallel()
	for step, times := range map[string]int{
		activities.Open: 1, activities.Note: 2, activities.Hold: 2, check: 1, cancelling: 1, apply: 1, await: 2,
	} {
		for nth := 1; nth <= times; nth++ {
			for _, verb := range []refund.Verb{refund.VerbApprove, refund.VerbReject} {
				t.Run(fmt.Sprintf("%s at %s %d", verb, step, nth), func(t *testing.T) {
					t.Parallel()
					w := refundtest.New(t, refundtest.Options{Limits: ledger.Limits{DailyCap: 10000}, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk}})
					usedUp(w)
					w.Configure(func(a *activities.Account) *activities.Account { a.Approval = twoPeople; return a })
					counted := step == activities.Open // nobody has decided yet
					r := w.Run(w.Full(refundtest.SettlesAfter(2*day)),
						refundtest.At(time.Minute, refundtest.Approve("finance-2"), refundtest.Approve("finance-3")),
						refundtest.Before(step, nth, atOnce(verdict(verb, "finance-4"), func(r *run, a answered) {
							require.Equal(r, counted, errors.Join(a.Refused, a.Err) == nil, "%+v", a)
						})))
					want := refund.StatusSucceeded
					if counted && verb == refund.VerbReject {
						want = refund.StatusRejected
					}
					require.Equal(t, want, r.Outcome.Status, r.Outcome.Reason)
				})
			}
		}
	}
}

// TestAQuestionThatHasEndedTakesNoAnswer: the question whether a refund may go over a limit
// ends by itself. Who answers it in that moment is told so, and does not wait for days.
func TestAQuestionThatHasEndedTakesNoAnswer(t *testing.T) {
	t.Parallel()
	reserve := ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly}
	flag := func(r *run) {
		require.NoError(r, r.Ledger.Flag(r.Context(), refundtest.AccountName, r.Now(), "bad key"))
	}
	unflag := func(r *run) {
		require.NoError(r, r.Ledger.Unflag(r.Context(), refundtest.AccountName, r.Now(), "ops"))
	}
	reject := atOnce(verdict(refund.VerbReject, "finance-2"), notTaken("came when no decision was awaited any more; send cancel to stop the refund"))
	for _, c := range []struct {
		name   string
		limits ledger.Limits
		acts   []refundtest.Act
		took   time.Duration
	}{
		{name: "there is room", limits: ledger.Limits{DailyCap: 10000}, acts: []refundtest.Act{refundtest.Before(activities.Hold, 2, reject)},
			took: 5*day + 12*time.Hour + 5*time.Minute},
		{name: "something else is in the way, and then it is asked again", limits: reserve,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, asksOver("reserve"), flag, refundtest.Look),
				refundtest.At(90*time.Minute, stays(refund.StatusAwaitingBudget), reject),
				refundtest.At(2*time.Hour, unflag, refundtest.Look),
				refundtest.At(3*time.Hour, asksOver("reserve"), refundtest.Approve("finance-2"))},
			took: 5*day + 3*time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Limits: c.limits, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk, Reserve: refund.ExhaustedAsk}})
			usedUp(w)
			r := w.Run(w.Full(refundtest.SettlesAfter(5*day)), c.acts...)
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
			took(c.took, c.took+3*time.Hour)(t, r) // the result is asked for about once an hour
		})
	}
}

// Nobody is asked, and the line about an early approval is being written.
func TestARejectionThatComesWhileARemarkIsWrittenIsAnswered(t *testing.T) {
	prove(t, []situation{{name: "and the refund goes on", order: []order{refundtest.SettlesAfter(5 * day)},
		acts: []refundtest.Act{
			refundtest.Before(activities.Open, 1, refundtest.Approve("finance-2")),
			refundtest.Before(activities.Note, 1, atOnce(verdict(refund.VerbReject, "finance-3"), notTaken("send cancel to stop the refund")))},
		ends: refund.StatusSucceeded}})
}

// A person decides what a limit has stopped, and the limit is raised in this moment.
func TestAResolutionThatComesWhileARemarkIsWrittenCounts(t *testing.T) {
	prove(t, []situation{{name: "and not the raised limit", world: capped(ledger.Limits{DailyCap: 9799}),
		acts: []refundtest.Act{
			refundtest.At(time.Hour, stays(refund.StatusNeedsAttention), raise, refundtest.Typed(workflows.SignalResolve, "{"), refundtest.Look),
			refundtest.Before(activities.Note, 1, atOnce(resolves(refund.ResolveFailed), taken(refund.StatusNeedsAttention, "resolved with failed by ops")))},
		ends: refund.StatusFailed, also: both(nothingSent, givenBack)}})
}
