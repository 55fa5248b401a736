package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// saysFailed is the platform's own word while the refund is open.
func saysFailed(r *run) {
	require.NoError(r, r.Ledger.Testify(r.Context(), key(r), ledger.Evidence{State: providers.ResultFailed, At: r.Now(), Source: "notification"}))
}

// TestAPlatformThatContradictsItselfIsForAPersonOnce: a notification says failed, and then
// the answer to our question says succeeded. The money counts as given back until a person
// says which is true, and then nobody is asked again.
func TestAPlatformThatContradictsItselfIsForAPersonOnce(t *testing.T) {
	t.Parallel()
	for _, truth := range []refund.ResolveAction{refund.ResolveSucceeded, refund.ResolveFailed} {
		t.Run(string(truth), func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			request := w.Part()
			r := w.Begin(request, refundtest.Before(await, 1, saysFailed),
				refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, refund.StatusNeedsAttention, v.Status)
					require.Contains(r, v.Sentence, "it ended as succeeded")
					require.Contains(r, v.Sentence, "and then the platform said otherwise")
					require.Equal(r, []refund.ResolveAction{refund.ResolveSucceeded, refund.ResolveFailed}, actions(v.Attention))
					require.Contains(r, v.Attention.LookFor, "refund R1 of ¥30.50")
					require.Equal(r, []string{workflows.SignalResolve}, v.Waiting.Accepts)
				}),
					refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveRetry, By: "ops"}, refused(workflows.RefusedNow, "not tried again")),
					refundtest.Update(workflows.UpdateCancel, refund.Decision{By: "ops"}, refused(workflows.RefusedNow, "the refund has ended")),
					notified, takes(truth)))
			outcome, view := r.Result()
			require.Nil(t, r.Stood)
			require.Equal(t, string(truth), string(outcome.Status))
			require.Equal(t, 1, r.Scheduled(await), "what the platform says twice over is not asked a third time")
			require.NotContains(t, texts(view), "something was heard that may change this: looks again")
			record, err := w.Ledger.Refund(t.Context(), ledger.KeyOf(request))
			require.NoError(t, err)
			require.Equal(t, ledger.Status(truth), record.Status)
			require.Empty(t, record.Alert, "the person has decided")

			w.Pass(time.Hour)
			side := &gone{}
			require.Zero(t, compared(w, side, nil).Resumed, "the reconciler finds nothing that is to be decided")
			require.Empty(t, side.resumed)
			same, _ := w.Begin(request).Result()
			require.Equal(t, outcome.Status, same.Status)
		})
	}
}

// Two words of the platform before anybody has asked: there is no end that could be booked.
func TestTwoEndsThatThePlatformReportedAreNotChosenFrom(t *testing.T) {
	prove(t, []situation{{name: "notified of both", part: true, acts: []refundtest.Act{refundtest.Before(await, 1, func(r *run) {
		saysFailed(r)
		require.Error(r, r.Ledger.Testify(r.Context(), key(r), ledger.Evidence{State: providers.ResultSucceeded, Amount: 3050, At: r.Now(), Source: "notification"}))
	}), refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
		require.Equal(r, refund.StatusNeedsAttention, v.Status)
		require.Contains(r, v.Sentence, "reported two different ends")
		require.Contains(r, v.Attention.Hint, "the platform's console")
	}), takes(refund.ResolveSucceeded))}, ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)}})
}

// TestAnAlertIsForResolveAlone: a refund that has ended takes no decision and cannot be
// cancelled, even by who speaks before its books are read.
func TestAnAlertIsForResolveAlone(t *testing.T) {
	t.Parallel()
	early := func(do refundtest.Do) refundtest.Act { return refundtest.Before(activities.Open, 1, do) }
	late := func(do refundtest.Do) refundtest.Act { return refundtest.At(time.Hour, do) }
	for _, c := range []struct {
		name, text string
		when       func(refundtest.Do) refundtest.Act
		says       func(check func(*run, answered)) refundtest.Do
	}{
		{"an early approval", "came when none was awaited any more", early, verdict(refund.VerbApprove, "finance-2")},
		{"an early rejection", "came when no decision was awaited any more", early, verdict(refund.VerbReject, "finance-2")},
		{"an early cancellation", "cancellation by agent-17 refused: the refund has ended", early, cancels},
		{"a late approval", "came when none was awaited any more", late, verdict(refund.VerbApprove, "finance-2")},
		{"a late cancellation", "cancellation by agent-17 refused: the refund has ended", late, cancels},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, approved)
			request := w.Full()
			require.Equal(t, refund.StatusRejected, w.Run(request, refundtest.At(time.Hour, refundtest.Reject("finance-2"))).Outcome.Status)
			w.Pass(day)
			told(w, providers.ResultSucceeded, request.Amount)
			heard := false
			again := w.Begin(request, c.when(atOnce(c.says, func(r *run, a answered) {
				heard = true
				notTaken(c.text)(r, a)
			})), refundtest.At(9*day, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveSucceeded)))
			outcome, _ := again.Result()
			require.Equal(t, refund.StatusSucceeded, outcome.Status)
			require.True(t, heard, "it was never answered")
		})
	}
}

// TestASecondRefundIsNotSentOnceTheFirstIsProven: of ¥98.00 a refund of ¥60.00 was given up,
// and ¥60.00 are asked for anew and wait for approval. Then the platform proves that the
// first ¥60.00 were paid: both are more than the order.
func TestASecondRefundIsNotSentOnceTheFirstIsProven(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Approval: refund.ApprovalPolicy{Always: true}})
	request := w.Full()
	request.Amount = 6000
	first := w.Request("First", request.Order, 6000)
	givenUp(w, first)
	r := w.Begin(request,
		refundtest.At(time.Hour, func(r *run) {
			require.Error(r, r.Ledger.Testify(r.Context(), ledger.KeyOf(first), ledger.Evidence{
				State: providers.ResultSucceeded, PlatformRefundID: "P1", Amount: 6000, At: r.Now(), Source: "notification"}), "it contradicts the books")
		}),
		refundtest.At(2*time.Hour, refundtest.Approve("finance-2")),
		refundtest.At(3*time.Hour, refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusNeedsAttention, v.Status)
			require.False(r, v.Irreversible)
			require.Contains(r, v.Waiting.Accepts, workflows.SignalCancel)
		}), refundtest.Look),
		refundtest.At(4*time.Hour, stays(refund.StatusNeedsAttention), refundtest.Cancel("agent-17")))
	outcome, _ := r.Result()
	require.Equal(t, refund.StatusCancelled, outcome.Status)
	require.Zero(t, r.Sent(request.Order))
	wrong, err := w.Ledger.Audit(t.Context())
	require.NoError(t, err)
	require.Empty(t, wrong)
}

// givenUp was sent, and a person closed it as failed.
func givenUp(w *refundtest.World, r refund.Request) {
	account, err := w.Account(refundtest.AccountName)
	require.NoError(w, err)
	_, err = w.Ledger.Open(w.Context(), ledger.Opening{Request: r, Fingerprint: r.Fingerprint(), Number: r.ID, Rules: account.Provider.Rules(), At: w.Now()})
	require.NoError(w, err)
	permit, err := w.Ledger.BeginSend(w.Context(), ledger.KeyOf(r), w.Now(), account.Limits)
	require.NoError(w, err)
	require.True(w, permit.Send)
	require.NoError(w, w.Ledger.Finish(w.Context(), ledger.KeyOf(r), ledger.Ending{Status: ledger.Failed, Reason: "reported", By: "finance-2", At: w.Now()}))
}
