package e2e

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/worker/service"
)

// mall is a world with an account on every platform and every kind of secret, and with everything that such a worker
// tells the outside kept.
type mall struct {
	*world
	accounts map[string]merchants.Merchant
	codec    *codec.Codec // nil: nothing is encrypted
	keys     []string     // flags of the command line for it
	temporal temporalclient.Client
	service  *service.Service
	monitor  string // where the worker tells of itself, and
	hearing  string // where it hears the platforms
	stop     func() // the worker, once
	// logger and lines are the worker's log; traces what it traced; answered what the platforms answered.
	logger   *logrus.Logger
	lines    *kept
	traces   *collector
	answered *kept
	// said is what people were told.
	said kept
}

// kept is text that several write at once.
type kept struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.String()
}

func newMall(t *testing.T, encrypted bool) *mall {
	t.Helper()
	w, stand := emptyWorld(t, shared.Address())
	m := &mall{world: w, lines: &kept{}, answered: &kept{}, traces: newCollector(t), accounts: map[string]merchants.Merchant{
		w.account + "-baidu":    merchants.Baidu{AppKey: "MMMmall", ClientID: "mall", AppID: 10026, Silent: true}, // an audit would take five minutes
		w.account + "-wechat":   merchants.NewWeChat("1900000109", "wx8888888888888888"),
		w.account + "-cloud":    merchants.NewCloudPay("1900000111", "wx6666666666666666"),
		w.account + "-xlife":    merchants.NewXLife("23456789"),
		w.account + "-shengpay": merchants.NewShengpay("12345678", "app12345678"),
	}}
	target, err := url.Parse(stand.URL())
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)           // it tells of the faults that the stand-in is asked for
	proxy.ModifyResponse = func(r *http.Response) error { // tokens are only in the answers
		body, err := io.ReadAll(r.Body)
		_, _ = m.answered.Write(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return err
	}
	platforms := httptest.NewServer(proxy)
	t.Cleanup(platforms.Close)
	hearing := listening(t)
	monitor := listening(t)
	m.monitor, m.hearing = "http://"+monitor.Addr().String(), "http://"+hearing.Addr().String()

	text := fmt.Sprintf("temporal: {address: %q}\ntask_queue: %s\nledger: sqlite:ledger.db\nlog: {level: debug, format: json}\nreconcile: {every: 1s}\n"+
		"tracing: {endpoint: %q}\n", w.address, w.queue, m.traces.URL)
	if encrypted {
		m.key("encryption.key", 1)
		m.keys = []string{"--encryption-key-file", w.file("encryption.key")}
		text += "encryption: {key_files: [encryption.key]}\n"
		m.codec, err = codec.Open([]string{w.file("encryption.key")})
		require.NoError(t, err)
	}
	m.key("decisions.key", 2)
	m.key("another.key", 3)
	text += "accounts:\n"
	for name, merchant := range m.accounts {
		block, err := merchant.Register(w.ctx, merchants.Site{
			Account: name, Folder: w.dir, Sandbox: w.sandbox, URL: platforms.URL, TLSURL: stand.TLSURL(), CAPEM: stand.CAPEM(),
			Callbacks: m.hearing + "/callbacks/" + name, Poll: "[200ms]", AbsenceInterval: "300ms",
		})
		require.NoError(t, err)
		text += "  " + name + ":\n    approval: {above: 50000, decision_key_files: [decisions.key]}\n" + block
	}
	require.NoError(t, os.WriteFile(w.file("refundflow.yaml"), []byte(text), 0o600))

	c := w.load()
	m.logger, err = service.NewLogger(c.Log)
	require.NoError(t, err)
	m.logger.SetOutput(m.lines)
	m.service, err = service.Start(w.ctx, service.Options{Config: c, Logger: m.logger, Callbacks: hearing, Monitor: monitor})
	require.NoError(t, err)
	m.stop = sync.OnceFunc(m.service.Stop)
	t.Cleanup(m.stop)

	options := temporalclient.Options{}
	m.codec.ClientOptions(&options)
	m.temporal = w.dial(options)
	w.refunds = client.New(m.temporal).WithTaskQueue(w.queue).WithDataConverter(m.codec.DataConverter())
	return m
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// key makes a key file; each n is another key.
func (m *mall) key(name string, n byte) {
	m.t.Helper()
	digits := ""
	for i := range byte(32) {
		digits += fmt.Sprintf("%02x", i*37+n*11)
	}
	require.NoError(m.t, os.WriteFile(m.file(name), []byte(digits+"\n"), 0o600))
}

// people is the command line, and keeps what it says.
func (m *mall) people(input string, args ...string) said {
	m.t.Helper()
	s := m.starter(input, append(m.keys, args...)...)
	fmt.Fprintln(&m.said, s.out, s.err)
	return s
}

// wish is a paid order of the account and the request to give some of it back.
func (m *mall) wish(account string, total, amount refund.Fen) refund.Request {
	m.t.Helper()
	soon, paidAt := control.Duration(100*time.Millisecond), time.Now().Add(-26*time.Hour).Truncate(time.Second).UTC()
	wanted := control.NewOrder{Total: int64(total), SettleAfter: &soon, PaidAt: &paidAt}
	if m.accounts[account].Platform() == "xlife" { // it answers with the result
		wanted.SettleAfter = nil
	}
	order, err := m.accounts[account].Order(m.ctx, m.sandbox, wanted)
	require.NoError(m.t, err)
	m.orders++
	return refund.Request{
		ID: fmt.Sprintf("R%d", m.orders), Account: account, Amount: amount, Reason: "parcel never arrived",
		Initiator: refund.InitiatorUser, RequestedBy: "agent-17", Order: order,
	}
}

var accessToken = regexp.MustCompile(`"access_token":\s*"([^"]+)"`)

// tokens are those that were fetched.
func (m *mall) tokens() (all []secret) {
	for _, found := range accessToken.FindAllStringSubmatch(m.answered.String(), -1) {
		all = append(all, secret{"an access token", piecesOf(m.t, "an access token", found[1])})
	}
	return all
}

// secrets are the configuration's and the tokens.
func (m *mall) secrets() []secret {
	m.t.Helper()
	c, err := config.Load(m.file("refundflow.yaml"))
	require.NoError(m.t, err)
	return append(secretsOf(m.t, c), m.tokens()...)
}

// books are the bytes of the ledger's files.
func (m *mall) books() (text string) {
	m.t.Helper()
	files, err := filepath.Glob(m.file("ledger.db*"))
	require.NoError(m.t, err)
	require.NotEmpty(m.t, files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(m.t, err)
		text += string(data)
	}
	require.True(m.t, strings.Contains(text, "parcel never arrived"), "this is the ledger")
	return text
}
