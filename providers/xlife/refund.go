package xlife

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Apply gives the whole order back (§2). Miaojie answers at once, and a repeat
// with what became of the first request. The same instruction always carries the
// same business content; only timestamp and signature are new. There is no other
// way to refund: that a number pays once is promised by each interface for itself,
// so that the same number sent to the successor's (§6.3) might pay again.
func (p *Provider) Apply(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	if err := p.problems(in); err != nil {
		return providers.Receipt{}, refuse(opRefund, err)
	}
	members, err := p.call(ctx, opRefund, map[string]string{"onsite_trade_refund_request": compact(p.refundRequest(in))})
	if err != nil {
		return providers.Receipt{}, err
	}
	return receipt(in, members)
}

func (p *Provider) problems(in providers.Instruction) error {
	if err := p.Validate(in.Request); err != nil {
		return err
	}
	if !in.Request.Full() {
		return errors.New("amount: want the order's total, Miaojie gives back whole orders only")
	}
	return in.Check(numberFormat)
}

// refundRequest is the structure of §2.2. trade_no silently wins over
// out_trade_no: both go out when both are known, and the answer must echo both.
type refundRequest struct {
	TradeNo      string `json:"trade_no,omitempty"`
	OutTradeNo   string `json:"out_trade_no"`
	RefundAmount int64  `json:"refund_amount"` // fen
	OutRequestNo string `json:"out_request_no"`
	RefundReason string `json:"refund_reason"`
	StoreIDType  string `json:"store_id_type"`
	StoreID      string `json:"store_id"`
	TerminalID   string `json:"terminal_id,omitempty"`
	OperatorID   string `json:"operator_id,omitempty"`
}

func (p *Provider) refundRequest(in providers.Instruction) refundRequest {
	o := in.Request.Order
	r := refundRequest{
		TradeNo: o.PlatformID, OutTradeNo: o.MerchantID, RefundAmount: int64(in.Request.Amount),
		OutRequestNo: in.Number, RefundReason: in.Request.Reason,
	}
	store, kind := p.store(o)
	r.StoreID, r.StoreIDType = store, string(kind)
	r.TerminalID, r.OperatorID = p.till(in.Request)
	return r
}

// compact is the text of a structure: signed as it is sent, and without the
// escapes for HTML that Go adds by itself (§9.4).
func compact(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // structures of strings and integers cannot fail
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// receipt reads a refund that was made, now (fund_change Y) or by an earlier copy
// of the request (N); both are success (§4). A part that is missing is no answer,
// which repeating clears up. A part that is not ours is a person's business: money
// has moved, and no repeat will change where to.
func receipt(in providers.Instruction, members wire.Object) (providers.Receipt, error) {
	var change string
	if err := members.Read("fund_change", &change); err != nil {
		return providers.Receipt{}, unreadableFailure(opRefund, err)
	}
	if change != "Y" && change != "N" {
		return providers.Receipt{}, unreadableFailure(opRefund, errors.New("fund_change is neither Y nor N"))
	}
	if err := sameOrder(opRefund, members, in.Request.Order); err != nil {
		return providers.Receipt{}, err
	}
	fee, err := amount(members, "refund_fee")
	if err != nil {
		return providers.Receipt{}, unreadableFailure(opRefund, err)
	}
	var sum, money refund.Fen
	for i, name := range []string{
		"refund_fund_fee", "refund_buy_promotion_fee", "refund_mj_subsidy_fee", "refund_store_marketing_fee",
	} {
		if !members.Has(name) {
			continue // counts as 0 (inferred, §2.4)
		}
		part, err := amount(members, name)
		if err != nil {
			return providers.Receipt{}, unreadableFailure(opRefund, err)
		}
		if sum += part; i == 0 {
			money = part
		}
	}
	switch {
	case fee != in.Request.Amount:
		return providers.Receipt{}, otherAmount(opRefund, fmt.Sprintf("refund_fee is %s, asked for were %s", fee, in.Request.Amount))
	case sum != fee:
		return providers.Receipt{}, otherAmount(opRefund, fmt.Sprintf("refund_fee is %s, its parts make %s", fee, sum))
	}
	// Miaojie has no number of its own for a refund.
	receipt := providers.Receipt{State: providers.ResultSucceeded, Amount: fee, Repeated: change == "N"}
	settled, err := amount(members, "send_back_fee")
	if err != nil || settled > fee { // soft (§2.4): not told, or not to be believed
		settled = 0
	}
	if money != fee || settled != 0 && settled != fee {
		receipt.Parts = &providers.Parts{Settled: settled, Coupon: fee - money}
	}
	return receipt, nil
}

// sameOrder demands that an answer speaks of our order (§2.4, §9.7). That the
// "voucher number" of answers is the "order number" of requests is inferred.
func sameOrder(o op, members wire.Object, order refund.Order) error {
	var trade, out wire.ID
	if err := errors.Join(members.Read("trade_no", &trade), members.Read("out_trade_no", &out)); err != nil {
		return unreadableFailure(o, err)
	}
	if trade == "" || out == "" {
		return unreadableFailure(o, errors.New("trade_no or out_trade_no is empty"))
	}
	for _, n := range []struct{ name, theirs, ours string }{
		{"order.platform_id", string(trade), order.PlatformID}, {"order.merchant_id", string(out), order.MerchantID},
	} {
		if n.ours != "" && n.theirs != n.ours {
			return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other order",
				Message: "the answer names another order than " + n.name,
				Hint:    "compare order.platform_id and order.merchant_id with one record of the payment: " + moved(o)})
		}
	}
	return nil
}

func otherAmount(o op, what string) error {
	return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "other amount", Message: what,
		Hint: "look at the order at Miaojie: " + moved(o)})
}

// moved is what a person must know of an answer that is not ours.
func moved(o op) string {
	if o == opOrder {
		return "nothing was sent"
	}
	return "money may have moved, so do not refund it by other means before"
}

// amount reads fen.
func amount(members wire.Object, name string) (refund.Fen, error) {
	var v wire.Int
	if err := members.Read(name, &v); err != nil {
		return 0, err
	}
	if v < 0 || refund.Fen(v) > refund.MaxFen {
		return 0, fmt.Errorf("%s is no amount", name)
	}
	return refund.Fen(v), nil
}
