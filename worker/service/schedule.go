package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/sirupsen/logrus"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/workflows"
)

const (
	// reconcileCatchup is how late a comparison may begin: after an outage the next one
	// does all that those missed would have done.
	reconcileCatchup = time.Minute
	// orphanGrace is how old an open refund must be to be missed: a person who
	// terminated its workflow may be about to begin it anew. Who wants comparisons more
	// often than that wants no longer grace than the pause.
	orphanGrace = 2 * time.Minute
	// reconcileFor ends a comparison that hangs: none begins while one runs.
	reconcileFor = 6 * time.Hour
)

// ScheduleReconciler makes Temporal compare the books every while, by the schedule
// [workflows.ReconcileSchedule] of the task queue. It is idempotent: a schedule that
// is as wanted is left alone, so that workers that start together do not quarrel; of
// two configurations the one that started last holds. Whether it is paused is an
// operator's decision, and stays.
func ScheduleReconciler(ctx context.Context, c client.Client, queue string, r config.Reconcile, l logrus.FieldLogger) error {
	return scheduleReconciler(ctx, c, converter.GetDefaultDataConverter(), queue, r, l)
}

// scheduleReconciler is ScheduleReconciler for a client that encodes with dc, which is
// needed to read what it wrote.
func scheduleReconciler(
	ctx context.Context, c client.Client, dc converter.DataConverter, queue string, r config.Reconcile, l logrus.FieldLogger,
) error {
	id := workflows.ReconcileSchedule(queue)
	log := l.WithField("schedule", id)
	if r.Every == 0 {
		log.Warn("reconcile.every is 0: no schedule is made, and one that exists is left as it is; lost refunds are not found")
		return nil
	}
	wanted := reconcileSchedule(id, queue, r)
	create := func() error {
		_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID: id, Spec: *wanted.Spec, Action: wanted.Action,
			Overlap: wanted.Policy.Overlap, CatchupWindow: wanted.Policy.CatchupWindow,
		})
		if err == nil {
			log.WithField("every", r.Every.String()).Info("reconciler scheduled")
		}
		return err
	}
	err := create()
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, temporal.ErrScheduleAlreadyRunning):
		return fmt.Errorf("schedule %s cannot be made: %w (reconcile.every: 0s does without it)", id, err)
	}
	handle := c.ScheduleClient().GetHandle(ctx, id)
	err = handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			if sameSchedule(dc, in.Description.Schedule, wanted) {
				return nil, temporal.ErrSkipScheduleUpdate
			}
			log.WithField("every", r.Every.String()).Info("reconciler scheduled otherwise than before")
			wanted.State = in.Description.Schedule.State
			return &client.ScheduleUpdate{Schedule: &wanted}, nil
		},
	})
	if unreadable := (*codec.UnreadableError)(nil); errors.As(err, &unreadable) {
		// It was made under a key that is here no more. It holds nothing that is not in wanted.
		log.WithError(err).Warn("the schedule cannot be read and is made anew; if it was paused, pause it again")
		if err = handle.Delete(ctx); err == nil || errors.As(err, new(*serviceerror.NotFound)) {
			err = create()
		}
		if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			err = nil // another worker was faster
		}
	}
	if err != nil {
		return fmt.Errorf("schedule %s cannot be brought up to date: %w (reconcile.every: 0s does without it)", id, err)
	}
	return nil
}

func reconcileSchedule(id, queue string, r config.Reconcile) client.Schedule {
	return client.Schedule{
		Spec: &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: r.Every}}},
		Action: &client.ScheduleWorkflowAction{
			ID: id, Workflow: workflows.TypeReconcile, TaskQueue: queue, WorkflowExecutionTimeout: reconcileFor,
			StaticSummary: "compares the books with Temporal and the platforms",
			Args:          []any{workflows.Reconciliation{Grace: min(orphanGrace, r.Every), EndedWithin: r.EndedWithin}},
		},
		// A comparison that lasts longer than the pause needs no second one beside it.
		Policy: &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: reconcileCatchup},
	}
}

// sameSchedule compares what reconcileSchedule sets.
func sameSchedule(dc converter.DataConverter, is, wanted client.Schedule) bool {
	has, ok := is.Action.(*client.ScheduleWorkflowAction)
	wants := wanted.Action.(*client.ScheduleWorkflowAction)
	return ok && has.Workflow == wants.Workflow && has.TaskQueue == wants.TaskQueue &&
		has.WorkflowExecutionTimeout == wants.WorkflowExecutionTimeout && sameInput(dc, has.Args, wants.Args) &&
		is.Spec != nil && len(is.Spec.Calendars) == 0 && len(is.Spec.Intervals) == 1 && is.Spec.Intervals[0] == wanted.Spec.Intervals[0] &&
		is.Policy != nil && is.Policy.Overlap == wanted.Policy.Overlap && is.Policy.CatchupWindow == wanted.Policy.CatchupWindow
}

// sameInput compares the workflow's input, which comes back encoded. What was encoded in
// another way, as with a key that is being replaced, is written anew.
func sameInput(dc converter.DataConverter, has, wants []any) bool {
	if len(has) != len(wants) {
		return false
	}
	for i := range has {
		payload, ok := has[i].(*commonpb.Payload)
		var input workflows.Reconciliation
		if !ok || dc.FromPayload(payload, &input) != nil || input != wants[i] {
			return false
		}
		now, err := dc.ToPayload(wants[i])
		if err != nil || !maps.EqualFunc(now.GetMetadata(), payload.GetMetadata(), bytes.Equal) {
			return false
		}
	}
	return true
}
