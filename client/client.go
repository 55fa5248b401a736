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

// Client starts and steers refunds. It is safe for concurrent use.
type Client struct {
	temporal  temporalclient.Client
	taskQueue string
}

// New uses a Temporal client, which the caller keeps and closes.
func New(c temporalclient.Client) *Client {
	return &Client{temporal: c, taskQueue: workflows.TaskQueue}
}

// WithTaskQueue returns a client that starts refunds on another task queue than
// [workflows.TaskQueue].
func (c *Client) WithTaskQueue(queue string) *Client {
	return &Client{temporal: c.temporal, taskQueue: queue}
}

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

// NotFoundError says that Temporal knows no such refund (any more).
type NotFoundError struct {
	Account, ID string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no refund %s of account %s is known: check both, or it ended longer ago than the server keeps it", e.ID, e.Account)
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

// Wait returns the outcome once the refund has ended, however long that takes;
// bound it by ctx. A workflow that failed, or was terminated, is an error.
func (c *Client) Wait(ctx context.Context, account, id string) (refund.Outcome, error) {
	var out refund.Outcome
	err := c.temporal.GetWorkflow(ctx, refund.WorkflowID(account, id), "").Get(ctx, &out)
	return out, c.known(err, account, id)
}

// Status answers with the whole refund as it stands, running or ended. It needs
// a live worker.
func (c *Client) Status(ctx context.Context, account, id string) (refund.View, error) {
	var view refund.View
	answer, err := c.temporal.QueryWorkflow(ctx, refund.WorkflowID(account, id), "", workflows.QueryStatus)
	if err != nil {
		return view, c.known(err, account, id)
	}
	return view, answer.Get(&view)
}

// Approve lets a refund that waits for approval go on. Nobody approves their
// own request.
func (c *Client) Approve(ctx context.Context, account, id string, d refund.Decision) error {
	return c.signal(ctx, account, id, workflows.SignalApprove, d)
}

// Reject ends a refund that waits for approval.
func (c *Client) Reject(ctx context.Context, account, id string, d refund.Decision) error {
	return c.signal(ctx, account, id, workflows.SignalReject, d)
}

// Cancel stops a refund before the point of no return; afterwards it is
// recorded and refused.
func (c *Client) Cancel(ctx context.Context, account, id string, d refund.Decision) error {
	return c.signal(ctx, account, id, workflows.SignalCancel, d)
}

// Resolve decides about a refund that needs attention.
func (c *Client) Resolve(ctx context.Context, account, id string, r refund.Resolution) error {
	return c.signal(ctx, account, id, workflows.SignalResolve, r)
}

// LookAgain makes a refund that waits for budget, for its order's turn or for its
// result look now.
func (c *Client) LookAgain(ctx context.Context, account, id string) error {
	return c.known(c.temporal.SignalWorkflow(ctx, refund.WorkflowID(account, id), "", workflows.SignalLimitsChanged, nil), account, id)
}

func (c *Client) signal(ctx context.Context, account, id, name string, payload interface{ Validate() error }) error {
	if err := payload.Validate(); err != nil {
		return err
	}
	return c.known(c.temporal.SignalWorkflow(ctx, refund.WorkflowID(account, id), "", name, payload), account, id)
}

func (c *Client) known(err error, account, id string) error {
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
	}
	return err
}

// details is the part of a refund that never changes, for the Web UI.
func details(r refund.Request) string {
	full := "in part"
	if r.Full() {
		full = "in full"
	}
	return fmt.Sprintf("%s of %s, %s, account `%s`, initiated by %s.", r.Amount, r.Order.Total, full, r.Account, r.Initiator)
}
