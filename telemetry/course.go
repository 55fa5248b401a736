package telemetry

import (
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
)

// course watches one run of a workflow.
type course struct {
	interceptor.WorkflowInboundInterceptorBase
	t *Telemetry
}

// ExecuteWorkflow counts the end of a refund, which is the result of its workflow. It
// is counted in the workflow's last task, never in a replay. The server has that task
// run again when a signal has come meanwhile, or when its process died: the same process
// counts it once all the same, another one counts it once more.
func (c *course) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	out, err := c.Next.ExecuteWorkflow(ctx, in)
	outcome, ok := out.(refund.Outcome)
	if err != nil || !ok || workflow.IsReplaying(ctx) {
		return out, err
	}
	info := workflow.GetInfo(ctx)
	// Who asks again about a refund that ended long ago is told its end, and another
	// refund's id is not an end of it. The start is the server's time, the end the
	// workflow's, which begins with the first task: never before it.
	if outcome.Conflict || outcome.EndedAt.Before(info.WorkflowStartTime) {
		return out, nil
	}
	if !c.t.ends.first(info.WorkflowExecution) {
		return out, nil
	}
	of := subjectOf(c.t.accounts(), info.WorkflowExecution.ID)
	c.t.counts.ended.WithLabelValues(of.provider, of.account, string(outcome.Status)).Inc()
	if outcome.Amount > 0 {
		c.t.counts.refunded.WithLabelValues(of.provider, of.account).Add(float64(outcome.Amount))
	}
	return out, nil
}
