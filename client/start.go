package client

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
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

// Start begins a refund, once for ever per id: the same id with the same
// content answers with the refund that runs or has ended; with other content
// it is a [*ConflictError]. An invalid request is a [*refund.InvalidError] and
// starts nothing.
//
// It needs no worker, and says nothing about what becomes of the refund. An id that
// only the ledger remembers, since the server's retention has passed, is started, and
// ends as failed with Outcome.Conflict when its content differs; [Client.Submit] tells
// that at once.
func (c *Client) Start(ctx context.Context, r refund.Request) (Started, error) {
	started, _, err := c.begin(ctx, r, func(reuse enumspb.WorkflowIdReusePolicy) (string, error) {
		return c.execute(ctx, r, reuse)
	})
	return started, err
}

// Resume starts the refund's workflow again where its last run died, or is forgotten, for
// those who know from the ledger that the refund has not ended: the new run goes on where
// the books are. One that runs is left alone: false, and no error. One whose last run
// ended with an outcome is an [*EndedError]: a ledger that shows it as open has forgotten
// its end, and to begin it anew might pay what was cancelled, or paid in another way.
func (c *Client) Resume(ctx context.Context, r refund.Request) (started bool, err error) {
	started, already, err := c.again(ctx, r, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
	if already == nil {
		return started, err
	}
	before, err := c.earlier(ctx, refund.WorkflowID(r.Account, r.ID), already.RunId)
	switch {
	case err != nil:
		return false, err
	case before.running():
		return false, nil
	case before.ended(r):
		return false, &EndedError{Account: r.Account, ID: r.ID, Status: before.outcome.Status, Reason: before.outcome.Reason, Outcome: before.outcome}
	}
	return c.Reopen(ctx, r) // it never was the refund of this id, or died since
}

// Reopen starts the refund's workflow again whatever became of its last run, for those who
// know from the ledger that its end was contradicted, and stands there with an alert: the new
// run asks a person. One that runs is left alone: false, and no error.
func (c *Client) Reopen(ctx context.Context, r refund.Request) (started bool, err error) {
	started, _, err = c.again(ctx, r, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
	return started, err
}

// again starts a run of a refund that had one; already is what kept it from that.
func (c *Client) again(ctx context.Context, r refund.Request, reuse enumspb.WorkflowIdReusePolicy) (
	started bool, already *serviceerror.WorkflowExecutionAlreadyStarted, err error,
) {
	if err := r.Validate(); err != nil {
		return false, nil, err
	}
	_, err = c.execute(ctx, r, reuse)
	switch {
	case errors.As(err, &already):
		return false, already, nil
	case err != nil:
		return false, nil, fmt.Errorf("starting the refund again: %w", err)
	}
	return true, nil, nil
}

// begin launches a run under the refund's id unless an earlier one stands for the
// same refund, which it returns with Existing. It goes round again with another
// policy when the earlier run leaves its id free.
func (c *Client) begin(ctx context.Context, r refund.Request, launch func(enumspb.WorkflowIdReusePolicy) (runID string, err error)) (Started, standing, error) {
	if err := r.Validate(); err != nil {
		return Started{}, standing{}, err
	}
	s := Started{WorkflowID: refund.WorkflowID(r.Account, r.ID)}
	conflict := &ConflictError{Account: r.Account, ID: r.ID}
	reuse := enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	for range 4 {
		runID, err := launch(reuse)
		var already *serviceerror.WorkflowExecutionAlreadyStarted
		switch {
		case err == nil:
			s.RunID = runID
			return s, standing{}, nil
		case !errors.As(err, &already):
			return Started{}, standing{}, err
		}
		s.RunID = already.RunId
		before, err := c.earlier(ctx, s.WorkflowID, s.RunID)
		same := before.request.Fingerprint() == r.Fingerprint()
		switch {
		case err != nil:
			return Started{}, standing{}, err
		case before.outcome != nil && before.outcome.Conflict:
			// It never was the refund of this id: the ledger, which refused it, has the last
			// word about another content, and would say the same about this one.
			if before.wrong == nil && same {
				return Started{}, standing{}, conflict
			}
			reuse = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
		case before.wrong != nil:
			if before.running() {
				return Started{}, standing{}, fmt.Errorf("%s was started before with a document that is no valid request, and has not ended: %w",
					s.WorkflowID, before.wrong)
			}
			// What never was a request has done nothing: its id is free, however it ended.
			reuse = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
		case !same:
			return Started{}, standing{}, conflict
		case before.dead():
			// It may be begun anew with its content: the ledger knows how far it came. One
			// that completed never is.
			reuse = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
		default:
			s.Existing = true
			return s, before.standing, nil
		}
	}
	return Started{}, standing{}, fmt.Errorf("starting %s: others start and end it at the same time; start it again", s.WorkflowID)
}

// execute starts a run and nothing else.
func (c *Client) execute(ctx context.Context, r refund.Request, reuse enumspb.WorkflowIdReusePolicy) (runID string, err error) {
	run, err := c.temporal.ExecuteWorkflow(ctx, c.options(r, reuse), workflows.TypeRefund, r)
	if err != nil {
		return "", fmt.Errorf("starting the refund: %w", explain(err))
	}
	return run.GetRunID(), nil
}

// options are the same for every way to start: what lists, and the Web UI, show of a
// refund does not depend on who began it.
func (c *Client) options(r refund.Request, reuse enumspb.WorkflowIdReusePolicy) temporalclient.StartWorkflowOptions {
	return temporalclient.StartWorkflowOptions{
		ID: refund.WorkflowID(r.Account, r.ID), TaskQueue: c.taskQueue,
		WorkflowIDReusePolicy:                    reuse,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            summary(r),
		StaticDetails:                            details(r),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.AttributeAccount.ValueSet(r.Account),
			workflows.AttributeOrder.ValueSet(workflows.OrderOf(r)),
			workflows.AttributeAmount.ValueSet(int64(r.Amount)),
			workflows.AttributeStatus.ValueSet(string(refund.StatusReceived)),
		),
	}
}
