package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Books that were restored from before the refund was opened know nothing of it. It
// stands before a person at once, who is told what may have happened, and going on
// asks the platform before anything is sent.
func TestARefundThatTheBooksForgotIsPaidOnce(t *testing.T) {
	t.Parallel()
	forget := func(r *run) { r.ForgetBooks() }
	for name, c := range map[string]struct {
		forget  refundtest.Act
		maySent bool
	}{
		"before it asked for budget":    {refundtest.After(activities.CheckOrder, 1, forget), false},
		"before it was sent":            {refundtest.Before(activities.Apply, 1, forget), true}, // nobody can know
		"after it was accepted":         {refundtest.After(activities.Apply, 1, forget), true},
		"while it waits for its result": {refundtest.Before(activities.AwaitResult, 2, forget), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Sandbox: control.BaiduSettings{SettleAfter: control.Duration(30 * time.Minute)}})
			r := w.Run(w.Part(), c.forget, refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
				require.Contains(r, v.Sentence, "the books do not know this refund")
				require.Equal(r, c.maySent, v.Attention.MaySent)
			}), refundtest.Resolve(refund.ResolveRetry)))
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
		})
	}
}

// When Temporal has forgotten it as well, whoever asks for it again starts it anew.
func TestARefundThatEverybodyForgotIsPaidOnce(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	request := w.Part()
	require.Equal(t, refund.StatusSucceeded, w.Run(request).Outcome.Status)

	w.ForgetBooks()
	_, err := w.Ledger.Restored(t.Context(), w.Now(), w.Now().Add(day))
	require.NoError(t, err)
	again := w.Run(request)
	require.Equal(t, refund.StatusSucceeded, again.Outcome.Status, again.Outcome.Reason)
	require.Equal(t, 1, again.Count("applyOrderRefund"), "it was asked for, and found")
}
