package control

import (
	"context"
	"net/http"
	"net/url"
)

// XLifeSettings are the habits of the xlife (Miaojie) stand-in. A zero value means the default, named first.
type XLifeSettings struct {
	// SettleAfter is how long a refund is on its way. 0: the answer of the call has its result. More: the gateway gives up
	// waiting (isp.top-remote-connection-timeout) while the refund goes on, and repeats are told that one is on its way; the
	// asynchronous mos refund answers REFUNDING instead.
	SettleAfter Duration `json:"settle_after"`
	// BusinessCode stands above the sub codes of business refusals: 50 as on the method's page, or 15 as on TOP's.
	BusinessCode int `json:"business_code"`
	// RefuseCreate answers every new refund isp.REFUND_CREATE_FAILED; repeats of an accepted one are not affected.
	RefuseCreate bool `json:"refuse_create"`
	// CallLimit is how many calls an application may make in LimitWindow; 0 = any number.
	CallLimit int `json:"call_limit"`
	// LimitWindow is the stretch of time the limit counts over, aligned to the day in Asia/Shanghai; default 1 minute.
	LimitWindow Duration `json:"limit_window"`
	// LimitKind is what is counted together, and so the sub code of the refusal.
	LimitKind XLifeLimit `json:"limit_kind"`
}

// XLifeLimit is what a call limit counts together.
type XLifeLimit string

const (
	LimitApp    XLifeLimit = "app"     // all calls of an application: accesscontrol.limited-by-app-access-count
	LimitAPI    XLifeLimit = "api"     // all calls of a method by anybody: accesscontrol.limited-by-api-access-count
	LimitAppAPI XLifeLimit = "app_api" // an application's calls of a method: accesscontrol.limited-by-app-api-access-count
)

// XLifeStore is a store under its two numbers.
type XLifeStore struct {
	ID    string `json:"id"`               // Miaojie's number, store_id_type miaojie
	OutID string `json:"out_id,omitempty"` // the merchant's number, store_id_type out
	Name  string `json:"name"`
}

// NewXLifeMerchant registers a merchant: one application with the session that one merchant granted it.
type NewXLifeMerchant struct {
	AppKey    string `json:"app_key"`
	AppSecret string `json:"app_secret"` // never shown again
	Session   string `json:"session"`    // never shown again
	// Stores default to one: 12345678 (out S0001), 银泰城西店. An order without a store is the first one's.
	Stores []XLifeStore `json:"stores,omitempty"`
	// Entitled are the methods the application may call; left out = all, an empty list = none.
	Entitled *[]string `json:"entitled,omitempty"`
	// RefundWindow is how long after payment the contract allows refunds; 0 = for ever.
	RefundWindow Duration `json:"refund_window,omitempty"`
}

// XLifeMerchantPatch changes what is not nil.
type XLifeMerchantPatch struct {
	AppSecret      *string       `json:"app_secret,omitempty"`
	Session        *string       `json:"session,omitempty"` // a new one is valid at once
	SessionExpired *bool         `json:"session_expired,omitempty"`
	Stores         *[]XLifeStore `json:"stores,omitempty"`
	Entitled       *[]string     `json:"entitled,omitempty"`
	RefundWindow   *Duration     `json:"refund_window,omitempty"`
}

// XLifeMerchant is a merchant in the books.
type XLifeMerchant struct {
	AppKey         string       `json:"app_key"`
	SessionExpired bool         `json:"session_expired"`
	Stores         []XLifeStore `json:"stores"`
	Entitled       []string     `json:"entitled"`
	RefundWindow   Duration     `json:"refund_window"`
}

// NewXLifeOrder registers an order with what only xlife knows. Merchant is the app_key. Coupon is what the buyer paid for
// coupons (refund_buy_promotion_fee); together with the two parts below it is at most the total, the rest is the fund part.
type NewXLifeOrder struct {
	NewOrder
	Subsidy   int64 `json:"subsidy,omitempty"`   // fen that Miaojie paid, refund_mj_subsidy_fee
	Marketing int64 `json:"marketing,omitempty"` // fen of the merchant's own marketing, refund_store_marketing_fee
	NewCore   bool  `json:"new_core,omitempty"`  // lives on the new payment core: the mos refund knows it
}

// XLife is the part of the control API that concerns the xlife stand-in alone.
type XLife struct{ *Platform }

// XLife reaches the stand-in for Miaojie on the Taobao Open Platform.
func (c *Client) XLife() *XLife { return &XLife{c.Platform("xlife")} }

// CreateMerchant registers a merchant; 409 when the app key is taken.
func (x *XLife) CreateMerchant(ctx context.Context, m NewXLifeMerchant) (XLifeMerchant, error) {
	return send[XLifeMerchant](ctx, x.c, http.MethodPost, "/xlife/merchants", m)
}

// Merchant reads one merchant.
func (x *XLife) Merchant(ctx context.Context, appKey string) (XLifeMerchant, error) {
	return send[XLifeMerchant](ctx, x.c, http.MethodGet, "/xlife/merchants/"+url.PathEscape(appKey), nil)
}

// PatchMerchant changes a merchant.
func (x *XLife) PatchMerchant(ctx context.Context, appKey string, p XLifeMerchantPatch) (XLifeMerchant, error) {
	return send[XLifeMerchant](ctx, x.c, http.MethodPatch, "/xlife/merchants/"+url.PathEscape(appKey), p)
}

// CreateXLifeOrder registers an order with its promotion parts and its payment core.
func (x *XLife) CreateXLifeOrder(ctx context.Context, o NewXLifeOrder) (Order, error) {
	return send[Order](ctx, x.c, http.MethodPost, "/xlife/orders", o)
}

// Settings reads the stand-in's habits.
func (x *XLife) Settings(ctx context.Context) (XLifeSettings, error) {
	return send[XLifeSettings](ctx, x.c, http.MethodGet, "/xlife/settings", nil)
}

// SetSettings replaces the stand-in's habits. Over HTTP, fields left out of the PATCH stay as they are.
func (x *XLife) SetSettings(ctx context.Context, s XLifeSettings) (XLifeSettings, error) {
	return send[XLifeSettings](ctx, x.c, http.MethodPatch, "/xlife/settings", s)
}
