package baidu

import (
	"cmp"
	"time"

	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
)

// Settings are one Baidu account as the configuration file tells it. Secrets
// are named by file, never held here.
type Settings struct {
	// Transport is the way refunds are applied for; required.
	Transport Transport `yaml:"transport"`
	// AppID is the payment appId, digits; required, the order query wants it.
	AppID string `yaml:"app_id"`
	// AppKey is the payment appKey ("MMM4hG"), not the mini-program's; required.
	AppKey string `yaml:"app_key"`
	// PrivateKeyFile is the merchant's RSA key, readable by its owner alone;
	// required on every transport, for the order query and the cancellation of a
	// verification are always signed.
	PrivateKeyFile string `yaml:"private_key_file"`
	// PlatformPublicKeyFile is the platform's key from the console, which checks
	// callbacks. It is not the merchant's own public key.
	PlatformPublicKeyFile string `yaml:"platform_public_key_file"`
	// OpenAPI credentials are required for the openapi transport. On the others
	// they are worth having: only they let a refund be asked for by its number.
	OpenAPI *OpenAPI `yaml:"openapi"`

	// CashierURL is the address before "/applyOrderRefund" and "/syncOrderStatus".
	CashierURL string `yaml:"cashier_url"`
	// LegacyURL is the one address of the legacy transport.
	LegacyURL string `yaml:"legacy_url"`
	// OrderURL is the whole address of the order query.
	OrderURL string `yaml:"order_url"`
	// OpenAPIURL is the address before "/rest/2.0/..." and "/oauth/2.0/token".
	OpenAPIURL string `yaml:"openapi_url"`

	// SendAmountOnFull sends the amount with full refunds too; default true. Field
	// evidence goes both ways (§14).
	SendAmountOnFull *bool `yaml:"send_amount_on_full"`
	// SendReason is what Baidu is told as the reason; default code.
	SendReason SendReason `yaml:"send_reason"`
	// SkipAudit, openapi only, makes Baidu pay without calling the audit address.
	// Default false: the audit is a second fence against a double refund (§6.1).
	SkipAudit bool `yaml:"skip_audit"`

	// Timeout of one exchange, at most 10 s, since two must fit into one attempt of
	// a step; default [wire.DefaultTimeout].
	Timeout time.Duration `yaml:"timeout"`
	// Poll, PollFor and AbsenceInterval become those of [providers.Rules]. Defaults:
	// 5 s growing to an hour, 15 days, 5 minutes.
	Poll            []time.Duration `yaml:"poll"`
	PollFor         time.Duration   `yaml:"poll_for"`
	AbsenceInterval time.Duration   `yaml:"absence_interval"`
}

// OpenAPI is the access to openapi.baidu.com.
type OpenAPI struct {
	ClientID string `yaml:"client_id"`
	// ClientSecretFile is readable by its owner alone.
	ClientSecretFile string `yaml:"client_secret_file"`
}

// Transport is a way to apply for refunds (§2).
type Transport string

// The transports.
const (
	TransportCashier       Transport = "cashier"        // signed, etrade-api.baidu.com
	TransportCashierLegacy Transport = "cashier-legacy" // signed, nop.nuomi.com, to be switched off
	TransportOpenAPI       Transport = "openapi"        // with a token, openapi.baidu.com
)

// SendReason says what Baidu is told as a refund's reason.
type SendReason string

// The ways to tell the reason.
const (
	// SendReasonCode sends the request's reason when it is a word of 1 to 50
	// characters of 0-9 A-Z a-z _ -, else a neutral word for the initiator. Such
	// words have one signed form only (§9.4).
	SendReasonCode SendReason = "code"
	// SendReasonRaw sends the reason as it is, signed raw. Nobody has published
	// a signature over Chinese text: try it with a 1-fen order first.
	SendReasonRaw SendReason = "raw"
)

// Production addresses (§2).
const (
	cashierURL = "https://etrade-api.baidu.com/cashier"
	legacyURL  = "https://nop.nuomi.com/nop/server/rest"
	orderURL   = "https://dianshang.baidu.com/platform/entity/openapi/queryorderdetail"
	openAPIURL = "https://openapi.baidu.com"
)

var defaultPoll = []time.Duration{
	5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
	5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

const (
	defaultPollFor = 15 * 24 * time.Hour // then a person looks (inferred, §14)
	// defaultAbsenceInterval is patient: Baidu promises nowhere to recognise a repeated
	// number, so a refund that its query shows late would be paid twice. Only a request
	// that was lost waits for it.
	defaultAbsenceInterval = 5 * time.Minute
)

func (s Settings) withDefaults() Settings {
	yes := true
	s.CashierURL = cmp.Or(s.CashierURL, cashierURL)
	s.LegacyURL = cmp.Or(s.LegacyURL, legacyURL)
	s.OrderURL = cmp.Or(s.OrderURL, orderURL)
	s.OpenAPIURL = cmp.Or(s.OpenAPIURL, openAPIURL)
	s.SendAmountOnFull = cmp.Or(s.SendAmountOnFull, &yes)
	s.SendReason = cmp.Or(s.SendReason, SendReasonCode)
	s.Timeout = cmp.Or(s.Timeout, wire.DefaultTimeout)
	s.PollFor = cmp.Or(s.PollFor, defaultPollFor)
	s.AbsenceInterval = cmp.Or(s.AbsenceInterval, defaultAbsenceInterval)
	if s.Poll == nil {
		s.Poll = defaultPoll
	}
	return s
}

// In returns the settings with relative file names counted from dir, the folder
// of the configuration file.
func (s Settings) In(dir string) Settings {
	account.In(dir, &s.PrivateKeyFile, &s.PlatformPublicKeyFile)
	if s.OpenAPI != nil {
		o := *s.OpenAPI // the caller's own stays as it is
		account.In(dir, &o.ClientSecretFile)
		s.OpenAPI = &o
	}
	return s
}
