package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Open writes the refund down, or finds it written: the permanent register
// remembers an id long after Temporal has forgotten it. Provider rules that
// need no network are checked here, where a refusal costs nothing.
func (a *Activities) Open(ctx context.Context, in Opening) (Plan, error) {
	account, err := a.Accounts.Account(in.Request.Account)
	if err == nil {
		err = account.Provider.Validate(in.Request)
	}
	if err != nil {
		return a.refused(ctx, ledger.KeyOf(in.Request), err)
	}
	rules := account.Provider.Rules()
	opened, err := a.Ledger.Open(ctx, ledger.Opening{
		Request: in.Request, Fingerprint: in.Request.Fingerprint(), Rules: rules, At: in.Now,
		Number: refund.ProviderNumber(in.Request.Account, account.NumberPrefix, in.Request.ID, rules.Number),
	})
	if err != nil {
		return Plan{}, translate(ctx, Open, err)
	}
	plan := Plan{Refused: opened.Refused, Record: opened.Record, Rules: rules, Queue: account.Queue}
	if limit := account.ApproveAbove; limit != nil && in.Request.Amount > *limit {
		plan.Approval = fmt.Sprintf("%s is above the %s that account %s pays without asking",
			in.Request.Amount, *limit, account.Name)
	}
	return plan, nil
}

// refused is for a request that the configuration of today has no place for. A
// refund that is written down already may have been sent: to it that is no
// answer, and a person must look.
func (a *Activities) refused(ctx context.Context, key ledger.Key, why error) (Plan, error) {
	record, err := a.Ledger.Refund(ctx, key)
	switch {
	case errors.Is(err, ledger.ErrUnknown):
		return Plan{Refused: "the refund cannot be made here: " + why.Error()}, nil
	case err != nil:
		return Plan{}, err
	case record.Status != ledger.Open:
		return Plan{Record: &record}, nil // it ended long ago; who asks again is told how
	}
	return Plan{}, translate(ctx, Open, &refund.Failure{
		Class: refund.ClassMisconfigured, RequestOnly: true, Op: Open, Code: "configuration", Message: refund.CleanText(why.Error()),
		Hint: "it was begun under another configuration: bring that back, then resolve it with retry",
	})
}

// Hold takes the amount from today's cap and from the reserve, and the order's
// turn, under the limits as they are configured now.
func (a *Activities) Hold(ctx context.Context, in Step) (ledger.Hold, error) {
	account, err := a.Accounts.Account(in.Key.Account)
	if err != nil {
		return ledger.Hold{}, err
	}
	hold, err := a.Ledger.Hold(ctx, in.Key, in.Now, account.Limits)
	return hold, translate(ctx, Hold, err)
}

// Finish ends the refund in the books in any way but the provider's success,
// which [Activities.AwaitResult] books itself.
func (a *Activities) Finish(ctx context.Context, in Ending) error {
	status, ok := map[refund.Status]ledger.Status{
		refund.StatusSucceeded: ledger.Succeeded, refund.StatusFailed: ledger.Failed,
		refund.StatusRejected: ledger.Rejected, refund.StatusCancelled: ledger.Cancelled,
	}[in.Status]
	if !ok {
		return fmt.Errorf("status %q does not end a refund", in.Status)
	}
	return translate(ctx, Finish, a.Ledger.Finish(ctx, in.Key, ledger.Ending{
		Status: status, Reason: in.Reason, At: in.Now, By: in.By, Refunded: in.Refunded,
	}))
}

// Note adds a line to the journal: a decision, a refused signal.
func (a *Activities) Note(ctx context.Context, in Line) error {
	return a.Ledger.Note(ctx, in.Key, in.Now, in.Step, in.Text)
}

// Flag marks the account as misconfigured, so that no other refund runs into
// the same wall.
func (a *Activities) Flag(ctx context.Context, in Line) error {
	return a.Ledger.Flag(ctx, in.Key.Account, in.Now, in.Text)
}

// Unflag takes away the mark that Flag set.
func (a *Activities) Unflag(ctx context.Context, in Line) error {
	return a.Ledger.Unflag(ctx, in.Key.Account, in.Now, in.Text)
}
