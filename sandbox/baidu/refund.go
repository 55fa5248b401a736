package baidu

import (
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// application is a refund as asked for, its fields checked.
type application struct {
	orderID, userID int64
	tpOrderID       string
	bizID           string // may be empty on a full refund through the cashier
	amount          int64  // fen; 0 = not sent = the whole order
}

// apply decides on a refund. The checks run from "who" over "how much" to "is there money"; the notes do not tell the real
// order, and a client must not depend on it.
func (b *book) apply(m *merchant, a application, now time.Time) (*refund, *answer) {
	if first := b.byBiz[m][a.bizID]; first != nil && a.bizID != "" {
		switch m.onRepeat {
		case control.RefuseRepeat:
			return nil, &alreadyExists
		case control.Replay:
			if first.o.id == a.orderID && (a.amount == first.amount || a.amount == 0 && first.full) {
				return first, nil
			}
			return nil, &alreadyExists // the same number for something else can never be a replay
		case control.PayAgain:
		}
	}
	o := b.order(m, a.orderID)
	if o == nil || o.userID != a.userID || o.tpOrderID != a.tpOrderID {
		return nil, &orderNotFound
	}
	if !o.paid {
		return nil, &notPaid
	}
	full := a.amount == 0 || a.amount == o.total
	if a.amount == 0 {
		a.amount = o.total
	}
	if refusal := b.checkAmount(o, a, full); refusal != nil {
		return nil, refusal
	}
	if b.capBlocks(m, a.amount) {
		return nil, &capReached
	}
	r := &refund{bizID: a.bizID, o: o, amount: a.amount, full: full, status: control.Processing, appliedAt: now}
	if !full {
		// A partial refund leaves the order verified, so its money comes out of the pool (seed: a refund fails when the
		// pool holds less). Whether that shows now or as a failed result is undocumented (§8.1), hence the setting.
		switch {
		case m.balance >= a.amount:
			m.balance -= a.amount
			r.drawn = a.amount
		case b.settings.ShortBalance == control.Fail:
			r.doomed = true
		default:
			return nil, &internalError
		}
	}
	b.enter(m, r)
	return r, nil
}

// checkAmount holds the rules between an amount and its order.
func (b *book) checkAmount(o *order, a application, full bool) *answer {
	switch {
	case !full && a.bizID == "":
		refusal := cashierParam(&fieldError{"bizRefundBatchId", true})
		return &refusal
	case a.amount > o.total:
		return &overTotal
	case o.promo && !full:
		return &promoInFull
	// Compared by subtraction: a sum of int64 from outside could wrap around.
	case a.amount > o.total-o.live() && b.settings.OverTotal != control.Pay:
		return &overTotal
	case full && o.verified:
		return &stillVerified
	case !full && !o.verified:
		return &partialNeedsPaid
	}
	return nil
}

func (b *book) capBlocks(m *merchant, amount int64) bool {
	switch {
	case m.dailyCap == 0:
		return false
	case b.settings.CapRule == control.Reach:
		return m.capUsed >= m.dailyCap
	default:
		return amount > m.dailyCap-m.capUsed
	}
}

// enter writes an accepted refund down.
func (b *book) enter(m *merchant, r *refund) {
	after := b.settings.SettleAfter
	if r.o.settleAfter != nil {
		after = *r.o.settleAfter
	}
	r.settlesAt = r.appliedAt.Add(time.Duration(after))
	r.batchID = b.nextBatch
	b.nextBatch++
	m.capUsed += r.amount
	b.addRefund(r)
}

// cancelVerification takes what is left of the order's money out of the enterprise balance (§4.2). Nothing here or in the
// protocol puts it back: this is the step without an inverse.
func (b *book) cancelVerification(m *merchant, orderID, userID int64) *answer {
	o := b.order(m, orderID)
	switch {
	case o == nil || o.userID != userID:
		return &orderNotFound
	case !o.paid:
		return &notPaid
	case !o.verified && b.settings.CancelRepeat == control.Refuse:
		return &notVerified
	case !o.verified:
		return nil
	}
	rest := max(o.total-o.live(), 0)
	if m.balance < rest {
		return &internalError
	}
	m.balance -= rest
	o.released += rest
	o.verified = false
	return nil
}
