package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// offering is Temporal with one refund that runs.
type offering struct {
	gone
	run *run
}

func (o *offering) Running(context.Context, ledger.Key) (bool, error) { return true, nil }

func (o *offering) LookAgain(_ context.Context, k ledger.Key) error {
	o.offered = append(o.offered, k.ID)
	refundtest.Look(o.run)
	return nil
}

// TestBudgetThatIsGivenBackIsUsedInTheSamePeriod: the whole monthly reserve is taken, and
// an hour later given back. Who waits for it was told to come next month.
func TestBudgetThatIsGivenBackIsUsedInTheSamePeriod(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{Limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutMonthly},
		Start: time.Date(2093, 11, 2, 12, 0, 0, 0, refundtest.Shanghai)})
	var early, sum activities.Reconciled
	compare := func(into *activities.Reconciled) refundtest.Do {
		return func(r *run) { *into = compared(w, &offering{run: r}, nil) }
	}
	r := w.Run(w.Full(), refundtest.Before(activities.Hold, 1, rival("Rival", false)),
		refundtest.At(30*time.Minute, compare(&early)),
		refundtest.At(time.Hour, func(r *run) {
			key := ledger.Key{Account: refundtest.AccountName, ID: "Rival"}
			require.NoError(r, r.Ledger.Finish(r.Context(), key, ledger.Ending{Status: ledger.Cancelled, At: r.Now()}))
		}),
		refundtest.At(2*time.Hour, compare(&sum)))
	require.Zero(t, early.Offered, "nothing is free")
	require.Equal(t, 1, sum.Offered)
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
	require.Less(t, r.Took(), 3*time.Hour)
}
