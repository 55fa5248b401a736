package client

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// Submitted is the answer to a submission.
type Submitted struct {
	Started
	// Answer says what the refund will meet, or how it has ended.
	Answer refund.Answer `json:"answer"`
}

// Submit is [Client.Start] that waits until the refund is written down, and answers
// whether it was accepted, for whom or what it waits, or why it was refused: all of
// them are answers, and the rest goes on by itself. An id that is in use for other
// content is a [*ConflictError], even when only the ledger remembers it.
//
// Sent again with the same content it answers for the refund that exists: how it has
// ended, or where it stood when that was first asked.
//
// It needs a live worker. When none answers before ctx ends, a [*NoAnswerError] says
// so: the refund most likely is started, and goes on as soon as a worker runs. Submit
// or start it again with the same content to be sure.
func (c *Client) Submit(ctx context.Context, r refund.Request) (Submitted, error) {
	var err error
	for range 3 {
		var s Submitted
		if s, err = c.submit(ctx, r); !overtaken(err) {
			return s, c.refused(ctx, err, r.Account, r.ID, "the request")
		}
		// The refund ended before it could answer: now its outcome does.
	}
	return Submitted{}, c.refused(ctx, err, r.Account, r.ID, "the request")
}

func (c *Client) submit(ctx context.Context, r refund.Request) (Submitted, error) {
	var s Submitted
	var before standing
	var err error
	s.Started, before, err = c.begin(ctx, r, func(reuse enumspb.WorkflowIdReusePolicy) (runID string, err error) {
		runID, s.Answer, err = c.updateWithStart(ctx, r, reuse)
		return runID, err
	})
	switch {
	case err != nil, !s.Existing:
		return s, err
	case before.outcome != nil:
		s.Answer = refund.Answer{Status: before.outcome.Status, Sentence: before.outcome.Reason}
		return s, nil
	}
	s.Answer, err = c.ask(ctx, temporalclient.UpdateWorkflowOptions{
		WorkflowID: s.WorkflowID, RunID: s.RunID, UpdateName: workflows.UpdateSubmit, Args: []any{r},
		// A caller who submits the same refund in a loop must not fill its history.
		UpdateID: "submit-" + r.Fingerprint(),
	})
	return s, err
}

// updateWithStart starts a run together with its submission: both, or neither.
//
// The update's id is the SDK's, made anew, and an existing run is not used: the server
// would answer a known id out of a run that has ended, even one that was terminated and
// has to go on, and would not tell a new run from an existing one.
func (c *Client) updateWithStart(ctx context.Context, r refund.Request, reuse enumspb.WorkflowIdReusePolicy) (runID string, answer refund.Answer, err error) {
	start := c.temporal.NewWithStartWorkflowOperation(c.options(r, reuse), workflows.TypeRefund, r)
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, temporalclient.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: temporalclient.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateSubmit, Args: []any{r}, WaitForStage: temporalclient.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return "", answer, fmt.Errorf("submitting the refund: %w", err)
	}
	return handle.RunID(), answer, handle.Get(ctx, &answer)
}
