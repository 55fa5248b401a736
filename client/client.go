package client

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// Client starts and steers refunds. It is safe for concurrent use.
type Client struct {
	temporal  temporalclient.Client
	taskQueue string
	converter converter.DataConverter
}

// New uses a Temporal client, which the caller keeps and closes.
func New(c temporalclient.Client) *Client {
	return &Client{temporal: c, taskQueue: workflows.TaskQueue, converter: converter.GetDefaultDataConverter()}
}

// WithTaskQueue returns a client that starts refunds on another task queue than
// [workflows.TaskQueue].
func (c *Client) WithTaskQueue(queue string) *Client {
	other := *c
	other.taskQueue = queue
	return &other
}

// WithDataConverter returns a client that reads earlier starts with the converter that the
// Temporal client was dialled with, which does not tell it. It is needed where refunds are
// encrypted: see package codec.
func (c *Client) WithDataConverter(d converter.DataConverter) *Client {
	other := *c
	other.converter = d
	return &other
}

// Wait returns the outcome once the refund has ended, however long that takes;
// bound it by ctx. A workflow that failed, or was terminated, is an error.
func (c *Client) Wait(ctx context.Context, account, id string) (refund.Outcome, error) {
	workflowID := refund.WorkflowID(account, id)
	// The SDK's own way to wait begins with a description of the run, which holds the workflow
	// up for a moment. The event of its end has all that is wanted.
	closing := c.temporal.GetWorkflowHistory(ctx, workflowID, "", true, enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	if closing.HasNext() {
		end, err := closing.Next()
		if err != nil {
			return refund.Outcome{}, known(err, account, id)
		}
		var out refund.Outcome
		if completed := end.GetWorkflowExecutionCompletedEventAttributes(); completed != nil && c.converter.FromPayloads(completed.GetResult(), &out) == nil {
			return out, nil
		}
	}
	var out refund.Outcome // the SDK knows the other ends, and the converter that the Temporal client was dialled with
	err := c.temporal.GetWorkflow(ctx, workflowID, "").Get(ctx, &out)
	return out, known(err, account, id)
}

// Status answers with the whole refund as it stands, running or ended. It needs
// a live worker.
func (c *Client) Status(ctx context.Context, account, id string) (refund.View, error) {
	var view refund.View
	answer, err := c.temporal.QueryWorkflow(ctx, refund.WorkflowID(account, id), "", workflows.QueryStatus)
	if err != nil {
		return view, known(err, account, id)
	}
	return view, explain(answer.Get(&view))
}

// standing is what Temporal knows of one run.
type standing struct {
	execution enumspb.WorkflowExecutionStatus
	outcome   *refund.Outcome // of a run that completed
}

// dead reports whether the run ended without an outcome: it failed, or was
// terminated by hand.
func (s standing) dead() bool { return s.outcome == nil && !s.running() }

// running reports whether the run goes on. Somebody who paused it by hand goes on with
// it by hand; a pause ends nothing.
func (s standing) running() bool {
	return s.execution == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || s.execution == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// standing looks a run up; an empty run id is the newest one's.
func (c *Client) standing(ctx context.Context, id, runID string) (standing, error) {
	found, err := c.temporal.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return standing{}, err
	}
	info := found.GetWorkflowExecutionInfo()
	s := standing{execution: info.GetStatus()}
	if s.execution == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		s.outcome = new(refund.Outcome)
		err = c.temporal.GetWorkflow(ctx, id, info.GetExecution().GetRunId()).Get(ctx, s.outcome)
	}
	return s, err
}

func known(err error, account, id string) error {
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return &NotFoundError{Account: account, ID: id}
	}
	return explain(err)
}

// explain adds what helps to the errors a newcomer meets first.
func explain(err error) error {
	var invalid *serviceerror.InvalidArgument
	var away *serviceerror.Unavailable
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("%w (an unknown search attribute means that no worker has run in this namespace yet: start one, it registers them)", err)
	case errors.As(err, &away):
		return fmt.Errorf("%w (is the Temporal server running, and its address right?)", err)
	case errors.Is(err, converter.ErrEncodingIsNotSupported):
		return fmt.Errorf("%w (refunds are encrypted here: dial Temporal with a codec that has the keys, and see WithDataConverter)", err)
	}
	return err
}
