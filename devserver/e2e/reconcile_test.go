package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/worker/service"
	"github.com/refundflow/refundflow/workflows"
)

// office is a world whose books are compared when the test says so: its schedule is paused.
type office struct {
	*world
	temporal temporalclient.Client
	schedule temporalclient.ScheduleHandle
}

func newOffice(t *testing.T, s setting) office {
	t.Helper()
	s.Reconcile = "every: 1s, ended_within: 72h"
	w := newWorld(t, shared.Address(), s)
	c := w.dial(temporalclient.Options{})
	o := office{w, c, c.ScheduleClient().GetHandle(w.ctx, workflows.ReconcileSchedule(w.queue))}
	t.Cleanup(func() { _ = o.schedule.Delete(context.Background()) }) // the test's own context is over by then
	w.work(nil)
	require.NoError(t, o.schedule.Pause(w.ctx, temporalclient.SchedulePauseOptions{Note: "by hand"}))
	return o
}

func (o office) describe() *temporalclient.ScheduleDescription {
	o.t.Helper()
	found, err := o.schedule.Describe(o.ctx)
	require.NoError(o.t, err)
	return found
}

// reconcile has the schedule begin one comparison, and returns what came of it.
func (o office) reconcile() activities.Reconciled {
	o.t.Helper()
	before := o.describe().Info.NumActions
	require.NoError(o.t, o.schedule.Trigger(o.ctx, temporalclient.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL}))
	var sum activities.Reconciled
	eventually(o.t, o.ctx, "the schedule begins", func() (bool, string) {
		info := o.describe().Info
		if info.NumActions == before || len(info.RecentActions) == 0 {
			return false, "not yet"
		}
		last := info.RecentActions[len(info.RecentActions)-1].StartWorkflowResult
		require.NoError(o.t, o.temporal.GetWorkflow(o.ctx, last.WorkflowID, last.FirstExecutionRunID).Get(o.ctx, &sum))
		return true, ""
	})
	return sum
}

// resumes compares until one refund has its workflow again. The grace must have passed.
func (o office) resumes() activities.Reconciled {
	o.t.Helper()
	var sum activities.Reconciled
	eventually(o.t, o.ctx, "the reconciler finds it", func() (bool, string) {
		sum = o.reconcile()
		return sum.Resumed > 0, fmt.Sprintf("%+v", sum)
	})
	require.Equal(o.t, 1, sum.Resumed)
	return sum
}

func (o office) record(r refund.Request) ledger.Record {
	o.t.Helper()
	books, err := sqlstore.Open(o.ctx, "sqlite:"+o.file("ledger.db"))
	require.NoError(o.t, err)
	defer books.Close()
	wrong, err := books.Audit(o.ctx)
	require.NoError(o.t, err)
	require.Empty(o.t, wrong)
	record, err := books.Refund(o.ctx, ledger.KeyOf(r))
	require.NoError(o.t, err)
	return record
}

func TestTheReconcilersScheduleIsMadeOnceAndStaysAsOperatorsLeftIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setting{})
	first := o.describe()
	o.work(nil)
	second := o.describe()
	require.Equal(t, first.Info.LastUpdateAt, second.Info.LastUpdateAt, "a second worker with the same settings changes nothing")
	require.True(t, second.Schedule.State.Paused)

	o.edit("every: 1s", "every: 5m")
	o.work(nil)
	third := o.describe()
	require.Equal(t, 5*time.Minute, third.Schedule.Spec.Intervals[0].Every)
	require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, third.Schedule.Policy.Overlap)
	require.Equal(t, o.queue, third.Schedule.Action.(*temporalclient.ScheduleWorkflowAction).TaskQueue)
	require.True(t, third.Schedule.State.Paused, "pausing is an operator's decision")
	require.Equal(t, "by hand", third.Schedule.State.Note)
	require.Equal(t, activities.Reconciled{}, o.reconcile(), "it runs, and there is nothing to do")

	o.edit("every: 5m", "every: 0s")
	o.work(nil)
	require.Equal(t, third.Info.LastUpdateAt, o.describe().Info.LastUpdateAt, "never is no wish to delete")
}

func TestNoScheduleIsMadeWhereNobodyWantsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	_, err := w.dial(temporalclient.Options{}).ScheduleClient().GetHandle(w.ctx, workflows.ReconcileSchedule(w.queue)).Describe(w.ctx)
	var missing *serviceerror.NotFound
	require.ErrorAs(t, err, &missing)
}

func TestWorkersThatStartTogetherDoNotQuarrelAboutTheSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	c := w.dial(temporalclient.Options{})
	wanted := config.Reconcile{Every: time.Hour, EndedWithin: time.Hour}
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- service.ScheduleReconciler(w.ctx, c, w.queue, wanted, silent()) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	schedule := c.ScheduleClient().GetHandle(w.ctx, workflows.ReconcileSchedule(w.queue))
	t.Cleanup(func() { _ = schedule.Delete(context.Background()) })
	found, err := schedule.Describe(w.ctx)
	require.NoError(t, err)
	require.True(t, found.Info.LastUpdateAt.Before(found.Info.CreatedAt), "made once, and never changed: %s", found.Info.LastUpdateAt)
}

func TestALostRefundIsFoundContinuedAndPaidOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		lose func(office, string)
	}{
		{"terminated by hand", func(o office, id string) {
			require.NoError(o.t, o.temporal.TerminateWorkflow(o.ctx, id, "", "by mistake"))
		}},
		{"deleted, as after the retention or with a lost server", func(o office, id string) {
			_, err := o.temporal.WorkflowService().DeleteWorkflowExecution(o.ctx, &workflowservice.DeleteWorkflowExecutionRequest{
				Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id},
			})
			require.NoError(o.t, err)
			eventually(o.t, o.ctx, "it is deleted", func() (bool, string) {
				_, err := o.temporal.DescribeWorkflowExecution(o.ctx, id, "")
				var missing *serviceerror.NotFound
				return errors.As(err, &missing), fmt.Sprint(err)
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, setting{ApproveAbove: 1})
			r := o.request(5000, 5000)
			first := o.start(r)
			o.reach(r, refund.StatusAwaitingApproval)
			require.Equal(t, activities.Reconciled{Looked: 1, Running: 1}, o.settled(), "one that runs is left alone")
			c.lose(o, first.WorkflowID)
			o.resumes()
			require.NotEqual(t, first.RunID, o.newestRun(r))
			o.reach(r, refund.StatusAwaitingApproval)
			o.approve(r)
			o.paidOnce(r, o.wait(r))
			o.balanced(5000)
			sum := o.reconcile()
			require.Equal(t, activities.Reconciled{Looked: 1, Compared: 1}, sum, "the platform agrees with its end")
		})
	}
}

// TestBudgetThatIsGivenBackIsOfferedToWhoWaits: another refund has taken today's cap, and is cancelled before it is sent.
func TestBudgetThatIsGivenBackIsOfferedToWhoWaits(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setting{DailyCap: 5000})
	books, err := sqlstore.Open(o.ctx, "sqlite:"+o.file("ledger.db"))
	require.NoError(t, err)
	defer books.Close()
	rival, limits := o.request(4000, 4000), ledger.Limits{DailyCap: 5000, Zone: time.FixedZone("Asia/Shanghai", 8*60*60)}
	opened, err := books.Open(o.ctx, ledger.Opening{Request: rival, Fingerprint: rival.Fingerprint(), Number: "rival", At: time.Now(),
		Rules: providers.Rules{Provider: "baidu", Merchant: "another", OrderKey: providers.OrderKeyPlatform, Number: refund.NumberFormat{Alphabet: "rival", Max: 5}}})
	require.NoError(t, err)
	require.Empty(t, opened.Refused)
	hold, err := books.Hold(o.ctx, ledger.KeyOf(rival), time.Now(), limits)
	require.NoError(t, err)
	require.True(t, hold.Granted, hold.Why)

	r := o.request(2000, 2000)
	o.start(r)
	o.reach(r, refund.StatusAwaitingBudget)
	require.Zero(t, o.reconcile().Offered, "nothing is free")
	require.NoError(t, books.Finish(o.ctx, ledger.KeyOf(rival), ledger.Ending{Status: ledger.Cancelled, Reason: "by hand", At: time.Now()}))
	require.Equal(t, 1, o.reconcile().Offered)
	o.paidOnce(r, o.wait(r))
	o.balanced(2000)
}

// settled compares until the one refund is old enough to be missed.
func (o office) settled() activities.Reconciled {
	o.t.Helper()
	var sum activities.Reconciled
	eventually(o.t, o.ctx, "the grace is over", func() (bool, string) {
		sum = o.reconcile()
		return sum.Running > 0, fmt.Sprintf("%+v", sum)
	})
	return sum
}

// TestALateSuccessRaisesAnAlertAndAPersonAmendsTheBooks: Baidu answers a refund with a code that nobody knows what to do with,
// a person gives it up, and Baidu pays a day later.
func TestALateSuccessRaisesAnAlertAndAPersonAmendsTheBooks(t *testing.T) {
	t.Parallel()
	o := newOffice(t, setting{})
	r := o.request(5000, 3000, slow)
	notFound := int64(10002)
	_, err := o.sandbox.AddFault(o.ctx, control.Fault{Op: "applyOrderRefund", Kind: control.FaultAnswer, Phase: control.After, Errno: &notFound, Msg: "?"})
	require.NoError(t, err)
	o.start(r)
	o.reach(r, refund.StatusNeedsAttention)
	_, err = o.refunds.Resolve(o.ctx, r.Account, r.ID, refund.Resolution{Action: refund.ResolveFailed, By: "finance-2", Evidence: "not in the console"})
	require.NoError(t, err)
	require.Equal(t, refund.StatusFailed, o.wait(r).Status)
	odd := o.reconcile().Odd
	require.Len(t, odd, 1)
	require.Contains(t, odd[0].What, "has not decided it yet")

	_, err = o.sandbox.Advance(o.ctx, 25*time.Hour)
	require.NoError(t, err)
	sum := o.resumes()
	require.Len(t, sum.Odd, 1)
	require.Equal(t, r.ID, sum.Odd[0].ID)
	require.NotEmpty(t, o.record(r).Alert)
	o.reach(r, refund.StatusNeedsAttention)
	_, err = o.refunds.Resolve(o.ctx, r.Account, r.ID, refund.Resolution{Action: refund.ResolveSucceeded, By: "finance-2", Evidence: "Baidu's console"})
	require.NoError(t, err)
	require.Equal(t, refund.StatusSucceeded, o.wait(r).Status)
	record := o.record(r)
	require.Equal(t, ledger.Succeeded, record.Status)
	require.Equal(t, r.Amount, record.Refunded)
	require.Empty(t, record.Alert)
	require.Equal(t, activities.Reconciled{Looked: 1, Compared: 1}, o.reconcile(), "the books agree with the platform")
	book := o.book(r)
	require.Len(t, book.Refunds, 1)
	require.Equal(t, int64(r.Amount), book.Refunded)
	o.balanced(r.Amount)
}
