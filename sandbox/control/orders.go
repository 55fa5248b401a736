package control

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The stand-ins of WeChat, xlife and Shengpay share one shape of orders and refunds. What is particular to one of
// them is in its own file.

// NewOrder registers a paid order. Ids left out are made up in the platform's own format.
type NewOrder struct {
	Merchant    string       `json:"merchant"`                // the platform's number of the merchant, as it was registered
	PlatformID  string       `json:"platform_id,omitempty"`   // transaction_id, trade_no, transactionId
	MerchantID  string       `json:"merchant_id,omitempty"`   // out_trade_no, outTradeNo
	Total       int64        `json:"total"`                   // fen
	Coupon      int64        `json:"coupon,omitempty"`        // fen of the total that a coupon paid; given back in proportion
	Paid        *bool        `json:"paid,omitempty"`          // default true
	PaidAt      *time.Time   `json:"paid_at,omitempty"`       // default a day before the sandbox clock
	StoreID     string       `json:"store_id,omitempty"`      // xlife
	StoreIDType string       `json:"store_id_type,omitempty"` // xlife: miaojie (default) or out
	SettleAfter *Duration    `json:"settle_after,omitempty"`  // overrides the platform's setting for this order
	Outcome     RefundStatus `json:"outcome,omitempty"`       // how its refunds end: success (default), failed, or abnormal where the platform knows it
}

// OrderPatch changes what is not nil. A new Outcome holds for refunds that have not settled yet, a new SettleAfter for
// refunds applied for later.
type OrderPatch struct {
	Paid        *bool         `json:"paid,omitempty"`
	SettleAfter *Duration     `json:"settle_after,omitempty"`
	Outcome     *RefundStatus `json:"outcome,omitempty"`
}

// Abnormal is a refund whose money cannot reach the buyer (WeChat: CHANGE); neither paid nor failed.
const Abnormal RefundStatus = "abnormal"

// Order is an order in the books, with its refunds in the order of application.
type Order struct {
	Platform    string         `json:"platform"`
	Merchant    string         `json:"merchant"`
	PlatformID  string         `json:"platform_id"`
	MerchantID  string         `json:"merchant_id"`
	Total       int64          `json:"total"`
	Coupon      int64          `json:"coupon,omitempty"`
	Paid        bool           `json:"paid"`
	PaidAt      time.Time      `json:"paid_at"`
	StoreID     string         `json:"store_id,omitempty"`
	StoreIDType string         `json:"store_id_type,omitempty"`
	SettleAfter *Duration      `json:"settle_after,omitempty"`
	Outcome     RefundStatus   `json:"outcome"`
	Refunded    int64          `json:"refunded"`  // fen of refunds that succeeded
	Refunding   int64          `json:"refunding"` // fen of refunds still processing
	Refunds     []PlacedRefund `json:"refunds"`
}

// PlacedRefund is one refund the stand-in accepted.
type PlacedRefund struct {
	PlatformRefundID string       `json:"platform_refund_id"`
	Number           string       `json:"number"` // the merchant's refund number; empty when Elsewhere
	Amount           int64        `json:"amount"` // fen
	Coupon           int64        `json:"coupon,omitempty"`
	Status           RefundStatus `json:"status"`
	Elsewhere        bool         `json:"elsewhere,omitempty"` // made in the platform's console
	AppliedAt        time.Time    `json:"applied_at"`
	SettlesAt        time.Time    `json:"settles_at"`
}

// OrderBook is one order with every call that named it and every message about it.
type OrderBook struct {
	Order
	Calls      []Call     `json:"calls"`
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is one attempt to bring a message to the merchant.
type Delivery struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"` // sandbox clock
	Platform string    `json:"platform"`
	Kind     string    `json:"kind"` // the platform's own word: "refund notification", "refund audit"
	OrderID  string    `json:"order_id,omitempty"`
	RefundNo string    `json:"refund_no,omitempty"`
	URL      string    `json:"url"`
	Attempt  int       `json:"attempt"`           // from 1
	Status   int       `json:"status,omitempty"`  // HTTP status; 0 = no answer
	Problem  string    `json:"problem,omitempty"` // why the answer was not taken
	Taken    bool      `json:"taken"`
	Next     time.Time `json:"next,omitzero"` // of the next attempt; zero when there is none
}

// Platform is the part of the control API that the newer stand-ins share.
type Platform struct {
	c    *Client
	name string
}

// Platform reaches the orders of the stand-in with that name: "wechat", "xlife" or "shengpay".
func (c *Client) Platform(name string) *Platform { return &Platform{c: c, name: name} }

// CreateOrder registers an order; 409 when one of its ids is taken.
func (p *Platform) CreateOrder(ctx context.Context, o NewOrder) (Order, error) {
	return send[Order](ctx, p.c, http.MethodPost, "/"+p.name+"/orders", o)
}

// OrderBook reads one order by the platform's id.
func (p *Platform) OrderBook(ctx context.Context, platformID string) (OrderBook, error) {
	return send[OrderBook](ctx, p.c, http.MethodGet, "/"+p.name+"/orders/"+url.PathEscape(platformID), nil)
}

// PatchOrder changes an order.
func (p *Platform) PatchOrder(ctx context.Context, platformID string, patch OrderPatch) (Order, error) {
	return send[Order](ctx, p.c, http.MethodPatch, "/"+p.name+"/orders/"+url.PathEscape(platformID), patch)
}

// Orders reads every order.
func (p *Platform) Orders(ctx context.Context) ([]Order, error) {
	return send[[]Order](ctx, p.c, http.MethodGet, "/"+p.name+"/orders", nil)
}

// RefundElsewhere makes a refund as somebody in the platform's console would.
func (p *Platform) RefundElsewhere(ctx context.Context, platformID string, amount int64) (Order, error) {
	return send[Order](ctx, p.c, http.MethodPost, "/"+p.name+"/orders/"+url.PathEscape(platformID)+"/refunds", map[string]int64{"amount": amount})
}

// Deliveries reads the log of messages to merchants, oldest first; "" means of all orders.
func (c *Client) Deliveries(ctx context.Context, orderID string) ([]Delivery, error) {
	return send[[]Delivery](ctx, c, http.MethodGet, "/deliveries?"+url.Values{"order_id": {orderID}}.Encode(), nil)
}
