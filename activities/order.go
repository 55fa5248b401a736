package activities

import (
	"context"
	"errors"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

// CheckOrder asks the provider whether the order is paid and verified.
func (a *Activities) CheckOrder(ctx context.Context, in Step) (providers.OrderState, error) {
	record, account, err := a.refundOf(ctx, in.Key)
	if err != nil {
		return providers.OrderState{}, translate(ctx, CheckOrder, err)
	}
	state, err := account.Provider.OrderState(ctx, record.Request.Order)
	return state, translate(ctx, CheckOrder, err)
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
