package baidu

import (
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// application is a refund as asked for, its fields checked.
type application struct {
	orderID, userID int64
	tpOrderID       string
	bizID           string // may be empty on a full refund through the cashier
	amount          int64  // fen; 0 = not sent = the whole order
	skipAudit       bool   // openapi's isSkipAudit
	notifyURL       string // openapi's refundNotifyUrl
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
	if o.barred {
		return nil, &orderBarred
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
	r := &refund{bizID: a.bizID, o: o, amount: a.amount, full: full, appliedAt: now, notifyURL: a.notifyURL}
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
	b.enter(r, a.skipAudit)
	return r, nil
}

// serviceDesk makes a refund that the merchant never asked for. How Baidu treats the order's state and the daily cap then is
// not documented; here the state does not matter and the cap counts it without stopping it. amount is in fen.
func (b *book) serviceDesk(o *order, amount int64, now time.Time) error {
	switch {
	case amount <= 0:
		return stage.Wrong("amount is %d; use fen, more than 0", amount)
	case amount > o.total-o.live():
		return stage.Wrong("amount is %d; %d fen of the order are left to refund", amount, max(o.total-o.live(), 0))
	case !o.paid:
		return stage.Wrong("the order is not paid; there is nothing to refund")
	case o.barred:
		return stage.Wrong("the order is barred, the merchant rejected a refund in the audit; use another order")
	case o.verified && o.m.balance < amount:
		return stage.Wrong("amount is %d and the enterprise balance is %d; raise the merchant's balance", amount, o.m.balance)
	}
	r := &refund{o: o, amount: amount, full: amount == o.total, appliedAt: now, elsewhere: true}
	if o.verified { // its money has gone to the merchant already
		o.m.balance -= amount
		r.drawn = amount
	}
	b.enter(r, false)
	return nil
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

// enter writes an accepted refund down and asks the merchant, if it wants to be asked.
func (b *book) enter(r *refund, skipAudit bool) {
	r.status = control.Processing
	r.batchID = b.nextBatch
	b.nextBatch++
	r.o.m.capUsed += r.amount
	if skipAudit || r.o.m.auditURL == "" {
		r.settlesAt = b.finalAt(r, r.appliedAt)
		b.addRefund(r)
		return
	}
	r.audit = control.AuditWaiting
	b.addRefund(r)
	b.postAudit(r)
}

// finalAt is when a refund that is free to go at a moment becomes final.
func (b *book) finalAt(r *refund, from time.Time) time.Time {
	after := b.settings.SettleAfter
	if r.o.settleAfter != nil {
		after = *r.o.settleAfter
	}
	return from.Add(time.Duration(after))
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
