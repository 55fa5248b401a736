package shengpay

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
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
	handle("POST", "/merchants", p.postMerchant)
	handle("GET", "/merchants/{key}", func(b *book, r *http.Request, _ time.Time) (any, error) {
		m, err := b.namedMerchant(r)
		if err != nil {
			return nil, err
		}
		return b.view(m), nil
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
		"POST  /shengpay/merchants           {app_id, mch_id, public_key_pem, recharge, unsettled, denied: [operation]}",
		"GET   /shengpay/merchants/{mch_id}  balances, the platform's public key",
		"PATCH /shengpay/merchants/{mch_id}  {public_key_pem, recharge, unsettled, denied}",
		"POST  /shengpay/orders              {merchant: mch_id, total, platform_id, merchant_id, coupon or coupons: [{id, type, fee}], paid, paid_at,",
		"                                     settle_after, outcome: success|failed|abnormal}",
		"GET   /shengpay/orders              every order with its refunds",
		"GET   /shengpay/orders/{transactionId}  one order with its refunds, calls and notifications",
		"PATCH /shengpay/orders/{transactionId}  {paid, settle_after, outcome}",
		"POST  /shengpay/orders/{transactionId}/refunds  {amount}: a refund made in the console; no notification",
		"GET   /shengpay/settings            how the stand-in behaves where the documentation is silent",
		"PATCH /shengpay/settings            {settle_after, query_lag, query_blind, query_unknown, sign_answers: true|false|failures_unsigned,",
		"                                     sign_error_as: code|return_fail, amounts_as: number|text, refund_no_as: refundOrderNo|outRefundNo|both,",
		"                                     default_account: UNSETTLED|RECHARGE, odd_status}",
	}
}

func (b *book) postOrder(r *http.Request, now time.Time) (any, error) {
	var in control.NewShengpayOrder
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	for in.PlatformID == "" {
		if id := b.id("DO"); !b.Known(id) {
			in.PlatformID = id
		}
	}
	if in.MerchantID == "" {
		in.MerchantID = "T" + in.PlatformID
	}
	if in.Coupon > 0 && len(in.Coupons) == 0 {
		in.Coupons = []control.ShengpayCoupon{{ID: "C" + strconv.FormatInt(b.nextID, 10), Type: "CASH", Fee: in.Coupon}}
	}
	if in.Coupon == 0 {
		for _, c := range in.Coupons {
			if c.Fee > 0 && in.Coupon <= math.MaxInt64-c.Fee {
				in.Coupon += c.Fee
			}
		}
	}
	o := b.Draft(in.NewOrder, now)
	o.Own = paidWith{Coupons: in.Coupons}
	if err := b.allowed(o); err != nil {
		return nil, err
	}
	if err := b.Add(o); err != nil {
		return nil, err
	}
	return o.View(), nil
}

// allowed checks what only Shengpay knows of an order.
func (b *book) allowed(o *order) error {
	if b.merchants[o.Merchant] == nil {
		return stage.Unknown("no merchant has mch_id %q; create it with POST /sandbox/v1/shengpay/merchants", o.Merchant)
	}
	if len(o.PlatformID) > 32 || len(o.MerchantID) > 32 {
		return stage.Wrong("platform_id or merchant_id is longer than the 32 characters of the platform's fields")
	}
	left, seen := o.Coupon, map[string]bool{}
	for i, c := range o.Own.Coupons {
		if !orders.Plain.MatchString(c.ID) || len(c.ID) > 32 || seen[c.ID] || c.Fee <= 0 || c.Fee > left {
			return stage.Wrong("coupons[%d] needs an id of its own (1..32 printable characters) and a fee of more than 0 fen; all fees together are coupon, %d fen", i, o.Coupon)
		}
		seen[c.ID] = true
		left -= c.Fee
	}
	if left != 0 {
		return stage.Wrong("coupon is %d fen, of which coupons leave %d; the fees add up to coupon", o.Coupon, left)
	}
	return nil
}

func (p *Platform) getOrder(b *book, r *http.Request, _ time.Time) (any, error) {
	o, err := b.Named(r)
	if err != nil {
		return nil, err
	}
	return control.OrderBook{Order: o.View(), Calls: p.stage.Calls.Find(control.CallFilter{OrderID: o.PlatformID}),
		Deliveries: p.stage.Deliveries(p.Name(), o.PlatformID)}, nil
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
	if !o.Paid || in.Amount <= 0 || in.Amount > o.Total-o.Live() {
		return nil, stage.Wrong("amount is %d; a paid order's refundable rest is what can be refunded, here 1..%d fen", in.Amount, o.Total-o.Live())
	}
	refund := b.draw(o, in.Amount)
	refund.Elsewhere, refund.Own.From = true, b.settings.DefaultAccount
	balance := b.merchants[o.Merchant].balance(refund.Own.From)
	if *balance < refund.Own.Drawn {
		return nil, stage.Wrong("the merchant's %s balance is %d fen, too little; raise it with PATCH /sandbox/v1/shengpay/merchants/%s",
			refund.Own.From, *balance, o.Merchant)
	}
	*balance -= refund.Own.Drawn
	b.Place(o, refund, b.settings.SettleAfter, now)
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
