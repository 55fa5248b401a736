package control

import (
	"context"
	"net/http"
	"net/url"
)

// WeChatMode says which dialects reach a merchant. An order stays with the merchant number that took the payment, so the
// dialects of one mode cannot refund the orders of the other (protocol notes, docs/protocols/wechat.md §1).
type WeChatMode string

const (
	// WeChatV2 is Pay API v2: the merchant, or its service provider, signs with an API key.
	WeChatV2 WeChatMode = "v2"
	// WeChatCloud is CloudPay: one gateway reached from a Cloud Run container or from a cloud function. WeChat itself is the
	// service provider, the merchant is a sub-merchant of it.
	WeChatCloud WeChatMode = "cloud"
)

// The values of WeChatSettings.CloudQuery and CloudErrCode.
const (
	CloudEmpty   Choice = "empty"
	CloudLists   Choice = "lists"
	CloudIndexed Choice = "indexed"
	CloudHidden  Choice = "hidden"
	CloudShown   Choice = "shown"
)

// WeChatSettings are the stand-in's habits. A zero value means the default, named first.
type WeChatSettings struct {
	// SettleAfter is how long an accepted refund stays PROCESSING; 0 settles it at the next look.
	SettleAfter Duration `json:"settle_after"`
	// QueryLag hides a fresh refund from the refund queries for so long.
	QueryLag Duration `json:"query_lag"`
	// TokenTTL is the life of an access token; default 2 hours.
	TokenTTL Duration `json:"token_ttl"`
	// OrderGap is the least time between two refunds of one order; default 1 minute (§13).
	OrderGap Duration `json:"order_gap"`
	// AnyPace lifts the limits of pace: OrderGap, 150 applications a second and 6 refused ones a second per merchant number
	// (§13). They count sandbox time, so a clock that stands still puts all calls into one second.
	AnyPace bool `json:"any_pace"`
	// FunctionTime is how long a cloud function works. Above 5 seconds the HTTP trigger gives up with errcode -1 while the
	// function finishes all the same (§1). No time really passes.
	FunctionTime Duration `json:"function_time"`
	// RequireCertificate refuses v2 refunds over plain HTTP, where no client certificate can be seen. Over TLS the certificate is
	// always required.
	RequireCertificate bool `json:"require_certificate"`
	// CloudQuery is what refund queries of the cloud dialects show: empty lists beside refund_count (what WeChat really
	// answers, §5), filled lists, or the documented indexed fields.
	CloudQuery Choice `json:"cloud_query"`
	// CloudErrCode: in a cloud function the SDK's own errCode 0 may hide the business code (§16.12); hidden shows only the
	// text, shown the code.
	CloudErrCode Choice `json:"cloud_err_code"`
}

// NewWeChatMerchant registers a merchant. Several sub-merchants of one service provider are several merchants here, with
// the same MchID, AppID and APIKey. In every other place a merchant is named by its sub_mch_id, or by its mch_id when it has none.
type NewWeChatMerchant struct {
	Mode WeChatMode `json:"mode,omitempty"` // default v2
	// MchID and AppID are the numbers that sign. In cloud mode they are WeChat's own and made up when left out.
	MchID string `json:"mch_id,omitempty"`
	AppID string `json:"app_id,omitempty"`
	// APIKey is the v2 key, 32 characters; v2 only. Never shown again.
	APIKey string `json:"api_key,omitempty"`
	// SubMchID makes the merchant a sub-merchant; required in cloud mode. Without it the merchant is a direct one.
	SubMchID string `json:"sub_mch_id,omitempty"`
	SubAppID string `json:"sub_app_id,omitempty"` // the sub-merchant's own app; in cloud mode the mini program that asks for tokens
	Balance  int64  `json:"balance,omitempty"`    // fen that refunds may draw on; 0 refuses them all with NOTENOUGH
	// Unauthorized: the sub-merchant has not granted its provider the refund product.
	Unauthorized bool `json:"unauthorized,omitempty"`
	// NotifyURL is the console's address for v2 refund notifications, used when a request brings none.
	NotifyURL string `json:"notify_url,omitempty"`
	// ContainerURL is where the Cloud Run container listens, without path; the path comes with each refund.
	ContainerURL string `json:"container_url,omitempty"`
	// AppSecret, EnvID and Function open the cloud function: app secret of SubAppID, environment, name.
	AppSecret string `json:"app_secret,omitempty"` // never shown again
	EnvID     string `json:"env_id,omitempty"`
	Function  string `json:"function,omitempty"`
	// ForwardURL and ForwardSecret (both or none) stand for the callback function that passes the event on, as JSON with the
	// headers X-Refundflow-Timestamp (Unix seconds) and X-Refundflow-Signature, hex HMAC-SHA256 of timestamp, "." and body.
	ForwardURL    string `json:"forward_url,omitempty"`
	ForwardSecret string `json:"forward_secret,omitempty"` // never shown again
}

// WeChatMerchantPatch changes what is not nil. A new APIKey holds for all merchants with the same MchID.
type WeChatMerchantPatch struct {
	APIKey        *string `json:"api_key,omitempty"`
	Balance       *int64  `json:"balance,omitempty"`
	Unauthorized  *bool   `json:"unauthorized,omitempty"`
	NotifyURL     *string `json:"notify_url,omitempty"`
	ContainerURL  *string `json:"container_url,omitempty"`
	AppSecret     *string `json:"app_secret,omitempty"`
	EnvID         *string `json:"env_id,omitempty"`
	Function      *string `json:"function,omitempty"`
	ForwardURL    *string `json:"forward_url,omitempty"`
	ForwardSecret *string `json:"forward_secret,omitempty"`
}

// WeChatMerchant is a merchant in the books.
type WeChatMerchant struct {
	Mode         WeChatMode `json:"mode"`
	MchID        string     `json:"mch_id"`
	AppID        string     `json:"app_id"`
	SubMchID     string     `json:"sub_mch_id,omitempty"`
	SubAppID     string     `json:"sub_app_id,omitempty"`
	Balance      int64      `json:"balance"`
	Unauthorized bool       `json:"unauthorized,omitempty"`
	NotifyURL    string     `json:"notify_url,omitempty"`
	ContainerURL string     `json:"container_url,omitempty"`
	EnvID        string     `json:"env_id,omitempty"`
	Function     string     `json:"function,omitempty"`
	ForwardURL   string     `json:"forward_url,omitempty"`
	// CertPEM and KeyPEM are the client certificate of MchID for the TLS door. They are in the answer that registers a v2
	// merchant and nowhere else.
	CertPEM string `json:"cert_pem,omitempty"`
	KeyPEM  string `json:"key_pem,omitempty"`
}

// WeChat is the part of the control API that concerns WeChat alone; orders are reached through Client.Platform("wechat").
type WeChat struct{ c *Client }

// WeChat reaches merchants and settings of the WeChat stand-in.
func (c *Client) WeChat() *WeChat { return &WeChat{c} }

// CreateMerchant registers a merchant; 409 when its number is taken.
func (w *WeChat) CreateMerchant(ctx context.Context, m NewWeChatMerchant) (WeChatMerchant, error) {
	return send[WeChatMerchant](ctx, w.c, http.MethodPost, "/wechat/merchants", m)
}

// Merchant reads one merchant by sub_mch_id, or by mch_id where there is none.
func (w *WeChat) Merchant(ctx context.Context, number string) (WeChatMerchant, error) {
	return send[WeChatMerchant](ctx, w.c, http.MethodGet, "/wechat/merchants/"+url.PathEscape(number), nil)
}

// PatchMerchant changes a merchant.
func (w *WeChat) PatchMerchant(ctx context.Context, number string, p WeChatMerchantPatch) (WeChatMerchant, error) {
	return send[WeChatMerchant](ctx, w.c, http.MethodPatch, "/wechat/merchants/"+url.PathEscape(number), p)
}

// Settings reads the stand-in's habits.
func (w *WeChat) Settings(ctx context.Context) (WeChatSettings, error) {
	return send[WeChatSettings](ctx, w.c, http.MethodGet, "/wechat/settings", nil)
}

// SetSettings replaces the stand-in's habits. Over HTTP, fields left out of the PATCH stay as they are.
func (w *WeChat) SetSettings(ctx context.Context, s WeChatSettings) (WeChatSettings, error) {
	return send[WeChatSettings](ctx, w.c, http.MethodPatch, "/wechat/settings", s)
}
