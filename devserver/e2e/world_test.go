package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"text/template"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/worker/service"
)

// balance is what every merchant begins with, in fen.
const balance = 1_000_000

// patience bounds everything a test waits for, its turn among those that run side by side included. It is generous: nothing waits longer than it must.
const patience = 8 * time.Minute

// setting is what tests change about an account.
type setting struct {
	ApproveAbove int64  // fen; 0 = nobody is asked
	Approval     string // more of the approval, YAML, as in "twice_above: 4000"
	DailyCap     int64  // fen; 0 = none
	Poll         string // YAML list
	Timeout      string // of one exchange
	Inline       string // which first attempts are made in the workflow's own task; "" = none
	Reconcile    string // YAML, as in "every: 1s"; nothing is compared without
}

// world is one account with all that belongs to it, alone on its task queue.
type world struct {
	t       *testing.T
	ctx     context.Context
	address string // of the Temporal server
	dir     string
	account string
	queue   string
	setting setting
	sandbox *control.Client
	url     string
	refunds *client.Client
	orders  int
}

var worlds atomic.Int64

// emptyWorld has a stand-in and no merchant yet.
func emptyWorld(t *testing.T, address string) (*world, *sandbox.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	stand, err := sandbox.Start(context.Background(), sandbox.Options{TLSAddr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = stand.Close() })
	n := worlds.Add(1)
	return &world{
		t: t, ctx: ctx, address: address, dir: t.TempDir(),
		account: fmt.Sprintf("shop-%d", n), queue: fmt.Sprintf("refunds-%d", n),
		sandbox: control.New(stand.URL()), url: stand.URL(),
	}, stand
}

// newWorld is a merchant of Baidu's who takes no callbacks.
func newWorld(t *testing.T, address string, s setting) *world {
	t.Helper()
	w, _ := emptyWorld(t, address)
	w.setting = s
	_, err := w.sandbox.Baidu().CreateMerchant(w.ctx, control.NewBaiduMerchant{
		AppKey: "MMMe2e", AppID: 10026, PublicKeyPEM: string(merchantKey.public), ClientID: "e2e", ClientSecret: "not-a-secret",
		Balance: balance, DailyCap: s.DailyCap,
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.file("merchant.pem"), merchantKey.private, 0o600))
	require.NoError(t, os.WriteFile(w.file("client.secret"), []byte("not-a-secret"), 0o600))
	w.connect()
	return w
}

func (w *world) file(name string) string { return filepath.Join(w.dir, name) }

// connect writes the configuration for the server at the address, and dials it.
func (w *world) connect() {
	w.t.Helper()
	if w.setting.Poll == "" {
		w.setting.Poll = "[100ms, 200ms]"
	}
	if w.setting.Timeout == "" {
		w.setting.Timeout = "8s"
	}
	if w.setting.Reconcile == "" {
		w.setting.Reconcile = "every: 0s"
	}
	f, err := os.Create(w.file("refundflow.yaml"))
	require.NoError(w.t, err)
	require.NoError(w.t, configuration.Execute(f, map[string]any{
		"Server": w.address, "Queue": w.queue, "Account": w.account, "Setting": w.setting, "Sandbox": w.url,
	}))
	require.NoError(w.t, f.Close())
	w.refunds = client.New(w.dial(temporalclient.Options{})).WithTaskQueue(w.queue)
}

func (w *world) dial(o temporalclient.Options) temporalclient.Client {
	w.t.Helper()
	o.HostPort, o.Logger = w.address, service.SDKLogger(silent())
	c, err := temporalclient.DialContext(w.ctx, o)
	require.NoError(w.t, err)
	w.t.Cleanup(c.Close)
	return c
}

var configuration = template.Must(template.New("").Parse(`
temporal: {address: "{{.Server}}"}
task_queue: {{.Queue}}
ledger: sqlite:ledger.db
log: {level: error}
reconcile: { {{- .Setting.Reconcile -}} }
accounts:
  {{.Account}}:
{{- if .Setting.ApproveAbove}}
    approval: {above: {{.Setting.ApproveAbove}}{{with .Setting.Approval}}, {{.}}{{end}}}
{{- end}}
{{- with .Setting.Inline}}
    inline: {{.}}
{{- end}}
    limits: {daily_cap: {{.Setting.DailyCap}}}
    baidu:
      transport: cashier
      app_id: "10026"
      app_key: MMMe2e
      private_key_file: merchant.pem
      openapi: {client_id: e2e, client_secret_file: client.secret}
      cashier_url: {{.Sandbox}}/cashier
      order_url: {{.Sandbox}}/platform/entity/openapi/queryorderdetail
      openapi_url: {{.Sandbox}}
      timeout: {{.Setting.Timeout}}
      poll: {{.Setting.Poll}}
      absence_interval: 300ms
`))

func (w *world) load() *config.Config {
	w.t.Helper()
	c, err := config.Load(w.file("refundflow.yaml"))
	require.NoError(w.t, err)
	return c
}

// work runs a worker in this process until the returned function, or the end of the test, stops it. A nil client lets
// it dial by its configuration, as the program does.
func (w *world) work(c temporalclient.Client) (stop func()) {
	w.t.Helper()
	s, err := service.Start(w.ctx, service.Options{Config: w.load(), Logger: silent(), Client: c})
	require.NoError(w.t, err)
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			s.Stop()
		}
	}
	w.t.Cleanup(stop)
	return stop
}

func silent() *logrus.Logger {
	l := logrus.New()
	l.SetLevel(logrus.PanicLevel)
	return l
}

// request makes a paid and verified order at the stand-in, and the wish to give some of it back.
func (w *world) request(total, amount refund.Fen, change ...func(*control.NewBaiduOrder)) refund.Request {
	w.t.Helper()
	wanted := control.NewBaiduOrder{AppKey: "MMMe2e", Total: int64(total)}
	for _, c := range change {
		c(&wanted)
	}
	o, err := w.sandbox.Baidu().CreateOrder(w.ctx, wanted)
	require.NoError(w.t, err)
	w.orders++
	return refund.Request{
		ID: fmt.Sprintf("R%d", w.orders), Account: w.account, Amount: amount, Reason: "parcel never arrived",
		Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		Order: refund.Order{
			PlatformID: o.OrderID, MerchantID: o.TpOrderID, UserID: o.UserID, Total: total,
			PaidAt: time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC(),
		},
	}
}

func unpaid(o *control.NewBaiduOrder) { o.Paid, o.Verified = new(false), new(false) }

func slow(o *control.NewBaiduOrder) { d := control.Duration(24 * time.Hour); o.SettleAfter = &d }

func (w *world) start(r refund.Request) client.Started {
	w.t.Helper()
	started, err := w.refunds.Start(w.ctx, r)
	require.NoError(w.t, err)
	return started
}

// approve is what somebody else than the one who asked does.
func (w *world) approve(r refund.Request) {
	w.t.Helper()
	_, err := w.refunds.Approve(w.ctx, r.Account, r.ID, refund.Decision{By: "finance-2"})
	require.NoError(w.t, err)
}

func (w *world) wait(r refund.Request) refund.Outcome {
	w.t.Helper()
	out, err := w.refunds.Wait(w.ctx, r.Account, r.ID)
	if err != nil {
		view, _ := w.refunds.Status(w.t.Context(), r.Account, r.ID) // where it got stuck
		require.NoError(w.t, err, "%s: %s", view.Status, view.Sentence)
	}
	return out
}

// reach follows the refund to a status.
func (w *world) reach(r refund.Request, status refund.Status) refund.View {
	w.t.Helper()
	var view refund.View
	eventually(w.t, w.ctx, fmt.Sprintf("%s comes to %s", r.ID, status), func() (bool, string) {
		var err error
		if view, err = w.refunds.Status(w.ctx, r.Account, r.ID); err != nil {
			return false, err.Error()
		}
		require.False(w.t, view.Status.Final() && view.Status != status, "%s: %s", view.Status, view.Sentence)
		return view.Status == status, string(view.Status) + ": " + view.Sentence
	})
	return view
}

// eventually asks until the answer is yes. It fails with the last answer when ctx ends first.
func eventually(t *testing.T, ctx context.Context, what string, ask func() (bool, string)) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		ok, last := ask()
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			require.FailNow(t, "waited in vain: "+what, last)
		case <-ticker.C:
		}
	}
}
