package shengpay

import (
	"maps"
	"net/url"
	"regexp"
	"slices"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/refund"
)

const (
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
func (s Settings) mistakes() *account.Mistakes {
	bad := account.NewMistakes("shengpay")
	if !appIDPattern.MatchString(s.AppID) {
		bad.Add("app_id", "want the appId, 1 to 32 letters, digits, _ . -, got %s", account.Length(s.AppID))
	}
	if !mchIDPattern.MatchString(s.MchID) {
		bad.Add("mch_id", "want the merchant number, 1 to 20 digits without a leading zero, got %s", account.Length(s.MchID))
	}
	if s.PrivateKeyFile == "" {
		bad.Add("private_key_file", "name the file of the merchant's RSA private key")
	}
	if s.PlatformPublicKeyFile == "" {
		bad.Add("platform_public_key_file", "name the file of Shengpay's public key, without which no answer can be believed")
	}
	s.checkAddresses(bad)
	s.checkChoices(bad)
	s.checkMeanings(bad)
	account.Times{Timeout: s.Timeout, Poll: s.Poll, PollFor: s.PollFor, AbsenceInterval: s.AbsenceInterval}.Check(bad)
	return bad
}

func (s Settings) checkAddresses(bad *account.Mistakes) {
	if problem := account.AddressProblem(s.URL); s.URL != "" && problem != "" {
		bad.Add("url", "%s", problem)
	}
	for _, p := range []struct{ name, value string }{
		{"refund_path", s.RefundPath}, {"query_path", s.QueryPath}, {"order_path", s.OrderPath},
	} {
		if p.value != "" && !pathPattern.MatchString(p.value) && (p.name != "order_path" || p.value != NoOrderQuery) {
			bad.Add(p.name, "want a path such as /pay/refund, without host and query, got %s", account.Length(p.value))
		}
	}
	u, err := url.Parse(s.NotifyURL)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http", !ascii.MatchString(s.NotifyURL):
		bad.Add("notify_url", "want the address that Shengpay can reach, such as https://shop.example/callbacks/shop/refund, got %s", account.Length(s.NotifyURL))
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		bad.Add("notify_url", "want an address without user, query and fragment: Shengpay does not call any other")
	case len(s.NotifyURL) > maxNotifyURL:
		bad.Add("notify_url", "want at most %d characters, got %s", maxNotifyURL, account.Length(s.NotifyURL))
	}
}

func (s Settings) checkChoices(bad *account.Mistakes) {
	if s.RefundAccount != "" && !s.RefundAccount.known() {
		bad.Add("refund_account", "want RECHARGE or UNSETTLED, got %s", account.Length(string(s.RefundAccount)))
	}
	switch s.Amounts {
	case "", AmountsText, AmountsNumber:
	default:
		bad.Add("amounts", "want text or number, got %s", account.Length(string(s.Amounts)))
	}
	if s.ApplyMchID != "" && !mchIDPattern.MatchString(s.ApplyMchID) {
		bad.Add("apply_mch_id", "want a merchant number, 1 to 20 digits, got %s", account.Length(s.ApplyMchID))
	}
	if s.ApplyType != "" && s.ApplyType != ApplyTypeProxy {
		bad.Add("apply_type", "want PROXY, got %s", account.Length(string(s.ApplyType)))
	}
	if (s.ApplyMchID == "") != (s.ApplyType == "") {
		bad.Add("apply_type", "apply_mch_id and apply_type go together: give both or neither")
	}
}

// checkMeanings keeps the configuration from inventing a success, or a harmless
// repeat: either would pay twice.
func (s Settings) checkMeanings(bad *account.Mistakes) {
	for _, name := range slices.Sorted(maps.Keys(s.Statuses)) {
		field, state := "statuses."+name, s.Statuses[name]
		listed, isListed := results[status(name)]
		success := listed == providers.ResultSucceeded || state == providers.ResultSucceeded
		switch {
		case !wordPattern.MatchString(name):
			bad.Add("statuses", "want values of refundStatus, 1 to 32 letters, digits and _, got %s", account.Length(name))
		case state != providers.ResultProcessing && state != providers.ResultSucceeded && state != providers.ResultFailed:
			bad.Add(field, "want processing, succeeded or failed, got %s", account.Length(string(state)))
		case isListed && listed != state && success:
			bad.Add(field, "is known as %s, which the configuration cannot turn round: remove it", listed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Codes)) {
		field, class := "codes."+name, s.Codes[name]
		careful := class == refund.ClassAmbiguous || class == refund.ClassNeedsHuman
		switch {
		case !wordPattern.MatchString(name):
			bad.Add("codes", "want values of errorCode, 1 to 32 letters, digits and _, got %s", account.Length(name))
		case !slices.Contains(refund.Classes, class) || class == refund.ClassTransient:
			bad.Add(field, "want ambiguous, needs_human, misconfigured, insufficient_funds, throttled or rejected, got %s", account.Length(string(class)))
		case slices.ContainsFunc(codes, func(c code) bool { return c.code == name }) && !careful:
			bad.Add(field, "is a listed code, which can only be read with more care: want ambiguous or needs_human")
		}
	}
}
