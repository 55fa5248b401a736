package telemetry

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// temporal are the figures that only Temporal has: who waits for people, and when the
// books were compared last. Lists follow what happens within seconds.
func (w *Watched) temporal(ctx context.Context) []prometheus.Metric {
	if w.Temporal == nil {
		return nil
	}
	metrics, err := w.askTemporal(ctx)
	if err != nil {
		return []prometheus.Metric{gauge(temporalUp, 0)}
	}
	return append(metrics, gauge(temporalUp, 1))
}

func (w *Watched) askTemporal(ctx context.Context) (metrics []prometheus.Metric, err error) {
	for _, asked := range []struct {
		desc   *prometheus.Desc
		status refund.Status
	}{{awaitingApproval, refund.StatusAwaitingApproval}, {needingAttention, refund.StatusNeedsAttention}} {
		found, err := w.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: fmt.Sprintf(
			"WorkflowType = '%s' AND TaskQueue = '%s' AND ExecutionStatus = 'Running' AND %s = '%s'",
			workflows.TypeRefund, w.TaskQueue, workflows.AttributeStatus.GetName(), asked.status)})
		if err != nil {
			return nil, err
		}
		metrics = append(metrics, gauge(asked.desc, float64(found.GetCount())))
	}
	reconciled, err := w.askReconciler(ctx)
	return append(metrics, reconciled...), err
}

// askReconciler tells how often the books are compared and when they were last.
func (w *Watched) askReconciler(ctx context.Context) (metrics []prometheus.Metric, err error) {
	schedule, err := w.Temporal.ScheduleClient().GetHandle(ctx, workflows.ReconcileSchedule(w.TaskQueue)).Describe(ctx)
	var none *serviceerror.NotFound
	switch {
	case errors.As(err, &none):
		return nil, nil
	case err != nil:
		return nil, err
	}
	every := schedule.Schedule.Spec.Intervals
	if len(every) == 1 && !schedule.Schedule.State.Paused { // more of them an operator made by hand
		metrics = append(metrics, gauge(reconcileEvery, every[0].Every.Seconds()))
	}
	// Lists come with the newest end first.
	last, err := w.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1, Query: fmt.Sprintf(
		"WorkflowType = '%s' AND TaskQueue = '%s' AND ExecutionStatus = 'Completed'", workflows.TypeReconcile, w.TaskQueue)})
	if err != nil {
		return nil, err
	}
	for _, e := range last.GetExecutions() {
		metrics = append(metrics, gauge(reconciledAt, float64(e.GetCloseTime().AsTime().Unix())))
	}
	return metrics, nil
}
