package xlife

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Provider is one merchant account at Miaojie. Safe for concurrent use.
type Provider struct {
	settings        Settings
	secret, session string
	http            *wire.Client
	lane            *wire.Lane
	now             func() time.Time // a seam for tests
}

var _ providers.Provider = (*Provider)(nil)

// callsPerSecond of one app: a day of them, 864 000, stays below the 1 000 000
// calls that the notes give for a launched app (§1). Limits per second are
// not published.
const callsPerSecond = 10

// lanes belong to the process, since the platform counts calls per app.
var lanes = wire.NewLanes(callsPerSecond)

// New makes a provider. Its error is a [*refund.InvalidError] that names every
// mistake in the settings and in the files they name.
func New(s Settings) (*Provider, error) {
	bad := s.mistakes()
	p := &Provider{settings: s.withDefaults(), lane: lanes.Of(s.AppKey), now: s.clock()}
	p.secret = account.Load(bad, "app_secret_file", s.AppSecretFile, wire.SecretFile)
	p.session = account.Load(bad, "session_file", s.SessionFile, wire.SecretFile)
	p.http = wire.NewClient(wire.Options{Timeout: p.settings.Timeout})
	if err := bad.OrNil(); err != nil {
		return nil, err
	}
	return p, nil
}

// String keeps secret and session out of whatever prints a provider.
func (p *Provider) String() string { return "xlife/" + p.settings.AppKey }

// GoString is String for %#v.
func (p *Provider) GoString() string { return p.String() }

// numberFormat of out_request_no (inferred from the mos family, §2.2).
var numberFormat = refund.NumberFormat{
	Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", Max: 64,
}

// Rules describes Miaojie's habits.
func (p *Provider) Rules() providers.Rules {
	r := providers.Rules{
		Provider: "xlife",
		// An app may serve several sellers, each with a session of its own, and two
		// sellers may use the same order number. Sharing the scope at worst refuses the
		// second one's refund, in plain words; a scope that changed with the session
		// would let one order be refunded twice.
		Merchant: "xlife/" + p.settings.AppKey,
		// out_trade_no: always known to the merchant, and echoed by every answer.
		OrderKey:           providers.OrderKeyMerchant,
		Number:             numberFormat,
		MaxRefundsPerOrder: 1, // whole orders only (§2.1)
		Window:             p.settings.Window,
		NoOrderQuery:       !p.settings.may(MosQuery),
		Query:              providers.QueryNone,
		// Repeating is asking: one reading that says nothing is enough, and a day of
		// repeats is expected rather than alarming (§4).
		AbsenceReads:    1,
		AbsenceInterval: p.settings.AbsenceInterval,
		MaxResends:      200,
		RepeatAnswers:   true,
		Poll:            slices.Clone(p.settings.Poll),
		PollFor:         p.settings.PollFor,
	}
	if p.settings.may(MosQueryRefund) {
		r.Query = providers.QueryByNumber
	}
	return r
}

// orderNumber is what an answer can echo, see [wire.ID].
var orderNumber = regexp.MustCompile(`^[!-~]{1,64}$`)

// Validate names what Miaojie misses in a request: the merchant's order number
// and the store, from the order or from the settings.
func (p *Provider) Validate(r refund.Request) error {
	bad := p.orderProblems(r.Order)
	terminal, operator := p.till(r)
	for _, f := range []struct{ name, value string }{{"terminal_id", terminal}, {"operator_id", operator}} {
		if f.value != "" && !short(f.value) {
			bad.Add("extra."+f.name, "want 1 to 64 printable characters, got %s", account.Length(f.value))
		}
	}
	return bad.OrNil()
}

// orderProblems checks what every call about an order sends.
func (p *Provider) orderProblems(o refund.Order) *refund.InvalidError {
	bad := &refund.InvalidError{}
	if !orderNumber.MatchString(o.MerchantID) {
		bad.Add("order.merchant_id", "want the merchant's order number, out_trade_no, 1 to 64 printable ASCII characters without space, got %s", account.Length(o.MerchantID))
	}
	if o.PlatformID != "" && !orderNumber.MatchString(o.PlatformID) {
		bad.Add("order.platform_id", "want Miaojie's order number, trade_no, 1 to 64 printable ASCII characters without space, got %s", account.Length(o.PlatformID))
	}
	id, kind := p.store(o)
	if !short(id) {
		bad.Add("order.store_id", "want the order's store here or in xlife.store_id, 1 to 64 printable characters, got %s", account.Length(id))
	}
	switch {
	case o.StoreID == "" && o.StoreIDType != "":
		bad.Add("order.store_id_type", "it belongs to order.store_id: give both or neither")
	case kind != StoreMiaojie && kind != StoreOut:
		bad.Add("order.store_id_type", "want miaojie or out here or in xlife.store_id_type, got %s", account.Length(string(kind)))
	}
	return bad
}

// store is the order's own, or the account's for orders that name none. It must
// be the one the order was paid in (§2.1).
func (p *Provider) store(o refund.Order) (id string, kind StoreIDType) {
	id, kind = o.StoreID, StoreIDType(o.StoreIDType)
	id = cmp.Or(id, p.settings.StoreID)
	kind = cmp.Or(kind, p.settings.StoreIDType)
	return id, kind
}

// till is where and by whom the refund is made.
func (p *Provider) till(r refund.Request) (terminal, operator string) {
	terminal, operator = r.Extra["terminal_id"], r.Extra["operator_id"]
	terminal = cmp.Or(terminal, p.settings.TerminalID)
	operator = cmp.Or(operator, p.settings.OperatorID)
	return terminal, operator
}
