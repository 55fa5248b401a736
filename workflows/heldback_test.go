package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// One refund stands before a person for a wrong key. The others, which meet the same wall,
// wait for the repair instead of standing beside it; for an hour, since it may be that
// nobody stands there any more.
func TestWhoMeetsAWallThatIsKnownWaits(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	wall := flag(w)
	w.Fault(answer(opCheck, 10000, badSignature, 3))
	r := w.Run(w.Request("R2", w.Order(9800), 3050))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
	require.NotContains(t, r.Passed(), refund.StatusNeedsAttention)
	require.Equal(t, 4, r.Attempts(activities.CheckOrder))

	require.NoError(t, w.Ledger.Flag(t.Context(), refundtest.AccountName, w.Now(), wall))
	w.Fault(answer(opCheck, 10000, badSignature, forEver))
	w.Run(w.Request("R3", w.Order(9800), 3050), refundtest.At(30*time.Minute, stays(refund.StatusCheckingOrder)),
		refundtest.At(2*time.Hour, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveFailed)))
}

// Another wall is another one's to repair.
func TestWhoMeetsAnotherWallStandsBeforeAPerson(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	require.NoError(t, w.Ledger.Flag(t.Context(), refundtest.AccountName, w.Now(), "the certificate has expired"))
	w.Fault(answer(opCheck, 10000, badSignature, 1))
	r := w.Run(w.Part(), refundtest.At(time.Minute, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveRetry)))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
}

// flag makes a refund meet a wall and fail, and puts the flag up again that it left: that of
// one which stands before a person.
func flag(w *refundtest.World) string {
	wall := ""
	w.Fault(answer(opCheck, 10000, badSignature, 1))
	w.Run(w.Part(), refundtest.At(time.Minute, func(r *run) {
		usage, err := w.Ledger.Usage(r.Context(), refundtest.AccountName, r.Now(), ledger.Limits{Zone: refundtest.Shanghai})
		require.NoError(r, err)
		wall = usage.Flagged
	}, refundtest.Resolve(refund.ResolveFailed)))
	require.NotEmpty(w, wall)
	require.NoError(w, w.Ledger.Flag(w.Context(), refundtest.AccountName, w.Now(), wall))
	return wall
}
