package shengpay

import (
	"context"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// payStatusSuccess is the one known word for a paid order.
const payStatusSuccess = "PAY_SUCCESS"

// OrderState asks whether the order is paid (§4.4). The answer's fields were
// found in no public source; expected are those of the payment notification and
// the status of the neighbouring product (inferred, §4.3). So a signed answer that
// says PAY_SUCCESS is believed, and any other leaves the question to the stored
// order: no documented word says "not paid", and Shengpay itself refuses a refund
// of an order that is not. There is no verification here.
func (p *Provider) OrderState(ctx context.Context, o refund.Order) (providers.OrderState, error) {
	if err := orderProblems(o).OrNil(); err != nil {
		return providers.OrderState{}, refuse(opOrder, err)
	}
	if p.settings.OrderPath == NoOrderQuery {
		return providers.OrderState{}, nil
	}
	r, err := p.send(ctx, opOrder, p.settings.OrderPath, map[string]string{
		"appId":      p.settings.AppID, // not in the neighbours' request (inferred, §4.1)
		"mchId":      p.settings.MchID,
		"outTradeNo": o.MerchantID,
	})
	if err != nil {
		return providers.OrderState{}, err
	}
	if err := p.failure(opOrder, r); err != nil {
		return providers.OrderState{}, err
	}
	f, err := readFacts(r.members)
	if err != nil {
		return providers.OrderState{}, unreadableFailure(opOrder, err)
	}
	if p.stranger(f) {
		return providers.OrderState{}, fail(opOrder, refund.Failure{Class: refund.ClassAmbiguous, Code: "other merchant", Hint: hintLook})
	}
	if err := otherOrder(opOrder, f, o); err != nil {
		return providers.OrderState{}, err
	}
	if !r.proven || f.ids["outTradeNo"] == "" || !paid(r.members) {
		return providers.OrderState{}, nil
	}
	return providers.OrderState{Asked: true, Paid: true, Refund: providers.ResultUnknown, Total: f.fees["totalFee"]}, nil
}

// paid looks under both names that the neighbouring products use.
func paid(members wire.Object) bool {
	for _, name := range []string{"status", "payStatus"} {
		var word string
		if members.Read(name, &word) == nil && word == payStatusSuccess {
			return true
		}
	}
	return false
}
