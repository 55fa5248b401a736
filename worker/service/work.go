package service

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/providers/registry"
	"github.com/refundflow/refundflow/telemetry"
	"github.com/refundflow/refundflow/workflows"
)

// stepsAtOnce are the steps that a queue's worker runs at once: room for all that the
// platforms may hold together, and as much again as one of them for what waits for none.
// Were all of them to hang, comparisons would still be made.
var stepsAtOnce = (len(registry.Names()) + 1) * activities.CallsAtOnce

// work starts one worker per task queue: the workflows' own, which runs
// activities too, and those of the provider calls alone.
func (s *Service) work(o Options, steps *activities.Activities) error {
	for _, queue := range s.effect.queues {
		own := queue == o.Config.TaskQueue
		options := Tuned()
		options.WorkerStopTimeout, options.MaxConcurrentActivityExecutionSize = stopTimeout, stepsAtOnce
		options.Interceptors = slices.Concat([]interceptor.WorkerInterceptor{telemetry.Lines(&s.accounts)}, s.telemetry.WorkerInterceptors(), o.Interceptors)
		options.DisableWorkflowWorker = !own
		options.OnFatalError = s.fail
		options.DeploymentOptions = deployment(o.Config.Versioning)
		w := worker.New(s.client, queue, options)
		if own {
			w.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
			w.RegisterWorkflowWithOptions(workflows.ReconcileWorkflow, workflow.RegisterOptions{Name: workflows.TypeReconcile})
		}
		steps.Register(w)
		if err := w.Start(); err != nil {
			return fmt.Errorf("task queue %s: %w", queue, err)
		}
		s.workers = append(s.workers, w)
	}
	o.Logger.WithFields(logrus.Fields{
		"queues": strings.Join(s.effect.queues, ","), "accounts": strings.Join(s.accounts.Names(), ","),
	}).Info("worker started")
	return nil
}
