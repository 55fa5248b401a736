package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// readyPause is the time between two looks at a server that is not ready; a look costs it next to nothing.
const readyPause = 5 * time.Millisecond

// waitReady asks each service for something that it can only answer when it works, until all of them do.
func waitReady(ctx context.Context, service workflowservice.WorkflowServiceClient, namespace string) error {
	for {
		err := ready(ctx, service, namespace)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready: %w", errors.Join(ctx.Err(), err))
		case <-time.After(readyPause):
		}
	}
}

func ready(ctx context.Context, service workflowservice.WorkflowServiceClient, namespace string) error {
	const nobody = "refundflow-ready" // no such workflow or task queue: asking creates nothing that lasts

	_, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("namespace %q: %w", namespace, fromGRPC(err))
	}
	// History owns its shard when it can say that a workflow does not exist.
	_, err = service.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: nobody},
	})
	if notFound := new(serviceerror.NotFound); !errors.As(fromGRPC(err), &notFound) {
		return fmt.Errorf("history service: %w", fromGRPC(err))
	}
	_, err = service.DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: nobody}, TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
	})
	if err != nil {
		return fmt.Errorf("matching service: %w", fromGRPC(err))
	}
	return nil
}

func fromGRPC(err error) error {
	if err == nil {
		return nil
	}
	return serviceerror.FromStatus(serviceerror.ToStatus(err))
}
