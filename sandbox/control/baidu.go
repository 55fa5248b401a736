package control

import "time"

// RepeatPolicy is what the Baidu stand-in does with a bizRefundBatchId it has seen before. Baidu documents none of the
// three (protocol notes, docs/protocols/baidu.md §10), hence the worst one is the default.
type RepeatPolicy string

const (
	PayAgain     RepeatPolicy = "pay_again" // a second refund is paid: a careless client shows up in the books
	Replay       RepeatPolicy = "replay"    // the first answer again, nothing paid
	RefuseRepeat RepeatPolicy = "refuse"    // errno 40000, nothing paid
)

// RefundStatus is the state of a refund in the books (words, not Baidu's colliding numbers).
type RefundStatus string

const (
	Processing RefundStatus = "processing"
	Success    RefundStatus = "success"
	Failed     RefundStatus = "failed"
)

// Choice settles a question the documentation leaves open; see BaiduSettings for which value belongs where.
type Choice string

const (
	OK     Choice = "ok"
	Refuse Choice = "refuse"
	Cross  Choice = "cross"
	Reach  Choice = "reach"
	Fail   Choice = "fail"
	Pay    Choice = "pay"

	Current     Choice = "current"
	Older       Choice = "older"
	Both        Choice = "both"
	SuccessOnly Choice = "success_only"
)

// AuditState is where the audit of a refund stands (protocol notes, docs/protocols/baidu.md §6.1).
type AuditState string

const (
	AuditNone     AuditState = ""         // nobody is asked
	AuditWaiting  AuditState = "waiting"  // asked, or to be asked again: the refund does not settle meanwhile
	AuditApproved AuditState = "approved" // the refund goes its way
	AuditRejected AuditState = "rejected" // the refund has failed and its order takes no other
)

// BaiduSettings are the stand-in's habits. A zero value means the default, named first.
type BaiduSettings struct {
	// SettleAfter is how long an accepted refund stays processing; 0 settles it at the next look.
	SettleAfter Duration `json:"settle_after"`
	// QueryLag hides a fresh refund from findOrderRefund for so long.
	QueryLag Duration `json:"query_lag"`
	// TokenTTL is the life of an openapi token; default 30 days.
	TokenTTL Duration `json:"token_ttl"`
	// CancelRepeat: cancel verification of an order that is not verified; ok answers 0, refuse 10002.
	CancelRepeat Choice `json:"cancel_repeat"`
	// CapRule: cross refuses the refund that would exceed the daily cap, reach only those after the cap is used up.
	CapRule Choice `json:"cap_rule"`
	// ShortBalance: a partial refund above the enterprise balance; refuse answers 10003, fail accepts it and lets it fail.
	ShortBalance Choice `json:"short_balance"`
	// OverTotal: a refund that lifts an order's sum above its total; refuse answers 10001, pay is the careless platform.
	OverTotal Choice `json:"over_total"`
	// AuditFields: the edition of the audit message; current carries applyRefundMoney, older does not.
	AuditFields Choice `json:"audit_fields"`
	// Notify: both reports success and failure, success_only never says that a refund failed; the pages tell either.
	Notify Choice `json:"notify"`
	// EmptyUser sends userId and tpOrderId of the notification empty, which the page allows.
	EmptyUser bool `json:"empty_user"`
}

// NewBaiduMerchant registers a merchant.
type NewBaiduMerchant struct {
	AppKey       string `json:"app_key"`                 // payment appKey, "MMM..."
	AppID        int64  `json:"app_id"`                  // payment appId
	PublicKeyPEM string `json:"public_key_pem"`          // the merchant's public key, PKIX ("BEGIN PUBLIC KEY"), RSA >= 1024 bit
	ClientID     string `json:"client_id,omitempty"`     // openapi credentials; both or none
	ClientSecret string `json:"client_secret,omitempty"` // never shown again
	// Balance is the enterprise balance in fen: cancel verification and partial refunds take from it.
	Balance  int64        `json:"balance,omitempty"`
	DailyCap int64        `json:"daily_cap,omitempty"` // fen per day in Asia/Shanghai, 0 = none
	OnRepeat RepeatPolicy `json:"on_repeat,omitempty"` // default pay_again
	// RefundAuditURL is asked before a refund goes its way; empty = nobody is.
	RefundAuditURL string `json:"refund_audit_url,omitempty"`
	// RefundNotifyURL hears how a refund ended, unless the refund names an address of its own; empty = nobody does.
	RefundNotifyURL string `json:"refund_notify_url,omitempty"`
}

// BaiduMerchantPatch changes what is not nil. New addresses hold for messages that are not under way yet; an empty one takes the
// address away.
type BaiduMerchantPatch struct {
	PublicKeyPEM    *string       `json:"public_key_pem,omitempty"`
	ClientID        *string       `json:"client_id,omitempty"`
	ClientSecret    *string       `json:"client_secret,omitempty"`
	Balance         *int64        `json:"balance,omitempty"`
	DailyCap        *int64        `json:"daily_cap,omitempty"`
	OnRepeat        *RepeatPolicy `json:"on_repeat,omitempty"`
	RefundAuditURL  *string       `json:"refund_audit_url,omitempty"`
	RefundNotifyURL *string       `json:"refund_notify_url,omitempty"`
}

// BaiduMerchant is a merchant in the books.
type BaiduMerchant struct {
	AppKey               string       `json:"app_key"`
	AppID                int64        `json:"app_id"`
	PublicKeyPEM         string       `json:"public_key_pem"`
	PlatformPublicKeyPEM string       `json:"platform_public_key_pem"` // Baidu's side, made at run time; signs callbacks
	ClientID             string       `json:"client_id,omitempty"`
	Balance              int64        `json:"balance"`
	DailyCap             int64        `json:"daily_cap"`
	CapUsed              int64        `json:"cap_used"` // fen applied for today, failed ones included
	Day                  string       `json:"day"`      // the business day CapUsed belongs to, 2006-01-02
	OnRepeat             RepeatPolicy `json:"on_repeat"`
	RefundAuditURL       string       `json:"refund_audit_url,omitempty"`
	RefundNotifyURL      string       `json:"refund_notify_url,omitempty"`
}

// NewBaiduOrder registers an order. Ids left out are made up.
type NewBaiduOrder struct {
	AppKey      string       `json:"app_key"`
	OrderID     string       `json:"order_id,omitempty"`
	UserID      string       `json:"user_id,omitempty"`
	TpOrderID   string       `json:"tp_order_id,omitempty"`
	Total       int64        `json:"total"`                  // fen, totalMoney of the payment callback
	Promo       bool         `json:"promo,omitempty"`        // paid with a Baidu-funded promotion: refundable in full only
	Paid        *bool        `json:"paid,omitempty"`         // default true
	Verified    *bool        `json:"verified,omitempty"`     // default true for a paid order
	SettleAfter *Duration    `json:"settle_after,omitempty"` // overrides BaiduSettings.SettleAfter for this order
	Outcome     RefundStatus `json:"outcome,omitempty"`      // how its refunds end: success (default) or failed
}

// BaiduOrderPatch changes what is not nil. A new Outcome holds for refunds that have not settled yet, a new
// SettleAfter for refunds applied for later.
type BaiduOrderPatch struct {
	Promo       *bool         `json:"promo,omitempty"`
	Paid        *bool         `json:"paid,omitempty"`
	Verified    *bool         `json:"verified,omitempty"`
	SettleAfter *Duration     `json:"settle_after,omitempty"`
	Outcome     *RefundStatus `json:"outcome,omitempty"`
}

// BaiduOrder is an order in the books, with its refunds in the order of application.
type BaiduOrder struct {
	OrderID     string        `json:"order_id"`
	UserID      string        `json:"user_id"`
	TpOrderID   string        `json:"tp_order_id"`
	AppKey      string        `json:"app_key"`
	Total       int64         `json:"total"`
	Promo       bool          `json:"promo"`
	Paid        bool          `json:"paid"`
	Verified    bool          `json:"verified"`
	SettleAfter *Duration     `json:"settle_after,omitempty"`
	Outcome     RefundStatus  `json:"outcome"`
	Barred      bool          `json:"barred,omitempty"` // an audit was rejected: no further refund is accepted
	Released    int64         `json:"released"`         // fen that cancel verification took from the enterprise balance
	Refunded    int64         `json:"refunded"`         // fen of refunds that succeeded
	Refunding   int64         `json:"refunding"`        // fen of refunds still processing
	Refunds     []BaiduRefund `json:"refunds"`
}

// BaiduRefund is one refund the stand-in accepted.
type BaiduRefund struct {
	RefundBatchID    string       `json:"refund_batch_id"`     // Baidu's number
	BizRefundBatchID string       `json:"biz_refund_batch_id"` // the merchant's number; empty when Elsewhere
	Amount           int64        `json:"amount"`              // fen
	Full             bool         `json:"full"`
	Status           RefundStatus `json:"status"`
	Audit            AuditState   `json:"audit,omitempty"`
	Elsewhere        bool         `json:"elsewhere,omitempty"` // made by Baidu's service desk
	AppliedAt        time.Time    `json:"applied_at"`
	SettlesAt        time.Time    `json:"settles_at"` // when the status became or becomes final; zero while an audit is waiting
}

// BaiduBooks is everything the stand-in believes, at one moment.
type BaiduBooks struct {
	Now       time.Time       `json:"now"`
	Merchants []BaiduMerchant `json:"merchants"`
	Orders    []BaiduOrder    `json:"orders"`
}

// BaiduOrderBook is one order with every call that named it and every message about it.
type BaiduOrderBook struct {
	BaiduOrder
	Calls      []Call     `json:"calls"`
	Deliveries []Delivery `json:"deliveries"`
}
