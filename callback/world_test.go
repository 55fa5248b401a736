package callback

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/baidu"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// The replies, to the byte: the protocol notes, docs/protocols/baidu.md §6.
const (
	taken    = `{"errno":0,"msg":"success","data":{}}`
	notTaken = `{"errno":1,"msg":"not taken","data":{}}`
	approved = `{"errno":0,"msg":"success","data":{"auditStatus":1,"calculateRes":{"refundPayMoney":100}}}`
	later    = `{"errno":0,"msg":"success","data":{"auditStatus":3,"calculateRes":{"refundPayMoney":100}}}`
)

const (
	toRefund = "/callbacks/shop/refund"
	toAudit  = "/callbacks/shop/audit"
	order1   = "800200451"
)

var (
	noon     = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	platform = sync.OnceValue(newKey) // Baidu's
	merchant = sync.OnceValue(newKey) // ours
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // what Baidu's documentation asks for
	if err != nil {
		panic(err)
	}
	return key
}

type form map[string]string

// notice is the notification of the end of batch 700.
func notice(status string) form {
	return form{"orderId": order1, "tpOrderId": "10000234", "userId": "2250333905", "refundBatchId": "700", "refundStatus": status}
}

// question is the audit of batch 700 over 100 fen.
func question() form {
	return form{"orderId": order1, "tpOrderId": "10000234", "userId": "2250333905", "refundBatchId": "700", "applyRefundMoney": "100"}
}

func (f form) with(name, value string) form {
	changed := form{name: value}
	for k, v := range f {
		if k != name {
			changed[k] = v
		}
	}
	return changed
}

// signed is the form's body with a signature by key.
func (f form) signed(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	signature, err := wire.SignRSA(key, crypto.SHA1, wire.Canonical{}.Text(f))
	require.NoError(t, err)
	body := url.Values{"rsaSign": {signature}}
	for name, value := range f {
		body.Set(name, value)
	}
	return body.Encode()
}

// accounts of a test: "shop" and "second" share a merchant number, "other" has one
// of its own and, as may be, the same platform key.
type accounts map[string]providers.Provider

func (a accounts) Provider(name string) (providers.Provider, bool) { p, ok := a[name]; return p, ok }

func newBaidu(t testing.TB, appKey string, withPlatformKey bool) *baidu.Provider {
	t.Helper()
	file := func(der []byte) string {
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(der)), 0o600))
		return path
	}
	s := baidu.Settings{Transport: baidu.TransportCashier, AppID: "10026", AppKey: appKey,
		PrivateKeyFile: file(x509.MarshalPKCS1PrivateKey(merchant()))}
	if withPlatformKey {
		s.PlatformPublicKeyFile = file(x509.MarshalPKCS1PublicKey(&platform().PublicKey))
	}
	p, err := baidu.New(s)
	require.NoError(t, err)
	return p
}

// world is a receiver with real books and a real provider; time passes only where a
// test says so.
type world struct {
	testing.TB
	*sqlstore.Store
	http.Handler
	books    *books
	accounts accounts
	log      *logtest.Hook
	now      time.Time
	mu       sync.Mutex
	signals  []string
	reopened []refund.Request
	signal   func(context.Context) error // nil succeeds
}

func newWorld(t testing.TB) *world {
	t.Helper()
	store, err := sqlstore.Open(context.Background(), ":memory:")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	logger, hook := logtest.NewNullLogger()
	logger.SetLevel(logrus.DebugLevel)
	w := &world{TB: t, Store: store, books: &books{Books: store}, log: hook, now: noon.Add(time.Hour)}
	shop := newBaidu(t, "MMM4hG", true)
	w.accounts = accounts{"shop": shop, "second": shop, "other": newBaidu(t, "MMMother", true)}
	w.Handler = New(Options{
		Accounts: w.accounts, Books: w.books, Logger: logger, Now: func() time.Time { return w.now },
		Signal: func(ctx context.Context, id string) error {
			w.mu.Lock()
			w.signals = append(w.signals, id)
			w.mu.Unlock()
			if w.signal == nil {
				return nil
			}
			return w.signal(ctx)
		},
		Reopen: func(_ context.Context, r refund.Request) error {
			w.reopened = append(w.reopened, r)
			return nil
		},
	})
	return w
}

var r1 = ledger.Key{Account: "shop", ID: "R1"}

// opened opens refund R1 over 100 of the 9800 fen of order 1.
func (w *world) opened() *world {
	w.Helper()
	o := ledger.Opening{
		Request: refund.Request{ID: "R1", Account: "shop", Amount: 100, Reason: "late", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
			Order: refund.Order{PlatformID: order1, MerchantID: "10000234", UserID: "2250333905", Total: 9800}},
		Number: "N1", Rules: w.accounts["shop"].Rules(), At: noon,
	}
	o.Fingerprint = o.Request.Fingerprint()
	opened, err := w.Open(context.Background(), o)
	require.NoError(w, err)
	require.Empty(w, opened.Refused)
	return w
}

// sent is opened and on its way to the platform, whose answer is not there yet.
func (w *world) sent() *world {
	w.Helper()
	w.opened()
	hold, err := w.Hold(context.Background(), r1, noon, ledger.Limits{})
	require.NoError(w, err)
	require.True(w, hold.Granted, hold.Why)
	permit, err := w.BeginSend(context.Background(), r1, noon, ledger.Limits{})
	require.NoError(w, err)
	require.True(w, permit.Send)
	return w
}

// accepted is sent and accepted as batch 700.
func (w *world) accepted() *world {
	w.Helper()
	w.sent()
	require.NoError(w, w.EndSend(context.Background(), r1, noon, ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "700", Amount: 100}}))
	return w
}

// settled is ended by the order's state, which names no refund.
func (w *world) settled() *world {
	w.Helper()
	require.NoError(w, w.Settle(context.Background(), r1, ledger.Settlement{Result: providers.Result{State: providers.ResultSucceeded}, Reason: "asked", At: noon}))
	return w
}

func (w *world) ended(status ledger.Status) *world {
	w.Helper()
	e := ledger.Ending{Status: status, Reason: "because", At: noon}
	if status == ledger.Succeeded {
		e.By, e.Refunded = "finance-2", 100
	}
	require.NoError(w, w.Finish(context.Background(), r1, e))
	return w
}

// post sends a message and returns the reply's body and status.
func (w *world) post(path, body string) (string, int) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer.Body.String(), answer.Code
}

func (w *world) record() ledger.Record {
	w.Helper()
	r, err := w.Refund(context.Background(), r1)
	require.NoError(w, err)
	return r
}

// steps are the refund's journal.
func (w *world) steps() string {
	w.Helper()
	lines, err := w.Journal(context.Background(), r1)
	if errors.Is(err, ledger.ErrUnknown) {
		return ""
	}
	require.NoError(w, err)
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.Step + ": " + line.Text + "\n")
	}
	return text.String()
}

// state is all that callbacks may change.
func (w *world) state() []any {
	w.Helper()
	foreign, err := w.ForeignRefunds(context.Background(), "")
	require.NoError(w, err)
	audits, err := w.Audits(context.Background(), "")
	require.NoError(w, err)
	r, err := w.Refund(context.Background(), r1)
	if !errors.Is(err, ledger.ErrUnknown) {
		require.NoError(w, err)
	}
	return []any{foreign, audits, r, w.steps()}
}

func (w *world) alerts() int {
	n := 0
	for _, e := range w.log.AllEntries() {
		if e.Data["alert"] == true {
			n++
		}
	}
	return n
}

// logged is the whole log, every field of it.
func (w *world) logged() string {
	w.Helper()
	var text strings.Builder
	for _, e := range w.log.AllEntries() {
		line, err := e.String()
		require.NoError(w, err)
		text.WriteString(line)
	}
	return text.String()
}
