package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// program is the worker as operators run it.
type program struct {
	w    *world
	cmd  *exec.Cmd
	log  output
	done chan error
}

// run starts the worker program with roles instead of the file's, and returns when it works.
func (w *world) run(roles ...string) *program {
	w.t.Helper()
	var args []string
	for _, r := range roles {
		args = append(args, "--role", r)
	}
	p := w.launch(args...)
	p.log.shows(w, "worker started")
	return p
}

// launch starts the worker program with more on its command line than the file.
func (w *world) launch(args ...string) *program {
	w.t.Helper()
	cmd := exec.Command(build(w.t, "worker", "../../worker"), append(args, "--config", w.file("refundflow.yaml"))...)
	p := &program{w: w, cmd: cmd, done: make(chan error, 1)}
	p.cmd.Stderr = &p.log
	require.NoError(w.t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	w.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// stop asks the program to end, as a container's engine does, and demands exit code 0.
func (p *program) stop() {
	p.w.t.Helper()
	require.NoError(p.w.t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.ended()
}

func (p *program) ended() {
	p.w.t.Helper()
	select {
	case err := <-p.done:
		require.NoError(p.w.t, err, p.log.String())
	case <-p.w.ctx.Done():
		require.FailNow(p.w.t, "the worker does not stop", p.log.String())
	}
}

// newLane is a shop of Baidu's whose provider calls have a queue of their own.
func newLane(t *testing.T) *shop {
	s := newShop(t, merchants.Baidu{AppKey: "MMMe2e", ClientID: "e2e", AppID: 10026})
	s.edit("  "+s.account+":\n", "  "+s.account+":\n    queue: "+s.lane()+"\n")
	s.edit("level: error", "level: info")
	return s
}

func (w *world) lane() string { return w.queue + "-baidu" }

// pollers counts who asks a queue for tasks.
func (w *world) pollers(queue string, kind enumspb.TaskQueueType) int {
	w.t.Helper()
	found, err := w.dial(temporalclient.Options{}).DescribeTaskQueue(w.ctx, queue, kind)
	require.NoError(w.t, err)
	return len(found.GetPollers())
}

// waits demands that the refund's next provider call is offered, nobody takes it, and nothing was said to the platform.
func (s *shop) waits(r refund.Request, step string) {
	s.t.Helper()
	c := s.dial(temporalclient.Options{})
	eventually(s.t, s.ctx, step+" is offered", func() (bool, string) {
		found, err := c.DescribeWorkflowExecution(s.ctx, refund.WorkflowID(r.Account, r.ID), "")
		require.NoError(s.t, err)
		pending := found.GetPendingActivities()
		return len(pending) == 1 && pending[0].GetActivityType().GetName() == step &&
			pending[0].GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, fmt.Sprint(pending)
	})
	calls, err := s.sandbox.Calls(s.ctx, control.CallFilter{OrderID: r.Order.PlatformID})
	require.NoError(s.t, err)
	require.Empty(s.t, calls)
}

func TestARefundIsMadeByThreeProcessesOfOneFileAndWaitsForTheOneThatIsMissing(t *testing.T) {
	t.Parallel()
	s := newLane(t)
	s.run("workflows")
	s.run("callbacks")
	lane := s.run("baidu")
	first, second := s.wish(9800, 9800), s.wish(9800, 9800)
	s.underWay(first)
	s.pass(settles)
	s.paidOnce(first, s.wait(first))

	lane.stop()
	s.start(second)
	s.waits(second, "CheckOrder")
	require.Equal(t, refund.StatusCheckingOrder, s.reach(second, refund.StatusCheckingOrder).Status, "its people can still look at it")
	s.run("baidu")
	s.underWay(second)
	s.pass(settles)
	s.paidOnce(second, s.wait(second))
}

// A new account is written into the file, and its processes read it one after another: the lane is the last.
func TestALaneThatHasNotReadItsFileYetHoldsNoRefundBack(t *testing.T) {
	t.Parallel()
	s := newLane(t)
	s.edit("  "+s.account+":\n", "  older:\n")
	lane := s.run("baidu")
	s.edit("  older:\n", "  "+s.account+":\n")
	s.run("workflows", "callbacks")
	first, second := s.wish(9800, 9800), s.wish(9800, 9800)
	s.start(first)
	c := s.dial(temporalclient.Options{})
	eventually(t, s.ctx, "the lane has looked for the account", func() (bool, string) {
		found, err := c.DescribeWorkflowExecution(s.ctx, refund.WorkflowID(first.Account, first.ID), "")
		require.NoError(t, err)
		pending := found.GetPendingActivities()
		return len(pending) == 1 && pending[0].GetAttempt() > 1 && strings.Contains(pending[0].GetLastFailure().GetMessage(), "no account"), fmt.Sprint(pending)
	})
	s.start(second)
	require.NoError(t, lane.cmd.Process.Signal(syscall.SIGHUP))
	lane.log.shows(s.world, "configuration taken over")
	for _, r := range []refund.Request{first, second} {
		s.underWay(r) // it has been started, which a second start finds
	}
	s.pass(settles)
	for _, r := range []refund.Request{first, second} {
		s.paidOnce(r, s.wait(r))
	}
}

func TestProcessesOfOneFileAndOneMachineTellOfThemselvesApart(t *testing.T) {
	t.Parallel()
	s := newLane(t)
	at, elsewhere := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	s.edit("task_queue:", "monitor: {listen: '"+at+"'}\ntask_queue:")
	s.launch("--role", "workflows").log.shows(s.world, "worker started")
	s.launch("--role", "baidu", "--monitor", elsewhere).log.shows(s.world, "worker started")
	for _, address := range []string{at, elsewhere} {
		eventually(t, s.ctx, address+" is ready", func() (bool, string) {
			return s.status("http://"+address+"/readyz") == http.StatusOK, "not ready"
		})
	}
	for _, args := range [][]string{{}, {"--monitor", elsewhere}} {
		health := s.launch(append([]string{"health"}, args...)...)
		health.ended()
	}
}

func TestALaneDoesItsProvidersCallsAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newLane(t)
	s.edit("callbacks:", "reconcile: {every: 1h}\ncallbacks:")
	s.run("baidu")
	eventually(t, s.ctx, "the lane is polled", func() (bool, string) {
		return s.pollers(s.lane(), enumspb.TASK_QUEUE_TYPE_ACTIVITY) > 0, "nobody asks"
	})
	for _, kind := range []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_ACTIVITY, enumspb.TASK_QUEUE_TYPE_WORKFLOW} {
		require.Zero(t, s.pollers(s.queue, kind), "the workflows' queue, %s", kind)
	}
	schedules := s.dial(temporalclient.Options{}).ScheduleClient()
	scheduled := func() error {
		_, err := schedules.GetHandle(s.ctx, workflows.ReconcileSchedule(s.queue)).Describe(s.ctx)
		return err
	}
	var none *serviceerror.NotFound
	require.ErrorAs(t, scheduled(), &none, "it is not the lane's to compare the books")
	s.run("workflows") // says that it works, and then makes the schedule
	eventually(t, s.ctx, "the schedule", func() (bool, string) {
		err := scheduled()
		return err == nil, fmt.Sprint(err)
	})
}

// TestAQueueRateOfZeroHoldsAPlatformsCallsUntilItIsLifted is the kill switch of docs/operations.md:
//
//	temporal task-queue config set --task-queue Q --task-queue-type activity --queue-rps-limit 0
//	temporal task-queue config set --task-queue Q --task-queue-type activity --queue-rps-limit default
func TestAQueueRateOfZeroHoldsAPlatformsCallsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	s := newLane(t)
	s.run("workflows", "callbacks", "baidu")
	before, held := s.wish(9800, 9800), s.wish(9800, 9800)
	s.underWay(before) // the lane works
	s.pass(settles)
	s.paidOnce(before, s.wait(before))

	s.limit(&taskqueuepb.RateLimit{RequestsPerSecond: 0})
	s.start(held)
	s.waits(held, "CheckOrder")
	view := s.reach(held, refund.StatusCheckingOrder)
	require.Equal(t, refund.StatusCheckingOrder, view.Status, "workflows go on: people can look at it, and decide")
	s.waits(held, "CheckOrder")

	s.limit(nil)
	s.underWay(held)
	s.pass(settles)
	s.paidOnce(held, s.wait(held))
}

func (s *shop) limit(rate *taskqueuepb.RateLimit) {
	s.t.Helper()
	_, err := s.dial(temporalclient.Options{}).WorkflowService().UpdateTaskQueueConfig(context.WithoutCancel(s.ctx), &workflowservice.UpdateTaskQueueConfigRequest{
		Namespace: "default", Identity: "operator", TaskQueue: s.lane(), TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY,
		UpdateQueueRateLimit: &workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate{RateLimit: rate, Reason: "the platform is out of order"},
	})
	require.NoError(s.t, err)
}
