package xlife

import (
	"cmp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
)

// Settings are one Miaojie account as the configuration file tells it. Secrets
// are named by file, never held here.
type Settings struct {
	// AppKey is the application's key at the Taobao Open Platform, digits; required.
	AppKey string `yaml:"app_key"`
	// AppSecretFile holds the application's secret, readable by its owner alone;
	// required.
	AppSecretFile string `yaml:"app_secret_file"`
	// SessionFile holds the merchant's authorisation, readable by its owner alone;
	// required. Sessions expire: write the new one into the file and start anew.
	SessionFile string `yaml:"session_file"`
	// SignMethod is how requests are signed; default hmac-sha256.
	SignMethod SignMethod `yaml:"sign_method"`
	// URL is the gateway's address.
	URL string `yaml:"url"`

	// StoreID and StoreIDType are the store of orders that name none.
	StoreID     string      `yaml:"store_id"`
	StoreIDType StoreIDType `yaml:"store_id_type"`
	// TerminalID and OperatorID are the till and the operator that go with a
	// refund. A request's extra.terminal_id and extra.operator_id come before them.
	TerminalID string `yaml:"terminal_id"`
	OperatorID string `yaml:"operator_id"`

	// Window is the refundable period of the merchant's contract, counted from
	// payment; 0 when it is not known here (§2.1).
	Window time.Duration `yaml:"window"`
	// Mos lists which operations of the alibaba.mos family the app is entitled to.
	Mos []Entitlement `yaml:"mos"`
	// Simplify asks for the reduced form of answers. Both are read; default false.
	Simplify bool `yaml:"simplify"`

	// Timeout of one exchange, at most 10 s, since two must fit into one attempt of
	// a step; default [wire.DefaultTimeout].
	Timeout time.Duration `yaml:"timeout"`
	// Poll, PollFor and AbsenceInterval become those of [providers.Rules]. Defaults:
	// 5 s growing to half an hour, 24 h, 5 s.
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

// SignMethod is a way to sign a request (§3).
type SignMethod string

// The ways to sign.
const (
	SignHMACSHA256 SignMethod = "hmac-sha256"
	SignMD5        SignMethod = "md5"
	SignHMAC       SignMethod = "hmac" // HMAC-MD5
)

// StoreIDType says whose number a store's number is (§2.2).
type StoreIDType string

// The kinds of store numbers.
const (
	StoreMiaojie StoreIDType = "miaojie" // Miaojie's own
	StoreOut     StoreIDType = "out"     // the merchant's
)

// Entitlement is an operation of the alibaba.mos family, in its own words (§6).
// All of them only ask.
type Entitlement string

// The operations that can be used where the app is entitled to them.
const (
	// MosQuery asks what an order looks like before it is refunded (§6.1).
	MosQuery Entitlement = "query"
	// MosQueryRefund asks what became of a refund without sending it again (§6.2).
	MosQueryRefund Entitlement = "queryrefund"
)

// gatewayURL is production over https (§1). Answers are not signed: only the
// certificate says who speaks.
const gatewayURL = "https://eco.taobao.com/router/rest"

// defaultPoll follows the recipe for unclear answers (inferred, §5).
var defaultPoll = []time.Duration{
	5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
}

const (
	defaultPollFor         = 24 * time.Hour // then a person looks (inferred, §5)
	defaultAbsenceInterval = 5 * time.Second
)

func (s Settings) withDefaults() Settings {
	s.SignMethod = cmp.Or(s.SignMethod, SignHMACSHA256)
	s.URL = cmp.Or(s.URL, gatewayURL)
	s.Timeout = cmp.Or(s.Timeout, wire.DefaultTimeout)
	s.PollFor = cmp.Or(s.PollFor, defaultPollFor)
	s.AbsenceInterval = cmp.Or(s.AbsenceInterval, defaultAbsenceInterval)
	if s.Poll == nil {
		s.Poll = defaultPoll
	}
	return s
}

func (s Settings) may(e Entitlement) bool { return slices.Contains(s.Mos, e) }

// In returns the settings with relative file names counted from dir, the folder
// of the configuration file.
func (s Settings) In(dir string) Settings {
	account.In(dir, &s.AppSecretFile, &s.SessionFile)
	return s
}
