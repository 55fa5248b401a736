package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/workflows"
)

// Each worker that starts writes the schedule under the key that encrypts, so that an old key
// can go; where one has gone too early, the schedule is made anew instead of stopping the worker.
func TestTheSchedulesKeyIsReplacedLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.edit("reconcile: {every: 0s}", "reconcile: {every: 1h}")
	under := func(keys ...string) string {
		w.encrypts(keys...)
		w.work(nil)()
		c := w.speaks(w.keys("1a", "2b", "3c"))
		schedule := c.ScheduleClient().GetHandle(w.ctx, workflows.ReconcileSchedule(w.queue))
		t.Cleanup(func() { _ = schedule.Delete(context.Background()) })
		found, err := schedule.Describe(w.ctx)
		require.NoError(t, err)
		require.Equal(t, time.Hour, found.Schedule.Spec.Intervals[0].Every)
		args := found.Schedule.Action.(*temporalclient.ScheduleWorkflowAction).Args
		return string(args[0].(*commonpb.Payload).GetMetadata()[codec.MetadataKeyID])
	}
	ids := w.keys("1a", "2b", "3c").KeyIDs()
	require.Equal(t, ids[0], under("1a"))
	require.Equal(t, ids[0], under("1a", "2b"), "the first one encrypts")
	require.Equal(t, ids[1], under("2b", "1a"))
	require.Equal(t, ids[1], under("2b"))
	require.Equal(t, ids[2], under("3c"), "the old one was taken away too early")
}
