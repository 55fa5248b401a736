package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/devserver/timeskip"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// act is something that is done about a refund on its way.
type act func(*world, refund.Request)

// decisionKey signs decisions in these tests.
const decisionKey = "six-grey-herons-wait-by-the-river"

// Misfortunes at the stand-in; lost and badSignature are two more.
var (
	neverArrived = control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.Before}
	// silence: whoever asks for the refund hears nothing for ever.
	silence = control.Fault{Op: "findOrderRefund", Kind: control.FaultStatus, Status: 503, Times: -1}
	// unclear: whoever asks for the refund hears, once, what only a person can settle.
	unclear       = control.Fault{Op: "findOrderRefund", Kind: control.FaultAnswer, Errno: new(int64(60021)), Msg: "未获取到有效数据"}
	stillVerified = control.Fault{Op: "applyOrderRefund", Kind: control.FaultAnswer, Errno: new(int64(10002)), Msg: "系统错误，已消费订单不允许退款"}
	unreachable   = control.Fault{Op: "queryorderdetail", Kind: control.FaultStatus, Status: 503, Times: -1}
	// The first attempts, in the workflow's own task, bring no answer.
	unreachableOnce = control.Fault{Op: "queryorderdetail", Kind: control.FaultStatus, Status: 503}
	busyOnce        = control.Fault{Op: "applyOrderRefund", Kind: control.FaultStatus, Status: 429}
)

func failing(o *control.NewBaiduOrder) { o.Outcome = control.Failed }

func reach(status refund.Status) act {
	return func(w *world, r refund.Request) { w.reach(r, status) }
}

// signal says it by the durable way, which a test of the answers at once has no need of.
func signal(name string, payload interface{ Validate() error }) act {
	return func(w *world, r refund.Request) {
		w.t.Helper()
		require.NoError(w.t, w.refunds.Signal(w.ctx, r.Account, r.ID, name, payload))
	}
}

func approves(by string) act { return signal(workflows.SignalApprove, refund.Decision{By: by}) }

func resolves(action refund.ResolveAction) act {
	return signal(workflows.SignalResolve, refund.Resolution{Action: action, By: "finance-2", Note: "looked it up", Evidence: "receipt 4711"})
}

// seals approves with a signature that is made with the key.
func seals(key string) act {
	return func(w *world, r refund.Request) {
		expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		sealed := refund.Sealed{Account: r.Account, ID: r.ID, Amount: r.Amount, Decision: string(refund.VerbApprove), By: "finance-3", Expires: expires}
		signal(workflows.SignalApprove, refund.Decision{By: "finance-3", Seal: refund.Seal{Expires: expires, Signature: sealed.Sign([]byte(key))}})(w, r)
	}
}

// pass moves the refund's clock on, or to the refund's end.
func pass(d time.Duration) act {
	return func(w *world, r refund.Request) {
		w.t.Helper()
		err := shared.TimeSkip().FastForward(w.ctx, refund.WorkflowID(r.Account, r.ID), d)
		if !errors.Is(err, timeskip.ErrEnded) {
			require.NoError(w.t, err)
		}
	}
}

// nights lets the time pass until the refund finds room. It stops right after each look: while the refund waits for its
// result, a clock that moves on asks for that without a pause.
func nights(w *world, r refund.Request) {
	w.t.Helper()
	eventually(w.t, w.ctx, r.ID+" finds room", func() (bool, string) {
		view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
		require.NoError(w.t, err)
		if view.Status != refund.StatusAwaitingBudget {
			return true, ""
		}
		clock, err := shared.TimeSkip().State(w.ctx, refund.WorkflowID(r.Account, r.ID))
		require.NoError(w.t, err)
		pass(max(view.NextLook.Sub(clock.Now), 0)+time.Second)(w, r)
		return false, view.Sentence
	})
}

// settle lets the stand-in pay what it has accepted.
func settle(w *world, _ refund.Request) {
	_, err := w.sandbox.Advance(w.ctx, 25*time.Hour)
	require.NoError(w.t, err)
}

func ended(w *world, r refund.Request) { w.wait(r) }

func submit(w *world, r refund.Request) {
	submitted, err := w.refunds.Submit(w.ctx, r)
	require.NoError(w.t, err)
	require.False(w.t, submitted.Existing)
}

// calledBack is a refund of which nobody but the platform's message can say that it is paid.
func calledBack(t *testing.T) (*world, refund.Request) {
	s := newShop(t, merchants.Baidu{AppKey: "MMMe2e", ClientID: "e2e", AppID: 10026})
	s.work(nil)
	r := s.wish(9800, 9800)
	s.underWay(r)
	s.pass(settles)
	return s.world, r
}

// another is a refund that uses up the day's budget.
func another(w *world, _ refund.Request) {
	other := w.request(6000, 6000)
	w.start(other)
	w.paidOnce(other, w.wait(other))
}

// sameOrder is a refund of the same order that is in flight.
func sameOrder(w *world, r refund.Request) {
	other := r
	other.ID, other.Amount = r.ID+"-first", 1000
	w.start(other)
	w.reach(other, refund.StatusProcessing)
}

func poor(w *world, _ refund.Request) { w.balance(0) }

func topUp(w *world, r refund.Request) {
	w.balance(balance)
	require.NoError(w.t, w.refunds.LookAgain(w.ctx, r.Account, r.ID))
}

func (w *world) balance(fen int64) {
	w.t.Helper()
	_, err := w.sandbox.Baidu().PatchMerchant(w.ctx, "MMMe2e", control.BaiduMerchantPatch{Balance: &fen})
	require.NoError(w.t, err)
}

// types is a signal as anybody can send it in the Web UI.
func types(name string, payload any) act {
	return func(w *world, r refund.Request) {
		w.t.Helper()
		require.NoError(w.t, w.dialled().SignalWorkflow(w.ctx, refund.WorkflowID(r.Account, r.ID), "", name, payload))
	}
}

// mistypes is what happens in the Web UI before somebody reads what it says there.
func mistypes(w *world, r refund.Request) {
	for _, wrong := range []act{
		types(workflows.SignalApprove, nil), types(workflows.SignalApprove, "finance-2"),
		types(workflows.SignalApprove, map[string]any{"bye": "finance-2"}), approves(r.RequestedBy),
		types(workflows.SignalResolve, refund.Resolution{Action: refund.ResolveRetry, By: "finance-2"}),
		types("aprove", refund.Decision{By: "finance-2"}),
	} {
		wrong(w, r)
	}
}

func tooLate(w *world, r refund.Request) {
	for _, name := range []string{workflows.SignalApprove, workflows.SignalReject, workflows.SignalCancel} {
		signal(name, refund.Decision{By: "finance-3"})(w, r)
	}
}

// retry is answered at once.
func (w *world) retry(r refund.Request) {
	_, err := w.refunds.Resolve(w.ctx, r.Account, r.ID, refund.Resolution{Action: refund.ResolveRetry, By: "ops-1"})
	require.NoError(w.t, err)
}

// cancel is answered when the refund has obeyed.
func (w *world) cancel(r refund.Request) {
	_, err := w.refunds.Cancel(w.ctx, r.Account, r.ID, refund.Decision{By: "agent-17"})
	require.NoError(w.t, err)
}

func cancelRequest(w *world, r refund.Request) {
	require.NoError(w.t, w.dialled().CancelWorkflow(w.ctx, refund.WorkflowID(r.Account, r.ID), ""))
}

func terminate(w *world, r refund.Request) {
	require.NoError(w.t, w.dialled().TerminateWorkflow(w.ctx, refund.WorkflowID(r.Account, r.ID), "", "by mistake"))
}

// again begins what was terminated anew.
func (w *world) again(r refund.Request) {
	require.False(w.t, w.start(r).Existing)
	w.reach(r, refund.StatusProcessing)
}

// A program in another language need not keep to the client's rules.

func misspelt(w *world, r refund.Request) {
	d := document(w.t, r)
	d["amout"] = 1
	w.foreign(r.ID, d)
}

func otherContent(w *world, r refund.Request) {
	r.Reason = "something else"
	w.foreign(r.ID, document(w.t, r))
}

func sameContent(w *world, r refund.Request) { w.foreign(r.ID, document(w.t, r)) }

// contradict closes a refund as failed that the platform has paid, and lets the reconciler find out.
func contradict(w *world, r refund.Request) {
	resolves(refund.ResolveFailed)(w, r)
	require.Equal(w.t, refund.StatusFailed, w.wait(r).Status)
	require.Equal(w.t, 1, w.reconcile().Resumed)
}

// compares finds one refund without its workflow, one that is under way and one that has ended.
func compares(w *world, _ refund.Request) {
	other := w.request(9800, 9800, slow)
	w.start(other)
	w.reach(other, refund.StatusProcessing)
	found := w.reconcile()
	require.Equal(w.t, []int{1, 1, 2}, []int{found.Resumed, found.Running, found.Compared}, fmt.Sprintf("%+v", found))
}

// reconciler is the workflow that compares the books, by the id of its schedule.
func (w *world) reconciler() string { return workflows.ReconcileSchedule(w.queue) }

// reconcile compares the books as its schedule does, half a day later: what happened just now is left alone.
func (w *world) reconcile() (found activities.Reconciled) {
	w.t.Helper()
	c := w.dial(temporalclient.Options{ConnectionOptions: temporalclient.ConnectionOptions{DialOptions: []grpc.DialOption{timeskip.DialOption()}}})
	run, err := c.ExecuteWorkflow(w.ctx, temporalclient.StartWorkflowOptions{ID: w.reconciler(), TaskQueue: w.queue, StartDelay: 12 * time.Hour},
		workflows.TypeReconcile, workflows.Reconciliation{EndedWithin: 72 * time.Hour})
	require.NoError(w.t, err)
	require.NoError(w.t, run.Get(w.ctx, &found))
	return found
}

func (w *world) dialled() temporalclient.Client {
	w.t.Helper()
	return w.dial(temporalclient.Options{})
}
