package wechat

import (
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The rules of §4.3 and §13.
const (
	refundWindow = 365 * 24 * time.Hour
	maxPartial   = 50
)

// apply decides on a refund whose sender is known. The checks run from "what" over "which order" to "is there money"; the notes
// do not tell the real order, and a client must not depend on it.
func (b *book) apply(m *merchant, params map[string]string, from door, now time.Time) (*refund, *refusal) {
	if no := checkParams(params, applyRules...); no != nil {
		return nil, no
	}
	if params["transaction_id"] == "" && params["out_trade_no"] == "" {
		return nil, badParam("transaction_id, out_trade_no")
	}
	if !b.settings.AnyPace && b.limitOf(m).tooFast(now) {
		return nil, tooFast
	}
	o, no := b.findOrder(m, params)
	if no != nil {
		return nil, no
	}
	total, amount := number(params, "total_fee"), number(params, "refund_fee")
	if first := b.byNumber[m][params["out_refund_no"]]; first != nil {
		if first.o != o || first.o.total != total || first.amount != amount || first.door == doorConsole {
			return nil, mismatch
		}
		return first, nil // the same answer again, whatever became of the refund since; nothing is paid (§12)
	}
	if no := b.checkOrder(o, total, amount, now); no != nil {
		return nil, no
	}
	r := &refund{number: params["out_refund_no"], o: o, amount: amount, account: params["refund_account"], door: from,
		notifyURL: params["notify_url"], path: params["container_path"]}
	if no := b.enter(r, now); no != nil {
		return nil, no
	}
	return r, nil
}

// findOrder: transaction_id wins (§2).
func (b *book) findOrder(m *merchant, params map[string]string) (*order, *refusal) {
	if id := params["transaction_id"]; id != "" {
		o := b.orders[id]
		switch {
		case o == nil:
			return nil, badTransaction
		case o.m != m:
			return nil, otherOrder
		}
		return o, nil
	}
	if o := b.byOut[m][params["out_trade_no"]]; o != nil {
		return o, nil
	}
	return nil, noOrder
}

// checkOrder holds the rules between a new refund and its order.
func (b *book) checkOrder(o *order, total, amount int64, now time.Time) *refusal {
	sum, _ := o.live()
	switch {
	case !o.paid:
		return noOrder // "no such paid order" (§11.1)
	case total != o.total:
		return mismatch // the same words as for a number used twice (§16.9)
	case now.Sub(o.paidAt) > refundWindow:
		return overdue
	case sum >= o.total:
		return fullyRefunded
	case amount > o.total-sum: // by subtraction: a sum from outside could wrap around
		return overTotal
	case amount < o.total && len(o.refunds) >= maxPartial:
		return tooManyParts
	}
	if n := len(o.refunds); !b.settings.AnyPace && n > 0 && now.Sub(o.refunds[n-1].appliedAt) < b.settings.OrderGap.Std() {
		return tooSoon
	}
	return nil
}

// enter takes the money and writes an accepted refund down.
func (b *book) enter(r *refund, now time.Time) *refusal {
	r.coupon = r.o.couponPart(r.amount)
	if r.o.m.Balance < r.drawn() {
		return notEnough
	}
	if r.account == "" {
		r.account = unsettledFunds
	}
	after := b.settings.SettleAfter
	if r.o.settleAfter != nil {
		after = *r.o.settleAfter
	}
	r.o.m.Balance -= r.drawn()
	r.seq = b.nextSeq
	b.nextSeq++
	if r.number == "" {
		r.number = r.id()
	}
	r.status, r.appliedAt, r.settlesAt = control.Processing, now, now.Add(after.Std())
	b.addRefund(r)
	return nil
}
