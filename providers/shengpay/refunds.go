package shengpay

import (
	"context"
	"errors"

	"github.com/refundflow/refundflow/providers"
)

// Apply sends the refund (§3). The answer has no status: acceptance is not yet
// the refund. The same instruction is always the same business content, under a
// nonce of its own.
func (p *Provider) Apply(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	if err := p.problems(in); err != nil {
		return providers.Receipt{}, refuse(opRefund, err)
	}
	r, err := p.send(ctx, opRefund, p.settings.RefundPath, p.refundParams(in))
	if err != nil {
		return providers.Receipt{}, err
	}
	if err := p.failure(opRefund, r); err != nil {
		return providers.Receipt{}, err
	}
	return p.receipt(r, in)
}

// receipt reads an acceptance, which must say of what: the refund number and the
// amount. The other fields of the table are compared as far as they are there.
func (p *Provider) receipt(r reply, in providers.Instruction) (providers.Receipt, error) {
	f, err := readFacts(r.members)
	if err != nil {
		return providers.Receipt{}, unreadableFailure(opRefund, err)
	}
	if _, named := f.fees["refundFee"]; !named || f.number == "" {
		return providers.Receipt{}, unreadableFailure(opRefund, errors.New("outRefundNo or refundFee is missing"))
	}
	if err := p.compare(opRefund, f, in); err != nil {
		return providers.Receipt{}, err
	}
	return providers.Receipt{PlatformRefundID: f.ids["refundId"], Amount: f.fees["refundFee"], Parts: f.parts()}, nil
}

// Query asks what became of the refund, by its number (§4.1). Whether the query
// knows every refund is not documented, nor how it says "not found": what does
// not clearly speak of this refund is [providers.ResultUnknown], never absence.
func (p *Provider) Query(ctx context.Context, in providers.Instruction) (providers.Result, error) {
	if err := p.problems(in); err != nil {
		return providers.Result{}, refuse(opQuery, err)
	}
	r, err := p.send(ctx, opQuery, p.settings.QueryPath, map[string]string{
		"appId":       p.settings.AppID, // not in the neighbours' request (inferred, §4.1)
		"mchId":       p.settings.MchID,
		"outRefundNo": in.Number,
	})
	if err != nil {
		return providers.Result{}, err
	}
	if r.result == verdictFail && p.silent(r.code) {
		return providers.Result{State: providers.ResultUnknown}, nil
	}
	if err := p.failure(opQuery, r); err != nil {
		return providers.Result{}, err
	}
	return p.resultOf(r, in)
}

func (p *Provider) resultOf(r reply, in providers.Instruction) (providers.Result, error) {
	f, err := readFacts(r.members)
	if err != nil {
		return providers.Result{}, unreadableFailure(opQuery, err)
	}
	if err := p.compare(opQuery, f, in); err != nil {
		return providers.Result{}, err
	}
	if f.number == "" { // of which refund does it speak?
		return providers.Result{State: providers.ResultUnknown}, nil
	}
	state := p.result(status(f.ids["refundStatus"]))
	if final(state) && !r.proven {
		state = providers.ResultUnknown
	}
	return providers.Result{State: state, PlatformRefundID: f.ids["refundId"], Amount: f.fees["refundFee"]}, nil
}

// problems is what is wrong with an instruction, whatever is done with it.
func (p *Provider) problems(in providers.Instruction) error {
	if err := p.Validate(in.Request); err != nil {
		return err
	}
	return in.Check(numberFormat)
}
