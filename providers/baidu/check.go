package baidu

import (
	"regexp"

	"github.com/refundflow/refundflow/providers/account"
)

var (
	appIDPattern    = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	appKeyPattern   = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	clientIDPattern = regexp.MustCompile(`^[!-~]{1,128}$`)
)

// Validate names every mistake in the settings at once, without opening a file.
// The error is a [*refund.InvalidError] whose fields read "baidu.app_key".
func (s Settings) Validate() error { return s.mistakes().OrNil() }

// mistakes collects what is wrong with settings, by their names in the block
// "baidu" of the configuration.
func (s Settings) mistakes() *account.Mistakes {
	bad := account.NewMistakes("baidu")
	switch s.Transport {
	case TransportCashier, TransportCashierLegacy, TransportOpenAPI:
	default:
		bad.Add("transport", "want cashier, cashier-legacy or openapi, got %s", account.Length(string(s.Transport)))
	}
	if !appIDPattern.MatchString(s.AppID) {
		bad.Add("app_id", "want the payment appId, digits without a leading zero such as 10026, got %s", account.Length(s.AppID))
	}
	if !appKeyPattern.MatchString(s.AppKey) {
		bad.Add("app_key", "want the payment appKey such as MMM4hG, got %s", account.Length(s.AppKey))
	}
	if s.PrivateKeyFile == "" {
		bad.Add("private_key_file", "name the file of the merchant's RSA private key")
	}
	s.checkOpenAPI(bad)
	for _, u := range []struct{ name, value string }{
		{"cashier_url", s.CashierURL}, {"legacy_url", s.LegacyURL}, {"order_url", s.OrderURL}, {"openapi_url", s.OpenAPIURL},
	} {
		if problem := account.AddressProblem(u.value); u.value != "" && problem != "" {
			bad.Add(u.name, "%s", problem)
		}
	}
	switch s.SendReason {
	case "", SendReasonCode, SendReasonRaw:
	default:
		bad.Add("send_reason", "want code or raw, got %s", account.Length(string(s.SendReason)))
	}
	account.Times{Timeout: s.Timeout, Poll: s.Poll, PollFor: s.PollFor, AbsenceInterval: s.AbsenceInterval}.Check(bad)
	return bad
}

func (s Settings) checkOpenAPI(bad *account.Mistakes) {
	if s.OpenAPI == nil && s.Transport == TransportOpenAPI {
		bad.Add("openapi", "transport openapi needs client_id and client_secret_file here")
	}
	if s.OpenAPI != nil {
		if !clientIDPattern.MatchString(s.OpenAPI.ClientID) {
			bad.Add("openapi.client_id", "want 1 to 128 printable ASCII characters without spaces, got %s", account.Length(s.OpenAPI.ClientID))
		}
		if s.OpenAPI.ClientSecretFile == "" {
			bad.Add("openapi.client_secret_file", "name the file of the client secret")
		}
	}
	if s.SkipAudit && s.Transport != TransportOpenAPI {
		bad.Add("skip_audit", "only transport openapi can skip the audit: remove it")
	}
}
