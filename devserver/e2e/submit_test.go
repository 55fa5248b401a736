package e2e

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

func (w *world) submit(r refund.Request) client.Submitted {
	w.t.Helper()
	s, err := w.refunds.Submit(w.ctx, r)
	require.NoError(w.t, err)
	return s
}

func TestASubmissionIsAnsweredWithWhatTheRefundWillMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 4000})
	w.work(nil)

	small := w.request(1000, 1000)
	first := w.submit(small)
	require.False(t, first.Existing)
	require.Equal(t, refund.StatusCheckingOrder, first.Answer.Status)
	require.Contains(t, first.Answer.Sentence, "accepted as refund")
	w.paidOnce(small, w.wait(small))
	require.Equal(t, first.RunID, w.newestRun(small))

	large := w.request(5000, 5000)
	waiting := w.submit(large)
	require.Equal(t, refund.StatusAwaitingApproval, waiting.Answer.Status)
	again := w.submit(large)
	require.True(t, again.Existing)
	require.Equal(t, waiting.RunID, again.RunID)
	require.Equal(t, waiting.Answer, again.Answer)
	w.approve(large)
	w.paidOnce(large, w.wait(large))

	for r, first := range map[*refund.Request]client.Submitted{&small: first, &large: waiting} {
		ended := w.submit(*r)
		require.True(t, ended.Existing)
		require.Equal(t, first.RunID, ended.RunID)
		require.Equal(t, refund.StatusSucceeded, ended.Answer.Status)
		require.Equal(t, w.wait(*r).Reason, ended.Answer.Sentence)
		other := *r
		other.Reason = "something else"
		_, err := w.refunds.Submit(w.ctx, other)
		var conflict *client.ConflictError
		require.ErrorAs(t, err, &conflict)
	}

	more := small
	more.ID = "R-more"
	refused := w.submit(more)
	require.Equal(t, refund.StatusFailed, refused.Answer.Status, "the order has nothing left: %s", refused.Answer.Sentence)
	require.Equal(t, w.wait(more).Reason, refused.Answer.Sentence)
	w.balanced(6000)
}

func TestADeadRefundIsBegunAnewByWhoeverSendsItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1})
	w.work(nil)
	r := w.request(5000, 5000)
	first := w.submit(r)
	terminate := func() {
		t.Helper()
		require.NoError(t, w.dial(temporalclient.Options{}).TerminateWorkflow(w.ctx, first.WorkflowID, "", "by mistake"))
	}
	resumed, err := w.refunds.Resume(w.ctx, r)
	require.NoError(t, err)
	require.False(t, resumed, "one that runs is left alone")
	require.Equal(t, first.RunID, w.newestRun(r))

	terminate()
	_, err = w.refunds.Approve(w.ctx, r.Account, r.ID, refund.Decision{By: "finance-2"})
	var ended *client.EndedError
	require.ErrorAs(t, err, &ended)
	require.ErrorContains(t, err, "start it again with the same content")
	second := w.submit(r)
	require.False(t, second.Existing)
	require.NotEqual(t, first.RunID, second.RunID)
	require.Equal(t, refund.StatusAwaitingApproval, second.Answer.Status)

	terminate()
	resumed, err = w.refunds.Resume(w.ctx, r)
	require.NoError(t, err)
	require.True(t, resumed)
	w.reach(r, refund.StatusAwaitingApproval)
	w.lists(client.Filter{Account: w.account, Open: true, Order: r.Order.MerchantID}, r)
	w.approve(r)
	w.paidOnce(r, w.wait(r))
	w.balanced(5000)
}

// forget takes a refund from the server, as retention does after a month.
func (w *world) forget(r refund.Request) {
	w.t.Helper()
	temporal, id := w.dial(temporalclient.Options{}), refund.WorkflowID(r.Account, r.ID)
	_, err := temporal.WorkflowService().DeleteWorkflowExecution(w.ctx, &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: shared.Namespace(), WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: w.newestRun(r)},
	})
	require.NoError(w.t, err)
	eventually(w.t, w.ctx, id+" is forgotten", func() (bool, string) {
		_, err := temporal.DescribeWorkflowExecution(w.ctx, id, "")
		var missing *serviceerror.NotFound
		return errors.As(err, &missing), "it is still there"
	})
}

func TestAnIDThatOnlyTheLedgerRemembersKeepsItsContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	r := w.request(5000, 5000)
	w.submit(r)
	w.paidOnce(r, w.wait(r))
	w.forget(r)

	other := r
	other.Reason = "something else"
	conflicts := func(err error) {
		t.Helper()
		var conflict *client.ConflictError
		require.ErrorAs(t, err, &conflict)
	}
	_, err := w.refunds.Submit(w.ctx, other)
	conflicts(err)
	require.True(t, w.wait(other).Conflict, "the workflow of the id is that of the refused content now")
	_, err = w.refunds.Submit(w.ctx, other)
	conflicts(err)
	_, err = w.refunds.Start(w.ctx, other)
	conflicts(err)

	require.False(t, w.start(r).Existing, "the refused one never was the refund of the id")
	w.paidOnce(r, w.wait(r))
	again := w.submit(r)
	require.True(t, again.Existing)
	require.Equal(t, refund.StatusSucceeded, again.Answer.Status)
	w.balanced(5000)
}

func TestASubmissionThatNobodyAnswersIsStartedAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)() // the namespace knows the search attributes, but nobody works any more
	r := w.request(1000, 1000)
	short, cancel := context.WithTimeout(w.ctx, time.Second)
	defer cancel()
	_, err := w.refunds.Submit(short, r)
	var silent *client.NoAnswerError
	require.ErrorAs(t, err, &silent)
	require.True(t, w.start(r).Existing)
	w.work(nil)
	w.paidOnce(r, w.wait(r))
	w.balanced(1000)
}
