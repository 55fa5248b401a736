package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Books that show a refund as open which its workflow has ended come from a backup: the end
// is what happened, and to begin it anew would pay what people cancelled.
func TestAnEndThatTheBooksHaveForgottenIsBookedAgainAndNotBegunAnew(t *testing.T) {
	for name, c := range map[string]struct {
		outcome refund.Outcome
		steps   []string
		books   ledger.Status
	}{
		"cancelled":              {refund.Outcome{Status: refund.StatusCancelled}, nil, ledger.Cancelled},
		"rejected":               {refund.Outcome{Status: refund.StatusRejected}, nil, ledger.Rejected},
		"failed":                 {refund.Outcome{Status: refund.StatusFailed}, sent, ledger.Failed},
		"paid":                   {refund.Outcome{Status: refund.StatusSucceeded, Amount: 3050, PlatformRefundID: "149"}, sent[:1], ledger.Succeeded},
		"paid in another way":    {refund.Outcome{Status: refund.StatusSucceeded, Amount: 3000}, nil, ledger.Succeeded},
		"never written down":     {refund.Outcome{Status: refund.StatusFailed, ProviderNumber: "-"}, nil, ledger.Open},
		"never the refund of it": {refund.Outcome{Status: refund.StatusFailed, Conflict: true}, nil, ledger.Open},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, refundtest.Options{})
			d.refund("R1", nil, c.steps...)
			d.Pass(time.Hour)
			end := c.outcome
			end.Reason, end.EndedAt = "as it was", d.Now().Add(-time.Minute)
			switch end.ProviderNumber {
			case "":
				end.ProviderNumber = d.record().Number
			default:
				end.ProviderNumber = ""
			}
			d.ended["R1"] = &end
			if c.books == ledger.Open { // what the client never tells of changes nothing here
				require.Equal(t, activities.Reconciled{Looked: 1}, d.page().Reconciled)
				require.Equal(t, ledger.Open, d.record().Status)
				return
			}
			got := d.page().Reconciled
			require.Equal(t, 1, got.Rebooked)
			require.Zero(t, got.Resumed)
			require.Len(t, got.Odd, 1)
			require.Contains(t, got.Odd[0].What, "booked again from Temporal's record of its end")
			r := d.record()
			require.Equal(t, c.books, r.Status)
			require.Equal(t, "as it was", r.Reason)
			require.Equal(t, end.Amount, r.Refunded)
			require.Equal(t, activities.Reconciled{}, d.page().Reconciled, "once")
			require.Empty(t, d.resumed)
			wrong, err := d.Ledger.Audit(d.Context())
			require.NoError(t, err)
			require.Empty(t, wrong)
		})
	}
}

func TestAnEndOfAnAccountThatWasTakenOutIsLeftForLater(t *testing.T) {
	d := newDesk(t, refundtest.Options{})
	d.refund("R1", nil)
	d.Pass(time.Hour)
	d.ended["R1"] = &refund.Outcome{Status: refund.StatusCancelled, ProviderNumber: d.record().Number, EndedAt: d.Now()}
	d.Configure(func(*activities.Account) *activities.Account { return nil })
	require.Equal(t, activities.Reconciled{Looked: 1, Failures: 1}, d.page().Reconciled)
	require.Empty(t, d.resumed)
}
