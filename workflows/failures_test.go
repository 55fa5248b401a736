package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

const (
	notFound      = "系统错误，订单未找到"
	stillVerified = "系统错误，已消费订单不允许退款"
	badSignature  = "签名校验失败"
)

// throttled is a 429 that asks for a pause.
func throttled(op string, pause time.Duration, times int) control.Fault {
	return control.Fault{Op: op, Kind: control.FaultStatus, Status: 429, RetryAfter: control.Duration(pause), Times: times}
}

func attempts(step string, want int) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		require.Equal(t, want, r.Attempts(step), "attempts")
		require.Equal(t, 1, r.Scheduled(step), "repeats live in the server, not in the history")
	}
}

func took(least, most time.Duration) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		require.GreaterOrEqual(t, r.Took(), least)
		require.LessOrEqual(t, r.Took(), most)
	}
}

func flagged(t *testing.T, r *run) {
	lines, err := r.Ledger.Journal(t.Context(), accountKey)
	require.NoError(t, err)
	require.NotEmpty(t, lines, "the account's lane is flagged")
	require.Equal(t, "flag", lines[0].Step)
	require.Equal(t, "unflag", lines[len(lines)-1].Step, "whatever was decided, it does not outlive this refund")
}

func neverFlagged(t *testing.T, r *run) {
	lines, err := r.Ledger.Journal(t.Context(), accountKey)
	require.NoError(t, err)
	require.Empty(t, lines)
}

func stoodIrreversible(want bool) func(*testing.T, *run) {
	return func(t *testing.T, r *run) { require.Equal(t, want, r.Stood.Irreversible, "irreversible") }
}

func TestTheCheckOfTheOrderFails(t *testing.T) {
	prove(t, []situation{
		{name: "transient: repeated", faults: []control.Fault{status(opCheck, 503, 3)},
			ends: refund.StatusSucceeded, also: attempts(check, 4)},
		{name: "html in a 200: repeated", faults: []control.Fault{{Op: opCheck, Kind: control.FaultHTML}},
			ends: refund.StatusSucceeded, also: attempts(check, 2)},
		{name: "no errno: repeated, never read as 0", faults: []control.Fault{{Op: opCheck, Kind: control.FaultNoErrno}},
			ends: refund.StatusSucceeded, also: attempts(check, 2)},
		{name: "throttled: repeated after the platform's own delay", faults: []control.Fault{throttled(opCheck, 7*time.Second, 1)},
			ends: refund.StatusSucceeded, also: both(attempts(check, 2), took(7*time.Second, 8*time.Second))},
		{name: "throttled for hours: believed for ten minutes", faults: []control.Fault{throttled(opCheck, 5*time.Hour, 1)},
			ends: refund.StatusSucceeded, also: both(attempts(check, 2), took(10*time.Minute, 11*time.Minute+time.Second))},
		{name: "unavailable for ever: a person after a day", faults: []control.Fault{status(opCheck, 503, forEver)},
			stands: "no answer for too long", ends: refund.StatusFailed,
			also: both(nothingSent, func(t *testing.T, r *run) {
				require.WithinDuration(t, r.View.Steps[0].At.Add(24*time.Hour), r.Stood.Since, 10*time.Minute)
			})},
		{name: "misconfigured: at once, and the lane is flagged", faults: []control.Fault{answer(opCheck, 10000, badSignature, 1)},
			stands: "misconfigured", ends: refund.StatusFailed, also: both(nothingSent, flagged, attempts(check, 1), stoodIrreversible(false))},
		{name: "misconfigured by its own content: the lane stays open", faults: []control.Fault{answer(opCheck, 10001, "参数错误", 1)},
			stands: "misconfigured", ends: refund.StatusFailed, also: both(nothingSent, neverFlagged)},
		{name: "needs human: at once", faults: []control.Fault{answer(opCheck, 10002, notFound, 1)},
			stands: "订单未找到", ends: refund.StatusFailed, also: both(nothingSent, attempts(check, 1))},
		{name: "an unlisted code: at once", faults: []control.Fault{answer(opCheck, 77777, "?", 1)},
			stands: "77777", ends: refund.StatusFailed, also: both(nothingSent, attempts(check, 1))},
	})
}

func TestTheCancellingOfTheVerificationFails(t *testing.T) {
	prove(t, []situation{
		{name: "lost before: looks at the order, then repeats", faults: []control.Fault{lost(opCancel, control.Before, 1)},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opCancel: 2, opCheck: 2})},
		{name: "lost after: looks at the order and does not repeat", faults: []control.Fault{lost(opCancel, control.After, 1)},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opCancel: 1, opCheck: 2})},
		{name: "no errno after: looks at the order and does not repeat",
			faults: []control.Fault{{Op: opCancel, Kind: control.FaultNoErrno, Phase: control.After}},
			ends:   refund.StatusSucceeded, also: calls(map[string]int{opCancel: 1, opCheck: 2})},
		{name: "throttled: certainly not done, repeated without a look", faults: []control.Fault{throttled(opCancel, 7*time.Second, 1)},
			ends: refund.StatusSucceeded, also: both(calls(map[string]int{opCancel: 2, opCheck: 1}), took(7*time.Second, 9*time.Second))},
		{name: "misconfigured: at once, still stoppable", faults: []control.Fault{answer(opCancel, 10000, badSignature, 1)},
			stands: "misconfigured", ends: refund.StatusFailed, also: both(flagged, attempts(cancelling, 1), stoodIrreversible(false), givenBack)},
		{name: "needs human: perhaps done, not stoppable", faults: []control.Fault{answer(opCancel, 77777, "?", 1)},
			stands: "77777", ends: refund.StatusFailed, also: both(attempts(cancelling, 1), stoodIrreversible(true))},
		{name: "unanswered for ever: a person after a day", faults: []control.Fault{lost(opCancel, control.Before, forEver)},
			stands: "no answer for too long", ends: refund.StatusFailed, also: stoodIrreversible(true)},
	})
}

// What was asked for once and never answered may be done, whatever the last
// attempt says: the look at the order fails, not the cancelling.
func TestADoubtfulCancellingStaysInDoubtWhateverFailsLater(t *testing.T) {
	unaskable := func(f control.Fault) refundtest.Act {
		return refundtest.Before(cancelling, 1, func(r *run) { r.Fault(f) })
	}
	var situations []situation
	for name, f := range map[string]control.Fault{
		"the look is unavailable":   status(opCheck, 503, forEver),
		"the look is throttled":     throttled(opCheck, 10*time.Minute, forEver),
		"the look is misconfigured": answer(opCheck, 10000, badSignature, forEver),
	} {
		situations = append(situations, situation{name: name, faults: []control.Fault{lost(opCancel, control.After, 1)},
			acts: []refundtest.Act{unaskable(f),
				refundtest.At(48*time.Hour, refundtest.Cancel("agent-17"))},
			stands: "resolve: retry, succeeded or failed", ends: refund.StatusFailed,
			also: both(stoodIrreversible(true), func(t *testing.T, r *run) {
				require.NotEmpty(t, r.Said("point of no return has passed"))
			})})
	}
	prove(t, situations)
}

func TestTheApplicationFails(t *testing.T) {
	prove(t, []situation{
		{name: "throttled: not processed, repeated after the platform's delay", faults: []control.Fault{throttled(opApply, 7*time.Second, 2)},
			ends: refund.StatusSucceeded, also: both(attempts(apply, 3), calls(map[string]int{opApply: 3}), took(14*time.Second, 17*time.Second))},
		{name: "misconfigured, part: at once, still stoppable", part: true, faults: []control.Fault{answer(opApply, 10000, badSignature, 1)},
			stands: "misconfigured", ends: refund.StatusFailed, also: both(flagged, attempts(apply, 1), stoodIrreversible(false))},
		{name: "misconfigured, full: the verification is gone, not stoppable", faults: []control.Fault{answer(opApply, 10000, badSignature, 1)},
			stands: "misconfigured", ends: refund.StatusFailed, also: both(flagged, attempts(apply, 1), stoodIrreversible(true))},
		{name: "needs human: perhaps processed, not stoppable", part: true, faults: []control.Fault{answer(opApply, 10002, notFound, 1)},
			stands: "订单未找到", ends: refund.StatusFailed, also: both(attempts(apply, 1), stoodIrreversible(true))},
		{name: "needs human, resolved by retry: asks before it repeats", part: true, faults: []control.Fault{answer(opApply, 10002, notFound, 1)},
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry))},
			ends: refund.StatusSucceeded, also: both(calls(map[string]int{opApply: 2}), absentBeforeResend)},
		{name: "an unlisted code is ambiguous", faults: []control.Fault{answer(opApply, 77777, "?", 1)},
			ends: refund.StatusSucceeded, also: both(calls(map[string]int{opApply: 2}), absentBeforeResend)},
		{name: "the order is suddenly verified: looks again, cancels, applies", order: []order{refundtest.Unverified},
			acts: []refundtest.Act{refundtest.After(check, 1, verify)},
			ends: refund.StatusSucceeded, also: calls(map[string]int{opCheck: 2, opCancel: 1, opApply: 2})},
		{name: "the platform insists that the order is verified: two more looks, then a person",
			faults: []control.Fault{answer(opApply, 10002, stillVerified, forEver)},
			stands: "已消费订单不允许退款", ends: refund.StatusFailed, also: calls(map[string]int{opCheck: 3, opCancel: 1, opApply: 3})},
	})
}

// verify makes the order verified behind the refund's back.
func verify(r *run) {
	_, err := r.Baidu.PatchOrder(r.Context(), r.Request.Order.PlatformID, control.BaiduOrderPatch{Verified: new(true)})
	require.NoError(r, err)
}

func TestAProviderThatCannotBeReached(t *testing.T) {
	t.Parallel()
	t.Run("comes back after two hours: nothing was lost", func(t *testing.T) {
		t.Parallel()
		door := refundtest.NewDoor(t)
		w := refundtest.New(t, refundtest.Options{Address: door.URL()})
		r := w.Run(w.Full(), refundtest.At(2*time.Hour, func(r *run) { door.Open(w.URL) }))
		require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
		took(2*time.Hour, 2*time.Hour+6*time.Minute)(t, r)
		require.Equal(t, 1, r.Scheduled(check))
		require.Greater(t, r.Attempts(check), 20)
	})
	t.Run("goes away before the refund is sent: certainly not sent, so it is no doubt", func(t *testing.T) {
		t.Parallel()
		door := refundtest.NewDoor(t)
		w := refundtest.New(t, refundtest.Options{Address: door.URL()})
		door.Open(w.URL)
		r := w.Run(w.Full(),
			refundtest.Before(apply, 1, func(*run) { door.Close() }),
			refundtest.At(20*time.Minute, func(*run) { door.Open(w.URL) }))
		require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
		require.NotContains(t, r.Passed(), refund.StatusInDoubt)
		require.Equal(t, 1, r.Count(opApply))
	})
	t.Run("stays away for ever: a person after a day", func(t *testing.T) {
		t.Parallel()
		w := refundtest.New(t, refundtest.Options{Address: refundtest.NewDoor(t).URL()})
		r := w.Run(w.Full())
		require.Equal(t, refund.StatusNeedsAttention, r.Stood.Status)
		require.Contains(t, r.Stood.Sentence, "no answer for too long")
		require.Equal(t, refund.StatusFailed, r.Outcome.Status)
	})
}

// A sending that is certainly not processed for an hour begins anew from the
// check of the order, within the same day of patience.
func TestASendingThatIsHeldUp(t *testing.T) {
	prove(t, []situation{
		{name: "for five hours: the order and the budget are looked at every hour", part: true,
			faults: []control.Fault{throttled(opApply, 10*time.Minute, 28)}, ends: refund.StatusSucceeded,
			also: func(t *testing.T, r *run) {
				require.Equal(t, 1, r.Sent(r.Request.Order))
				require.Greater(t, r.Scheduled(apply), 4)
				require.Equal(t, r.Scheduled(apply), r.Scheduled(check))
			}},
		{name: "for ever: a person after a day", part: true, faults: []control.Fault{throttled(opApply, 10*time.Minute, forEver)},
			stands: "no answer for too long", ends: refund.StatusFailed, also: stoodIrreversible(false)},
		{name: "cancelled while it is held up", part: true, faults: []control.Fault{throttled(opApply, 10*time.Minute, forEver)},
			acts: []refundtest.Act{refundtest.Before(check, 2, refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled, also: givenBack},
	})
}

// Processes read a changed configuration one after another: the one that makes the call may be the last.
func TestAnAccountThatAProcessDoesNotKnowYetIsWaitedForAndNoOtherRefundIsHeldBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		step  string
		known time.Duration
		waits bool
	}{
		{"it is known soon, before the order is looked at", activities.CheckOrder, 9 * time.Minute, false},
		{"it is known soon, before anything is sent", activities.Apply, 9 * time.Minute, false},
		{"it is known late", activities.CheckOrder, time.Hour, true},
		{"it is known late, and nothing is sent before", activities.Apply, time.Hour, true},
		{"it is known soon, after an answer was lost", activities.FindOut, 9 * time.Minute, false},
		{"it is known late, after an answer was lost", activities.FindOut, time.Hour, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			var back func()
			acts := []refundtest.Act{
				refundtest.Before(c.step, 1, func(*run) { back = w.Configure(takenOut) }),
				refundtest.At(c.known, func(*run) { back() }),
			}
			doubt := c.step == activities.FindOut
			if doubt {
				w.Fault(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.After, Times: 1})
			}
			if c.waits {
				acts = append(acts, refundtest.At(11*time.Minute, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, refund.StatusNeedsAttention, v.Status)
					require.Contains(r, v.Sentence, "is not configured")
					require.Equal(r, doubt, v.Attention.MaySent)
					usage, err := w.Ledger.Usage(w.Context(), refundtest.AccountName, w.Now(), ledger.Limits{Zone: refundtest.Shanghai})
					require.NoError(r, err)
					require.Empty(r, usage.Flagged, "the account's other refunds go on")
				})), refundtest.At(c.known+time.Minute, refundtest.Resolve(refund.ResolveRetry)))
			}
			r := w.Run(w.Part(), acts...)
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
			require.Equal(t, c.waits, slices.Contains(r.Passed(), refund.StatusNeedsAttention))
			require.Equal(t, 1, r.Count("applyOrderRefund"))
		})
	}
}
