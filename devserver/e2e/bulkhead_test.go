package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// front stands before a platform. Once it hangs, it takes every request and answers none.
type front struct {
	*httptest.Server
	hangs      atomic.Bool
	held, most atomic.Int64 // requests: now, and at once at most
}

func newFront(t *testing.T, platform string) *front {
	t.Helper()
	target, err := url.Parse(platform)
	require.NoError(t, err)
	f, forward := &front{}, httputil.NewSingleHostReverseProxy(target)
	f.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !f.hangs.Load() {
			forward.ServeHTTP(rw, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // a caller who hangs up is only noticed behind the body
		now := f.held.Add(1)
		for most := f.most.Load(); now > most && !f.most.CompareAndSwap(most, now); most = f.most.Load() {
		}
		<-r.Context().Done()
		f.held.Add(-1)
	}))
	t.Cleanup(f.Close)
	return f
}

// strait is one worker with two platforms, of which Baidu's may hang.
type strait struct {
	office
	baidu    *front
	account  string // Baidu's
	shengpay *shop
	stop     func()
}

func newStrait(t *testing.T, queue, inline string) *strait {
	t.Helper()
	w, stand := emptyWorld(t, shared.Address())
	s := &strait{baidu: newFront(t, stand.URL()), account: w.account + "-baidu"}
	listen := "127.0.0.1:" + freePort(t)
	other := *w
	other.account += "-shengpay"
	s.shengpay = &shop{world: &other, Merchant: merchants.NewShengpay("12345678", "app12345678")}
	text := fmt.Sprintf("temporal: {address: %q}\ntask_queue: %s\nledger: sqlite:ledger.db\nlog: {level: error}\ncallbacks: {listen: %q}\n"+
		"reconcile: {every: 1h, ended_within: 72h}\naccounts:\n", w.address, w.queue, listen)
	for _, a := range []struct {
		name, url, queue, inline, poll string
		merchant                       merchants.Merchant
	}{
		{s.account, s.baidu.URL, queue, inline, "[200ms]", merchants.Baidu{AppKey: "MMMe2e", ClientID: "e2e", AppID: 10026, Silent: true}},
		{other.account, stand.URL(), "", "none", "[1h]", s.shengpay.Merchant}, // what ends sooner was ended by a callback
	} {
		block, err := a.merchant.Register(w.ctx, merchants.Site{
			Account: a.name, Folder: w.dir, Sandbox: w.sandbox, URL: a.url, TLSURL: stand.TLSURL(), CAPEM: stand.CAPEM(),
			Callbacks: "http://" + listen + "/callbacks/" + a.name, Poll: a.poll, AbsenceInterval: "300ms",
		})
		require.NoError(t, err)
		text += fmt.Sprintf("  %s:\n    queue: %q\n    inline: %s\n%s", a.name, queueOf(w, a.queue), a.inline, block)
	}
	require.NoError(t, os.WriteFile(w.file("refundflow.yaml"), []byte(text), 0o600))
	c := w.dial(temporalclient.Options{})
	w.refunds = client.New(c).WithTaskQueue(w.queue)
	other.refunds = w.refunds
	s.office = office{w, c, c.ScheduleClient().GetHandle(w.ctx, workflows.ReconcileSchedule(w.queue))}
	t.Cleanup(func() { _ = s.schedule.Delete(context.Background()) })
	s.stop = w.work(nil)
	return s
}

// queueOf makes the name of an account's own queue the world's own too.
func queueOf(w *world, queue string) string {
	if queue == "" {
		return ""
	}
	return w.queue + "-" + queue
}

// wish is a paid order of Baidu's.
func (s *strait) wish(id string) refund.Request {
	s.t.Helper()
	paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC()
	order, err := merchants.Baidu{AppKey: "MMMe2e"}.Order(s.ctx, s.sandbox, control.NewOrder{Total: 9800, PaidAt: &paidAt})
	require.NoError(s.t, err)
	return refund.Request{
		ID: id, Account: s.account, Amount: 3000, Reason: "parcel never arrived", Initiator: refund.InitiatorUser, RequestedBy: "agent-17", Order: order,
	}
}

// begun counts Baidu's refunds that were opened and have not ended.
func (s *strait) begun(books *sqlstore.Store) (n int) {
	s.t.Helper()
	all, err := books.Unfinished(s.ctx, ledger.Key{}, 10_000)
	require.NoError(s.t, err)
	for _, r := range all {
		if r.Key.Account == s.account {
			n++
		}
	}
	return n
}

// TestAPlatformThatHangsHoldsUpNoOther lets more of Baidu's refunds meet the silence than it may have calls under way. The worker
// can run five times as many steps at once (service.stepsAtOnce), so that four platforms that hang leave room.
func TestAPlatformThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	const waiting = activities.CallsAtOnce + 100
	for _, c := range []struct{ name, queue, inline string }{
		{"all on one queue", "", "none"}, {"a queue of the account's own", "baidu", "none"}, {"first attempts in the workflow's own task", "", "all"},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: three hundred refunds are work for the server
			s := newStrait(t, c.queue, c.inline)
			const ended = 3
			for i := range ended { // for the comparison to ask about
				r := s.wish(fmt.Sprintf("E%d", i))
				s.start(r)
				require.Equal(t, refund.StatusSucceeded, s.wait(r).Status)
			}

			s.baidu.hangs.Store(true)
			s.stop() // so that all of them come at once
			hung := s.wish("")
			for i := range waiting { // of orders that Baidu need not know: it answers nobody
				hung.ID, hung.Order.PlatformID, hung.Order.MerchantID = fmt.Sprintf("B%d", i), fmt.Sprintf("8%08d", i), fmt.Sprintf("1%07d", i)
				s.start(hung)
			}
			s.stop = s.work(nil)
			books, err := sqlstore.Open(s.ctx, "sqlite:"+s.file("ledger.db"))
			require.NoError(t, err)
			defer books.Close()
			eventually(t, s.ctx, "all of them are under way", func() (bool, string) {
				begun, held := s.begun(books), s.baidu.held.Load()
				return begun == waiting && held > 0, fmt.Sprintf("%d opened, %d calls", begun, held)
			})

			const others = 8
			for range others { // each of them by a callback
				r := s.shengpay.wish(9800, 3050)
				s.shengpay.underWay(r)
				s.shengpay.pass(settles)
				s.shengpay.paidOnce(r, s.wait(r))
			}
			view, err := s.refunds.Status(s.ctx, s.account, "B0")
			require.NoError(t, err, "who asks for a refund that hangs is answered")
			require.Equal(t, refund.StatusCheckingOrder, view.Status)
			sum := s.reconcile()
			require.Equal(t, others, sum.Compared, "the other platform's refunds are compared: %+v", sum)
			require.Equal(t, 1, sum.Failures, "Baidu is asked once")
			require.Equal(t, ended-1, sum.Left)
			require.Equal(t, waiting, s.begun(books), "all of Baidu's are still waiting")
			// The front hears a little later than the worker that a caller has hung up. How many it holds at once depends on how fast
			// the server hands them out; that no more than these get in is proven in package activities.
			t.Logf("Baidu held %d calls at once", s.baidu.most.Load())
			require.Less(t, s.baidu.most.Load(), int64(activities.CallsAtOnce+waiting)/2, "calls of Baidu's at once")

			stopped, bound := make(chan struct{}), 45*time.Second // which docs/configuration.md promises
			ctx, cancel := context.WithTimeout(s.ctx, bound)
			defer cancel()
			go func() { s.stop(); close(stopped) }()
			select {
			case <-stopped:
			case <-ctx.Done():
				require.FailNow(t, "the worker does not stop while a platform hangs")
			}
			require.Equal(t, waiting, s.begun(books), "stopping ends none of them")
			wrong, err := books.Audit(s.ctx)
			require.NoError(t, err)
			require.Empty(t, wrong, "audit")
		})
	}
}
