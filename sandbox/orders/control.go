package orders

import (
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Draft turns a control request into an order that Add can file. Ids must have been made up already where they were left out.
func (b *Book[O, R]) Draft(in control.NewOrder, now time.Time) *Order[O, R] {
	o := &Order[O, R]{Order: control.Order{Platform: b.Platform, Merchant: in.Merchant, PlatformID: in.PlatformID,
		MerchantID: in.MerchantID, Total: in.Total, Coupon: in.Coupon, Paid: true, PaidAt: now.Add(-24 * time.Hour),
		StoreID: in.StoreID, StoreIDType: in.StoreIDType, SettleAfter: in.SettleAfter, Outcome: in.Outcome}}
	stage.Set(&o.Paid, in.Paid)
	stage.Set(&o.PaidAt, in.PaidAt)
	if o.Outcome == "" {
		o.Outcome = b.Outcomes[0]
	}
	return o
}

// List shows every order, in order of registration.
func (b *Book[O, R]) List() []control.Order {
	all := []control.Order{}
	for _, o := range b.sequence {
		all = append(all, o.View())
	}
	return all
}

// Named finds the order of a control address, {id} being the platform's id.
func (b *Book[O, R]) Named(r *http.Request) (*Order[O, R], error) {
	o := b.byID[r.PathValue("id")]
	if o == nil {
		return nil, stage.Unknown("no order has platform_id %q; create it with POST /sandbox/v1/%s/orders", r.PathValue("id"), b.Platform)
	}
	return o, nil
}

// Patch changes the order of a control address, as a whole or not at all.
func (b *Book[O, R]) Patch(r *http.Request) (any, error) {
	o, err := b.Named(r)
	if err != nil {
		return nil, err
	}
	var patch control.OrderPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	changed := o.Order
	stage.Set(&changed.Paid, patch.Paid)
	stage.Set(&changed.Outcome, patch.Outcome)
	if patch.SettleAfter != nil {
		changed.SettleAfter = patch.SettleAfter
	}
	if err := b.check(changed); err != nil {
		return nil, err
	}
	o.Order = changed
	return o.View(), nil
}
