package xlife

import (
	"context"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// tradeStatus is trade_status of an order (§6.1).
type tradeStatus string

const (
	tradeUnconfirmed tradeStatus = "WAIT_FOR_CONFIRM"
	tradeUnpaid      tradeStatus = "WAIT_BUYER_PAY"
	tradeSuccess     tradeStatus = "TRADE_SUCCESS"
	tradeFinished    tradeStatus = "TRADE_FINISHED"
	tradeClosed      tradeStatus = "TRADE_CLOSED"
)

// OrderState asks whether the order is paid (§6.1). An app without that
// entitlement cannot ask; then the stored order stands in.
func (p *Provider) OrderState(ctx context.Context, o refund.Order) (providers.OrderState, error) {
	if !p.settings.may(MosQuery) {
		return providers.OrderState{}, nil
	}
	if err := p.orderProblems(o).OrNil(); err != nil {
		return providers.OrderState{}, refuse(opOrder, err)
	}
	store, kind := p.store(o)
	members, err := p.call(ctx, opOrder, map[string]string{
		"trade_no": o.PlatformID, "out_trade_no": o.MerchantID, "store_id_type": string(kind), "store_id": store,
	})
	if err != nil {
		return providers.OrderState{}, err
	}
	return orderState(members, o)
}

func orderState(members wire.Object, o refund.Order) (providers.OrderState, error) {
	var status string
	if err := members.Read("trade_status", &status); err != nil {
		return providers.OrderState{}, unreadableFailure(opOrder, err)
	}
	if err := sameOrder(opOrder, members, o); err != nil {
		return providers.OrderState{}, err
	}
	total, err := amount(members, "total_amount")
	if err != nil {
		return providers.OrderState{}, unreadableFailure(opOrder, err)
	}
	// An order has one refund, of everything, and none of these states is that of a
	// refund: they say nothing of it.
	state := providers.OrderState{Asked: true, Refund: providers.ResultUnknown, Total: total}
	switch tradeStatus(status) {
	case tradeSuccess, tradeFinished:
		state.Paid = true
		return state, nil
	case tradeUnconfirmed, tradeUnpaid:
		return state, nil
	case tradeClosed:
		// Expected after a full refund as much as for an order that nobody paid
		// (inferred, §6.1). "Not paid" would end the refund as failed, "paid" would
		// send a second one: a person must say which it is.
		return providers.OrderState{}, fail(opOrder, refund.Failure{Class: refund.ClassNeedsHuman, Code: string(tradeClosed),
			Message: "the order is closed: unpaid, or given back already",
			Hint:    "look at the order at Miaojie, then resolve with failed or succeeded"})
	}
	return providers.OrderState{}, fail(opOrder, refund.Failure{Class: refund.ClassNeedsHuman, Code: "unknown status",
		Hint: "Miaojie shows a trade_status that its pages do not list: look at the order there"})
}

// refundStatus is refund_status of a refund (§6.2).
type refundStatus string

const (
	refundUnderWay  refundStatus = "REFUNDING"
	refundSucceeded refundStatus = "SUCCESS"
	refundFailed    refundStatus = "FAIL"
)

func (s refundStatus) result() providers.ResultState {
	switch s {
	case refundUnderWay:
		return providers.ResultProcessing
	case refundSucceeded:
		return providers.ResultSucceeded
	case refundFailed:
		return providers.ResultFailed
	}
	return providers.ResultUnknown
}

// Query asks what became of the refund, by its number (§6.2). An app without
// that entitlement can only repeat the request: then, as when the service refuses
// to tell, the answer is [providers.ResultUnknown].
func (p *Provider) Query(ctx context.Context, in providers.Instruction) (providers.Result, error) {
	if !p.settings.may(MosQueryRefund) {
		return providers.Result{State: providers.ResultUnknown}, nil
	}
	if err := p.Validate(in.Request); err != nil {
		return providers.Result{}, refuse(opQueryRefund, err)
	}
	members, err := p.call(ctx, opQueryRefund, map[string]string{
		"out_request_no": in.Number, "order_no": in.Request.Order.MerchantID,
	})
	if err != nil {
		return providers.Result{}, err
	}
	var success bool // the gateway was content, the service behind it may not be
	if err := members.Read("success", &success); err != nil {
		return providers.Result{}, unreadableFailure(opQueryRefund, err)
	}
	if !success {
		// No list of err_code is published: this may mean "no such refund" as well as
		// "not now" (§6.3). It is certainly not "failed".
		return providers.Result{State: providers.ResultUnknown}, nil
	}
	return refundData(members, in)
}

// refundData reads the one refund of an answer, which must be ours.
func refundData(members wire.Object, in providers.Instruction) (providers.Result, error) {
	const o = opQueryRefund
	data, err := members.Object("data")
	if err != nil {
		return providers.Result{}, unreadableFailure(o, err)
	}
	var (
		number wire.ID
		status string
	)
	fee, err := amount(data, "refund_amount")
	err = errors.Join(data.Read("out_request_no", &number), data.Read("refund_status", &status), err)
	if err != nil {
		return providers.Result{}, unreadableFailure(o, err)
	}
	if err := sameOrder(o, data, in.Request.Order); err != nil {
		return providers.Result{}, err
	}
	switch {
	case string(number) != in.Number:
		return providers.Result{}, fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other refund",
			Message: "the answer names another out_request_no", Hint: "look at the order's refund at Miaojie: " + moved(o)})
	case fee != in.Request.Amount:
		return providers.Result{}, otherAmount(o, fmt.Sprintf("refund_amount is %s, asked for were %s", fee, in.Request.Amount))
	}
	return providers.Result{State: refundStatus(status).result(), Amount: fee}, nil
}
