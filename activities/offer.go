package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/refundflow/refundflow/ledger"
)

// offer tells those in line who would get on now, the first hundred of each account.
// They were told to come back in the next business day or payout period; what a refund
// that failed or was cancelled gives back before that is announced by nobody else. A
// line that cannot be read, or one refund that cannot be told, stops no other.
func (a *Activities) offer(ctx context.Context, in Page, sum *Reconciled) {
	for _, name := range a.Accounts.Names() {
		account, err := a.Accounts.Account(name)
		if err != nil {
			continue // taken out since the names were read
		}
		ready, err := a.Ledger.Ready(ctx, name, in.Now, account.Limits)
		if err != nil {
			sum.fail(ctx, ledger.Key{Account: name}, err)
			continue
		}
		for _, key := range ready {
			activity.RecordHeartbeat(ctx, key.String())
			if err := a.Workflows.LookAgain(ctx, key); err != nil {
				sum.fail(ctx, key, err)
				continue
			}
			sum.Offered++
		}
	}
}
