package activities

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Remembered is a refund that has ended, as Temporal has kept it.
type Remembered struct {
	Request refund.Request
	// Opened is when its workflow began.
	Opened  time.Time
	Outcome refund.Outcome
	Now     time.Time
}

// Rebook books the end of a refund again that restored books have forgotten, and reports
// whether they had. A run that never was the refund of its id has no place in the books: one
// with Outcome.Conflict, or that was refused before it was written down and has no
// ProviderNumber.
func Rebook(ctx context.Context, accounts Accounts, books ledger.Ledger, r Remembered) (bool, error) {
	if r.Outcome.Conflict || r.Outcome.ProviderNumber == "" {
		return false, nil
	}
	end, err := Ending{
		Status: r.Outcome.Status, Reason: r.Outcome.Reason, Now: r.Outcome.EndedAt, Refunded: r.Outcome.Amount,
	}.booked()
	if err != nil {
		return false, err
	}
	account, err := accounts.Account(r.Request.Account)
	if err != nil {
		return false, err
	}
	return books.Rebook(ctx, ledger.Opening{
		Request: r.Request, Fingerprint: r.Request.Fingerprint(), Number: r.Outcome.ProviderNumber, Rules: account.Provider.Rules(),
		At: r.Opened, Limits: account.Limits, Approval: account.Approval.For(r.Request), Sent: true,
	}, ledger.Past{Ending: end, PlatformRefundID: r.Outcome.PlatformRefundID, Now: r.Now})
}
