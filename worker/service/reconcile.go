package service

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// remote is Temporal as the reconciler needs it.
type remote struct {
	temporal temporalclient.Client
	refunds  *client.Client
	signal   func(ctx context.Context, workflowID, name string) error
}

var _ activities.Workflows = remote{}

// remote starts refunds on the service's own task queue.
func (s *Service) remote(queue string) remote {
	return remote{temporal: s.client, refunds: client.New(s.client).WithTaskQueue(queue).WithDataConverter(s.converter), signal: s.signal}
}

// Running implements [activities.Workflows]. It asks about the one workflow, not for a
// list: lists follow in their own time, and what started just now must not look lost.
func (r remote) Running(ctx context.Context, key ledger.Key) (bool, error) {
	found, err := r.temporal.DescribeWorkflowExecution(ctx, refund.WorkflowID(key.Account, key.ID), "")
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return false, nil
	case err != nil:
		return false, err
	}
	switch found.GetWorkflowExecutionInfo().GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED:
		return true, nil // somebody who paused it by hand goes on with it by hand
	default:
		return false, nil
	}
}

// Resume implements [activities.Workflows].
func (r remote) Resume(ctx context.Context, request refund.Request) (bool, *refund.Outcome, error) {
	started, err := r.refunds.Resume(ctx, request)
	if ended, ok := errors.AsType[*client.EndedError](err); ok {
		return false, ended.Outcome, nil
	}
	return started, nil, err
}

// Reopen implements [activities.Workflows].
func (r remote) Reopen(ctx context.Context, request refund.Request) (bool, error) {
	return r.refunds.Reopen(ctx, request)
}

// Wake implements [activities.Workflows].
func (r remote) Wake(ctx context.Context, key ledger.Key) error {
	return r.signal(ctx, refund.WorkflowID(key.Account, key.ID), workflows.SignalNotification)
}

// LookAgain implements [activities.Workflows].
func (r remote) LookAgain(ctx context.Context, key ledger.Key) error {
	return r.signal(ctx, refund.WorkflowID(key.Account, key.ID), workflows.SignalLimitsChanged)
}
