package xlife

import (
	"net/http"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Control mounts the books.
func (p *Platform) Control(mux *http.ServeMux, prefix string) {
	handle := func(pattern, path string, f func(b *book, r *http.Request, now time.Time) (any, error)) {
		mux.HandleFunc(pattern+" "+prefix+path, p.stage.Control(func(r *http.Request) (any, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			now := p.stage.Clock.Now()
			p.book.Settle(now)
			return f(p.book, r, now)
		}))
	}
	handle("POST", "/merchants", (*book).postMerchant)
	handle("GET", "/merchants/{key}", func(b *book, r *http.Request, _ time.Time) (any, error) {
		m, err := b.namedMerchant(r)
		if err != nil {
			return nil, err
		}
		return m.XLifeMerchant, nil
	})
	handle("PATCH", "/merchants/{key}", (*book).patchMerchant)
	handle("POST", "/orders", (*book).postOrder)
	handle("GET", "/orders", func(b *book, _ *http.Request, _ time.Time) (any, error) { return b.List(), nil })
	handle("GET", "/orders/{id}", p.getOrder)
	handle("PATCH", "/orders/{id}", func(b *book, r *http.Request, _ time.Time) (any, error) { return b.Patch(r) })
	handle("POST", "/orders/{id}/refunds", (*book).postRefund)
	handle("GET", "/settings", func(b *book, _ *http.Request, _ time.Time) (any, error) { return b.settings, nil })
	handle("PATCH", "/settings", (*book).patchSettings)
}

// ControlHelp lists the resources for GET /sandbox/v1/.
func (p *Platform) ControlHelp() []string {
	return []string{
		"POST  /xlife/merchants              {app_key, app_secret, session, stores: [{id, out_id, name}], entitled: [method], refund_window}",
		"GET   /xlife/merchants/{app_key}    stores, entitlement, contract",
		"PATCH /xlife/merchants/{app_key}    {app_secret, session, session_expired, stores, entitled, refund_window}",
		"POST  /xlife/orders                 {merchant: app_key, total, platform_id, merchant_id, coupon, subsidy, marketing, new_core, paid, paid_at,",
		"                                     store_id, store_id_type: miaojie|out, settle_after, outcome: success|failed}",
		"GET   /xlife/orders                 every order with its refunds",
		"GET   /xlife/orders/{trade_no}      one order with its refunds and calls",
		"PATCH /xlife/orders/{trade_no}      {paid, settle_after, outcome}",
		"POST  /xlife/orders/{trade_no}/refunds  {amount}: a refund made in the console, in full",
		"GET   /xlife/settings               how the stand-in behaves where the documentation is silent",
		"PATCH /xlife/settings               {settle_after, business_code: 50|15, refuse_create, call_limit, limit_window, limit_kind: app|api|app_api}",
	}
}

func (b *book) postOrder(r *http.Request, now time.Time) (any, error) {
	var in control.NewXLifeOrder
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	m := b.merchants[in.Merchant]
	if m == nil {
		return nil, stage.Unknown("no merchant has app_key %q; create it with POST /sandbox/v1/xlife/merchants", in.Merchant)
	}
	if in.StoreIDType == "" {
		in.StoreIDType = "miaojie"
	}
	if in.StoreID == "" && in.StoreIDType == "miaojie" {
		in.StoreID = m.Stores[0].ID
	}
	for in.PlatformID == "" {
		if id := b.id("201311"); !b.Known(id) {
			in.PlatformID = id
		}
	}
	if in.MerchantID == "" {
		in.MerchantID = "T" + in.PlatformID
	}
	o := b.Draft(in.NewOrder, now)
	o.Own = parts{Subsidy: in.Subsidy, Marketing: in.Marketing, NewCore: in.NewCore}
	if err := b.allowed(o); err != nil {
		return nil, err
	}
	if err := b.Add(o); err != nil {
		return nil, err
	}
	return o.View(), nil
}

// allowed checks what only xlife knows of an order.
func (b *book) allowed(o *order) error {
	m := b.merchants[o.Merchant]
	switch {
	case m == nil:
		return stage.Unknown("merchant %q is no registered app_key", o.Merchant)
	case m.store(o.StoreIDType, o.StoreID) == nil:
		return stage.Wrong("store_id %q with store_id_type %q is no store of the merchant; use miaojie or out and a registered store", o.StoreID, o.StoreIDType)
	case o.Own.Subsidy < 0 || o.Own.Marketing < 0 || o.Coupon < 0:
		return stage.Wrong("coupon, subsidy or marketing is negative; use fen, 0 or more")
	// By subtraction, since a sum of int64 from outside could wrap around.
	case o.Coupon > o.Total || o.Own.Subsidy > o.Total-o.Coupon || o.Own.Marketing > o.Total-o.Coupon-o.Own.Subsidy:
		return stage.Wrong("coupon, subsidy and marketing together exceed the total of %d fen", o.Total)
	}
	return nil
}

func (p *Platform) getOrder(b *book, r *http.Request, _ time.Time) (any, error) {
	o, err := b.Named(r)
	if err != nil {
		return nil, err
	}
	return control.OrderBook{Order: o.View(), Calls: p.stage.Calls.Find(control.CallFilter{OrderID: o.PlatformID}),
		Deliveries: []control.Delivery{}}, nil // xlife sends no messages
}

func (b *book) postRefund(r *http.Request, now time.Time) (any, error) {
	o, err := b.Named(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Amount int64 `json:"amount"`
	}
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Amount != o.Total:
		return nil, stage.Wrong("amount is %d; xlife refunds in full only, use the total of %d fen", in.Amount, o.Total)
	case !o.Paid || o.Live() > 0:
		return nil, stage.Taken("the order is unpaid, refunded or being refunded")
	}
	b.place(o, "", "", now)
	b.Settle(now)
	return o.View(), nil
}

func (b *book) patchSettings(r *http.Request, _ time.Time) (any, error) {
	s := b.settings
	if err := stage.Read(r, &s); err != nil {
		return nil, err
	}
	s, err := checkSettings(s)
	if err != nil {
		return nil, err
	}
	b.settings = s
	return s, nil
}
