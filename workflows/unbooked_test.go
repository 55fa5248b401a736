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

const aDayAway = 1_000_000 // failures of the ledger: more than a day has tries for

// repaired is when the database is back and a person says so.
func repaired(r *run) {
	r.Ledger.Repair()
	refundtest.Resolve(refund.ResolveRetry)(r)
}

// TestADecisionOutlivesTheLedgersOutage: what people have decided and could not be written
// for a day needs a person, and is written then, once.
func TestADecisionOutlivesTheLedgersOutage(t *testing.T) {
	away := func(method string) refundtest.Do {
		return func(r *run) { r.Ledger.Fail(method, aDayAway, false) }
	}
	needs := func(why string, accepts ...string) refundtest.Do {
		return refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusNeedsAttention, v.Status)
			require.Contains(r, v.Sentence, why)
			require.Equal(r, accepts, v.Waiting.Accepts)
		})
	}
	prove(t, []situation{
		{name: "an approval", world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, away("Note"), refundtest.Approve("finance-2")),
				refundtest.At(40*time.Hour, needs("the journal cannot be written", workflows.SignalResolve, workflows.SignalCancel), repaired)},
			ends: refund.StatusSucceeded, also: said("approved by finance-2", "resolved with retry by finance-2")},
		{name: "a rejection", world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, away("Finish"), refundtest.Reject("finance-2")),
				refundtest.At(40*time.Hour, needs("the end (rejected) could not be booked", workflows.SignalResolve, workflows.SignalCancel),
					refundtest.Decide(refund.VerbApprove, "finance-3", refused(workflows.RefusedNow, "came when none was awaited any more")), repaired)},
			ends: refund.StatusRejected, also: both(never, said("finish rejected"))},
		{name: "a cancellation", world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, away("Finish"), refundtest.Cancel("agent-17")),
				refundtest.At(40*time.Hour, needs("the end (cancelled) could not be booked", workflows.SignalResolve, workflows.SignalCancel), repaired)},
			ends: refund.StatusCancelled, also: both(never, said("cancellation asked for by agent-17"))},
	})
}

// TestWhoSpeaksInAnOutageIsAnsweredBeforeItEnds: what cannot be written down now may
// stand for days until a person sees to it. Nobody who asked waits as long.
func TestWhoSpeaksInAnOutageIsAnsweredBeforeItEnds(t *testing.T) {
	heard := func(check func(*run, answered)) (func(*run, answered), refundtest.Do) {
		answers := 0
		return func(r *run, a answered) { answers++; check(r, a) },
			func(r *run) { require.Equal(r, 1, answers, "it was not answered yet") }
	}
	cancelled, cancelAnswered := heard(taken(refund.StatusNeedsAttention, "asked for, and not booked yet: the end (cancelled) could not be booked"))
	judged, verdictAnswered := heard(notTaken("cannot be judged now: the books could not be read or written; resolve it with retry first"))
	prove(t, []situation{
		{name: "a cancellation, which stays asked for", world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, func(r *run) { r.Ledger.Fail("Finish", aDayAway, false) }, cancels(cancelled)),
				refundtest.At(40*time.Hour, stays(refund.StatusNeedsAttention), cancelAnswered, repaired)},
			ends: refund.StatusCancelled, also: never},
		{name: "an approval, which must be said again", world: asks(twoPeople),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, func(r *run) { r.Ledger.Fail("Note", aDayAway, false) }, refundtest.Approve("finance-2")),
				refundtest.At(2*time.Hour, refundtest.Decide(refund.VerbApprove, "finance-3", judged)),
				refundtest.At(39*time.Hour, stays(refund.StatusNeedsAttention), verdictAnswered, repaired),
				refundtest.At(40*time.Hour, awaits(2, "finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded},
	})
}

// sentBehindItsBack: the refund waits, and somebody else has sent it under its number.
func sentBehindItsBack(r *run) {
	account, err := r.Account(refundtest.AccountName)
	require.NoError(r, err)
	_, err = r.Ledger.Hold(r.Context(), ledger.KeyOf(r.Request), r.Now(), account.Limits)
	require.NoError(r, err)
	intentOnly(r)
	paidByHand(r)
}

// TestAVerdictWhileTheBooksAreReadAgainIsAnswered: an end that the books refuse makes the
// refund read them once more, and who decides in this moment would wait for a person.
func TestAVerdictWhileTheBooksAreReadAgainIsAnswered(t *testing.T) {
	prove(t, []situation{{name: "cancelled, but sent", world: asks(refund.ApprovalPolicy{Always: true}), part: true,
		acts: []refundtest.Act{
			refundtest.At(time.Hour, sentBehindItsBack, refundtest.Cancel("agent-17")),
			refundtest.Before(activities.Open, 2, atOnce(verdict(refund.VerbApprove, "finance-3"), notTaken("cannot be judged now"))),
			refundtest.At(5*day, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveRetry))},
		ends: refund.StatusSucceeded}})
}

// TestRetryOfAnEndThatTheBooksRefuseAsksThePlatform: it was sent behind the workflow's back.
// To try the same end again would be in vain; the platform is asked what became of it.
func TestRetryOfAnEndThatTheBooksRefuseAsksThePlatform(t *testing.T) {
	prove(t, []situation{{name: "cancelled, but sent", world: refundtest.Options{Approval: refund.ApprovalPolicy{Always: true}}, part: true,
		acts: []refundtest.Act{
			refundtest.At(time.Hour, sentBehindItsBack, refundtest.Cancel("agent-17")),
			refundtest.At(2*time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusNeedsAttention, v.Status)
				require.Contains(r, v.Sentence, "the end (cancelled) could not be booked")
				require.True(r, v.Attention.MaySent)
				require.Contains(r, v.Attention.Choices[0].Means, "asks the platform what became of it")
				require.Equal(r, []string{workflows.SignalResolve}, v.Waiting.Accepts, "it cannot be cancelled any more")
				require.Zero(r, r.Attempts(findOut))
			}), refundtest.Resolve(refund.ResolveRetry))},
		ends: refund.StatusSucceeded, also: both(took(2*time.Hour, 3*time.Hour), func(t *testing.T, r *run) {
			require.Positive(t, r.Attempts(findOut))
			require.Zero(t, r.Attempts(apply), "the workflow itself never sends")
			require.Less(t, r.Attempts(activities.Finish), 4)
		})}})
}
