package shengpay

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Provider is one merchant account at Shengpay. Safe for concurrent use.
type Provider struct {
	settings Settings
	key      *rsa.PrivateKey
	platform *rsa.PublicKey
	http     *wire.Client
	// Seams for tests.
	now   func() time.Time
	nonce func() string
}

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Notified = (*Provider)(nil)
)

// New makes a provider. Its error is a [*refund.InvalidError] that names every
// mistake in the settings and in the files they name.
func New(s Settings) (*Provider, error) {
	bad := s.mistakes()
	// rand.Text is 26 characters; nonceStr takes 32.
	p := &Provider{settings: s.withDefaults(), now: time.Now, nonce: rand.Text}
	p.key = account.Load(bad, "private_key_file", s.PrivateKeyFile, merchantKey)
	p.platform = account.Load(bad, "platform_public_key_file", s.PlatformPublicKeyFile, wire.PublicKeyFile)
	p.http = wire.NewClient(wire.Options{Timeout: p.settings.Timeout})
	if err := bad.OrNil(); err != nil {
		return nil, err
	}
	return p, nil
}

// merchantKey reads a key whose signature fits: 2048 bits make 344 characters of
// base64, 3072 bits 512, and sign takes 500 (§3.1).
func merchantKey(path string) (*rsa.PrivateKey, error) {
	key, err := wire.PrivateKeyFile(path)
	if err != nil {
		return nil, err
	}
	if bits := key.N.BitLen(); bits > maxKeyBits {
		return nil, fmt.Errorf("%s holds a key of %d bits, whose signature is longer than the 500 characters Shengpay takes: use one of %d bits", path, bits, maxKeyBits)
	}
	return key, nil
}

// String keeps keys out of whatever prints a provider.
func (p *Provider) String() string { return "shengpay/" + p.settings.MchID }

// GoString is String for %#v.
func (p *Provider) GoString() string { return p.String() }

// numberFormat of outRefundNo: the length is documented, the alphabet inferred
// from the page's sample (§3.1).
var numberFormat = refund.NumberFormat{
	Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", Max: 32,
}

// Rules describes Shengpay's habits.
func (p *Provider) Rules() providers.Rules {
	return providers.Rules{
		Provider:        "shengpay",
		Merchant:        "shengpay/" + p.settings.MchID,
		OrderKey:        providers.OrderKeyMerchant,
		Number:          numberFormat,
		Partial:         true,
		NoOrderQuery:    p.settings.OrderPath == NoOrderQuery,
		Query:           providers.QueryByNumber,
		AbsenceReads:    3,
		AbsenceInterval: p.settings.AbsenceInterval,
		// "Not found" has no documented code, so that no reading ever proves absence:
		// what the query leaves open is settled by one repeat (§6). That a repeat is
		// answered rather than paid again is inferred from the page's advice on
		// SYSTEM_ERROR, to send the same parameters again (§6).
		MaxResends:    1,
		RepeatAnswers: true,
		Poll:          slices.Clone(p.settings.Poll),
		PollFor:       p.settings.PollFor,
	}
}

// orderNumber is what outTradeNo and transactionId may hold. Neither alphabet is
// documented; & and = would blur what is signed.
var orderNumber = regexp.MustCompile(`^[!-%'-<>-~]{1,32}$`)

// extraRefundAccount is the one name in a request's extra.
const extraRefundAccount = "refundAccount"

// Validate names what Shengpay misses in a request: the merchant's order number,
// and a source of the money that it knows. Names in extra that it does not know
// are refused, for a misspelt one would silently take another source.
func (p *Provider) Validate(r refund.Request) error {
	bad := orderProblems(r.Order)
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		switch {
		case name != extraRefundAccount:
			bad.Add("extra", "Shengpay takes %s only: remove or correct a name of %s", extraRefundAccount, account.Length(name))
		case !RefundAccount(r.Extra[name]).known():
			bad.Add("extra."+extraRefundAccount, "want RECHARGE or UNSETTLED, got %s", account.Length(r.Extra[name]))
		}
	}
	return bad.OrNil()
}

func orderProblems(o refund.Order) *refund.InvalidError {
	bad := &refund.InvalidError{}
	if !orderNumber.MatchString(o.MerchantID) {
		bad.Add("order.merchant_id", "want the merchant's order number, Shengpay's outTradeNo, 1 to 32 printable ASCII characters without space, & and =, got %s", account.Length(o.MerchantID))
	}
	if o.PlatformID != "" && !orderNumber.MatchString(o.PlatformID) {
		bad.Add("order.platform_id", "want Shengpay's transactionId, at most 32 printable ASCII characters without space, & and =, got %s", account.Length(o.PlatformID))
	}
	return bad
}
