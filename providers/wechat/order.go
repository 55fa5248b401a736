package wechat

import (
	"context"
	"errors"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/refund"
)

// OrderState asks whether the order is paid (§3); WeChat knows no verification.
// That an order had a refund proves neither which nor how much nor that it
// succeeded, so that Refund is always [providers.ResultUnknown].
func (p *Provider) OrderState(ctx context.Context, o refund.Order) (providers.OrderState, error) {
	if err := orderProblems(o).OrNil(); err != nil {
		return providers.OrderState{}, refuse(opOrder, err)
	}
	f, err := p.call(ctx, opOrder, orderParams(o))
	if err != nil {
		return providers.OrderState{}, err
	}
	// Numbers first: the total is handed on, for the saga compares it by itself.
	if err := sameOrder(opOrder, f, refund.Order{PlatformID: o.PlatformID, MerchantID: o.MerchantID}); err != nil {
		return providers.OrderState{}, err
	}
	state := providers.OrderState{Asked: true, Refund: providers.ResultUnknown}
	switch tradeState(f.word("trade_state")) {
	case tradeSuccess, tradeRefund:
		if state.Total, err = f.fen("total_fee"); err != nil || state.Total == 0 {
			return providers.OrderState{}, unreadableFailure(opOrder, errors.New("total_fee of a paid order is missing or no amount"))
		}
		state.Paid = true
	case tradeNotPay, tradeClosed, tradeRevoked, tradePayError:
	case tradeUserPaying, tradeAccept:
		return providers.OrderState{}, fail(opOrder, refund.Failure{Class: refund.ClassTransient, Code: f["trade_state"],
			Hint: "the payment is still under way: ask again"})
	case "":
		return providers.OrderState{}, unreadableFailure(opOrder, errors.New("trade_state is missing"))
	default:
		return providers.OrderState{}, fail(opOrder, refund.Failure{Class: refund.ClassNeedsHuman, Code: "unknown trade_state",
			Message: failure.Clean(f["trade_state"]), Hint: "WeChat shows a state that its pages do not list: look at the order in the merchant console"})
	}
	return state, nil
}
