package xlife

import (
	"context"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/refund"
)

// isNew asks whether the order lives on the new payment core (§6.4). The refund
// has not been sent while this fails, see fail.
func (p *Provider) isNew(ctx context.Context, o refund.Order) (bool, error) {
	members, err := p.call(ctx, opRoute, map[string]string{"out_trade_no": o.MerchantID})
	if err != nil {
		return false, err
	}
	r, err := parseResult(members)
	if err != nil {
		return false, unreadableFailure(opRoute, err)
	}
	if !r.success {
		return false, r.failure(opRoute, "nothing was sent: Miaojie does not say on which payment core the order lives, ask it about this err_code")
	}
	var isNew bool
	if err := members.Read("data", &isNew); err != nil {
		return false, unreadableFailure(opRoute, err)
	}
	return isNew, nil
}

// newRefundRequest is the structure of §6.3.
type newRefundRequest struct {
	OrderNo      string       `json:"order_no"`
	OutRequestNo string       `json:"out_request_no"`
	RefundAmount int64        `json:"refund_amount"` // fen
	RefundReason string       `json:"refund_reason"`
	RefundSource refundSource `json:"refund_source"`
	MjShopID     string       `json:"mj_shop_id"`
	StoreIDType  string       `json:"store_id_type"`
	StoreID      string       `json:"store_id"`
	TerminalID   string       `json:"terminal_id"`
	OperatorID   string       `json:"operator_id"`
}

// refundSource is who started a refund, in the numbers of §6.3.
type refundSource int64

const (
	sourceMerchant refundSource = 1
	sourceConsumer refundSource = 2
)

func sourceOf(i refund.Initiator) refundSource {
	switch i {
	case refund.InitiatorUser:
		return sourceConsumer
	case refund.InitiatorSupport, refund.InitiatorSystem:
		return sourceMerchant
	}
	return sourceMerchant
}

// applyNew gives back an order on the new payment core (§6.3), which may answer
// that the refund is under way. That a repeat of the number answers with the first
// refund, as xlife promises, is inferred: the two are documented in the same words,
// and an order can be given back only as a whole.
func (p *Provider) applyNew(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	old := p.refundRequest(in)
	members, err := p.call(ctx, opNewRefund, map[string]string{"onsite_refund_request": compact(newRefundRequest{
		OrderNo: old.OutTradeNo, OutRequestNo: old.OutRequestNo, RefundAmount: old.RefundAmount, RefundReason: old.RefundReason,
		RefundSource: sourceOf(in.Request.Initiator), MjShopID: p.settings.MjShopID,
		StoreIDType: old.StoreIDType, StoreID: old.StoreID, TerminalID: old.TerminalID, OperatorID: old.OperatorID,
	})})
	if err != nil {
		return providers.Receipt{}, err
	}
	r, err := parseResult(members)
	if err != nil {
		return providers.Receipt{}, unreadableFailure(opNewRefund, err)
	}
	if !r.success {
		return providers.Receipt{}, r.failure(opNewRefund, "no list of err_code is published: look at the order at Miaojie before anything is sent again")
	}
	found, err := refundData(opNewRefund, r.members, in)
	if err != nil {
		return providers.Receipt{}, err
	}
	receipt := providers.Receipt{Amount: found.Amount}
	switch found.State {
	case providers.ResultSucceeded, providers.ResultFailed:
		receipt.State = found.State
	case providers.ResultProcessing:
	case providers.ResultUnknown, providers.ResultAbsent:
		return providers.Receipt{}, fail(opNewRefund, refund.Failure{Class: refund.ClassAmbiguous, Code: "unknown status", Hint: hintLook})
	}
	return receipt, nil
}

// failure is what a refusal of the second layer means: a person must learn it.
func (r result) failure(o op, hint string) error {
	return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: r.code, Message: failure.Clean(r.message), Hint: hint})
}
