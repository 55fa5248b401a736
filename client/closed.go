package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// closedPage is how many closed runs one question lists.
const closedPage = 500

// Closed is a run that has ended, as Temporal has kept it.
type Closed struct {
	WorkflowID, RunID string
	Started           time.Time
	// Request is what it was started with. Err says why that, or the outcome, cannot be
	// read; then the rest is empty.
	Request refund.Request
	Err     error
	// Outcome is nil where the run failed, or was stopped by hand, without one.
	Outcome *refund.Outcome
}

// Was reports whether the run was this refund to its end: it was written down in the
// ledger, and has an outcome.
func (c Closed) Was() bool {
	return c.Outcome != nil && !c.Outcome.Conflict && c.Outcome.ProviderNumber != ""
}

// Closed goes through all runs of this task queue that have ended since a moment, as long
// as the server keeps them. Runs whose document was no valid request are left out: they did
// nothing. One that cannot be read has its Err and stops no other; only a list that cannot
// be read is an error, and the last thing that is told.
func (c *Client) Closed(ctx context.Context, since time.Time) iter.Seq2[Closed, error] {
	query := fmt.Sprintf("WorkflowType = '%s' AND TaskQueue = '%s' AND CloseTime >= '%s'",
		workflows.TypeRefund, quoted(c.taskQueue), since.UTC().Format(time.RFC3339Nano))
	return func(yield func(Closed, error) bool) {
		var page []byte
		for {
			list, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: closedPage, NextPageToken: page})
			if err != nil {
				yield(Closed{}, fmt.Errorf("listing the refunds that have ended since %s: %w", since.Format(time.RFC3339), explain(err)))
				return
			}
			for _, found := range list.GetExecutions() {
				run, ok := c.closed(ctx, found.GetExecution())
				run.Started = found.GetStartTime().AsTime()
				if ok && !yield(run, nil) {
					return
				}
			}
			if page = list.GetNextPageToken(); len(page) == 0 {
				return
			}
		}
	}
}

// closed reads one run; false for what never was a request, or is kept no longer.
func (c *Client) closed(ctx context.Context, which *commonpb.WorkflowExecution) (Closed, bool) {
	run := Closed{WorkflowID: which.GetWorkflowId(), RunID: which.GetRunId()}
	read, err := c.earlier(ctx, run.WorkflowID, run.RunID)
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return run, false
	case err != nil:
		run.Err = err
		return run, true
	}
	run.Request, run.Outcome = read.request, read.outcome
	return run, read.wrong == nil
}
