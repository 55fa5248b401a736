package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func TestTheSameIDIsTheSameRefundForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1})
	w.work(nil)
	r := w.request(5000, 5000)
	other := r
	other.Reason = "something else"
	first := w.start(r)
	require.False(t, first.Existing)

	repeated := func(when string) {
		again := w.start(r)
		require.True(t, again.Existing, when)
		require.Equal(t, first.RunID, again.RunID, "%s: no new run", when)
		_, err := w.refunds.Start(w.ctx, other)
		var conflict *client.ConflictError
		require.ErrorAs(t, err, &conflict, when)
		require.Equal(t, client.ConflictError{Account: r.Account, ID: r.ID}, *conflict)
		require.ErrorContains(t, err, "nothing was started")
		require.Equal(t, first.RunID, w.newestRun(r), "%s: nothing was started", when)
	}
	w.reach(r, refund.StatusAwaitingApproval)
	repeated("while it runs")
	w.approve(r)
	w.paidOnce(r, w.wait(r))
	repeated("after it has ended")
	w.paidOnce(r, w.wait(r))
	w.balanced(5000)
}

func (w *world) newestRun(r refund.Request) string {
	w.t.Helper()
	found, err := w.dial(temporalclient.Options{}).DescribeWorkflowExecution(w.ctx, refund.WorkflowID(r.Account, r.ID), "")
	require.NoError(w.t, err)
	return found.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// foreign starts a refund as a program in another language would: by names, with a JSON document and nothing else.
func (w *world) foreign(id string, document map[string]any) temporalclient.WorkflowRun {
	w.t.Helper()
	run, err := w.dial(temporalclient.Options{}).ExecuteWorkflow(w.ctx,
		temporalclient.StartWorkflowOptions{ID: "refund/" + w.account + "/" + id, TaskQueue: w.queue}, "RefundWorkflow", document)
	require.NoError(w.t, err)
	return run
}

func document(t *testing.T, r refund.Request) map[string]any {
	t.Helper()
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var d map[string]any
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

func TestARefundStartedByAForeignClientIsLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1})
	w.work(nil)
	r := w.request(5000, 5000)
	run := w.foreign(r.ID, document(t, r))
	w.reach(r, refund.StatusAwaitingApproval)
	w.lists(client.Filter{Account: w.account, Status: refund.StatusAwaitingApproval, Order: r.Order.MerchantID}, r)

	again := w.start(r)
	require.True(t, again.Existing)
	require.Equal(t, run.GetRunID(), again.RunID)
	other := r
	other.Amount = 100
	_, err := w.refunds.Start(w.ctx, other)
	var conflict *client.ConflictError
	require.ErrorAs(t, err, &conflict)

	require.NoError(t, w.dial(temporalclient.Options{}).SignalWorkflow(w.ctx, run.GetID(), "", "approve", map[string]any{"by": "finance-2"}))
	var out map[string]any
	require.NoError(t, run.Get(w.ctx, &out), "the outcome is plain JSON")
	require.Equal(t, "succeeded", out["status"])
	require.EqualValues(t, 5000, out["amount"])
	w.paidOnce(r, w.wait(r))
	w.lists(client.Filter{Account: w.account, Status: refund.StatusSucceeded}, r)
}

func TestAWrongForeignDocumentIsRefusedByNameAndLeavesItsIDFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	for name, c := range map[string]struct {
		change func(map[string]any)
		wants  string
	}{
		"unknown field": {func(d map[string]any) { d["amout"] = 1 }, "amout: unknown field"},
		"fractional":    {func(d map[string]any) { d["amount"] = 50.5 }, "amount: want an integer number of fen"},
		"quoted":        {func(d map[string]any) { d["amount"] = "5000" }, "amount: want an integer number of fen"},
		"missing":       {func(d map[string]any) { delete(d, "reason") }, "reason: want 1 to 200 characters"},
	} {
		r := w.request(500, 500)
		d := document(t, r)
		c.change(d)
		var out refund.Outcome
		require.NoError(t, w.foreign(r.ID, d).Get(w.ctx, &out), name)
		require.Equal(t, refund.StatusFailed, out.Status, name)
		require.Contains(t, out.Reason, c.wants, name)
		require.Empty(t, w.book(r).Calls, name)

		require.False(t, w.start(r).Existing, "%s: the right document begins anew", name)
		w.paidOnce(r, w.wait(r))
		require.True(t, w.start(r).Existing)
	}
	w.balanced(4 * 500)
}

func TestATerminatedRefundGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		at    refund.Status
		order func(*control.NewBaiduOrder)
	}{
		{name: "before anything was sent", at: refund.StatusAwaitingApproval},
		{name: "after Baidu accepted it", at: refund.StatusProcessing, order: slow},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared.Address(), setting{ApproveAbove: 1})
			w.work(nil)
			var change []func(*control.NewBaiduOrder)
			if c.order != nil {
				change = append(change, c.order)
			}
			r := w.request(5000, 5000, change...)
			first := w.start(r)
			w.reach(r, refund.StatusAwaitingApproval)
			if c.at != refund.StatusAwaitingApproval {
				w.approve(r)
				w.reach(r, c.at)
			}
			require.NoError(t, w.dial(temporalclient.Options{}).TerminateWorkflow(w.ctx, first.WorkflowID, "", "by mistake"))
			other := r
			other.Reason = "something else"
			_, err := w.refunds.Start(w.ctx, other)
			var conflict *client.ConflictError
			require.ErrorAs(t, err, &conflict, "the id stays with its content")
			require.Equal(t, first.RunID, w.newestRun(r), "nothing was started")
			again := w.start(r)
			require.False(t, again.Existing)
			require.NotEqual(t, first.RunID, again.RunID)
			w.reach(r, c.at)
			if c.at == refund.StatusAwaitingApproval {
				w.approve(r)
			}
			_, err = w.sandbox.Advance(w.ctx, 25*time.Hour)
			require.NoError(t, err)
			w.paidOnce(r, w.wait(r))
			w.balanced(5000)
		})
	}
}

// lists demands exactly these refunds of a list, the newest first. Visibility follows in its own time.
func (w *world) lists(f client.Filter, want ...refund.Request) {
	w.t.Helper()
	ids := []string{}
	for _, r := range want {
		ids = append(ids, r.Account+"/"+r.ID)
	}
	eventually(w.t, w.ctx, "the list shows what it should", func() (bool, string) {
		all, err := w.refunds.List(w.ctx, f)
		require.NoError(w.t, err)
		got := []string{}
		for _, l := range all {
			got = append(got, l.Account+"/"+l.ID)
		}
		text, _ := json.Marshal(all)
		return slices.Equal(got, ids), string(text)
	})
}

func TestListsAreFilteredByWhatAnOperatorAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 4000})
	w.work(nil)
	small, large, gone := w.request(1000, 1000), w.request(5000, 5000), w.request(3000, 3000, unpaid)
	for _, r := range []refund.Request{small, gone} {
		w.start(r)
		w.wait(r)
	}
	w.start(large)
	w.reach(large, refund.StatusAwaitingApproval)
	w.lists(client.Filter{Account: w.account, Status: refund.StatusAwaitingApproval}, large)
	mine := client.Filter{Account: w.account}
	w.lists(mine, large, gone, small)
	w.lists(client.Filter{Account: w.account, Limit: 1}, large)
	w.lists(client.Filter{Account: w.account, Open: true}, large)
	w.lists(client.Filter{Account: w.account, Status: refund.StatusFailed}, gone)
	w.lists(client.Filter{Account: w.account, Status: refund.StatusSucceeded}, small)
	w.lists(client.Filter{Account: w.account, Order: small.Order.MerchantID}, small)
	w.lists(client.Filter{Account: w.account + "'; --"})

	all, err := w.refunds.List(w.ctx, mine)
	require.NoError(t, err)
	require.Equal(t, refund.StatusAwaitingApproval, all[0].Status)
	require.Equal(t, large.Order.MerchantID, all[0].Order)
	require.Equal(t, large.Amount, all[0].Amount)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING.String(), all[0].Execution)
	require.True(t, all[0].Closed.IsZero())
	require.False(t, all[1].Closed.IsZero())
}

func TestWhatIsUnknownIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	var missing *client.NotFoundError
	_, err := w.refunds.Status(w.ctx, w.account, "R404")
	require.ErrorAs(t, err, &missing)
	_, err = w.refunds.Wait(w.ctx, w.account, "R404")
	require.ErrorAs(t, err, &missing)
	for name, decide := range map[string]func(context.Context, string, string, refund.Decision) (refund.Answer, error){
		"approve": w.refunds.Approve, "reject": w.refunds.Reject, "cancel": w.refunds.Cancel,
	} {
		_, err := decide(w.ctx, w.account, "R404", refund.Decision{By: "finance-2"})
		require.ErrorAs(t, err, &missing, name)
		require.ErrorAs(t, w.refunds.Signal(w.ctx, w.account, "R404", "cancel", refund.Decision{By: "finance-2"}), &missing, name)
	}
	r := w.request(1000, 1000)
	r.Amount = 2000
	_, err = w.refunds.Start(w.ctx, r)
	var invalid *refund.InvalidError
	require.ErrorAs(t, err, &invalid, "an invalid request starts nothing")
	_, err = w.refunds.Status(w.ctx, w.account, r.ID)
	require.ErrorAs(t, err, &missing)
}
