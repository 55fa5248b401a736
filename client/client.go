package client

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"

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

// NotFoundError says that Temporal knows no such refund (any more).
type NotFoundError struct {
	Account, ID string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no refund %s of account %s is known: check both, or it ended longer ago than the server keeps it", e.ID, e.Account)
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
