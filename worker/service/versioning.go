package service

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/config"
)

// deployment makes a worker part of the version of the worker deployment that the
// configuration names, if any. All workers of the process get the same: a pinned
// refund's provider calls must find their queue polled by its own build.
func deployment(v *config.Versioning) worker.DeploymentOptions {
	if v == nil {
		return worker.DeploymentOptions{}
	}
	behavior := workflow.VersioningBehaviorPinned
	if v.Behavior == config.AutoUpgrade {
		behavior = workflow.VersioningBehaviorAutoUpgrade
	}
	return worker.DeploymentOptions{
		UseVersioning: true, DefaultVersioningBehavior: behavior,
		Version: worker.WorkerDeploymentVersion{DeploymentName: v.Deployment, BuildID: v.BuildID},
	}
}
