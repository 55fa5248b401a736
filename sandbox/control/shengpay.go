package control

import (
	"context"
	"net/http"
	"net/url"
)

// ShengpaySettings are the habits of the Shengpay stand-in where the documentation is silent. A zero value means the
// default, named first.
type ShengpaySettings struct {
	// SettleAfter is how long an accepted refund stays processing; 0 settles it at the next look.
	SettleAfter Duration `json:"settle_after"`
	// QueryLag hides a fresh refund from /refund/queryRefundOrder for so long.
	QueryLag Duration `json:"query_lag"`
	// QueryBlind: /refund/queryRefundOrder knows the refunds of /refund/orderRefund only. That it knows those of /pay/refund is
	// documented nowhere.
	QueryBlind bool `json:"query_blind"`
	// QueryUnknown is the errorCode for a refund the query does not find; default REFUND_NOT_EXIST, which is ours.
	QueryUnknown string `json:"query_unknown"`
	// SignAnswers: "true" signs every answer, "false" none, "failures_unsigned" those with both SUCCESS.
	SignAnswers Choice `json:"sign_answers"`
	// SignErrorAs: what a wrong signature is answered with; "code" is errorCode SIGN_ERROR, "return_fail" a returnCode FAIL.
	SignErrorAs Choice `json:"sign_error_as"`
	// AmountsAs is how amounts are written in answers and notifications: "number" or "text".
	AmountsAs Choice `json:"amounts_as"`
	// RefundNoAs names the merchant's refund number in notifications: "refundOrderNo", "outRefundNo" or "both".
	RefundNoAs Choice `json:"refund_no_as"`
	// DefaultAccount is the money source of a refund that names none: "UNSETTLED" or "RECHARGE".
	DefaultAccount Choice `json:"default_account"`
	// OddStatus is the refundStatus of refunds whose outcome is abnormal; default REFUND_SUSPENDED. No list knows it.
	OddStatus string `json:"odd_status"`
}

// NewShengpayMerchant registers a merchant.
type NewShengpayMerchant struct {
	AppID        string   `json:"app_id"`
	MchID        string   `json:"mch_id"`
	PublicKeyPEM string   `json:"public_key_pem"`      // the merchant's public key, PKIX ("BEGIN PUBLIC KEY"), RSA of 1024 bit or more
	Recharge     int64    `json:"recharge,omitempty"`  // fen of the recharge balance, refundAccount RECHARGE
	Unsettled    int64    `json:"unsettled,omitempty"` // fen of today's unsettled turnover, refundAccount UNSETTLED
	Denied       []string `json:"denied,omitempty"`    // operations answered NO_AUTH, such as "pay/refund"
}

// ShengpayMerchantPatch changes what is not nil.
type ShengpayMerchantPatch struct {
	PublicKeyPEM *string   `json:"public_key_pem,omitempty"`
	Recharge     *int64    `json:"recharge,omitempty"`
	Unsettled    *int64    `json:"unsettled,omitempty"`
	Denied       *[]string `json:"denied,omitempty"`
}

// ShengpayMerchant is a merchant in the books.
type ShengpayMerchant struct {
	AppID                string   `json:"app_id"`
	MchID                string   `json:"mch_id"`
	PublicKeyPEM         string   `json:"public_key_pem"`
	PlatformPublicKeyPEM string   `json:"platform_public_key_pem"` // made at run time, one for all merchants; signs answers and notifications
	Recharge             int64    `json:"recharge"`
	Unsettled            int64    `json:"unsettled"`
	Denied               []string `json:"denied"`
}

// ShengpayCoupon is one coupon of an order, or the part of it that a refund gave back.
type ShengpayCoupon struct {
	ID   string `json:"id"`
	Type string `json:"type"` // CASH, for instance; no list is published
	Fee  int64  `json:"fee"`  // fen
}

// NewShengpayOrder registers an order paid with several coupons. Merchant is the mchId. Coupon may be left out, it is the
// sum of Coupons; a Coupon without Coupons is one coupon.
type NewShengpayOrder struct {
	NewOrder
	Coupons []ShengpayCoupon `json:"coupons,omitempty"`
}

// Shengpay is the part of the control API that concerns the Shengpay stand-in alone.
type Shengpay struct{ *Platform }

// Shengpay reaches the stand-in for Shengpay.
func (c *Client) Shengpay() *Shengpay { return &Shengpay{c.Platform("shengpay")} }

// CreateMerchant registers a merchant; 409 when the mchId or the appId is taken.
func (s *Shengpay) CreateMerchant(ctx context.Context, m NewShengpayMerchant) (ShengpayMerchant, error) {
	return send[ShengpayMerchant](ctx, s.c, http.MethodPost, "/shengpay/merchants", m)
}

// Merchant reads one merchant.
func (s *Shengpay) Merchant(ctx context.Context, mchID string) (ShengpayMerchant, error) {
	return send[ShengpayMerchant](ctx, s.c, http.MethodGet, "/shengpay/merchants/"+url.PathEscape(mchID), nil)
}

// PatchMerchant changes a merchant.
func (s *Shengpay) PatchMerchant(ctx context.Context, mchID string, p ShengpayMerchantPatch) (ShengpayMerchant, error) {
	return send[ShengpayMerchant](ctx, s.c, http.MethodPatch, "/shengpay/merchants/"+url.PathEscape(mchID), p)
}

// CreateShengpayOrder registers an order with its coupons.
func (s *Shengpay) CreateShengpayOrder(ctx context.Context, o NewShengpayOrder) (Order, error) {
	return send[Order](ctx, s.c, http.MethodPost, "/shengpay/orders", o)
}

// Settings reads the stand-in's habits.
func (s *Shengpay) Settings(ctx context.Context) (ShengpaySettings, error) {
	return send[ShengpaySettings](ctx, s.c, http.MethodGet, "/shengpay/settings", nil)
}

// SetSettings replaces the stand-in's habits. Over HTTP, fields left out of the PATCH stay as they are.
func (s *Shengpay) SetSettings(ctx context.Context, in ShengpaySettings) (ShengpaySettings, error) {
	return send[ShengpaySettings](ctx, s.c, http.MethodPatch, "/shengpay/settings", in)
}
