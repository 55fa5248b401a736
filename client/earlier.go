package client

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/refund"
)

// earlier is a run that was found under a refund's id.
type earlier struct {
	standing
	// request is what it was started with, and wrong why that was no valid request for
	// this id.
	request refund.Request
	wrong   error
}

// ended reports whether the run ended as this refund. What was refused before it was ever
// written down has no number; it, and what the ledger called another content, never was one.
func (e earlier) ended(r refund.Request) bool {
	return e.outcome != nil && !e.outcome.Conflict && e.outcome.ProviderNumber != "" && e.wrong == nil && e.request.Fingerprint() == r.Fingerprint()
}

// earlier reads what a run was started with from the first event of its history, which
// every caller in any language has written, and where the run stands.
func (c *Client) earlier(ctx context.Context, id, runID string) (earlier, error) {
	var e earlier
	events := c.temporal.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !events.HasNext() {
		return e, fmt.Errorf("the history of %s is empty", id)
	}
	first, err := events.Next()
	if err != nil {
		return e, fmt.Errorf("reading the earlier start of %s: %w", id, explain(err))
	}
	input := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	// What cannot be decrypted is not wrong: its refund may be under way, and its id is not free.
	if err := c.converter.FromPayloads(input, new(converter.RawValue)); err != nil {
		return e, fmt.Errorf("reading the earlier start of %s: %w", id, err)
	}
	if e.wrong = c.converter.FromPayloads(input, &e.request); errors.Is(e.wrong, converter.ErrEncodingIsNotSupported) {
		return e, fmt.Errorf("reading the earlier start of %s: %w", id, explain(e.wrong))
	}
	if e.wrong == nil {
		e.wrong = e.request.Validate()
	}
	if e.wrong == nil && refund.WorkflowID(e.request.Account, e.request.ID) != id {
		e.wrong = errors.New("it is the document of another refund")
	}
	if e.wrong != nil {
		e.request = refund.Request{} // half of a document compares with nothing
	}
	if e.standing, err = c.standing(ctx, id, runID); err != nil {
		return e, fmt.Errorf("looking up the earlier run of %s: %w", id, explain(err))
	}
	return e, nil
}
