package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// One refund stands before a person for a wrong key. The others, which meet the same wall,
// wait for the repair instead of standing beside it.
func TestWhoMeetsAWallThatIsKnownWaits(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	require.NoError(t, w.Ledger.Flag(t.Context(), refundtest.AccountName, w.Now(), "another refund was refused: "+badSignature))
	w.Fault(answer(opCheck, 10000, badSignature, 3))
	r := w.Run(w.Part())
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	require.NotContains(t, r.Passed(), refund.StatusNeedsAttention)
	require.Equal(t, 4, r.Attempts(activities.CheckOrder))
}

// A whole order that shows a refund is not given back once more, unless the refund is this
// one and only the books have forgotten it.
func TestAForgottenRefundOfAWholeOrderIsNotTakenForSomebodyElses(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Sandbox: control.BaiduSettings{}})
	request := w.Full()
	require.Equal(t, refund.StatusSucceeded, w.Run(request).Outcome.Status)
	w.ForgetBooks()
	_, err := w.Ledger.Restored(t.Context(), w.Now(), w.Now().Add(day))
	require.NoError(t, err)
	again := w.Run(request)
	require.Equal(t, refund.StatusSucceeded, again.Outcome.Status, again.Outcome.Reason)
	require.NotContains(t, again.Passed(), refund.StatusNeedsAttention)
	require.Equal(t, 1, again.Count(opApply))
}
