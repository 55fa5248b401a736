package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/worker/service"
)

// deploy runs a worker of the world as a build of its deployment, which becomes the current one.
func (w *world) deploy(id string, behavior config.Behavior) (stop func()) {
	w.t.Helper()
	c := w.load()
	c.Versioning = &config.Versioning{Deployment: w.account, BuildID: id, Behavior: behavior}
	s, err := service.Start(w.ctx, service.Options{Config: c, Logger: silent()})
	require.NoError(w.t, err)
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			s.Stop()
		}
	}
	w.t.Cleanup(stop)
	deployment := w.dial(temporalclient.Options{}).WorkerDeploymentClient().GetHandle(w.account)
	eventually(w.t, w.ctx, "build "+id+" is current", func() (bool, string) { // the server hears of it from the worker's first poll
		_, err := deployment.SetCurrentVersion(w.ctx, temporalclient.WorkerDeploymentSetCurrentVersionOptions{BuildID: id})
		if err != nil {
			return false, err.Error()
		}
		return true, ""
	})
	w.routed(id)
	return stop
}

// routed waits until every task queue of the deployment has heard which build is the current one: until then the server
// may still give new refunds to the one before.
func (w *world) routed(id string) {
	w.t.Helper()
	server := w.dial(temporalclient.Options{}).WorkflowService()
	eventually(w.t, w.ctx, "all queues route to build "+id, func() (bool, string) {
		found, err := server.DescribeWorkerDeployment(w.ctx, &workflowservice.DescribeWorkerDeploymentRequest{
			Namespace: temporalclient.DefaultNamespace, DeploymentName: w.account})
		if err != nil {
			return false, err.Error()
		}
		info := found.GetWorkerDeploymentInfo()
		current := info.GetRoutingConfig().GetCurrentDeploymentVersion().GetBuildId()
		state := info.GetRoutingConfigUpdateState()
		return current == id && state == enumspb.ROUTING_CONFIG_UPDATE_STATE_COMPLETED, current + ", " + state.String()
	})
}

// ranOn says which build ran the refund's last step, and how it is bound to it.
func (w *world) ranOn(r refund.Request) (*deploymentpb.WorkerDeploymentVersion, enumspb.VersioningBehavior) {
	w.t.Helper()
	found, err := w.dial(temporalclient.Options{}).DescribeWorkflowExecution(w.ctx, refund.WorkflowID(r.Account, r.ID), "")
	require.NoError(w.t, err)
	info := found.GetWorkflowExecutionInfo().GetVersioningInfo()
	return info.GetDeploymentVersion(), info.GetBehavior()
}

func (w *world) requireRanOn(r refund.Request, build string, want enumspb.VersioningBehavior) {
	w.t.Helper()
	version, behavior := w.ranOn(r)
	require.Equal(w.t, w.account, version.GetDeploymentName())
	require.Equal(w.t, build, version.GetBuildId())
	require.Equal(w.t, want, behavior)
}

func TestABuildEndsThePinnedRefundsItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	const pinned = enumspb.VERSIONING_BEHAVIOR_PINNED
	w.deploy("build-1", config.Pinned)
	waiting, small := w.request(6000, 6000), w.request(900, 900)
	w.start(small)
	w.paidOnce(small, w.wait(small))
	w.requireRanOn(small, "build-1", pinned)
	w.start(waiting)
	w.reach(waiting, refund.StatusAwaitingApproval)

	w.deploy("build-2", config.Pinned)
	fresh := w.request(800, 800)
	w.start(fresh)
	w.paidOnce(fresh, w.wait(fresh))
	w.requireRanOn(fresh, "build-2", pinned)
	w.approve(waiting)
	w.paidOnce(waiting, w.wait(waiting))
	w.requireRanOn(waiting, "build-1", pinned)
	w.balanced(6000 + 900 + 800)
}

func TestTheCurrentBuildGoesOnWithRefundsThatUpgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	const upgrades = enumspb.VERSIONING_BEHAVIOR_AUTO_UPGRADE
	stop := w.deploy("build-1", config.AutoUpgrade)
	waiting := w.request(6000, 6000)
	w.start(waiting)
	w.reach(waiting, refund.StatusAwaitingApproval)
	w.requireRanOn(waiting, "build-1", upgrades)

	w.deploy("build-2", config.AutoUpgrade)
	stop()
	w.approve(waiting)
	w.paidOnce(waiting, w.wait(waiting))
	w.requireRanOn(waiting, "build-2", upgrades)
	w.balanced(6000)
}

func TestVersioningIsTurnedOnWhileRefundsWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	stop := w.work(nil)
	waiting := w.request(6000, 6000)
	w.start(waiting)
	w.reach(waiting, refund.StatusAwaitingApproval)
	stop()
	w.deploy("build-1", config.Pinned)
	w.approve(waiting)
	w.paidOnce(waiting, w.wait(waiting))
	w.requireRanOn(waiting, "build-1", enumspb.VERSIONING_BEHAVIOR_PINNED)
	w.balanced(6000)
}

func TestAQueueOfItsOwnBelongsToTheSameBuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.edit("limits:", "queue: "+w.queue+"-baidu\n    limits:")
	w.deploy("build-1", config.Pinned)
	r := w.request(900, 900)
	w.start(r)
	w.paidOnce(r, w.wait(r))
	w.requireRanOn(r, "build-1", enumspb.VERSIONING_BEHAVIOR_PINNED)
	w.balanced(900)
}
