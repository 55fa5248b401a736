package client

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// Approve lets a refund that waits for approval go on, once enough people have.
// Nobody approves their own request.
//
// Like Reject, Cancel and Resolve it is answered at once, and needs a live worker
// for that: bound it by ctx, whose end is a [*NoAnswerError], or use [Client.Signal].
// What would change nothing is a [*RefusedError], or an [*EndedError] after the end;
// a payload with mistakes is a [*refund.InvalidError]. To send the same again never
// counts twice, but its second answer may be a refusal.
func (c *Client) Approve(ctx context.Context, account, id string, d refund.Decision) (refund.Answer, error) {
	return c.update(ctx, account, id, workflows.UpdateDecide, refund.Verdict{Verb: refund.VerbApprove, Decision: d})
}

// Reject ends a refund that waits for approval. Its answers are those of Approve.
func (c *Client) Reject(ctx context.Context, account, id string, d refund.Decision) (refund.Answer, error) {
	return c.update(ctx, account, id, workflows.UpdateDecide, refund.Verdict{Verb: refund.VerbReject, Decision: d})
}

// Cancel stops a refund before the point of no return, and answers when it has
// obeyed; afterwards it is refused. Its answers are those of Approve.
func (c *Client) Cancel(ctx context.Context, account, id string, d refund.Decision) (refund.Answer, error) {
	return c.update(ctx, account, id, workflows.UpdateCancel, d)
}

// Resolve decides about a refund that needs attention. Its answers are those of
// Approve.
func (c *Client) Resolve(ctx context.Context, account, id string, r refund.Resolution) (refund.Answer, error) {
	return c.update(ctx, account, id, workflows.UpdateResolve, r)
}

// Signal is the durable way to decide: it waits in Temporal until a worker reads it,
// and nil says that it was left there, no more. Its answer is a visible line of the
// refund's history, in View.Steps.
//
// The name is [workflows.SignalApprove], [workflows.SignalReject] or
// [workflows.SignalCancel] with a [refund.Decision], or [workflows.SignalResolve]
// with a [refund.Resolution]; anything else is a [*refund.InvalidError].
func (c *Client) Signal(ctx context.Context, account, id, name string, payload interface{ Validate() error }) error {
	fits := false
	switch name {
	case workflows.SignalApprove, workflows.SignalReject, workflows.SignalCancel:
		_, fits = payload.(refund.Decision)
	case workflows.SignalResolve:
		_, fits = payload.(refund.Resolution)
	}
	if !fits {
		return refund.Invalid("signal", "want approve, reject or cancel with a Decision, or resolve with a Resolution; got %q with a %T", name, payload)
	}
	if err := payload.Validate(); err != nil {
		return err
	}
	return c.signal(ctx, account, id, name, payload)
}

// LookAgain makes a refund that waits for budget, for its order's turn or for its
// result look now. It is a signal.
func (c *Client) LookAgain(ctx context.Context, account, id string) error {
	return c.signal(ctx, account, id, workflows.SignalLimitsChanged, nil)
}

func (c *Client) signal(ctx context.Context, account, id, name string, payload any) error {
	err := c.temporal.SignalWorkflow(ctx, refund.WorkflowID(account, id), "", name, payload)
	return c.refused(ctx, err, account, id, "the signal")
}

func (c *Client) update(ctx context.Context, account, id, name string, payload interface{ Validate() error }) (refund.Answer, error) {
	if err := payload.Validate(); err != nil {
		return refund.Answer{}, err
	}
	// The SDK makes up the update's id: one derived from who decides what would turn a
	// decision that is due again, as after a second doubt, into the first one's echo.
	answer, err := c.ask(ctx, temporalclient.UpdateWorkflowOptions{
		WorkflowID: refund.WorkflowID(account, id), UpdateName: name, Args: []any{payload},
	})
	return answer, c.refused(ctx, err, account, id, "the decision")
}

// ask sends an update and waits for its answer.
func (c *Client) ask(ctx context.Context, o temporalclient.UpdateWorkflowOptions) (answer refund.Answer, err error) {
	o.WaitForStage = temporalclient.WorkflowUpdateStageCompleted
	handle, err := c.temporal.UpdateWorkflow(ctx, o)
	if err != nil {
		return answer, err
	}
	return answer, handle.Get(ctx, &answer)
}

// refused turns the ways in which Temporal reports that a decision or a request was
// not taken into errors of this package.
func (c *Client) refused(ctx context.Context, err error, account, id, what string) error {
	var app *temporal.ApplicationError
	var late *temporalclient.WorkflowUpdateServiceTimeoutOrCanceledError
	switch {
	case err == nil:
		return nil
	case overtaken(err):
		return c.gone(ctx, err, account, id)
	case errors.As(err, &late):
		return &NoAnswerError{What: what, Err: err}
	case !errors.As(err, &app):
		return explain(err)
	}
	switch app.Type() {
	case workflows.RefusedNow:
		return &RefusedError{Reason: app.Message()}
	case workflows.RefusedConflict:
		return &ConflictError{Account: account, ID: id}
	case workflows.RefusedInvalid:
		// The worker is stricter than this program, which is of another release then.
		return refund.Invalid(what, "the worker does not take it: %s", app.Message())
	}
	return err
}

// typeOvertaken is what the server calls an update that was taken, and whose workflow
// ended without an answer.
const typeOvertaken = "AcceptedUpdateCompletedWorkflow"

// overtaken reports whether something was sent to a run that has ended, or never was.
func overtaken(err error) bool {
	var missing *serviceerror.NotFound
	var app *temporal.ApplicationError
	return errors.As(err, &missing) || errors.As(err, &app) && app.Type() == typeOvertaken
}

// gone says what became of a refund that nothing can be said to any more.
func (c *Client) gone(ctx context.Context, cause error, account, id string) error {
	s, err := c.standing(ctx, refund.WorkflowID(account, id), "")
	switch {
	case err != nil:
		return known(err, account, id)
	case s.outcome != nil:
		return &EndedError{Account: account, ID: id, Status: s.outcome.Status, Reason: s.outcome.Reason}
	case s.dead():
		return &EndedError{Account: account, ID: id, Reason: s.execution.String()}
	}
	return explain(cause) // begun anew in this moment
}
