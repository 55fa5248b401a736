package baidu

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"unicode/utf8"

	"github.com/refundflow/refundflow/refund"
)

const maxPolls = 64 // the schedule is written down with every refund

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
type mistakes struct{ refund.InvalidError }

func (m *mistakes) add(setting, format string, args ...any) {
	m.Add("baidu."+setting, format, args...)
}

func (s Settings) mistakes() *mistakes {
	bad := &mistakes{}
	switch s.Transport {
	case TransportCashier, TransportCashierLegacy, TransportOpenAPI:
	default:
		bad.add("transport", "want cashier, cashier-legacy or openapi, got %s", length(string(s.Transport)))
	}
	if !appIDPattern.MatchString(s.AppID) {
		bad.add("app_id", "want the payment appId, digits without a leading zero such as 10026, got %s", length(s.AppID))
	}
	if !appKeyPattern.MatchString(s.AppKey) {
		bad.add("app_key", "want the payment appKey such as MMM4hG, got %s", length(s.AppKey))
	}
	if s.PrivateKeyFile == "" {
		bad.add("private_key_file", "name the file of the merchant's RSA private key")
	}
	s.checkOpenAPI(bad)
	for _, u := range []struct{ name, value string }{
		{"cashier_url", s.CashierURL}, {"legacy_url", s.LegacyURL}, {"order_url", s.OrderURL}, {"openapi_url", s.OpenAPIURL},
	} {
		if problem := addressProblem(u.value); u.value != "" && problem != "" {
			bad.add(u.name, "%s", problem)
		}
	}
	switch s.SendReason {
	case "", SendReasonCode, SendReasonRaw:
	default:
		bad.add("send_reason", "want code or raw, got %s", length(string(s.SendReason)))
	}
	s.checkTimes(bad)
	return bad
}

func (s Settings) checkOpenAPI(bad *mistakes) {
	if s.OpenAPI == nil && s.Transport == TransportOpenAPI {
		bad.add("openapi", "transport openapi needs client_id and client_secret_file here")
	}
	if s.OpenAPI != nil {
		if !clientIDPattern.MatchString(s.OpenAPI.ClientID) {
			bad.add("openapi.client_id", "want 1 to 128 printable ASCII characters without spaces, got %s", length(s.OpenAPI.ClientID))
		}
		if s.OpenAPI.ClientSecretFile == "" {
			bad.add("openapi.client_secret_file", "name the file of the client secret")
		}
	}
	if s.SkipAudit && s.Transport != TransportOpenAPI {
		bad.add("skip_audit", "only transport openapi can skip the audit: remove it")
	}
}

func (s Settings) checkTimes(bad *mistakes) {
	if s.Timeout < 0 || s.Timeout > longestTimeout {
		bad.add("timeout", "want more than 0 and at most 10s, such as 8s, got %s", s.Timeout)
	}
	if s.AbsenceInterval < 0 {
		bad.add("absence_interval", "want a pause such as 30s, got %s", s.AbsenceInterval)
	}
	if s.PollFor < 0 {
		bad.add("poll_for", "want a duration such as 360h, got %s", s.PollFor)
	}
	if s.Poll != nil && (len(s.Poll) == 0 || len(s.Poll) > maxPolls) {
		bad.add("poll", "want 1 to %d pauses such as [5s, 1m], got %d", maxPolls, len(s.Poll))
	}
	for i, pause := range s.Poll {
		if pause <= 0 {
			bad.add(fmt.Sprintf("poll[%d]", i), "want a pause greater than 0, got %s", pause)
		}
	}
}

// addressProblem says what is wrong with an address. Plain http would show the
// token and the order to the network, so only a local stand-in may use it.
func addressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "want an address such as https://host/path, got " + length(address)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "want an address without user, query and fragment"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "want https: plain http is allowed for localhost only"
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// length describes a value without showing it: a secret may stand in the wrong
// place.
func length(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%d characters", utf8.RuneCountInString(s))
}
