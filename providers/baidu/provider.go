package baidu

import (
	"crypto/rsa"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Provider is one merchant account at Baidu. Safe for concurrent use.
type Provider struct {
	settings Settings
	key      *rsa.PrivateKey
	platform *rsa.PublicKey // nil when no callbacks are expected
	http     *wire.Client
	// tokens is nil without OpenAPI credentials; clientSecret is for them alone.
	tokens       *wire.Tokens
	clientSecret string
	now          func() time.Time // a seam for tests
}

var (
	_ providers.Provider              = (*Provider)(nil)
	_ providers.VerificationCanceller = (*Provider)(nil)
)

// New makes a provider. Its error is a [*refund.InvalidError] that names every
// mistake in the settings and in the files they name.
func New(s Settings) (*Provider, error) {
	bad := s.mistakes()
	p := &Provider{settings: s.withDefaults(), now: time.Now}
	p.key = account.Load(bad, "private_key_file", s.PrivateKeyFile, wire.PrivateKeyFile)
	p.platform = account.Load(bad, "platform_public_key_file", s.PlatformPublicKeyFile, wire.PublicKeyFile)
	p.http = wire.NewClient(wire.Options{Timeout: p.settings.Timeout})
	if s.OpenAPI != nil {
		p.clientSecret = account.Load(bad, "openapi.client_secret_file", s.OpenAPI.ClientSecretFile, wire.SecretFile)
		p.tokens = wire.NewTokens(p.fetchToken, p.now)
	}
	if err := bad.OrNil(); err != nil {
		return nil, err
	}
	return p, nil
}

// String keeps keys and tokens out of whatever prints a provider.
func (p *Provider) String() string { return "baidu/" + p.settings.AppKey }

// GoString is String for %#v.
func (p *Provider) GoString() string { return p.String() }

// numberFormat of bizRefundBatchId, inferred from the one published example (§3.1).
var numberFormat = refund.NumberFormat{
	Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", Max: 32,
}

// Rules describes Baidu's habits. The absence of a refund is believed after
// three reads over a minute, since the query may lag (inferred, §5).
func (p *Provider) Rules() providers.Rules {
	r := providers.Rules{
		Provider:             "baidu",
		Merchant:             "baidu/" + p.settings.AppKey,
		OrderKey:             providers.OrderKeyPlatform,
		Number:               numberFormat,
		Partial:              true,
		PartialWantsVerified: true,
		FullWantsUnverified:  true,
		Query:                providers.QueryByOrder,
		AbsenceReads:         3,
		AbsenceInterval:      p.settings.AbsenceInterval,
		// The order's state is weak evidence: one repeat, then a person (§10).
		MaxResends: 1,
		Poll:       slices.Clone(p.settings.Poll),
		PollFor:    p.settings.PollFor,
	}
	if p.tokens != nil {
		r.Query, r.MaxResends = providers.QueryByNumber, 3
	}
	return r
}

// Validate names what Baidu misses in a request: both numbers of the payment
// callback, without which no order can be refunded (§6.3), and the merchant's
// order number.
func (p *Provider) Validate(r refund.Request) error {
	bad := orderProblems(r.Order)
	switch id := r.Order.MerchantID; {
	case id == "":
		bad.Add("order.merchant_id", "want the merchant's order number, Baidu's tpOrderId")
	case !wireSafe.MatchString(id):
		// Their raw and encoded forms differ, and so might the signed text (§9.4).
		bad.Add("order.merchant_id", "want 1 to 64 printable ASCII characters without space, &, =, %% and +")
	}
	return bad.OrNil()
}

var (
	wireSafe = regexp.MustCompile(`^[!-$'-*,-<>-~]{1,64}$`)
	decimal  = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

// orderProblems checks what every call about an order sends. Baidu types both
// numbers Long; a number written differently would be signed differently.
func orderProblems(o refund.Order) *refund.InvalidError {
	bad := &refund.InvalidError{}
	for _, f := range []struct{ name, value, meaning string }{
		{"order.platform_id", o.PlatformID, "orderId"}, {"order.user_id", o.UserID, "userId"},
	} {
		if _, err := strconv.ParseInt(f.value, 10, 64); err != nil || !decimal.MatchString(f.value) {
			bad.Add(f.name, "want %s of Baidu's payment callback, digits without a leading zero, got %s", f.meaning, account.Length(f.value))
		}
	}
	return bad
}

// verifyCallback checks that the fields of a callback's POST body come from
// Baidu; see verify.
func (p *Provider) verifyCallback(form url.Values) error {
	if p.platform == nil {
		return errors.New("baidu.platform_public_key_file is not set: name the file of the platform's public key to receive callbacks")
	}
	return verify(p.platform, form)
}
