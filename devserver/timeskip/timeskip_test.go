package timeskip_test

import (
	"context"
	"testing"
	"time"

	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/devserver/timeskip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	queue = "timeskip"
	day   = 24 * time.Hour
)

// testDeadline is far below a day: a test that really waited for its workflow's timers could not pass.
const testDeadline = 30 * time.Second

// sleepWorkflow sleeps twice, so that there is a point of the workflow's life between the timers to look at, and returns how
// much time passed on its own clock.
func sleepWorkflow(ctx workflow.Context, first, second time.Duration) (time.Duration, error) {
	start := workflow.Now(ctx)
	for _, d := range []time.Duration{first, second} {
		if d > 0 {
			if err := workflow.Sleep(ctx, d); err != nil {
				return 0, err
			}
		}
	}
	return workflow.Now(ctx).Sub(start), nil
}

// signalWorkflow waits for its signal alone, without a timer.
func signalWorkflow(ctx workflow.Context) (time.Duration, error) {
	start := workflow.Now(ctx)
	workflow.GetSignalChannel(ctx, "go").Receive(ctx, nil)
	return workflow.Now(ctx).Sub(start), nil
}

// pollWorkflow asks an activity that says "not yet, look again in an hour" three times.
func pollWorkflow(ctx workflow.Context) (time.Duration, error) {
	start := workflow.Now(ctx)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	if err := workflow.ExecuteActivity(ctx, pollActivity).Get(ctx, nil); err != nil {
		return 0, err
	}
	return workflow.Now(ctx).Sub(start), nil
}

// updateWorkflow answers an update after a night's sleep.
func updateWorkflow(ctx workflow.Context) (time.Duration, error) {
	start, asked := workflow.Now(ctx), false
	err := workflow.SetUpdateHandler(ctx, "ask", func(ctx workflow.Context) (string, error) {
		asked = true
		return "noted", nil
	})
	if err != nil {
		return 0, err
	}
	if err := workflow.Await(ctx, func() bool { return asked }); err != nil {
		return 0, err
	}
	if err := workflow.Sleep(ctx, day); err != nil {
		return 0, err
	}
	return workflow.Now(ctx).Sub(start), nil
}

func childWorkflow(ctx workflow.Context) (slept time.Duration, err error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{})
	err = workflow.ExecuteChildWorkflow(ctx, sleepWorkflow, day, time.Duration(0)).Get(ctx, &slept)
	return slept, err
}

// fixture is a server with a worker, shared by a test's cases.
type fixture struct {
	ctl   *timeskip.Control
	plain client.Client // starts workflows whose time is the wall's
	skips client.Client // starts workflows that skip time
}

func start(t *testing.T) (context.Context, fixture) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testDeadline)
	t.Cleanup(cancel)

	eng, err := engine.Start(ctx, engine.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, eng.Stop()) })

	plain, err := eng.Client(ctx)
	require.NoError(t, err)
	t.Cleanup(plain.Close)
	skips, err := eng.Dial(ctx, client.Options{ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{timeskip.DialOption()},
	}})
	require.NoError(t, err)
	t.Cleanup(skips.Close)

	w := worker.New(plain, queue, worker.Options{})
	for _, wf := range []any{sleepWorkflow, signalWorkflow, pollWorkflow, updateWorkflow, childWorkflow} {
		w.RegisterWorkflow(wf)
	}
	w.RegisterActivity(pollActivity)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return ctx, fixture{ctl: eng.TimeSkip(), plain: plain, skips: skips}
}

func pollActivity(ctx context.Context) error {
	if activity.GetInfo(ctx).Attempt <= 3 {
		return temporal.NewApplicationErrorWithOptions("not yet", "pending",
			temporal.ApplicationErrorOptions{NextRetryDelay: time.Hour})
	}
	return nil
}

// begin starts a workflow, which runs for at least one day on its own clock.
func begin(ctx context.Context, t *testing.T, c client.Client, id string, wf any, args ...any) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: queue}, wf, args...)
	require.NoError(t, err)
	return run
}

func elapsed(ctx context.Context, t *testing.T, run client.WorkflowRun) (d time.Duration) {
	t.Helper()
	require.NoError(t, run.Get(ctx, &d))
	return d
}

// waitForTimer returns when the workflow has started its n-th timer, that is, when it stands where the case wants it.
func waitForTimer(ctx context.Context, t *testing.T, c client.Client, id string, n int) {
	t.Helper()
	events := c.GetWorkflowHistory(ctx, id, "", true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetTimerStartedEventAttributes() != nil {
			if n--; n == 0 {
				return
			}
		}
	}
	t.Fatalf("workflow %s ended before its timers were started", id)
}

func running(ctx context.Context, t *testing.T, c client.Client, id string) bool {
	t.Helper()
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	require.NoError(t, err)
	return d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

func TestClientWithDialOptionStartsWorkflowsThatSkipTime(t *testing.T) {
	ctx, f := start(t)

	for name, begins := range map[string]struct {
		run  func(id string) client.WorkflowRun
		want time.Duration
	}{
		"start": {func(id string) client.WorkflowRun { return begin(ctx, t, f.skips, id, sleepWorkflow, day, 30*day) }, 31 * day},
		"signal with start": {func(id string) client.WorkflowRun {
			run, err := f.skips.SignalWithStartWorkflow(ctx, id, "go", nil,
				client.StartWorkflowOptions{TaskQueue: queue}, sleepWorkflow, day, day)
			require.NoError(t, err)
			return run
		}, 2 * day},
		"update with start": {func(id string) client.WorkflowRun {
			op := f.skips.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
				ID: id, TaskQueue: queue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
			}, updateWorkflow)
			answer, err := f.skips.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
				StartWorkflowOperation: op,
				UpdateOptions:          client.UpdateWorkflowOptions{UpdateName: "ask", WaitForStage: client.WorkflowUpdateStageCompleted},
			})
			require.NoError(t, err)
			require.NoError(t, answer.Get(ctx, nil))
			run, err := op.Get(ctx)
			require.NoError(t, err)
			return run
		}, day},
		"the back-off of an activity's retries": {func(id string) client.WorkflowRun { return begin(ctx, t, f.skips, id, pollWorkflow) }, 3 * time.Hour},
		"a child of a workflow that skips":      {func(id string) client.WorkflowRun { return begin(ctx, t, f.skips, id, childWorkflow) }, day},
	} {
		t.Run(name, func(t *testing.T) {
			require.GreaterOrEqual(t, elapsed(ctx, t, begins.run("dial "+name)), begins.want)
		})
	}
}

func TestARunningWorkflowSkipsOnlyWhatItIsToldTo(t *testing.T) {
	ctx, f := start(t)
	const id = "refund/shop/R1" // ids have slashes here
	run := begin(ctx, t, f.plain, id, sleepWorkflow, day, 7*day)
	waitForTimer(ctx, t, f.plain, id, 1)
	began, err := f.ctl.State(ctx, id)
	require.NoError(t, err)
	require.False(t, began.Skipping)

	// Half of the first night: the clock moves, the timer stays.
	require.NoError(t, f.ctl.FastForward(ctx, id, 12*time.Hour))
	noon, err := f.ctl.State(ctx, id)
	require.NoError(t, err)
	require.GreaterOrEqual(t, noon.Now.Sub(began.Now), 12*time.Hour)
	require.Less(t, noon.Now.Sub(began.Now), 13*time.Hour)
	require.False(t, noon.Skipping, "a stretch ends by itself")
	require.True(t, running(ctx, t, f.plain, id))

	// The other half: the first timer fires, the second one stays.
	require.NoError(t, f.ctl.FastForward(ctx, id, 12*time.Hour))
	waitForTimer(ctx, t, f.plain, id, 2)
	require.True(t, running(ctx, t, f.plain, id))

	// To the end.
	require.NoError(t, f.ctl.Enable(ctx, id))
	require.GreaterOrEqual(t, elapsed(ctx, t, run), 8*day)
}

func TestDisableLeavesTheClockWhereItIs(t *testing.T) {
	ctx, f := start(t)
	const id = "disabled"
	begin(ctx, t, f.plain, id, signalWorkflow)
	require.NoError(t, f.ctl.FastForward(ctx, id, day), "waiting for a signal alone: the clock moves by the stretch")
	require.NoError(t, f.ctl.Enable(ctx, id))
	on, err := f.ctl.State(ctx, id)
	require.NoError(t, err)
	require.True(t, on.Skipping)

	require.NoError(t, f.ctl.Disable(ctx, id))
	off, err := f.ctl.State(ctx, id)
	require.NoError(t, err)
	require.False(t, off.Skipping)
	require.False(t, off.Now.Before(on.Now), "a clock never goes back")

	// What is still to come takes its time again.
	require.NoError(t, f.plain.SignalWorkflow(ctx, id, "", "go", nil))
	require.GreaterOrEqual(t, elapsed(ctx, t, f.plain.GetWorkflow(ctx, id, "")), day)
}

func TestControlErrorsNameTheCause(t *testing.T) {
	ctx, f := start(t)
	begin(ctx, t, f.plain, "short", sleepWorkflow, day, time.Duration(0))
	waitForTimer(ctx, t, f.plain, "short", 1)

	err := f.ctl.FastForward(ctx, "short", 0)
	require.ErrorContains(t, err, "above zero")
	err = f.ctl.FastForward(ctx, "short", 2*day)
	require.ErrorIs(t, err, timeskip.ErrEnded, "the workflow ended after the first of the two days")

	for name, call := range map[string]func(id string) error{
		"enable":       func(id string) error { return f.ctl.Enable(ctx, id) },
		"disable":      func(id string) error { return f.ctl.Disable(ctx, id) },
		"fast-forward": func(id string) error { return f.ctl.FastForward(ctx, id, day) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, id := range []string{"never started", "short"} {
				var notFound *serviceerror.NotFound
				require.ErrorAs(t, call(id), &notFound)
				require.ErrorContains(t, call(id), id)
			}
		})
	}
}

func TestTheClockWaitsWhileWorkIsInFlightAndGivesWayToAnotherCommand(t *testing.T) {
	ctx, f := start(t)
	const id = "nobody works here"
	_, err := f.plain.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: "no worker"}, signalWorkflow)
	require.NoError(t, err)

	done := make(chan error, 1)
	go func() { done <- f.ctl.FastForward(ctx, id, day) }()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		state, err := f.ctl.State(ctx, id)
		require.NoError(t, err)
		require.True(t, state.Skipping)
		require.Less(t, time.Until(state.Now), time.Hour, "its first workflow task is in flight: no jump")
	}, testDeadline, 5*time.Millisecond)

	require.NoError(t, f.ctl.Disable(ctx, id))
	require.ErrorIs(t, <-done, timeskip.ErrInterrupted)

	impatient, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, f.ctl.FastForward(impatient, id, day), context.DeadlineExceeded, "ctx is what ends the wait")
}

// refusing is a connection to a server that does not know what is asked of it.
type refusing struct{ grpc.ClientConnInterface }

func (refusing) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return status.Error(codes.Unimplemented, "The Time-Skipping feature is not enabled for namespace.")
}

func TestAServerWithoutTimeSkippingIsNamedWithTheSetting(t *testing.T) {
	err := timeskip.New(workflowservice.NewWorkflowServiceClient(refusing{}), "default").Enable(t.Context(), "any")
	require.ErrorIs(t, err, timeskip.ErrNotSupported)
	require.ErrorContains(t, err, "WorkflowTimeSkippingEnabled")
}
