package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

type answered = refundtest.Answered

// taken demands an answer with a text in its sentence.
func taken(status refund.Status, text string) func(*run, answered) {
	return func(r *run, a answered) {
		require.NoError(r, errors.Join(a.Refused, a.Err))
		require.Equal(r, status, a.Status)
		require.Contains(r, a.Sentence, text)
	}
}

// refused demands a refusal by the validator: the journal keeps no line of it.
func refused(kind, text string) func(*run, answered) {
	return func(r *run, a answered) {
		require.Error(r, a.Refused, "%+v", a)
		isRefusal(r, a.Refused, kind, text)
	}
}

func isRefusal(r *run, err error, kind, text string) {
	r.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(r, err, &app)
	require.Equal(r, kind, app.Type())
	require.Contains(r, app.Message(), text)
}

func unsaid(texts ...string) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		for _, text := range texts {
			require.Empty(t, r.Said(text), text)
		}
	}
}

func TestAnUpdateIsAnsweredAtOnce(t *testing.T) {
	approve := func(by string, check func(*run, answered)) refundtest.Do {
		return refundtest.Decide(refund.VerbApprove, by, check)
	}
	prove(t, []situation{
		{name: "approved", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, approve("finance-2", taken(refund.StatusAwaitingApproval, "approved by finance-2")))},
			ends: refund.StatusSucceeded, also: said("approved by finance-2")},
		{name: "rejected", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Decide(refund.VerbReject, "finance-2", taken(refund.StatusAwaitingApproval, "rejected by finance-2")))},
			ends: refund.StatusRejected, also: both(never, givenBack)},
		{name: "early: judged when the books are open", world: approved,
			acts: []refundtest.Act{refundtest.Before(activities.Open, 1, approve("finance-2", taken(refund.StatusReceived, "approved by finance-2")))},
			ends: refund.StatusSucceeded, also: took(0, time.Minute)},
		{name: "refused without a trace", world: asks(twoPeople),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, approve("agent-17", refused(workflows.RefusedNow, "agent-17 asked for this refund")),
					approve("finance-2", taken(refund.StatusAwaitingApproval, "approved by finance-2")),
					approve("finance-2", refused(workflows.RefusedNow, "came twice and counts once")),
					refundtest.UpdateTyped(workflows.UpdateDecide, `{"decision":"perhaps"}`, refused(workflows.RefusedInvalid, "want \"approve\" or \"reject\"")),
					refundtest.UpdateTyped(workflows.UpdateDecide, `{"decision":"approve","by":"finance-3","ok":1}`, refused(workflows.RefusedInvalid, "unknown field")),
					refundtest.UpdateTyped(workflows.UpdateDecide, `[`, refused(workflows.RefusedInvalid, "")),
					refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveRetry, By: "ops"}, refused(workflows.RefusedNow, "needs nobody now"))),
				refundtest.At(2*time.Hour, approve("finance-3", taken(refund.StatusAwaitingApproval, "approved by finance-3")))},
			ends: refund.StatusSucceeded, also: unsaid("agent-17", "came twice", "perhaps", "ignored", "needs nobody")},
		{name: "too late", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2")),
				refundtest.Before(apply, 1, approve("finance-3", refused(workflows.RefusedNow, "came when none was awaited any more")))},
			ends: refund.StatusSucceeded},
		{name: "too late by a moment: answered, and in the journal", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"), approve("finance-3", func(r *run, a answered) {
				isRefusal(r, errors.Join(a.Refused, a.Err), workflows.RefusedNow, "approval by finance-3 came")
			}))},
			ends: refund.StatusSucceeded},
		{name: "a wrong signature", world: refundtest.Options{Approval: refund.ApprovalPolicy{Always: true, Signed: true}, DecisionKeys: [][]byte{deskKey}},
			acts: []refundtest.Act{refundtest.At(time.Hour, approve("finance-2", func(r *run, a answered) {
				isRefusal(r, a.Err, workflows.RefusedNow, "takes signed decisions only")
			}), refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled},
		{name: "cancelled", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Update(workflows.UpdateCancel, refund.Decision{By: "agent-17", Note: "found it"},
				taken(refund.StatusCancelled, "cancelled by agent-17: found it")))},
			ends: refund.StatusCancelled, also: both(never, givenBack)},
		{name: "cancelled too late", part: true,
			acts: []refundtest.Act{refundtest.Before(apply, 1, refundtest.Update(workflows.UpdateCancel, refund.Decision{By: "agent-17"},
				refused(workflows.RefusedNow, "the point of no return is being passed")))},
			ends: refund.StatusSucceeded, also: unsaid("point of no return")},
		{name: "resolved", part: true, faults: []control.Fault{answer(opApply, 10000, badSignature, 1)},
			acts: []refundtest.Act{
				refundtest.At(time.Hour,
					refundtest.UpdateTyped(workflows.UpdateResolve, `{"action":"succeeded","by":"ops"}`, refused(workflows.RefusedInvalid, "evidence")),
					refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveRetry, By: "ops", Note: "new key"},
						taken(refund.StatusNeedsAttention, "resolved with retry by ops: new key")))},
			ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)},
		{name: "two resolutions: the second is told", part: true, faults: []control.Fault{answer(opApply, 10000, badSignature, 1)},
			acts: []refundtest.Act{
				refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry),
					refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveFailed, By: "ops", Evidence: "none"}, func(r *run, a answered) {
						isRefusal(r, errors.Join(a.Refused, a.Err), workflows.RefusedNow, "resolve by ops")
					}))},
			ends: refund.StatusSucceeded},
		{name: "after the end nothing is taken, and nothing is left unanswered", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Cancel("agent-17"),
				approve("finance-2", func(r *run, a answered) {
					isRefusal(r, errors.Join(a.Refused, a.Err), workflows.RefusedNow, "approval by finance-2 came when none was awaited any more")
				}))},
			ends: refund.StatusCancelled},
	})
}

// usedUp spends most of the day's budget.
func usedUp(w *refundtest.World) {
	require.Equal(w, refund.StatusSucceeded, w.Run(w.Request("R0", w.Order(9800), 9800)).Outcome.Status)
}

func TestSubmittingIsAnsweredWhenTheRefundIsWrittenDown(t *testing.T) {
	t.Parallel()
	limit := ledger.Limits{DailyCap: 10000}
	for _, c := range []struct {
		name   string
		world  refundtest.Options
		before func(*refundtest.World)
		// part: a part of the order was given back before.
		part  bool
		check func(*run, answered)
		acts  []refundtest.Act
		ends  refund.Status
	}{
		{name: "accepted", check: taken(refund.StatusCheckingOrder, "accepted as refund R1"), ends: refund.StatusSucceeded},
		{name: "accepted while the platform cannot be reached", check: taken(refund.StatusCheckingOrder, "accepted as refund R1"),
			before: func(w *refundtest.World) { w.Fault(lost(opCheck, control.Before, 20)) }, ends: refund.StatusSucceeded},
		{name: "waits for approval", world: asks(twoPeople), check: taken(refund.StatusAwaitingApproval, "waits for 2 people to approve"),
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Reject("finance-2"))}, ends: refund.StatusRejected},
		{name: "will wait for the cap", world: capped(limit), check: taken(refund.StatusAwaitingBudget, "daily cap"),
			before: usedUp, ends: refund.StatusSucceeded},
		{name: "will fail without room", world: refundtest.Options{Limits: limit, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedFail}},
			check:  taken(refund.StatusCheckingOrder, "without room it fails"),
			before: usedUp, ends: refund.StatusFailed},
		{name: "people will be asked to let it over the limit", world: refundtest.Options{Limits: limit, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedAsk}},
			check:  taken(refund.StatusAwaitingApproval, "people will be asked to let it over the limit: the daily cap"),
			before: usedUp, acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"))}, ends: refund.StatusSucceeded},
		{name: "refused: the order has not enough left", check: taken(refund.StatusFailed, "has ¥68.00 left"), part: true, ends: refund.StatusFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, c.world)
			request := w.Full()
			if c.before != nil {
				c.before(w)
			}
			if c.part {
				require.Equal(t, refund.StatusSucceeded, w.Run(w.Request("R0", request.Order, 3000)).Outcome.Status)
			}
			submit := refundtest.Before(activities.Open, 1, refundtest.Update(workflows.UpdateSubmit, request, c.check))
			other := request
			other.Reason = "changed my mind"
			conflict := refundtest.Before(activities.Open, 1, refundtest.Update(workflows.UpdateSubmit, other,
				refused(workflows.RefusedConflict, "in use for other content")))
			r := w.Run(request, append(c.acts, submit, conflict)...)
			require.Equal(t, c.ends, r.Outcome.Status, r.Outcome.Reason)
		})
	}
}

// What the books saw coming when the refund was opened is as old as the question to
// people: three days later it is not told to who submits it again.
func TestAnOldOutlookIsNotTold(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, capped(ledger.Limits{DailyCap: 10000}))
	usedUp(w)
	w.Configure(func(a *activities.Account) *activities.Account {
		a.Approval = refund.ApprovalPolicy{Always: true}
		return a
	})
	request := w.Full()
	w.Fault(status(opCheck, 503, 30))
	submit := func(want refund.Status, text string) refundtest.Do {
		return refundtest.Update(workflows.UpdateSubmit, request, taken(want, text))
	}
	r := w.Run(request,
		refundtest.At(time.Hour, submit(refund.StatusAwaitingApproval, "waits for the signal approve")),
		refundtest.At(3*day, refundtest.Approve("finance-2")),
		refundtest.At(3*day+time.Minute, stays(refund.StatusCheckingOrder), submit(refund.StatusCheckingOrder, "accepted as refund R1")))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
}

func TestAnIdThatTheBooksRememberIsAConflict(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	request := w.Full()
	require.Equal(t, refund.StatusSucceeded, w.Run(request).Outcome.Status)
	other := request
	other.Reason = "once more"
	r := w.Run(other, refundtest.Before(activities.Open, 1, refundtest.Update(workflows.UpdateSubmit, other, func(r *run, a answered) {
		isRefusal(r, a.Err, workflows.RefusedConflict, `id "R1" was first used`)
	})))
	require.True(t, r.Outcome.Conflict)
	require.Equal(t, refund.StatusFailed, r.Outcome.Status)
	same := w.Run(request, refundtest.Before(activities.Open, 1, refundtest.Update(workflows.UpdateSubmit, request,
		taken(refund.StatusSucceeded, "ended on"))))
	require.False(t, same.Outcome.Conflict)
}
