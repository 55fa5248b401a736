package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// notified says that the platform was heard of; the books have nothing new.
var notified = refundtest.Signal(workflows.SignalNotification, nil)

// takes demands that a resolution is taken at once.
func takes(action refund.ResolveAction) refundtest.Do {
	return refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: action, By: "ops", Evidence: "the platform's console"},
		taken(refund.StatusNeedsAttention, "resolved with "+string(action)+" by ops"))
}

// TestAPersonIsHeardWhileTheSagaAsksOnceMore: what needed a person asks the platform again
// since it was heard of, for hours or days. The person may decide all the same.
func TestAPersonIsHeardWhileTheSagaAsksOnceMore(t *testing.T) {
	blind := refundtest.Options{CashierOnly: true}
	settles := func(d time.Duration) []order { return []order{refundtest.SettlesAfter(d)} }
	doubt, result := []control.Fault{lost(opApply, control.After, 1)}, []control.Fault(nil)
	prove(t, []situation{
		{name: "in doubt: succeeded", world: blind, part: true, order: settles(20 * day), faults: doubt,
			acts: []refundtest.Act{
				refundtest.At(2*day, stays(refund.StatusNeedsAttention), notified),
				refundtest.At(2*day+time.Hour, stays(refund.StatusInDoubt), takes(refund.ResolveSucceeded))},
			ends: refund.StatusSucceeded, also: both(took(2*day+time.Hour, 2*day+2*time.Hour), said("resolved with succeeded by ops"))},
		{name: "in doubt: by signal", world: blind, part: true, order: settles(20 * day), faults: doubt,
			acts: []refundtest.Act{
				refundtest.At(2*day, notified),
				refundtest.At(2*day+time.Hour, stays(refund.StatusInDoubt), refundtest.Resolve(refund.ResolveSucceeded), refundtest.Resolve(refund.ResolveFailed))},
			ends: refund.StatusSucceeded, also: both(took(2*day+time.Hour, 2*day+2*time.Hour),
				turnedDown("resolve by finance-2 came after finance-2 had decided"))},
		{name: "in doubt: the same need comes back when nothing was found out", world: blind, part: true, order: settles(20 * day), faults: doubt,
			acts: []refundtest.Act{
				refundtest.At(2*day, notified),
				refundtest.At(4*day, stays(refund.StatusNeedsAttention), takes(refund.ResolveSucceeded))},
			ends: refund.StatusSucceeded, also: took(4*day, 4*day+time.Hour)},
		{name: "for the result: succeeded", part: true, order: settles(50 * day), faults: result,
			acts: []refundtest.Act{
				refundtest.At(40*day, stays(refund.StatusNeedsAttention), notified),
				refundtest.At(40*day+time.Hour, stays(refund.StatusProcessing), takes(refund.ResolveSucceeded))},
			ends: refund.StatusSucceeded, also: both(took(40*day+time.Hour, 40*day+2*time.Hour), said("resolved with succeeded by ops"))},
		{name: "for the result: retry goes on asking, and nobody is needed any more", part: true, order: settles(50 * day), faults: result,
			acts: []refundtest.Act{
				refundtest.At(40*day, notified),
				refundtest.At(40*day+time.Hour, takes(refund.ResolveRetry)),
				refundtest.At(40*day+2*time.Hour, stays(refund.StatusProcessing), refundtest.Resolve(refund.ResolveFailed))},
			ends: refund.StatusSucceeded, also: both(took(50*day, 50*day+2*time.Hour), turnedDown("resolve by finance-2 refused: the refund is processing"))},
	})
}

// next is the attempt of a step that comes next, whichever it is.
func next(at func(string, int, refundtest.Do) refundtest.Act, step string, do refundtest.Do) refundtest.Do {
	return func(r *run) { at(step, r.Attempts(step)+1, do)(r) }
}

// settledByHand: the platform is back, and has the refund.
func settledByHand(r *run) {
	require.NoError(r, r.Platform.ClearFaults(r.Context()))
	paidByHand(r)
}

// TestWhoResolvesDuringAnAttemptIsHeardAndNothingIsSentAnyMore. The SDK's test environment
// ends the attempt at once, without its answer, whatever WaitForCancellation says. So this
// shows that the person counts where the attempt brings no answer, and is answered at once.
// It cannot show what a real server adds: that an answer which the attempt still brings
// counts more and the person is told so, unless it is that nothing was sent.
func TestWhoResolvesDuringAnAttemptIsHeardAndNothingIsSentAnyMore(t *testing.T) {
	atAnAttempt := func(step string, action refund.ResolveAction) refundtest.Do {
		return next(refundtest.Before, step, atOnce(resolves(action), taken(refund.StatusNeedsAttention, "resolved with "+string(action)+" by ops")))
	}
	another := control.Fault{Op: opFind, Kind: control.FaultAnswer, Errno: new(int64(0)), Times: 1,
		Data: json.RawMessage(`[{"bizRefundBatchId":"R1","orderId":800200451,"refundBatchId":999,"refundStatus":2,"userId":1}]`)}
	booksAway := func(r *run) {
		r.Ledger.Fail("BeginSend", aDayAway, false)
		r.Ledger.Fail("Refund", aDayAway, false)
	}
	prove(t, []situation{
		{name: "which finds a result under another number", part: true, order: []order{refundtest.SettlesAfter(50 * day)},
			acts: []refundtest.Act{refundtest.At(40*day, stays(refund.StatusNeedsAttention),
				func(r *run) { r.Fault(another) }, atAnAttempt(await, refund.ResolveSucceeded), notified)},
			ends: refund.StatusSucceeded, also: both(took(40*day, 40*day+time.Minute), said("resolved with succeeded by ops"))},
		{name: "which finds the refund accepted", part: true, faults: []control.Fault{lost(opApply, control.Before, forEver)},
			order: []order{refundtest.SettlesAfter(day)},
			acts: []refundtest.Act{refundtest.At(3*day, stays(refund.StatusNeedsAttention),
				settledByHand, atAnAttempt(findOut, refund.ResolveSucceeded), notified)},
			ends: refund.StatusSucceeded, also: both(took(3*day, 3*day+time.Minute), said("resolved with succeeded by ops"))},
		{name: "which learns that nothing was sent", part: true,
			acts: []refundtest.Act{
				refundtest.Before(apply, 1, booksAway),
				refundtest.At(3*day, stays(refund.StatusNeedsAttention), func(r *run) { r.Ledger.Repair() }, atAnAttempt(findOut, refund.ResolveFailed), notified)},
			ends: refund.StatusFailed, also: both(took(3*day, 3*day+time.Minute), calls(map[string]int{opApply: 0}))},
	})
}

// TestWhoResolvesInTheMomentOfTheAnswerIsToldThatItCounts: the resolution and the answer
// come together, so the person did not know.
func TestWhoResolvesInTheMomentOfTheAnswerIsToldThatItCounts(t *testing.T) {
	together := func(step string) refundtest.Do {
		return next(refundtest.After, step, refundtest.Resolve(refund.ResolveFailed))
	}
	told := turnedDown("resolve by finance-2 refused: the refund is")
	prove(t, []situation{
		{name: "of the result", part: true, order: []order{refundtest.SettlesAfter(50 * day)},
			acts: []refundtest.Act{refundtest.At(51*day, stays(refund.StatusNeedsAttention), together(await), notified)},
			ends: refund.StatusSucceeded, also: both(took(51*day, 51*day+time.Minute), told)},
		{name: "that it was accepted", part: true, faults: []control.Fault{lost(opApply, control.Before, forEver)},
			order: []order{refundtest.SettlesAfter(day)},
			acts:  []refundtest.Act{refundtest.At(3*day, stays(refund.StatusNeedsAttention), settledByHand, together(findOut), notified)},
			ends:  refund.StatusSucceeded, also: both(took(4*day, 4*day+2*time.Hour), told)},
	})
}

// TestAHintHidesANeedForAPersonForADayAtMost: it proves nothing, and the platform's own
// schedule goes on for weeks.
func TestAHintHidesANeedForAPersonForADayAtMost(t *testing.T) {
	prove(t, []situation{{name: "for the result", part: true, order: []order{refundtest.SettlesAfter(200 * day)},
		acts: []refundtest.Act{
			refundtest.At(40*day, stays(refund.StatusNeedsAttention), notified),
			refundtest.At(41*day-2*time.Hour, stays(refund.StatusProcessing)),
			refundtest.At(41*day+time.Hour, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveSucceeded))},
		ends: refund.StatusSucceeded}})
}

// TestTheFirstAskingIsNotForPeople: only what has needed a person once may be resolved
// while it is asked for.
func TestTheFirstAskingIsNotForPeople(t *testing.T) {
	refuses := refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveFailed, By: "ops", Evidence: "none"},
		refused(workflows.RefusedNow, "needs nobody now"))
	prove(t, []situation{
		{name: "in doubt", faults: []control.Fault{lost(opApply, control.After, 1)}, acts: []refundtest.Act{refundtest.Before(findOut, 1, refuses)}, ends: refund.StatusSucceeded},
		{name: "for the result", order: []order{refundtest.SettlesAfter(day)}, acts: []refundtest.Act{refundtest.At(time.Hour, refuses)}, ends: refund.StatusSucceeded},
	})
}

// TestWhatIsHeardAsAPersonIsAskedForIsNotLost: the platform's word comes in the very moment
// in which the last question about the refund has failed.
func TestWhatIsHeardAsAPersonIsAskedForIsNotLost(t *testing.T) {
	refuses := answer(opFind, 60021, "未获取到有效数据", 1)
	prove(t, []situation{
		{name: "in doubt", part: true, faults: []control.Fault{lost(opApply, control.After, 1), refuses},
			acts: []refundtest.Act{refundtest.After(findOut, 1, tell)}, ends: refund.StatusSucceeded, also: took(0, time.Minute)},
		{name: "for the result", part: true, faults: []control.Fault{refuses},
			acts: []refundtest.Act{refundtest.After(await, 1, tell)}, ends: refund.StatusSucceeded, also: took(0, time.Minute)},
	})
}

// TestLimitsChangedEndsANeedForAPersonOnlyWhereALimitMadeIt, or a message that proves
// nothing would begin what a person must decide.
func TestLimitsChangedEndsANeedForAPersonOnlyWhereALimitMadeIt(t *testing.T) {
	tooBig := capped(ledger.Limits{DailyCap: 9799})
	unmoved := func(t *testing.T, r *run) {
		require.NotContains(t, texts(r.View), "something was heard that may change this: looks again")
	}
	prove(t, []situation{
		{name: "larger than the whole limit, and it was raised", world: tooBig,
			acts: []refundtest.Act{refundtest.At(time.Hour, stays(refund.StatusNeedsAttention), raise, refundtest.Look)},
			ends: refund.StatusSucceeded, also: took(time.Hour, time.Hour+time.Minute)},
		{name: "larger than the whole limit, and it was not: it still is", world: tooBig,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Look),
				refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention), raise),
				refundtest.At(3*time.Hour, stays(refund.StatusNeedsAttention), refundtest.Look)},
			ends: refund.StatusSucceeded, also: took(3*time.Hour, 3*time.Hour+time.Minute)},
		{name: "the order's check", part: true, faults: []control.Fault{answer(opCheck, 77777, "?", 1)},
			acts:   []refundtest.Act{refundtest.At(time.Hour, refundtest.Look, notified), refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention))},
			stands: "77777", ends: refund.StatusFailed, also: both(attempts(check, 1), unmoved)},
		{name: "a wrong key", part: true, faults: []control.Fault{answer(opApply, 10000, badSignature, 1)},
			acts:   []refundtest.Act{refundtest.At(time.Hour, refundtest.Look, notified), refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention))},
			stands: "misconfigured", ends: refund.StatusFailed, also: both(attempts(apply, 1), unmoved)},
		{name: "a doubt", part: true, faults: []control.Fault{lost(opApply, control.Before, forEver)},
			acts: []refundtest.Act{refundtest.At(2*day, stays(refund.StatusNeedsAttention), refundtest.Look,
				refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveFailed, By: "ops", Evidence: "none"},
					taken(refund.StatusNeedsAttention, "resolved with failed by ops")))},
			ends: refund.StatusFailed, also: both(took(2*day, 2*day+time.Minute), unmoved)},
	})
}
