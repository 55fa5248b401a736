package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
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
		return a.refused(ctx, in, err)
	}
	rules := account.Provider.Rules()
	opened, err := a.Ledger.Open(ctx, ledger.Opening{
		Request: in.Request, Fingerprint: in.Request.Fingerprint(), Rules: rules, At: in.Now,
		Number: refund.ProviderNumber(in.Request.Account, account.NumberPrefix, in.Request.ID, rules.Number),
		Limits: account.Limits, Approval: account.Approval.For(in.Request), Sent: in.Sent,
	})
	if err != nil {
		return Plan{}, translate(ctx, Open, err)
	}
	return Plan{
		Refused: opened.Refused, Conflict: opened.Conflict, Record: opened.Record, Outlook: opened.Outlook,
		Version: in.Version, Rules: rules, Queue: account.Queue, Inline: account.Inline,
		Approval: approvalOf(opened.Record, account.Approval.For(in.Request)), ApprovedBy: opened.ApprovedBy, Budget: account.Budget,
	}, nil
}

// approvalOf is what was demanded when the refund was opened: a policy that has
// changed since asks no more of it, and no less.
func approvalOf(r *ledger.Record, now refund.Approval) refund.Approval {
	if r == nil || r.Approval == nil {
		return now
	}
	return *r.Approval
}

// refused is for a request that the configuration of today has no place for. A
// refund that is written down already may have been sent: to it that is no
// answer, and a person must look.
func (a *Activities) refused(ctx context.Context, in Opening, why error) (Plan, error) {
	record, err := a.Ledger.Refund(ctx, ledger.KeyOf(in.Request))
	switch {
	case errors.Is(err, ledger.ErrUnknown):
		return Plan{Refused: "the refund cannot be made here: " + why.Error(), Version: in.Version}, nil
	case err != nil:
		return Plan{}, err
	case record.Status != ledger.Open:
		// It ended long ago; who asks again is told how, and an alert can be resolved.
		return Plan{
			Record: &record, Version: in.Version, Rules: providers.Rules{Provider: record.Provider}, Approval: approvalOf(&record, refund.Approval{}),
		}, nil
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
	hold, err := a.Ledger.Hold(ctx, in.Key, in.Now, account.limits(in))
	return hold, translate(ctx, Hold, err)
}

// Finish ends the refund in the books in any way but the provider's success,
// which [Activities.AwaitResult] books itself.
func (a *Activities) Finish(ctx context.Context, in Ending) error {
	end, err := in.booked()
	if err != nil {
		return err
	}
	return translate(ctx, Finish, a.Ledger.Finish(ctx, in.Key, end))
}

// Amend books what a person knows about a refund whose end the platform has
// contradicted.
func (a *Activities) Amend(ctx context.Context, in Ending) error {
	end, err := in.booked()
	if err != nil {
		return err
	}
	return translate(ctx, Amend, a.Ledger.Amend(ctx, in.Key, end))
}

// booked is the ending in the words of the books.
func (e Ending) booked() (ledger.Ending, error) {
	status, ok := map[refund.Status]ledger.Status{
		refund.StatusSucceeded: ledger.Succeeded, refund.StatusFailed: ledger.Failed,
		refund.StatusRejected: ledger.Rejected, refund.StatusCancelled: ledger.Cancelled,
	}[e.Status]
	if !ok {
		return ledger.Ending{}, fmt.Errorf("status %q does not end a refund", e.Status)
	}
	return ledger.Ending{Status: status, Reason: e.Reason, At: e.Now, By: e.By, Refunded: e.Refunded}, nil
}

// VerifySeal says why a signed decision is not to be taken, or "". The keys are
// those of the configuration now; a signature counts once, so that a decision that
// was seen in a history cannot be sent again for another question.
func (a *Activities) VerifySeal(ctx context.Context, in Seal) (string, error) {
	account, err := a.Accounts.Account(in.Account)
	if err != nil {
		return "its signature cannot be checked: " + err.Error(), nil
	}
	if err := in.Verify(in.Signature, account.DecisionKeys, in.Now); err != nil {
		return err.Error(), nil
	}
	ours, err := a.Ledger.SpendSeal(ctx, ledger.Key{Account: in.Account, ID: in.ID}, in.Now, in.Signature, in.Claim)
	if err != nil || ours {
		return "", translate(ctx, VerifySeal, err)
	}
	return "its signature was used before, and counts once: sign it anew", nil
}

// Note adds a line to the journal: a decision, a refused signal. An approval is
// remembered besides, for a workflow that has to be begun anew.
func (a *Activities) Note(ctx context.Context, in Line) error {
	if err := a.Ledger.Note(ctx, in.Key, in.Now, in.Step, in.Text); err != nil || in.ApprovedBy == "" {
		return translate(ctx, Note, err)
	}
	err := a.Ledger.Approve(ctx, in.Key, in.Now, in.ApprovedBy)
	var ended *ledger.ContradictionError
	if errors.As(err, &ended) {
		return nil // it has ended in the meantime: nobody needs the approval any more
	}
	return translate(ctx, Note, err)
}

// Flag marks the account as misconfigured, so that no other refund runs into
// the same wall.
func (a *Activities) Flag(ctx context.Context, in Line) error {
	return translate(ctx, Flag, a.Ledger.Flag(ctx, in.Key.Account, in.Now, in.Text))
}

// Unflag takes away the mark that Flag set.
func (a *Activities) Unflag(ctx context.Context, in Line) error {
	return translate(ctx, Unflag, a.Ledger.Unflag(ctx, in.Key.Account, in.Now, in.Text))
}
