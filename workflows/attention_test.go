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
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

func actions(a *refund.Attention) (all []refund.ResolveAction) {
	for _, c := range a.Choices {
		all = append(all, c.Action)
	}
	return all
}

func TestTheViewTellsAPersonEverythingTheyNeed(t *testing.T) {
	every := []refund.ResolveAction{refund.ResolveRetry, refund.ResolveSucceeded, refund.ResolveFailed}
	shows := func(check func(*run, refund.View)) []refundtest.Act {
		return []refundtest.Act{refundtest.At(48*time.Hour, refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusNeedsAttention, v.Status)
			require.Equal(r, refund.WaitPerson, v.Waiting.For)
			require.NotEmpty(r, v.Attention.Reason)
			require.Contains(r, v.Sentence, v.Attention.Reason)
			check(r, v)
		}))}
	}
	prove(t, []situation{
		{name: "nothing was sent: nothing to look for, and it can be cancelled", part: true, faults: []control.Fault{answer(opCheck, 77777, "?", forEver)},
			acts: shows(func(r *run, v refund.View) {
				require.Equal(r, every, actions(v.Attention))
				require.False(r, v.Attention.MaySent)
				require.Empty(r, v.Attention.LookFor)
				require.Contains(r, v.Attention.Choices[0].Means, "nothing was sent yet")
				require.Equal(r, []string{workflows.SignalResolve, workflows.SignalCancel}, v.Waiting.Accepts)
			}), stands: "77777", ends: refund.StatusFailed},
		{name: "it may have been sent: the numbers to look for, and what each choice means", faults: []control.Fault{lost(opApply, control.Before, forEver)},
			acts: shows(func(r *run, v refund.View) {
				require.Equal(r, every, actions(v.Attention))
				require.True(r, v.Attention.MaySent)
				require.True(r, v.Attention.VerificationCancelled)
				for _, wanted := range []string{"refund R1 of ¥98.00 at baidu", r.Request.Order.PlatformID, r.Request.Order.MerchantID} {
					require.Contains(r, v.Attention.LookFor, wanted)
				}
				require.Contains(r, v.Attention.Choices[0].Means, "asks the platform what became of it")
				require.Contains(r, v.Attention.Choices[2].Means, "neither paid it nor will")
				require.Contains(r, v.Attention.Choices[2].Means, "without its verification")
				require.Equal(r, []string{workflows.SignalResolve}, v.Waiting.Accepts)
				require.NotEmpty(r, v.Attention.Hint)
			}), stands: "nobody could find out", ends: refund.StatusFailed},
		{name: "the books cannot be read: there is one way", acts: append(shows(func(r *run, v refund.View) {
			require.Equal(r, []refund.ResolveAction{refund.ResolveRetry}, actions(v.Attention))
			refundtest.Decide(refund.VerbApprove, "finance-2", refused(workflows.RefusedNow, "resolve it with retry first"))(r)
			r.Ledger.Repair()
			refundtest.Resolve(refund.ResolveRetry)(r)
		}), refundtest.Before(activities.Open, 1, func(r *run) { r.Ledger.Fail("Open", 100_000, false) })), ends: refund.StatusSucceeded},
	})
}

func TestADoubtHasADeadlineAndSaysHowItIsSettled(t *testing.T) {
	doubt := func(how string) []refundtest.Act {
		return []refundtest.Act{refundtest.Before(findOut, 1, refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusInDoubt, v.Status)
			require.Equal(r, refund.WaitAnswer, v.Waiting.For)
			require.Contains(r, v.Waiting.Why, how)
			require.Equal(r, day, v.Waiting.Until.Sub(v.Since))
			_, reserve := r.Used()
			require.Equal(r, r.Request.Amount, reserve, "its money stays reserved")
		}))}
	}
	prove(t, []situation{
		{name: "asked by number", faults: []control.Fault{lost(opApply, control.After, 1)}, acts: doubt("asking baidu for refund R1"), ends: refund.StatusSucceeded},
		{name: "asked by order", world: refundtest.Options{CashierOnly: true}, faults: []control.Fault{lost(opApply, control.After, 1)},
			acts: doubt("what the order looks like"), ends: refund.StatusSucceeded},
	})
}

// told is the platform's own word, as a notification brings it.
func told(w *refundtest.World, state providers.ResultState, amount refund.Fen) {
	err := w.Ledger.Testify(w.Context(), ledger.Key{Account: refundtest.AccountName, ID: "R1"}, ledger.Evidence{
		State: state, Amount: amount, At: w.Now(), Source: "notification",
	})
	require.Error(w, err, "it contradicts the books")
}

func TestALateContradictionIsAnAlertThatAPersonTakesAway(t *testing.T) {
	t.Parallel()
	byHand := []refundtest.Act{refundtest.At(48*time.Hour, refundtest.Resolve(refund.ResolveFailed))}
	for _, c := range []struct {
		name   string
		faults []control.Fault
		first  []refundtest.Act
		ended  refund.Status
		says   providers.ResultState
		truth  refund.ResolveAction
		ends   refund.Status
		// proven is what the platform said it gave back: it counts in what is left of the
		// order, whatever a person says.
		proven refund.Fen
	}{
		{name: "paid after it was given up: booked as succeeded", faults: []control.Fault{lost(opApply, control.Before, forEver)}, first: byHand,
			ended: refund.StatusFailed, says: providers.ResultSucceeded, truth: refund.ResolveSucceeded, ends: refund.StatusSucceeded},
		{name: "paid after it was given up, but that is wrong", faults: []control.Fault{lost(opApply, control.Before, forEver)}, first: byHand,
			ended: refund.StatusFailed, says: providers.ResultSucceeded, truth: refund.ResolveFailed, ends: refund.StatusFailed, proven: 3050},
		{name: "failed after it had succeeded", ended: refund.StatusSucceeded, says: providers.ResultFailed, truth: refund.ResolveFailed, ends: refund.StatusFailed},
		{name: "failed after it had succeeded, but that is wrong", ended: refund.StatusSucceeded, says: providers.ResultFailed, truth: refund.ResolveSucceeded, ends: refund.StatusSucceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			request := w.Part()
			for _, f := range c.faults {
				w.Fault(f)
			}
			require.Equal(t, c.ended, w.Run(request, c.first...).Outcome.Status)
			w.Pass(day)
			told(w, c.says, request.Amount)

			again := w.Begin(request, refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusNeedsAttention, v.Status)
				require.Contains(r, v.Sentence, "and then the platform said otherwise")
				require.Equal(r, []refund.ResolveAction{refund.ResolveSucceeded, refund.ResolveFailed}, actions(v.Attention))
				require.Contains(r, v.Attention.LookFor, "refund R1")
			}),
				refundtest.Update(workflows.UpdateResolve, refund.Resolution{Action: refund.ResolveRetry, By: "ops"}, refused(workflows.RefusedNow, "not tried again")),
				refundtest.Cancel("agent-17"), refundtest.Resolve(c.truth)))
			outcome, _ := again.Result()
			require.Equal(t, c.ends, outcome.Status)
			record, err := w.Ledger.Refund(t.Context(), ledger.KeyOf(request))
			require.NoError(t, err)
			require.Equal(t, ledger.Status(c.ends), record.Status)
			require.Empty(t, record.Alert)
			require.Equal(t, max(outcome.Amount, c.proven), record.Refunded)
			wrong, err := w.Ledger.Audit(t.Context())
			require.NoError(t, err)
			require.Empty(t, wrong)

			same, _ := w.Begin(request).Result()
			require.Equal(t, c.ends, same.Status, "who asks again is told the amended end")
		})
	}
}
