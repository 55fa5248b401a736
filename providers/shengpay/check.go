package shengpay

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const (
	maxPolls     = 64  // the schedule is written down with every refund
	maxNotifyURL = 300 // §3.1
	maxKeyBits   = 2048
)

var (
	appIDPattern = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,32}$`)
	mchIDPattern = regexp.MustCompile(`^[1-9][0-9]{0,19}$`)
	pathPattern  = regexp.MustCompile(`^/[0-9A-Za-z/_.~-]{0,199}$`)
	wordPattern  = regexp.MustCompile(`^[0-9A-Za-z_]{1,32}$`)
	// ascii is what an address holds on the wire: the signature is over the text
	// itself, which no two sides may write differently.
	ascii = regexp.MustCompile(`^[!-~]*$`)
)

// Validate names every mistake in the settings at once, without opening a file.
// The error is a [*refund.InvalidError] whose fields read "shengpay.mch_id".
func (s Settings) Validate() error { return s.mistakes().OrNil() }

// mistakes collects what is wrong with settings, by their names in the block
// "shengpay" of the configuration.
type mistakes struct{ refund.InvalidError }

func (m *mistakes) add(setting, format string, args ...any) {
	m.Add("shengpay."+setting, format, args...)
}

func (s Settings) mistakes() *mistakes {
	bad := &mistakes{}
	if !appIDPattern.MatchString(s.AppID) {
		bad.add("app_id", "want the appId, 1 to 32 letters, digits, _ . -, got %s", length(s.AppID))
	}
	if !mchIDPattern.MatchString(s.MchID) {
		bad.add("mch_id", "want the merchant number, 1 to 20 digits without a leading zero, got %s", length(s.MchID))
	}
	if s.PrivateKeyFile == "" {
		bad.add("private_key_file", "name the file of the merchant's RSA private key")
	}
	if s.PlatformPublicKeyFile == "" {
		bad.add("platform_public_key_file", "name the file of Shengpay's public key, without which no answer can be believed")
	}
	s.checkAddresses(bad)
	s.checkChoices(bad)
	s.checkMeanings(bad)
	s.checkTimes(bad)
	return bad
}

func (s Settings) checkAddresses(bad *mistakes) {
	if problem := addressProblem(s.URL); s.URL != "" && problem != "" {
		bad.add("url", "%s", problem)
	}
	for _, p := range []struct{ name, value string }{
		{"refund_path", s.RefundPath}, {"query_path", s.QueryPath}, {"order_path", s.OrderPath},
	} {
		if p.value != "" && !pathPattern.MatchString(p.value) && (p.name != "order_path" || p.value != NoOrderQuery) {
			bad.add(p.name, "want a path such as /pay/refund, without host and query, got %s", length(p.value))
		}
	}
	u, err := url.Parse(s.NotifyURL)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http", !ascii.MatchString(s.NotifyURL):
		bad.add("notify_url", "want the address that Shengpay can reach, such as https://shop.example/callbacks/shop/refund, got %s", length(s.NotifyURL))
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		bad.add("notify_url", "want an address without user, query and fragment: Shengpay does not call any other")
	case len(s.NotifyURL) > maxNotifyURL:
		bad.add("notify_url", "want at most %d characters, got %s", maxNotifyURL, length(s.NotifyURL))
	}
}

func (s Settings) checkChoices(bad *mistakes) {
	if s.RefundAccount != "" && !s.RefundAccount.known() {
		bad.add("refund_account", "want RECHARGE or UNSETTLED, got %s", length(string(s.RefundAccount)))
	}
	switch s.Amounts {
	case "", AmountsText, AmountsNumber:
	default:
		bad.add("amounts", "want text or number, got %s", length(string(s.Amounts)))
	}
	if s.ApplyMchID != "" && !mchIDPattern.MatchString(s.ApplyMchID) {
		bad.add("apply_mch_id", "want a merchant number, 1 to 20 digits, got %s", length(s.ApplyMchID))
	}
	if s.ApplyType != "" && s.ApplyType != ApplyTypeProxy {
		bad.add("apply_type", "want PROXY, got %s", length(string(s.ApplyType)))
	}
	if (s.ApplyMchID == "") != (s.ApplyType == "") {
		bad.add("apply_type", "apply_mch_id and apply_type go together: give both or neither")
	}
}

// checkMeanings keeps the configuration from inventing a success, or a harmless
// repeat: either would pay twice.
func (s Settings) checkMeanings(bad *mistakes) {
	for _, name := range slices.Sorted(maps.Keys(s.Statuses)) {
		field, state := "statuses."+name, s.Statuses[name]
		listed, isListed := results[status(name)]
		success := listed == providers.ResultSucceeded || state == providers.ResultSucceeded
		switch {
		case !wordPattern.MatchString(name):
			bad.add("statuses", "want values of refundStatus, 1 to 32 letters, digits and _, got %s", length(name))
		case state != providers.ResultProcessing && state != providers.ResultSucceeded && state != providers.ResultFailed:
			bad.add(field, "want processing, succeeded or failed, got %s", length(string(state)))
		case isListed && listed != state && success:
			bad.add(field, "is known as %s, which the configuration cannot turn round: remove it", listed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Codes)) {
		field, class := "codes."+name, s.Codes[name]
		careful := class == refund.ClassAmbiguous || class == refund.ClassNeedsHuman
		switch {
		case !wordPattern.MatchString(name):
			bad.add("codes", "want values of errorCode, 1 to 32 letters, digits and _, got %s", length(name))
		case !slices.Contains(refund.Classes, class) || class == refund.ClassTransient:
			bad.add(field, "want ambiguous, needs_human, misconfigured, insufficient_funds, throttled or rejected, got %s", length(string(class)))
		case slices.ContainsFunc(codes, func(c code) bool { return c.code == name }) && !careful:
			bad.add(field, "is a listed code, which can only be read with more care: want ambiguous or needs_human")
		}
	}
}

func (s Settings) checkTimes(bad *mistakes) {
	if s.Timeout < 0 || s.Timeout > longestTimeout {
		bad.add("timeout", "want more than 0 and at most 10s, such as 8s, got %s", s.Timeout)
	}
	if s.AbsenceInterval < 0 {
		bad.add("absence_interval", "want a pause such as 60s, got %s", s.AbsenceInterval)
	}
	if s.PollFor < 0 {
		bad.add("poll_for", "want a duration such as 360h, got %s", s.PollFor)
	}
	if s.Poll != nil && (len(s.Poll) == 0 || len(s.Poll) > maxPolls) {
		bad.add("poll", "want 1 to %d pauses such as [10s, 1m], got %d", maxPolls, len(s.Poll))
	}
	for i, pause := range s.Poll {
		if pause <= 0 {
			bad.add(fmt.Sprintf("poll[%d]", i), "want a pause greater than 0, got %s", pause)
		}
	}
}

// addressProblem says what is wrong with an address. Plain http would show the
// order to the network and let it answer, so only a local stand-in may use it.
func addressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "want an address such as https://host, got " + length(address)
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
