package activities

import (
	"context"
	"errors"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// CheckOrder asks the provider whether the order is paid and verified.
func (a *Activities) CheckOrder(ctx context.Context, in Step) (providers.OrderState, error) {
	record, account, err := a.refundOf(ctx, in.Key)
	if err != nil {
		return providers.OrderState{}, translate(ctx, CheckOrder, err)
	}
	state, err := account.Provider.OrderState(ctx, record.Request.Order)
	if err == nil && record.AskFirst {
		state, err = withoutOwn(ctx, record, account, state)
	}
	return state, translate(ctx, CheckOrder, a.heldBack(ctx, in, account, err))
}

// withoutOwn takes the refund itself out of what the order shows: books that were restored
// may have forgotten that it was made, and it must not be taken for somebody else's.
func withoutOwn(ctx context.Context, r ledger.Record, account Account, state providers.OrderState) (providers.OrderState, error) {
	if !given(state.Refund) || account.Provider.Rules().Query != providers.QueryByNumber {
		return state, nil
	}
	own, err := account.Provider.Query(ctx, instruction(r))
	if err == nil && given(own.State) {
		state.Refund = ""
	}
	return state, err
}

func given(s providers.ResultState) bool {
	return s == providers.ResultProcessing || s == providers.ResultSucceeded
}

// heldBackFor is how long a refund waits for the repair that another one waits for: it may be
// that nobody stands before a person any more.
const heldBackFor = time.Hour

// heldBack makes a refund wait that meets the same wall as another one, which stands before
// a person for the whole account: it asks again now and then, until that is repaired.
func (a *Activities) heldBack(ctx context.Context, in Step, account Account, err error) error {
	var f *refund.Failure
	if !errors.As(err, &f) || f.Class != refund.ClassMisconfigured || f.RequestOnly {
		return err
	}
	usage, away := a.Ledger.Usage(ctx, in.Key.Account, now(ctx, in.Now), account.Limits)
	if away != nil || usage.Flagged != f.Error() || waited(ctx) >= heldBackFor {
		return err
	}
	return &refund.Failure{
		Class: refund.ClassTransient, Op: f.Op, Code: f.Code, RetryAfter: longestPause,
		Message: "the account's refunds are held back: " + f.Message,
		Hint:    "repair the account and resolve the refund that needs attention for it; this one goes on by itself",
	}
}

// CancelVerification cancels the order's verification, which has no inverse.
// When an earlier attempt may have arrived, it looks at the order before it
// calls again.
func (a *Activities) CancelVerification(ctx context.Context, in Step) (Cancelled, error) {
	cancelled, err := a.cancelVerification(ctx, in)
	return cancelled, translate(ctx, CancelVerification, err)
}

func (a *Activities) cancelVerification(ctx context.Context, in Step) (Cancelled, error) {
	record, account, err := a.refundOf(ctx, in.Key)
	if err != nil {
		return Cancelled{}, inDoubt(record.Verification, err)
	}
	canceller, able := account.Provider.(providers.VerificationCanceller)
	if !able {
		return Cancelled{}, errors.New("the provider's rules ask for cancelling verifications, but it cannot: a program error")
	}
	at := now(ctx, in.Now)
	switch record.Verification {
	case ledger.Done:
		return Cancelled{}, nil
	case ledger.Begun:
		state, err := account.Provider.OrderState(ctx, record.Request.Order)
		if err != nil {
			return Cancelled{}, inDoubt(record.Verification, err)
		}
		if state.Asked && !state.Verified {
			return Cancelled{}, a.Ledger.EndCancel(ctx, in.Key, at, true, "the platform shows the order as not verified")
		}
	case ledger.NotBegun:
	}
	hold, err := a.Ledger.BeginCancel(ctx, in.Key, at, account.limits(in))
	if err != nil {
		return Cancelled{}, err
	}
	if !hold.Granted {
		return Cancelled{Hold: &hold}, nil
	}
	err = canceller.CancelVerification(ctx, record.Request.Order)
	switch {
	case err == nil:
		return Cancelled{}, a.Ledger.EndCancel(ctx, in.Key, at, true, "cancelled by the platform")
	case mayHaveHappened(err):
		return Cancelled{}, err // it may have happened: the intent stays, and whoever goes on looks first
	case record.Verification == ledger.Begun:
		return Cancelled{}, inDoubt(ledger.Begun, err) // says nothing of the earlier call
	}
	return Cancelled{}, errors.Join(err, a.Ledger.EndCancel(ctx, in.Key, at, false, err.Error()))
}
