package main

import (
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/workflows"
)

// naivePoll is the pause of a loop that asks for a result.
const naivePoll = time.Second

// naive is a refund as it is written in an afternoon: each step a regular activity, each status written for the lists, a
// loop with a timer that asks for the result. Its steps call the stub, which answers at once and keeps no books, so that
// it is cheaper than it would be: it neither signs anything, nor writes anything down.
func naive(ctx workflow.Context, in order) (answer, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 25 * time.Second, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second},
	})
	var got answer
	step := func(name string) error {
		if err := workflow.UpsertTypedSearchAttributes(ctx, workflows.AttributeStatus.ValueSet(name)); err != nil {
			return err
		}
		return workflow.ExecuteActivity(ctx, typeCall, call{ID: in.ID, Step: name, Now: workflow.Now(ctx)}).Get(ctx, &got)
	}
	for _, name := range []string{"validating", "checking_order", "reserving", "applying", "processing"} {
		if err := step(name); err != nil {
			return answer{}, err
		}
	}
	for got.Status != answered {
		if err := workflow.Sleep(ctx, naivePoll); err != nil {
			return answer{}, err
		}
		if err := step("processing"); err != nil {
			return answer{}, err
		}
	}
	return got, step("settling")
}

// registerNaive makes a worker run naive refunds.
func (c *caller) registerNaive(w worker.Registry) {
	w.RegisterWorkflowWithOptions(naive, workflow.RegisterOptions{Name: typeNaive})
	w.RegisterActivityWithOptions(c.call, activity.RegisterOptions{Name: typeCall})
}
