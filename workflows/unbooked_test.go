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

// TestRetryOfAnEndThatTheBooksRefuseAsksThePlatform: it was sent behind the workflow's back.
// To try the same end again would be in vain; the platform is asked what became of it.
func TestRetryOfAnEndThatTheBooksRefuseAsksThePlatform(t *testing.T) {
	prove(t, []situation{{name: "cancelled, but sent", world: refundtest.Options{Approval: refund.ApprovalPolicy{Always: true}}, part: true,
		acts: []refundtest.Act{
			refundtest.At(time.Hour, func(r *run) {
				account, err := r.Account(refundtest.AccountName)
				require.NoError(r, err)
				_, err = r.Ledger.Hold(r.Context(), ledger.KeyOf(r.Request), r.Now(), account.Limits)
				require.NoError(r, err)
				intentOnly(r)
				paidByHand(r)
			}, refundtest.Cancel("agent-17")),
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
