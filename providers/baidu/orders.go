package baidu

import (
	"context"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// OrderState asks whether the order is paid and verified (§4.3). The answer may
// be a cached one, and its refund status speaks of the order as a whole.
func (p *Provider) OrderState(ctx context.Context, o refund.Order) (providers.OrderState, error) {
	if err := orderProblems(o).OrNil(); err != nil {
		return providers.OrderState{}, refuse(opOrder, err)
	}
	query, err := sign(p.key, signatureOrder, map[string]string{
		"orderId": o.PlatformID,
		"appKey":  p.settings.AppKey,
		"appId":   p.settings.AppID,
		"siteId":  o.UserID, // Baidu's user id, against its name
	})
	if err != nil {
		return providers.OrderState{}, refuse(opOrder, err)
	}
	r, err := p.send(ctx, opOrder, wire.Get(p.settings.OrderURL, query))
	if err != nil {
		return providers.OrderState{}, err
	}
	if err := r.failure(opOrder); err != nil {
		return providers.OrderState{}, err
	}
	return orderState(r)
}

// Query asks what became of the refund: by its number with OpenAPI credentials,
// else by what the order looks like.
func (p *Provider) Query(ctx context.Context, in providers.Instruction) (providers.Result, error) {
	if err := p.Validate(in.Request); err != nil {
		return providers.Result{}, refuse(opRefunds, err)
	}
	if p.tokens != nil {
		return p.queryByNumber(ctx, in)
	}
	// The order's one status cannot tell partial refunds apart (inferred, §4.3):
	// only of a refund of everything does it say something.
	if !in.Request.Full() {
		return providers.Result{State: providers.ResultUnknown, Weak: true}, nil
	}
	state, err := p.OrderState(ctx, in.Request.Order)
	if err != nil {
		return providers.Result{}, err
	}
	return providers.Result{State: state.Refund, Weak: true}, nil
}

// orderState reads data.data, which is nested twice. A part that is missing is
// an unreadable answer, never "not paid"; a number nobody documented is for a
// person, since money is decided on it and asking again would not change it.
func orderState(r reply) (providers.OrderState, error) {
	outer, err := r.members.Object("data")
	if err != nil {
		return providers.OrderState{}, unreadableFailure(opOrder, err)
	}
	data, err := outer.Object("data")
	if err != nil {
		return providers.OrderState{}, unreadableFailure(opOrder, err)
	}
	pay, err1 := statusNum(data, "payStatus")
	verified, err2 := statusNum(data, "verification")
	refunded, err3 := statusNum(data, "refundStatus")
	if err := errors.Join(err1, err2, err3); err != nil {
		return providers.OrderState{}, unreadableFailure(opOrder, err)
	}
	state := providers.OrderState{Asked: true, Refund: orderRefundStatus(refunded).result()}
	var paidKnown, verifiedKnown bool
	state.Paid, paidKnown = payStatus(pay).paid()
	state.Verified, verifiedKnown = verification(verified).verified()
	if !paidKnown || !verifiedKnown {
		return providers.OrderState{}, fail(opOrder, refund.Failure{Class: refund.ClassNeedsHuman, Code: "unknown status",
			Hint: "Baidu shows a payStatus or verification that its pages do not list: look at the order in its console"})
	}
	return state, nil
}

func statusNum(in wire.Object, name string) (wire.Int, error) {
	part, err := in.Object(name)
	if err != nil {
		return 0, err
	}
	var number wire.Int
	if err := part.Read("statusNum", &number); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return number, nil
}
