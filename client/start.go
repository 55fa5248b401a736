package client

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// Started is the answer to a start.
type Started struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// Existing is true when the same refund had been started before: nothing new
	// was started, and the earlier one goes on, or has ended.
	Existing bool `json:"existing"`
}

// ConflictError says that a refund id was used before for other content.
// Nothing was started.
type ConflictError struct {
	Account, ID string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("refund id %s of account %s was used before for other content: nothing was started. "+
		"Send the same content to repeat it, or choose a new id for a new refund", e.ID, e.Account)
}

// Start begins a refund, once for ever per id: the same id with the same
// content answers with the refund that runs or has ended; with other content
// it is a [*ConflictError]. An invalid request is a [*refund.InvalidError] and
// starts nothing.
func (c *Client) Start(ctx context.Context, r refund.Request) (Started, error) {
	if err := r.Validate(); err != nil {
		return Started{}, err
	}
	id := refund.WorkflowID(r.Account, r.ID)
	reuse := enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	compared := "" // the earlier run that is known to have the same content
	for range 2 {
		run, err := c.execute(ctx, id, r, reuse)
		var already *serviceerror.WorkflowExecutionAlreadyStarted
		switch {
		case err == nil:
			return Started{WorkflowID: id, RunID: run.GetRunID()}, nil
		case !errors.As(err, &already):
			return Started{}, fmt.Errorf("starting the refund: %w", explain(err))
		case already.RunId == compared:
			return Started{WorkflowID: id, RunID: compared, Existing: true}, nil
		}
		earlier, err := c.request(ctx, id, already.RunId)
		switch {
		case errors.Is(err, errNoRequest) && reuse == enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE:
			// What never was a request has done nothing: its id is free when it has
			// ended, however it did.
			reuse = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
			continue
		case err != nil:
			return Started{}, err
		case earlier.Fingerprint() != r.Fingerprint():
			return Started{}, &ConflictError{Account: r.Account, ID: r.ID}
		}
		// A run that failed or was terminated by hand may be begun anew under its id,
		// with its content: the ledger knows how far it came. One that completed
		// never is.
		reuse = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
		compared = already.RunId
	}
	return Started{WorkflowID: id, RunID: compared, Existing: true}, nil
}

func (c *Client) execute(ctx context.Context, id string, r refund.Request, reuse enumspb.WorkflowIdReusePolicy) (temporalclient.WorkflowRun, error) {
	return c.temporal.ExecuteWorkflow(ctx, temporalclient.StartWorkflowOptions{
		ID: id, TaskQueue: c.taskQueue,
		WorkflowIDReusePolicy:                    reuse,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("%s for order %s", r.Amount, workflows.OrderOf(r)),
		StaticDetails:                            details(r),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttributeAccount.ValueSet(r.Account),
			workflows.AttributeOrder.ValueSet(workflows.OrderOf(r)),
			workflows.AttributeAmount.ValueSet(int64(r.Amount)),
			workflows.AttributeStatus.ValueSet(string(refund.StatusReceived)),
		),
	}, workflows.TypeRefund, r)
}

// errNoRequest marks an earlier start whose document was no valid request.
var errNoRequest = errors.New("it was started before with a document that is no valid request, and has not ended")

// request reads what an earlier run was started with: the first event of its
// history, which every caller in any language has written.
func (c *Client) request(ctx context.Context, id, runID string) (refund.Request, error) {
	var r refund.Request
	events := c.temporal.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !events.HasNext() {
		return r, fmt.Errorf("the history of %s is empty", id)
	}
	first, err := events.Next()
	if err != nil {
		return r, fmt.Errorf("reading the earlier start of %s: %w", id, err)
	}
	input := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := converter.GetDefaultDataConverter().FromPayloads(input, &r); err != nil {
		return r, fmt.Errorf("%s: %w: %w", id, errNoRequest, err)
	}
	if err := r.Validate(); err != nil {
		return r, fmt.Errorf("%s: %w: %w", id, errNoRequest, err)
	}
	if refund.WorkflowID(r.Account, r.ID) != id {
		return r, fmt.Errorf("%s: %w", id, errNoRequest)
	}
	return r, nil
}

// details is the part of a refund that never changes, for the Web UI.
func details(r refund.Request) string {
	full := "in part"
	if r.Full() {
		full = "in full"
	}
	return fmt.Sprintf("%s of %s, %s, account `%s`, initiated by %s.", r.Amount, r.Order.Total, full, r.Account, r.Initiator)
}
