package wechat

import (
	"cmp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
)

// Settings are one WeChat account as the configuration file tells it. Secrets
// are named by file, never held here. Which settings a transport wants and which
// it has no use for is told by [Settings.Validate].
type Settings struct {
	// Transport is the dialect; required. A refund goes through the dialect and
	// merchant number that took the payment (§1).
	Transport Transport `yaml:"transport"`
	// MchID is the merchant number, with v2: the merchant's own or its service
	// provider's.
	MchID string `yaml:"mch_id"`
	// AppID belongs to MchID (v2), or is the mini-program whose cloud environment
	// holds the function (cloudfunction).
	AppID string `yaml:"appid"`
	// SubMchID is the merchant's number under a service provider. Required by the
	// cloud dialects, whose service provider is WeChat; with v2 it makes the
	// difference between a service provider's refund and a direct one.
	SubMchID string `yaml:"sub_mch_id"`
	// SubAppID is the mini-program's id there; optional.
	SubAppID string `yaml:"sub_appid"`

	// SignType of v2; default HMAC-SHA256.
	SignType SignType `yaml:"sign_type"`
	// APIKeyFile holds the v2 API key, 32 characters (v2).
	APIKeyFile string `yaml:"api_key_file"`
	// CertFile and KeyFile are apiclient_cert.pem and apiclient_key.pem, without
	// which WeChat takes no refund (v2). Only a stand-in on this machine that
	// speaks plain http does without.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// CAFile holds private root certificates in PEM, for a test bed. It replaces the
	// system's roots.
	CAFile string `yaml:"ca_file"`
	// RefundAccount is where the money comes from, for merchants of the old fund
	// flow; a request's extra "refund_account" goes first. Change it only while no
	// refund is in flight: a repeat has to carry the same parameters (§12).
	RefundAccount RefundAccount `yaml:"refund_account"`
	// NotifyURL is where WeChat reports results, at most 256 characters, without
	// query; default is what its console says (v2). As RefundAccount, it is part of
	// every refund.
	NotifyURL string `yaml:"notify_url"`

	// URL is the address before every path.
	URL string `yaml:"url"`

	// EnvID, Service and Path name the container and path that WeChat calls with
	// results (cloudrun).
	EnvID   string `yaml:"env_id"`
	Service string `yaml:"service"`
	Path    string `yaml:"path"`
	// TrustCallback (cloudrun) takes a callback with WeChat's x-wx-source header for
	// proven. Set it only for a service that nobody else can reach: the header is
	// no proof elsewhere (§7.2). Without it results can only be hints.
	TrustCallback bool `yaml:"trust_callback"`

	// Env and Function name the shipped cloud function (cloudfunction).
	Env      string `yaml:"env"`
	Function string `yaml:"function"`
	// AppSecretFile holds the secret of AppID, for the access token (cloudfunction).
	AppSecretFile string `yaml:"app_secret_file"`
	// CallbackFunction and CallbackEnv name the function that WeChat calls with
	// results, and its environment; default of the latter is Env (cloudfunction).
	CallbackFunction string `yaml:"callback_function"`
	CallbackEnv      string `yaml:"callback_env"`
	// CallbackSecretFile holds the secret with which that function signs what it
	// passes on. Without it results can only be hints (cloudfunction).
	CallbackSecretFile string `yaml:"callback_secret_file"`

	// Timeout of one exchange, at most 10 s, since two must fit into one attempt of
	// a step; default [wire.DefaultTimeout].
	Timeout time.Duration `yaml:"timeout"`
	// Poll, PollFor and AbsenceInterval become those of [providers.Rules]. Defaults:
	// v2 a minute growing to 6 hours, the cloud dialects 30 minutes; 8 days; 60 s.
	Poll            []time.Duration `yaml:"poll"`
	PollFor         time.Duration   `yaml:"poll_for"`
	AbsenceInterval time.Duration   `yaml:"absence_interval"`

	// Now is the clock; default [time.Now].
	Now func() time.Time `yaml:"-"`
}

func (s Settings) clock() func() time.Time {
	if s.Now == nil {
		return time.Now
	}
	return s.Now
}

// Transport is a dialect of WeChat Pay (§1).
type Transport string

// The dialects.
const (
	TransportV2            Transport = "v2"            // Pay API v2, from anywhere
	TransportCloudRun      Transport = "cloudrun"      // open interface, inside a Cloud Run container
	TransportCloudFunction Transport = "cloudfunction" // CloudPay behind the shipped cloud function
)

// RefundAccount is where the money of a refund comes from (§4.1).
type RefundAccount string

// The sources; empty leaves the choice to WeChat.
const (
	AccountUnsettled RefundAccount = "REFUND_SOURCE_UNSETTLED_FUNDS"
	AccountRecharge  RefundAccount = "REFUND_SOURCE_RECHARGE_FUNDS"
)

// The addresses in production (§1). Cloud Run's is plain http by design: the
// platform intercepts it inside the container (§4.4).
var productionURL = map[Transport]string{
	TransportV2:            "https://api.mch.weixin.qq.com",
	TransportCloudRun:      "http://" + interceptedHost,
	TransportCloudFunction: "https://" + interceptedHost,
}

const interceptedHost = "api.weixin.qq.com"

// defaultPoll is §10: its first hour is the platform's advice, the rest inferred.
var defaultPoll = map[Transport][]time.Duration{
	TransportV2: slices.Concat(
		slices.Repeat([]time.Duration{time.Minute}, 5),
		[]time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute},
		slices.Repeat([]time.Duration{30 * time.Minute}, 47), // to 24 hours
		slices.Repeat([]time.Duration{2 * time.Hour}, 24),    // to 3 days
		[]time.Duration{6 * time.Hour},
	),
	// Asking tells little there (§5): the callback brings the result.
	TransportCloudRun:      {30 * time.Minute},
	TransportCloudFunction: {30 * time.Minute},
}

const (
	defaultPollFor         = 8 * 24 * time.Hour // covers the 7 days in which WeChat looks for funds
	defaultAbsenceInterval = time.Minute        // §17
)

func (s Settings) withDefaults() Settings {
	s.URL = cmp.Or(s.URL, productionURL[s.Transport])
	s.SignType = cmp.Or(s.SignType, SignHMACSHA256)
	s.CallbackEnv = cmp.Or(s.CallbackEnv, s.Env)
	s.Timeout = cmp.Or(s.Timeout, wire.DefaultTimeout)
	s.PollFor = cmp.Or(s.PollFor, defaultPollFor)
	s.AbsenceInterval = cmp.Or(s.AbsenceInterval, defaultAbsenceInterval)
	if s.Poll == nil {
		s.Poll = defaultPoll[s.Transport]
	}
	return s
}

// In returns the settings with relative file names counted from dir, the folder
// of the configuration file.
func (s Settings) In(dir string) Settings {
	account.In(dir, &s.APIKeyFile, &s.CertFile, &s.KeyFile, &s.CAFile, &s.AppSecretFile, &s.CallbackSecretFile)
	return s
}
