package shengpay

import (
	"cmp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Settings are one Shengpay account as the configuration file tells it. Secrets
// are named by file, never held here.
type Settings struct {
	// AppID is the application of the merchant, at most 32 characters; required.
	AppID string `yaml:"app_id"`
	// MchID is the merchant number, at most 20 digits; required.
	MchID string `yaml:"mch_id"`
	// PrivateKeyFile is the merchant's RSA key of at most 2048 bits, readable by its
	// owner alone; required. A longer key makes a signature longer than the 500
	// characters that Shengpay takes (§3.1).
	PrivateKeyFile string `yaml:"private_key_file"`
	// PlatformPublicKeyFile is Shengpay's key, which checks answers and
	// notifications; required. It is not the merchant's own public key.
	PlatformPublicKeyFile string `yaml:"platform_public_key_file"`

	// URL is the address before the paths; plain http for this machine only. The
	// paths are those of the neighbouring products, since the page of the refund
	// itself prints none: confirm them with Shengpay (inferred, §2).
	URL        string `yaml:"url"`
	RefundPath string `yaml:"refund_path"`
	QueryPath  string `yaml:"query_path"`
	// OrderPath is [NoOrderQuery] where the product has no order query; then the
	// stored order stands in.
	OrderPath string `yaml:"order_path"`

	// NotifyURL is where Shengpay reports the result; required, at most 300
	// characters, reachable from outside and without a query: tell accounts apart by
	// the path.
	NotifyURL string `yaml:"notify_url"`
	// RefundAccount is the source of the money; a request's extra "refundAccount"
	// goes first. What Shengpay takes when neither is given is not documented.
	// Change it while no refund is in doubt: a repeat must say what the first
	// request said (§6).
	RefundAccount RefundAccount `yaml:"refund_account"`
	// ApplyMchID and ApplyType go together, for a merchant that acts for another
	// (inferred, §3.1).
	ApplyMchID string    `yaml:"apply_mch_id"`
	ApplyType  ApplyType `yaml:"apply_type"`
	// Amounts says how amounts are written; default text, as in the page's sample.
	Amounts Amounts `yaml:"amounts"`

	// RequireSignedAnswers takes no answer without a signature. Default false:
	// Shengpay's table promises one, its samples lack it. An unsigned acceptance is
	// then believed as far as asking for the result goes, an unsigned result never.
	RequireSignedAnswers bool `yaml:"require_signed_answers"`
	// Statuses adds what further values of refundStatus mean: processing, succeeded
	// or failed. REFUND_SUCCESS alone is confirmed; the other listed values may be
	// corrected, but not to succeeded.
	Statuses map[string]providers.ResultState `yaml:"statuses"`
	// Codes adds what further values of errorCode mean: any class but transient,
	// since a code nobody documented does not prove that a repeat is harmless. A
	// listed code may only be read with more care: ambiguous or needs_human.
	Codes map[string]refund.Class `yaml:"codes"`

	// Timeout of one exchange, at most 10 s, since two must fit into one attempt of
	// a step; default [wire.DefaultTimeout].
	Timeout time.Duration `yaml:"timeout"`
	// Poll, PollFor and AbsenceInterval become those of [providers.Rules]. Defaults:
	// 10 s growing to 15 min, a day of hours, then 6 h; 15 days; 60 s.
	Poll            []time.Duration `yaml:"poll"`
	PollFor         time.Duration   `yaml:"poll_for"`
	AbsenceInterval time.Duration   `yaml:"absence_interval"`
}

// RefundAccount is the source of a refund's money (§8).
type RefundAccount string

// The sources. They are never switched by themselves.
const (
	RefundAccountRecharge  RefundAccount = "RECHARGE"  // the recharge balance
	RefundAccountUnsettled RefundAccount = "UNSETTLED" // today's turnover, as far as it is not settled
)

func (a RefundAccount) known() bool {
	return a == RefundAccountRecharge || a == RefundAccountUnsettled
}

// ApplyType says in which role a merchant applies for another.
type ApplyType string

// ApplyTypeProxy is the one documented role.
const ApplyTypeProxy ApplyType = "PROXY"

// Amounts is a way to write amounts; they are signed alike (§3.1).
type Amounts string

// The ways to write amounts.
const (
	AmountsText   Amounts = "text"   // "totalFee":"100"
	AmountsNumber Amounts = "number" // "totalFee":100
)

// NoOrderQuery as order_path says that the product has no order query.
const NoOrderQuery = "none"

// Production (§2).
const (
	productionURL = "https://mchapi.shengpay.com"
	refundPath    = "/pay/refund"
	queryPath     = "/refund/queryRefundOrder"
	orderPath     = "/pay/queryOrder"
)

// defaultPoll is the cautious schedule of §9, inferred: nothing about the time of
// arrival is documented.
var defaultPoll = slices.Concat(
	[]time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute},
	slices.Repeat([]time.Duration{time.Hour}, 24),
	[]time.Duration{6 * time.Hour},
)

const (
	defaultPollFor         = 15 * 24 * time.Hour // then a person looks (inferred, §9)
	defaultAbsenceInterval = time.Minute
)

func (s Settings) withDefaults() Settings {
	s.URL = cmp.Or(s.URL, productionURL)
	s.RefundPath = cmp.Or(s.RefundPath, refundPath)
	s.QueryPath = cmp.Or(s.QueryPath, queryPath)
	s.OrderPath = cmp.Or(s.OrderPath, orderPath)
	s.Amounts = cmp.Or(s.Amounts, AmountsText)
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
	return s
}
