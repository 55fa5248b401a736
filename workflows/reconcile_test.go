package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// gone is Temporal after it has lost every workflow, or knows how each has ended.
type gone struct {
	resumed, woken, offered []string
	ended                   *refund.Outcome
}

func (g *gone) Running(_ context.Context, k ledger.Key) (bool, error) {
	return slices.Contains(g.resumed, k.ID), nil
}

func (g *gone) Resume(ctx context.Context, r refund.Request) (bool, *refund.Outcome, error) {
	if g.ended != nil {
		return false, g.ended, nil
	}
	started, err := g.Reopen(ctx, r)
	return started, nil, err
}

func (g *gone) Reopen(_ context.Context, r refund.Request) (bool, error) {
	g.resumed = append(g.resumed, r.ID)
	return true, nil
}

func (g *gone) Wake(_ context.Context, k ledger.Key) error {
	g.woken = append(g.woken, k.ID)
	return nil
}

func (g *gone) LookAgain(_ context.Context, k ledger.Key) error {
	g.offered = append(g.offered, k.ID)
	return nil
}

type activityRegistry struct {
	*testsuite.TestWorkflowEnvironment
}

// comparison is one run of the reconciler; nil steps are all mocked.
func comparison(steps *activities.Activities) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflowWithOptions(workflows.ReconcileWorkflow, workflow.RegisterOptions{Name: workflows.TypeReconcile})
	if steps == nil {
		steps = &activities.Activities{}
	}
	steps.Register(activityRegistry{env})
	return env
}

// compared runs it on a world's books and platform.
func compared(w *refundtest.World, temporal activities.Workflows, last *activities.Reconciled) activities.Reconciled {
	w.Helper()
	env := comparison(&activities.Activities{Accounts: w, Ledger: w.Ledger, Workflows: temporal})
	env.SetStartTime(w.Now())
	if last != nil {
		env.SetLastCompletionResult(*last)
	}
	env.ExecuteWorkflow(workflows.TypeReconcile, workflows.Reconciliation{Grace: 2 * time.Minute, EndedWithin: 72 * time.Hour})
	require.NoError(w, env.GetWorkflowError())
	var sum activities.Reconciled
	require.NoError(w, env.GetWorkflowResult(&sum))
	return sum
}

func TestATerminatedRefundIsFoundAndPaidOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Duration
		acts []refundtest.Act
		ends []refundtest.Act
	}{
		{name: "while it waits for approval", ends: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"))}},
		{name: "while it is processed", acts: []refundtest.Act{refundtest.At(time.Minute, refundtest.Approve("finance-2"))},
			ends: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := refundtest.New(t, refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen)}})
			request := w.Part(refundtest.SettlesAfter(24 * time.Hour))
			w.Abandon(request, append(c.acts, refundtest.Terminate(2*time.Hour))...)
			w.Pass(time.Hour)
			side := &gone{}
			require.Equal(t, 1, compared(w, side, nil).Resumed)
			require.Equal(t, []string{request.ID}, side.resumed)
			require.Equal(t, refund.StatusSucceeded, w.Run(request, c.ends...).Outcome.Status)
			again := compared(w, side, nil)
			require.Zero(t, again.Resumed)
			require.Equal(t, 1, again.Compared, "the platform agrees with its end")
			require.Empty(t, again.Odd)
		})
	}
}

// TestALateSuccessAfterAFailureIsAskedAboutAndAmended: the platform pays what a person
// had given up. The reconciler finds out, and the same person puts the books right.
func TestALateSuccessAfterAFailureIsAskedAboutAndAmended(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	request := w.Part(refundtest.SettlesAfter(100 * 24 * time.Hour))
	first := w.Begin(request, refundtest.At(50*24*time.Hour, refundtest.Resolve(refund.ResolveFailed)))
	outcome, _ := first.Result()
	require.Equal(t, refund.StatusFailed, outcome.Status)
	w.Pass(24 * time.Hour)
	side := &gone{}
	sum := compared(w, side, nil)
	require.Len(t, sum.Odd, 1)
	require.Contains(t, sum.Odd[0].What, "has not decided it yet", "it may be paid any day: that is worth knowing")
	require.Empty(t, side.resumed)

	_, err := w.Platform.Advance(t.Context(), 60*24*time.Hour)
	require.NoError(t, err)
	sum = compared(w, side, &sum)
	require.Len(t, sum.Odd, 1)
	require.Contains(t, sum.Odd[0].What, "gave back ¥30.50")
	require.Equal(t, []string{request.ID}, side.resumed)

	again := w.Run(request, refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveSucceeded)))
	require.Contains(t, again.Passed(), refund.StatusNeedsAttention)
	require.Equal(t, refund.StatusSucceeded, again.Outcome.Status)
	require.Equal(t, ledger.Succeeded, again.Record.Status)
	require.Empty(t, again.Record.Alert)
	require.Empty(t, compared(w, side, &sum).Odd, "the books agree with the platform")
}

// pages are books of n pages, each with a refund to be asked about through each queue.
func pages(env *testsuite.TestWorkflowEnvironment, n int, queues ...string) (asked map[string]int) {
	var mu sync.Mutex // lanes are asked side by side
	asked = map[string]int{}
	at := map[activities.Shelf]int{}
	env.OnActivity(activities.Reconcile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.Page) (activities.Paged, error) {
		at[in.Of]++
		out := activities.Paged{Reconciled: activities.Reconciled{Looked: 1, Running: 1}}
		for _, queue := range queues[:min(in.Questions, len(queues))] {
			key := ledger.Key{Account: "a", ID: fmt.Sprintf("%s-%s-%d", in.Of, queue, at[in.Of])}
			out.Ask = append(out.Ask, activities.Lane{Queue: queue, Keys: []ledger.Key{key}})
			out.LastAsked = &key
		}
		if at[in.Of] < n {
			out.Next = &ledger.Key{Account: "a", ID: fmt.Sprint(at[in.Of])}
		}
		return out, nil
	})
	env.OnActivity(activities.Compare, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.Questions) (activities.Reconciled, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, key := range in.Keys {
			asked[key.ID]++
		}
		return activities.Reconciled{Compared: len(in.Keys)}, nil
	})
	return asked
}

func reconciled(t *testing.T, env *testsuite.TestWorkflowEnvironment, in workflows.Reconciliation) (sum activities.Reconciled) {
	t.Helper()
	env.ExecuteWorkflow(workflows.TypeReconcile, in)
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, env.GetWorkflowResult(&sum))
	return sum
}

func TestAComparisonAsksSoMuchAndGoesOnTheNextTime(t *testing.T) {
	env := comparison(nil)
	asked := pages(env, 30, "", "slow", "slower", "slowest")
	sum := reconciled(t, env, workflows.Reconciliation{EndedWithin: time.Hour})
	require.Equal(t, 200, sum.Compared, "a hundred for each shelf")
	require.Len(t, asked, 200, "none is asked about twice")
	require.Equal(t, "unfinished-slowest-25", sum.UnfinishedFrom.ID)
	require.Equal(t, "ended-slowest-25", sum.EndedFrom.ID)
	require.Equal(t, 30+25, sum.Looked, "unfinished refunds are all looked at, ended ones are only asked about")

	env = comparison(nil)
	env.SetLastCompletionResult(sum)
	var first []activities.Page
	env.OnActivity(activities.Reconcile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.Page) (activities.Paged, error) {
		first = append(first, in)
		return activities.Paged{}, nil
	})
	next := reconciled(t, env, workflows.Reconciliation{EndedWithin: time.Hour})
	require.Len(t, first, 2)
	require.Equal(t, ledger.Key{}, first[0].After)
	require.Equal(t, sum.UnfinishedFrom, first[0].AskAfter)
	require.Equal(t, sum.EndedFrom, first[1].After)
	require.Equal(t, activities.Reconciled{}, next, "what is done is counted anew, and the questions begin at the beginning")
}

func TestManyPagesGoOnInANewRunWithAllThatWasCounted(t *testing.T) {
	env := comparison(nil)
	pages(env, 1000, "")
	env.ExecuteWorkflow(workflows.TypeReconcile, workflows.Reconciliation{EndedWithin: time.Hour})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	var in workflows.Reconciliation
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.Equal(t, workflows.TypeReconcile, again.WorkflowType.Name)
	require.Equal(t, time.Hour, in.EndedWithin)
	require.Equal(t, activities.ShelfUnfinished, in.Come.Shelf)
	require.Equal(t, "100", in.Come.After.ID)
	require.Equal(t, 100, in.Come.Sum.Looked)
	require.Equal(t, 100, in.Come.Sum.Compared)
	require.Zero(t, in.Come.Questions)
}

func TestWhatCannotBeReadOrAskedIsToldAndStopsNothingElse(t *testing.T) {
	final := temporal.NewNonRetryableApplicationError("the disk is full", "away", errors.New("inner"))
	keys := func(n int) (all []ledger.Key) {
		for i := range n {
			all = append(all, ledger.Key{Account: "a", ID: fmt.Sprintf("R%03d", i)})
		}
		return all
	}
	page := activities.Paged{Ask: []activities.Lane{{Queue: "stopped", Keys: keys(25)}, {Queue: "fine", Keys: keys(25)}}}
	env := comparison(nil)
	pages := 0
	env.OnActivity(activities.Reconcile, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.Page) (activities.Paged, error) {
		if in.Of == activities.ShelfEnded {
			return activities.Paged{}, final
		}
		if pages++; pages == 1 {
			page.Next = &ledger.Key{Account: "a", ID: "R024"}
			return page, nil
		}
		page.Next = nil
		return page, nil
	})
	var batches []int
	tried := 0
	env.OnActivity(activities.Compare, mock.Anything, mock.Anything).Return(func(ctx context.Context, in activities.Questions) (activities.Reconciled, error) {
		if activity.GetInfo(ctx).TaskQueue == "stopped" {
			tried++
			return activities.Reconciled{}, final
		}
		batches = append(batches, len(in.Keys))
		return activities.Reconciled{Compared: len(in.Keys)}, nil
	})
	sum := reconciled(t, env, workflows.Reconciliation{EndedWithin: time.Hour})
	require.Equal(t, []int{10, 10, 5, 10, 10, 5}, batches, "a few at a time")
	require.Equal(t, 1, tried, "a queue that does not answer is tried once")
	require.Equal(t, 50, sum.Compared)
	require.Equal(t, 10+1, sum.Failures, "a few that failed, and a page")
	require.Equal(t, 15+25, sum.Left)
	require.Len(t, sum.Odd, 2)
	require.Contains(t, sum.Odd[0].What, "this refund and 24 more could not be asked about")
	require.Contains(t, sum.Odd[1].What, "the ended refunds after")
	for _, odd := range sum.Odd {
		require.Contains(t, odd.What, "inner", "the reason, not its wrapping")
	}
}

func TestEndedRefundsAreLeftAloneWhereTheConfigurationSaysSo(t *testing.T) {
	env := comparison(nil)
	asked := pages(env, 1, "")
	reconciled(t, env, workflows.Reconciliation{})
	require.Len(t, asked, 1)
	require.Contains(t, asked, "unfinished--1")
}

// An account that is asked about nothing but the state of its books costs a platform nothing.
func TestAQuietReconcilerAsksNobody(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{CashierOnly: true})
	require.Equal(t, providers.QueryByOrder, w.Bench().Provider.Rules().Query)
	require.Equal(t, refund.StatusSucceeded, w.Run(w.Part()).Outcome.Status)
	before, err := w.Baidu.Books(t.Context())
	require.NoError(t, err)
	require.Equal(t, activities.Reconciled{Looked: 1}, compared(w, &gone{}, nil))
	after, err := w.Baidu.Books(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.Orders, after.Orders)
}
