package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// Filter narrows a list; empty fields match everything.
type Filter struct {
	Account string
	Status  refund.Status
	Order   string
	// Open lists only refunds that have not ended.
	Open bool
	// Limit bounds the list; 0 means 50.
	Limit int
}

// Listed is one line of a list. Lists come from Temporal's visibility store,
// which follows the refunds within a second or so: for the truth about one,
// ask [Client.Status].
type Listed struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	// Status is the last one an operator filters on; a refund on its quiet way
	// stays "received" until it has ended.
	Status  refund.Status `json:"status"`
	Order   string        `json:"order"`
	Amount  refund.Fen    `json:"amount"`
	Started time.Time     `json:"started"`
	Closed  time.Time     `json:"closed,omitzero"`
	// Execution is Temporal's own status of the workflow, such as "Running".
	Execution string `json:"execution"`
}

// List returns refunds, the newest first.
func (c *Client) List(ctx context.Context, f Filter) ([]Listed, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	var all []Listed
	var page []byte
	for len(all) < limit {
		answer, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: f.query(), PageSize: int32(min(limit-len(all), 1000)), NextPageToken: page,
		})
		if err != nil {
			return nil, explain(err)
		}
		for _, e := range answer.GetExecutions() {
			all = append(all, listed(e))
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			break
		}
	}
	return all, nil
}

func (f Filter) query() string {
	parts := []string{"WorkflowType = '" + workflows.TypeRefund + "'"}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf("%s = '%s'", name, quoted(value)))
		}
	}
	add(workflows.AttributeAccount.GetName(), f.Account)
	add(workflows.AttributeStatus.GetName(), string(f.Status))
	add(workflows.AttributeOrder.GetName(), f.Order)
	if f.Open {
		parts = append(parts, "CloseTime IS NULL") // one that is paused by hand has not ended
	}
	return strings.Join(parts, " AND ")
}

func listed(e *workflowpb.WorkflowExecutionInfo) Listed {
	l := Listed{Execution: e.GetStatus().String(), Started: e.GetStartTime().AsTime()}
	l.Account, l.ID, _ = refund.ParseWorkflowID(e.GetExecution().GetWorkflowId())
	if closed := e.GetCloseTime(); closed != nil {
		l.Closed = closed.AsTime()
	}
	fields := e.GetSearchAttributes().GetIndexedFields()
	into(fields, workflows.AttributeStatus.GetName(), &l.Status)
	into(fields, workflows.AttributeOrder.GetName(), &l.Order)
	into(fields, workflows.AttributeAmount.GetName(), &l.Amount)
	return l
}

// into reads one search attribute; one that is missing or of another type
// leaves the field empty, as a list should not fail for one odd line.
func into[T any](fields map[string]*commonpb.Payload, name string, v *T) {
	if p, ok := fields[name]; ok {
		_ = converter.GetDefaultDataConverter().FromPayload(p, v)
	}
}

// quoted is a text as it stands within the quotes of a query.
func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }
