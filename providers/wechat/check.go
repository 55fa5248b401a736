package wechat

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/refundflow/refundflow/providers/account"
)

var (
	mchIDPattern = regexp.MustCompile(`^[0-9]{1,32}$`)
	appIDPattern = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)
	namePattern  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	pathPattern  = regexp.MustCompile(`^/[0-9A-Za-z/._-]{0,127}$`)
)

// Validate names every mistake in the settings at once, without opening a file.
// The error is a [*refund.InvalidError] whose fields read "wechat.mch_id".
func (s Settings) Validate() error { return s.mistakes().OrNil() }

// setting is one text setting: which dialects need it, which may have it, and
// what it must look like.
type setting struct {
	name, value string
	need, may   []Transport
	pattern     *regexp.Regexp // nil fits everything
	want        string
}

func (s Settings) table() []setting {
	type on = []Transport
	v2, run, fn := TransportV2, TransportCloudRun, TransportCloudFunction
	var cert []Transport
	if !s.plain() {
		cert = on{v2}
	}
	return []setting{
		{"mch_id", s.MchID, on{v2}, nil, mchIDPattern, "the merchant number, 1 to 32 digits such as 1900000109"},
		{"appid", s.AppID, on{v2, fn}, nil, appIDPattern, "an app id such as wx8888888888888888"},
		{"sub_mch_id", s.SubMchID, on{run, fn}, on{v2}, mchIDPattern, "the sub-merchant's number, 1 to 32 digits such as 1900000111"},
		{"sub_appid", s.SubAppID, nil, on{v2, run, fn}, appIDPattern, "an app id such as wx6666666666666666"},
		{"api_key_file", s.APIKeyFile, on{v2}, nil, nil, "the file of the API key (v2) from the merchant console"},
		{"cert_file", s.CertFile, cert, on{v2}, nil, "the file apiclient_cert.pem"},
		{"key_file", s.KeyFile, cert, on{v2}, nil, "the file apiclient_key.pem"},
		{"sign_type", string(s.SignType), nil, on{v2}, regexp.MustCompile(`^(MD5|HMAC-SHA256)$`), "MD5 or HMAC-SHA256"},
		{"refund_account", string(s.RefundAccount), nil, on{v2, run, fn}, accountPattern, string(AccountUnsettled + " or " + AccountRecharge)},
		{"notify_url", s.NotifyURL, nil, on{v2}, nil, ""},
		{"env_id", s.EnvID, on{run}, nil, namePattern, "the cloud environment such as prod-0000000000"},
		{"service", s.Service, on{run}, nil, namePattern, "the service that WeChat calls with results"},
		{"path", s.Path, on{run}, nil, pathPattern, "the path that WeChat calls there, such as /callbacks/wechat"},
		{"env", s.Env, on{fn}, nil, namePattern, "the cloud environment of the function"},
		{"function", s.Function, on{fn}, nil, namePattern, "the name of the shipped function"},
		{"app_secret_file", s.AppSecretFile, on{fn}, nil, nil, "the file of the app secret that belongs to appid"},
		{"callback_function", s.CallbackFunction, on{fn}, nil, namePattern, "the function that WeChat calls with results"},
		{"callback_env", s.CallbackEnv, nil, on{fn}, namePattern, "the cloud environment of callback_function"},
		{"callback_secret_file", s.CallbackSecretFile, nil, on{fn}, nil, "the file of the secret that callback_function signs with"},
	}
}

var accountPattern = regexp.MustCompile(`^REFUND_SOURCE_(UNSETTLED|RECHARGE)_FUNDS$`)

// mistakes collects what is wrong with settings, by their names in the block
// "wechat" of the configuration.
func (s Settings) mistakes() *account.Mistakes {
	bad := account.NewMistakes("wechat")
	known := productionURL[s.Transport] != ""
	if !known {
		bad.Add("transport", "want v2, cloudrun or cloudfunction, got %s", account.Length(string(s.Transport)))
	}
	for _, f := range s.table() {
		needed := slices.Contains(f.need, s.Transport)
		switch {
		case f.value == "" && needed:
			bad.Add(f.name, "want %s", f.want)
		case f.value != "" && known && !needed && !slices.Contains(f.may, s.Transport):
			bad.Add(f.name, "transport %s has no use for it: remove it", s.Transport)
		case f.value != "" && f.pattern != nil && !f.pattern.MatchString(f.value):
			bad.Add(f.name, "want %s, got %s", f.want, account.Length(f.value))
		}
	}
	if s.Transport == TransportV2 && s.SubAppID != "" && s.SubMchID == "" {
		bad.Add("sub_appid", "a direct merchant has none: remove it, or set sub_mch_id too")
	}
	if s.TrustCallback && s.Transport != TransportCloudRun {
		bad.Add("trust_callback", "only transport cloudrun has such callbacks: remove it")
	}
	if (s.CertFile == "") != (s.KeyFile == "") && s.plain() {
		bad.Add("cert_file", "want cert_file and key_file, or neither of them")
	}
	if problem := account.AddressProblem(s.URL); s.URL != "" && problem != "" && !s.intercepted() {
		bad.Add("url", "%s", problem)
	}
	if problem := s.notifyProblem(); s.NotifyURL != "" && problem != "" {
		bad.Add("notify_url", "%s", problem)
	}
	account.Times{Timeout: s.Timeout, Poll: s.Poll, PollFor: s.PollFor, AbsenceInterval: s.AbsenceInterval}.Check(bad)
	return bad
}

// plain reports whether the account speaks to a stand-in on this machine without
// TLS, where no certificate can be shown.
func (s Settings) plain() bool {
	u, err := url.Parse(s.URL)
	return err == nil && u.Scheme == "http" && account.Loopback(u.Hostname())
}

// intercepted is the one plain http address that is right away from this machine:
// Cloud Run catches it inside the container and speaks to WeChat itself (§4.4).
func (s Settings) intercepted() bool {
	return s.Transport == TransportCloudRun && strings.TrimRight(s.URL, "/") == productionURL[TransportCloudRun]
}

// notifyProblem says what WeChat would dislike about the notification address (§2).
// A stand-in, which has an address of its own, may call over plain http.
func (s Settings) notifyProblem() string {
	address := s.NotifyURL
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "want an address such as https://host/path, got " + account.Length(address)
	case u.Scheme == "http" && (s.URL == "" || s.URL == productionURL[TransportV2]):
		return "want https: WeChat calls public addresses over nothing else"
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "want an address without user, query and fragment: WeChat refuses them"
	case len(address) > 256:
		return "want at most 256 bytes, got " + account.Length(address)
	}
	return ""
}
