package wechat

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Provider is one merchant account at WeChat Pay. Safe for concurrent use.
type Provider struct {
	settings Settings
	dialect  dialect
	lane     *lane
	now      func() time.Time // a seam for tests
	nonce    func() string
}

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Notified = (*Provider)(nil)
)

// dialect carries requests and messages in one of WeChat's three ways.
type dialect interface {
	// exchange sends one request and returns the business answer in v2's names,
	// its two layers unread; whatever lies before them is a [*refund.Failure].
	exchange(context.Context, op, params) (fields, error)
	// open verifies a callback and returns what it says of a refund, in v2's names,
	// and whether only WeChat can have written it.
	open(providers.Callback) (f fields, proven bool, err error)
	// reply is the answer to a callback.
	reply(taken bool) providers.Reply
}

// New makes a provider. Its error is a [*refund.InvalidError] that names every
// mistake in the settings and in the files they name.
func New(s Settings) (*Provider, error) {
	bad := s.mistakes()
	p := &Provider{settings: s.withDefaults(), now: s.clock(), nonce: newNonce}
	p.lane = laneOf(p.merchant())
	switch s.Transport {
	case TransportV2:
		p.dialect = newV2(bad, p)
	case TransportCloudRun:
		p.dialect = newCloudRun(bad, p)
	case TransportCloudFunction:
		p.dialect = newCloudFunction(bad, p)
	}
	if err := bad.OrNil(); err != nil {
		return nil, err
	}
	return p, nil
}

// merchant is the scope of order and refund numbers: the merchant number that
// took the payments (§12). In the cloud dialects the service provider is WeChat.
func (p *Provider) merchant() string {
	parts := []string{"wechat"}
	for _, id := range []string{p.settings.MchID, p.settings.SubMchID} {
		if id != "" {
			parts = append(parts, id)
		}
	}
	return strings.Join(parts, "/")
}

// String keeps keys and tokens out of whatever prints a provider.
func (p *Provider) String() string { return p.merchant() }

// GoString is String for %#v.
func (p *Provider) GoString() string { return p.String() }

// numberFormat of out_refund_no: what the seed and every page agree on (§2).
var numberFormat = refund.NumberFormat{
	Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-", Max: 64,
}

// Rules describes WeChat's habits (§10, §12, §13).
func (p *Provider) Rules() providers.Rules {
	r := providers.Rules{
		Provider:           "wechat",
		Merchant:           p.merchant(),
		OrderKey:           providers.OrderKeyMerchant,
		Number:             numberFormat,
		Partial:            true,
		MaxRefundsPerOrder: 50,
		OrderGap:           time.Minute + 5*time.Second, // between arrivals; the way there varies
		Window:             365 * 24 * time.Hour,
		Query:              providers.QueryByNumber,
		AbsenceReads:       2,
		AbsenceInterval:    p.settings.AbsenceInterval,
		// The refund number is the platform's idempotency key.
		RepeatAnswers: true,
		MaxResends:    10,
		Poll:          slices.Clone(p.settings.Poll),
		PollFor:       p.settings.PollFor,
	}
	if p.settings.Transport != TransportV2 {
		r.Query = providers.QueryPresence
	}
	return r
}

var (
	transactionPattern = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
	orderPattern       = regexp.MustCompile(`^[0-9A-Za-z_|*@-]{1,32}$`) // of orders made elsewhere, hence the wider set (§2)
	currencyPattern    = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Validate names what WeChat misses in a request: the merchant's order number
// always, WeChat's where it is known, and no extra that WeChat has no field for.
func (p *Provider) Validate(r refund.Request) error {
	bad := orderProblems(r.Order)
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		switch value := r.Extra[name]; name {
		case extraAccount:
			if !accountPattern.MatchString(value) {
				bad.Add("extra."+name, "want %s or %s, got %s", AccountUnsettled, AccountRecharge, account.Length(value))
			}
		case extraFeeType:
			if !currencyPattern.MatchString(value) {
				bad.Add("extra."+name, "want a currency such as CNY, got %s", account.Length(value))
			}
		default:
			bad.Add("extra."+refund.CleanText(name), "WeChat has no such field: want %s or %s", extraAccount, extraFeeType)
		}
	}
	return bad.OrNil()
}

func orderProblems(o refund.Order) *refund.InvalidError {
	bad := &refund.InvalidError{}
	if !orderPattern.MatchString(o.MerchantID) {
		bad.Add("order.merchant_id", "want the merchant's order number, out_trade_no, 1 to 32 characters of 0-9 A-Z a-z _ - | * @, got %s", account.Length(o.MerchantID))
	}
	if o.PlatformID != "" && !transactionPattern.MatchString(o.PlatformID) {
		bad.Add("order.platform_id", "want WeChat's order number, transaction_id, 1 to 32 digits and letters, or nothing, got %s", account.Length(o.PlatformID))
	}
	return bad
}

// problems is what is wrong with an instruction, whatever is done with it.
func (p *Provider) problems(in providers.Instruction) error {
	if err := p.Validate(in.Request); err != nil {
		return err
	}
	return in.Check(numberFormat)
}

// Apply sends the refund (§4). Acceptance is not yet the refund. The same
// instruction always has the same content; only the nonce, and with it the
// signature, is new.
func (p *Provider) Apply(ctx context.Context, in providers.Instruction) (providers.Receipt, error) {
	if err := p.problems(in); err != nil {
		return providers.Receipt{}, refuse(opApply, err)
	}
	f, err := p.call(ctx, opApply, p.refundParams(in))
	if err != nil {
		return providers.Receipt{}, err
	}
	return p.receipt(f, in)
}

// call makes one exchange within the merchant's lane and reads the two layers of
// the answer. It returns fields only of what was granted.
func (p *Provider) call(ctx context.Context, o op, ps params) (fields, error) {
	if err := p.lane.enter(o, p.now()); err != nil {
		return nil, err
	}
	f, err := p.dialect.exchange(ctx, o, ps)
	if err == nil {
		err = judge(o, f)
	}
	p.lane.heed(err, p.now())
	if err != nil {
		return nil, err
	}
	return f, nil
}

// client makes the HTTP client of a dialect.
func (p *Provider) client(bad *account.Mistakes, cert certificate) *wire.Client {
	config := cert.config()
	if p.settings.CAFile != "" {
		config.RootCAs = account.Load(bad, "ca_file", p.settings.CAFile, readRoots)
	}
	return wire.NewClient(wire.Options{Timeout: p.settings.Timeout, TLS: config})
}
