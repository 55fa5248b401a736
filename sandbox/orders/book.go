package orders

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Order is an order with what the platform O knows beyond the shared shape. The embedded order's sums and refunds are for
// the reader of a view or a books file; in memory Refunds is the truth.
type Order[O, R any] struct {
	control.Order
	Own     O               `json:"own"`
	Refunds []*Refund[O, R] `json:"refunds"` // takes the place of the embedded order's, in the order of application
}

// Refund is one accepted application.
type Refund[O, R any] struct {
	control.PlacedRefund
	Own   R            `json:"own"`
	Order *Order[O, R] `json:"-"`
}

// Book holds the orders of one platform. Settled, if set, hears of each refund that has just become final, its status
// already set.
type Book[O, R any] struct {
	Platform string
	Outcomes []control.RefundStatus // how refunds may end here; the first is the default
	Settled  func(r *Refund[O, R])

	sequence []*Order[O, R] // in order of registration
	byID     map[string]*Order[O, R]
	byNumber map[string]*Order[O, R] // merchant + NUL + the merchant's order number
	pending  []*Refund[O, R]         // the processing ones
}

// New makes an empty book.
func New[O, R any](platform string, outcomes ...control.RefundStatus) *Book[O, R] {
	return &Book[O, R]{Platform: platform, Outcomes: outcomes, byID: map[string]*Order[O, R]{}, byNumber: map[string]*Order[O, R]{}}
}

// ID finds an order of the merchant by the platform's id, nil if there is none.
func (b *Book[O, R]) ID(merchant, id string) *Order[O, R] {
	if o := b.byID[id]; o != nil && o.Merchant == merchant {
		return o
	}
	return nil
}

// Number finds an order of the merchant by the merchant's own number, nil if there is none.
func (b *Book[O, R]) Number(merchant, number string) *Order[O, R] {
	return b.byNumber[merchant+"\x00"+number]
}

// Of lists the orders of one merchant in order of registration.
func (b *Book[O, R]) Of(merchant string) []*Order[O, R] {
	var of []*Order[O, R]
	for _, o := range b.sequence {
		if o.Merchant == merchant {
			of = append(of, o)
		}
	}
	return of
}

// Known tells whether any merchant has an order with that platform id.
func (b *Book[O, R]) Known(id string) bool { return b.byID[id] != nil }

// Plain is the shape of ids and names that may stand in a control address and in the log: 1 to 64 printable ASCII
// characters without blanks.
var Plain = regexp.MustCompile(`^[!-~]{1,64}$`)

// Add checks an order and files it with its refunds.
func (b *Book[O, R]) Add(o *Order[O, R]) error {
	if err := b.check(o.Order); err != nil {
		return err
	}
	switch {
	case b.byID[o.PlatformID] != nil:
		return stage.Taken("platform_id %q is registered; change the order with PATCH", o.PlatformID)
	case b.Number(o.Merchant, o.MerchantID) != nil:
		return stage.Taken("merchant_id %q is registered for this merchant", o.MerchantID)
	}
	b.sequence = append(b.sequence, o)
	b.byID[o.PlatformID], b.byNumber[o.Merchant+"\x00"+o.MerchantID] = o, o
	for _, r := range o.Refunds {
		r.Order = o
		if r.Status == control.Processing {
			b.pending = append(b.pending, r)
		}
	}
	return nil
}

func (b *Book[O, R]) check(o control.Order) error {
	switch {
	case !Plain.MatchString(o.PlatformID):
		return stage.Wrong("platform_id is not 1..64 printable characters without blanks")
	case !Plain.MatchString(o.MerchantID):
		return stage.Wrong("merchant_id is not 1..64 printable characters without blanks")
	case o.Total <= 0:
		return stage.Wrong("total is %d; use fen, more than 0", o.Total)
	case o.Coupon < 0 || o.Coupon > o.Total:
		return stage.Wrong("coupon is %d; use fen, from 0 to the total", o.Coupon)
	case o.SettleAfter != nil && *o.SettleAfter < 0:
		return stage.Wrong("settle_after is negative; the sandbox never goes back in time")
	case !slices.Contains(b.Outcomes, o.Outcome):
		return stage.Wrong("outcome is %q; use one of %q", o.Outcome, b.Outcomes)
	}
	return nil
}

// Place files an accepted refund; it settles after the order's own delay, or after otherwise.
func (b *Book[O, R]) Place(o *Order[O, R], r *Refund[O, R], otherwise control.Duration, now time.Time) {
	if o.SettleAfter != nil {
		otherwise = *o.SettleAfter
	}
	r.Order, r.Status, r.AppliedAt, r.SettlesAt = o, control.Processing, now, now.Add(otherwise.Std())
	o.Refunds = append(o.Refunds, r)
	b.pending = append(b.pending, r)
}

// Settle makes final what is due, in the order in which it fell due, and says when the next refund is; zero = none waits.
func (b *Book[O, R]) Settle(now time.Time) (next time.Time) {
	var due, later []*Refund[O, R]
	for _, r := range b.pending {
		if r.SettlesAt.After(now) {
			later = append(later, r)
			if next.IsZero() || r.SettlesAt.Before(next) {
				next = r.SettlesAt
			}
		} else {
			due = append(due, r)
		}
	}
	b.pending = later
	slices.SortStableFunc(due, func(x, y *Refund[O, R]) int { return cmp.Compare(x.SettlesAt.UnixNano(), y.SettlesAt.UnixNano()) })
	for _, r := range due {
		r.Status = r.Order.Outcome
		if b.Settled != nil {
			b.Settled(r)
		}
	}
	return next
}

// Live is the sum of refunds that are paid or may still be, in fen.
func (o *Order[O, R]) Live() int64 {
	var sum int64
	for _, r := range o.Refunds {
		if r.Status != control.Failed {
			sum += r.Amount
		}
	}
	return sum
}

// View is the order as the control API shows it.
func (o *Order[O, R]) View() control.Order {
	v := o.Order
	v.Refunded, v.Refunding, v.Refunds = 0, 0, []control.PlacedRefund{}
	for _, r := range o.Refunds {
		switch r.Status {
		case control.Success:
			v.Refunded += r.Amount
		case control.Processing:
			v.Refunding += r.Amount
		case control.Failed, control.Abnormal:
		}
		v.Refunds = append(v.Refunds, r.PlacedRefund)
	}
	return v
}
