package refundtest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Shanghai is the zone of the account's business day.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Noon is when every world begins: in the future, since the test environment runs
// a local activity under a deadline of its own, skipped time, but by the machine's
// clock. A world more than a day behind it could not repeat one.
var Noon = time.Date(2093, 11, 21, 12, 0, 0, 0, Shanghai)

// The one account of a world.
const (
	AccountName = "shop-baidu"
	AppKey      = "MMMtest"
	secret      = "Eighteen-Wooden-Ducks"
)

// Options make a world differ from the usual one: a merchant with money in its
// balance, no limits, nothing to approve, OpenAPI credentials, and a platform
// that pays whatever it is told to, so that a careless client shows in its books.
type Options struct {
	// Start is when it begins; default [Noon].
	Start time.Time
	// CashierOnly leaves out the OpenAPI credentials: no refund can be asked for
	// by its number.
	CashierOnly bool
	// Inline, Approval, DecisionKeys, Limits and Budget are the account's.
	Inline       activities.Inline
	Approval     refund.ApprovalPolicy
	DecisionKeys [][]byte
	Limits       ledger.Limits
	Budget       refund.BudgetPolicy
	// Sandbox are the platform's habits.
	Sandbox control.BaiduSettings
	// Merchant changes the merchant at the platform.
	Merchant func(*control.NewBaiduMerchant)
	// Settings change the provider's.
	Settings func(*baidu.Settings)
	// Address is where the provider looks for the platform; default the sandbox.
	Address string
	// NotifyURL and AuditURL are where the platform sends its messages, and its questions
	// whether a refund is wanted, on worlds made with [On]; default nowhere.
	NotifyURL, AuditURL string
	// Timeout of the provider's exchanges, on worlds made with [On]; 0 means its default.
	Timeout time.Duration
	// Watching look over the shoulder of every run.
	Watching []interceptor.WorkerInterceptor
}

// World is one merchant account, its platform and its books.
type World struct {
	*testing.T
	Platform *control.Client
	Baidu    *control.Baidu
	Ledger   *Disturbed
	// URL is the sandbox's.
	URL string

	bench    *providertest.Bench
	watching []interceptor.WorkerInterceptor
	start    time.Time
	mu       sync.Mutex
	account  *activities.Account // nil: taken out of the configuration
	clocks   []*testsuite.TestWorkflowEnvironment
	requests map[string]refund.Request
	runs     []*Run
	// forgotten is what books said that a restore has replaced.
	forgotten map[ledger.Key][]ledger.Entry
}

// merchantKey is made once for all worlds of a test binary.
var merchantKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // short, as Baidu permits: signing is most of what a refund costs here
	if err != nil {
		panic(err) // no randomness: nothing can be tested here
	}
	return key
})

// New makes a world whose account is one of Baidu's, with all that can be set
// there.
func New(t *testing.T, o Options) *World {
	t.Helper()
	w, _ := ground(t, o, "")
	w.Baidu = w.Platform.Baidu()

	public, err := x509.MarshalPKIXPublicKey(merchantKey().Public())
	require.NoError(t, err)
	merchant := control.NewBaiduMerchant{
		AppKey: AppKey, AppID: 10026, ClientID: "client-1", ClientSecret: secret, Balance: 1_000_000_00,
		PublicKeyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}
	if o.Merchant != nil {
		o.Merchant(&merchant)
	}
	_, err = w.Baidu.CreateMerchant(t.Context(), merchant)
	require.NoError(t, err)

	provider, err := baidu.New(w.settings(o))
	require.NoError(t, err)
	w.bench = &providertest.Bench{
		Provider: provider, Platform: w.Platform, Refunds: providertest.BaiduRefunds(w.Baidu), Secrets: []string{secret},
	}
	w.bench.Ops.Apply = "applyOrderRefund"
	w.open(o)
	return w
}

// On makes a world whose account uses the given transport.
func On(t *testing.T, transport providertest.Transport, o Options) *World {
	t.Helper()
	w, server := ground(t, o, "127.0.0.1:0")
	w.bench = transport.Open(t, providertest.Ground{
		Server: server, Address: w.URL, Now: w.Now, NotifyURL: o.NotifyURL, AuditURL: o.AuditURL, Timeout: o.Timeout})
	w.open(o)
	return w
}

// ground is a world with a sandbox and books, and no account yet. The sandbox has
// a TLS door where an address for it is given.
func ground(t *testing.T, o Options, tls string) (*World, *sandbox.Server) {
	t.Helper()
	w := &World{T: t, start: o.Start, watching: o.Watching, requests: map[string]refund.Request{}}
	if o.Start.IsZero() {
		w.start = Noon
	}
	t.Cleanup(w.letGo)
	if o.Sandbox.OverTotal == "" {
		o.Sandbox.OverTotal = control.Pay
	}
	platform, err := sandbox.Start(context.Background(), sandbox.Options{Baidu: o.Sandbox, Now: w.Now, TLSAddr: tls, NewKey: platformKey})
	require.NoError(t, err)
	t.Cleanup(func() { _ = platform.Close() })
	w.URL, w.Platform = platform.URL(), control.New(platform.URL())

	w.Ledger = &Disturbed{Ledger: emptyBooks(t)}
	return w, platform
}

// letGo keeps nothing. The test environment leaves a timer of the real clock behind for each
// of a workflow's that never fired, which holds it, and with it the world, for the weeks it
// was set to; thousands of worlds must not stay.
func (w *World) letGo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Ledger.Ledger, w.Platform, w.Baidu, w.bench, w.account = nil, nil, nil, nil, nil
	for _, r := range w.runs {
		*r.server = server{}
		*r = Run{}
	}
	w.clocks, w.requests, w.watching, w.runs, w.T = nil, nil, nil, nil, nil
}

// open opens the account.
func (w *World) open(o Options) {
	if o.Limits.Zone == nil {
		o.Limits.Zone = Shanghai
	}
	w.account = &activities.Account{
		Name: AccountName, Provider: w.bench.Provider, Inline: o.Inline, Limits: o.Limits, Budget: o.Budget,
		Approval: o.Approval, DecisionKeys: o.DecisionKeys,
	}
}

// Bench is the account's provider and its platform, whichever it is.
func (w *World) Bench() *providertest.Bench { return w.bench }

func (w *World) settings(o Options) baidu.Settings {
	dir := w.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	require.NoError(w, err)
	key, hidden := filepath.Join(dir, "key.pem"), filepath.Join(dir, "secret")
	require.NoError(w, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	require.NoError(w, os.WriteFile(hidden, []byte(secret), 0o600))
	url := o.Address
	if url == "" {
		url = w.URL
	}
	s := baidu.Settings{
		Transport: baidu.TransportCashier, AppID: "10026", AppKey: AppKey, PrivateKeyFile: key,
		OpenAPI:    &baidu.OpenAPI{ClientID: "client-1", ClientSecretFile: hidden},
		CashierURL: url + "/cashier", LegacyURL: url + "/nop/server/rest", OrderURL: url + "/platform/entity/openapi/queryorderdetail", OpenAPIURL: url,
	}
	if o.CashierOnly {
		s.OpenAPI = nil
	}
	if o.Settings != nil {
		o.Settings(&s)
	}
	return s
}

// Now is the time of the platform: that of the workflow which is furthest.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.start
	for _, env := range w.clocks {
		if t := env.Now(); t.After(now) {
			now = t
		}
	}
	return now
}

// Pass lets time pass between two runs.
func (w *World) Pass(d time.Duration) {
	later := w.Now().Add(d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.start = later
}

// Account is the configuration as the activities see it.
func (w *World) Account(name string) (activities.Account, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.account == nil || name != AccountName {
		return activities.Account{}, errors.New("account " + name + " is not configured")
	}
	return *w.account, nil
}

// Names are those of the configured accounts.
func (w *World) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.account == nil {
		return nil
	}
	return []string{AccountName}
}

// Configure changes the account while refunds run, as a new configuration does.
// The returned function takes the change back.
func (w *World) Configure(change func(*activities.Account) *activities.Account) (undo func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.account
	changed := *before
	w.account = change(&changed)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.account = before
	}
}

// Order makes a paid and verified order at the platform, changed as wanted.
func (w *World) Order(total refund.Fen, change ...func(*control.NewBaiduOrder)) refund.Order {
	w.Helper()
	wanted := control.NewBaiduOrder{AppKey: AppKey, Total: int64(total)}
	for _, c := range change {
		c(&wanted)
	}
	o, err := w.Baidu.CreateOrder(w.Context(), wanted)
	require.NoError(w, err)
	return refund.Order{PlatformID: o.OrderID, MerchantID: o.TpOrderID, UserID: o.UserID, Total: total, PaidAt: w.start.Add(-26 * time.Hour)}
}

// Unverified is an order that was paid and never verified.
func Unverified(o *control.NewBaiduOrder) { o.Verified = new(false) }

// Unpaid is an order that was never paid.
func Unpaid(o *control.NewBaiduOrder) { o.Paid, o.Verified = new(false), new(false) }

// Failing is an order whose refunds are accepted and then fail.
func Failing(o *control.NewBaiduOrder) { o.Outcome = control.Failed }

// SettlesAfter delays the results of an order's refunds.
func SettlesAfter(d time.Duration) func(*control.NewBaiduOrder) {
	return func(o *control.NewBaiduOrder) { o.SettleAfter = new(control.Duration(d)) }
}

// Request asks for amount of the order.
func (w *World) Request(id string, order refund.Order, amount refund.Fen) refund.Request {
	return refund.Request{
		ID: id, Account: AccountName, Amount: amount, Reason: "parcel never arrived", Initiator: refund.InitiatorUser,
		RequestedBy: "agent-17", Order: order,
	}
}

// Full is a refund of a whole order of ¥98.00.
func (w *World) Full(change ...func(*control.NewBaiduOrder)) refund.Request {
	return w.Request("R1", w.Order(9800, change...), 9800)
}

// Part is a refund of ¥30.50 of an order of ¥98.00.
func (w *World) Part(change ...func(*control.NewBaiduOrder)) refund.Request {
	return w.Request("R1", w.Order(9800, change...), 3050)
}

// Fault plans a misfortune at the platform.
func (w *World) Fault(f control.Fault) {
	w.Helper()
	_, err := w.Platform.AddFault(context.Background(), f)
	require.NoError(w, err)
}

// Balance sets the merchant's enterprise balance.
func (w *World) Balance(fen int64) {
	w.Helper()
	_, err := w.Baidu.PatchMerchant(context.Background(), AppKey, control.BaiduMerchantPatch{Balance: &fen})
	require.NoError(w, err)
}

// Used is what is taken today from the account's cap, and in this period from
// its reserve.
func (w *World) Used() (day, period refund.Fen) {
	w.Helper()
	account, err := w.Account(AccountName)
	require.NoError(w, err)
	usage, err := w.Ledger.Usage(context.Background(), AccountName, w.Now(), account.Limits)
	require.NoError(w, err)
	return usage.DayUsed, usage.PeriodUsed
}
