package control

import (
	"context"
	"net/http"
	"net/url"
)

// Baidu is the part of the control API that concerns the Baidu stand-in.
type Baidu struct{ c *Client }

// CreateMerchant registers a merchant; 409 when the app key is taken.
func (b *Baidu) CreateMerchant(ctx context.Context, m NewBaiduMerchant) (BaiduMerchant, error) {
	return send[BaiduMerchant](ctx, b.c, http.MethodPost, "/baidu/merchants", m)
}

// Merchant reads one merchant.
func (b *Baidu) Merchant(ctx context.Context, appKey string) (BaiduMerchant, error) {
	return send[BaiduMerchant](ctx, b.c, http.MethodGet, "/baidu/merchants/"+url.PathEscape(appKey), nil)
}

// PatchMerchant changes a merchant.
func (b *Baidu) PatchMerchant(ctx context.Context, appKey string, p BaiduMerchantPatch) (BaiduMerchant, error) {
	return send[BaiduMerchant](ctx, b.c, http.MethodPatch, "/baidu/merchants/"+url.PathEscape(appKey), p)
}

// CreateOrder registers an order; 409 when its order id or merchant order id is taken.
func (b *Baidu) CreateOrder(ctx context.Context, o NewBaiduOrder) (BaiduOrder, error) {
	return send[BaiduOrder](ctx, b.c, http.MethodPost, "/baidu/orders", o)
}

// Order reads one order by Baidu's order id.
func (b *Baidu) Order(ctx context.Context, orderID string) (BaiduOrder, error) {
	return send[BaiduOrder](ctx, b.c, http.MethodGet, "/baidu/orders/"+url.PathEscape(orderID), nil)
}

// PatchOrder changes an order.
func (b *Baidu) PatchOrder(ctx context.Context, orderID string, p BaiduOrderPatch) (BaiduOrder, error) {
	return send[BaiduOrder](ctx, b.c, http.MethodPatch, "/baidu/orders/"+url.PathEscape(orderID), p)
}

// RefundElsewhere makes a refund as Baidu's service desk would: amount in fen, the merchant's audit is asked first, and it has no
// number of the merchant's.
func (b *Baidu) RefundElsewhere(ctx context.Context, orderID string, amount int64) (BaiduOrder, error) {
	return send[BaiduOrder](ctx, b.c, http.MethodPost, "/baidu/orders/"+url.PathEscape(orderID)+"/refunds", map[string]int64{"amount": amount})
}

// Books reads all merchants and orders at one moment.
func (b *Baidu) Books(ctx context.Context) (BaiduBooks, error) {
	return send[BaiduBooks](ctx, b.c, http.MethodGet, "/baidu/books", nil)
}

// OrderBook reads one order with its refunds and every call that named it.
func (b *Baidu) OrderBook(ctx context.Context, orderID string) (BaiduOrderBook, error) {
	return send[BaiduOrderBook](ctx, b.c, http.MethodGet, "/baidu/books/"+url.PathEscape(orderID), nil)
}

// Settings reads the stand-in's habits.
func (b *Baidu) Settings(ctx context.Context) (BaiduSettings, error) {
	return send[BaiduSettings](ctx, b.c, http.MethodGet, "/baidu/settings", nil)
}

// SetSettings replaces the stand-in's habits. Over HTTP, fields left out of the PATCH stay as they are.
func (b *Baidu) SetSettings(ctx context.Context, s BaiduSettings) (BaiduSettings, error) {
	return send[BaiduSettings](ctx, b.c, http.MethodPatch, "/baidu/settings", s)
}
