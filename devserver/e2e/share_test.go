package e2e

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/refund"
)

// More workers are more hands: nobody needs to say who does what.
func TestTwoWorkersShareTheWork(t *testing.T) {
	t.Parallel()
	const refunds = 60
	w := newWorld(t, shared.Address(), setting{Poll: "[10ms]"})
	for _, name := range []string{"one", "other"} {
		w.work(w.dial(temporalclient.Options{Identity: name}))
	}
	var requests []refund.Request
	for range refunds {
		requests = append(requests, w.request(12000, 3050))
	}
	var all sync.WaitGroup
	for _, r := range requests {
		w.start(r)
	}
	for _, r := range requests {
		all.Go(func() {
			if _, err := w.refunds.Wait(w.ctx, r.Account, r.ID); err != nil {
				t.Errorf("refund %s: %v", r.ID, err)
			}
		})
	}
	all.Wait()
	temporal, done := w.dial(temporalclient.Options{}), map[string]int{}
	for _, r := range requests {
		history := temporal.GetWorkflowHistory(w.ctx, refund.WorkflowID(r.Account, r.ID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			require.NoError(t, err)
			if a := event.GetActivityTaskStartedEventAttributes(); a != nil {
				done[a.GetIdentity()]++
			}
		}
	}
	steps := done["one"] + done["other"]
	require.Equal(t, []string{"one", "other"}, slices.Sorted(maps.Keys(done)), "nobody else")
	require.GreaterOrEqual(t, steps, 3*refunds, "each step is somebody's")
	for name, n := range done {
		require.GreaterOrEqual(t, n, steps/5, "%s did less than a fifth: %s", name, fmt.Sprint(done))
	}
	t.Logf("steps done: %v", done)
}
