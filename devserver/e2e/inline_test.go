package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/refundflow/refundflow/refund"
)

// count is how many events of a type a history has.
func count(h *historypb.History, kind enumspb.EventType) (n int) {
	for _, e := range h.GetEvents() {
		if e.GetEventType() == kind {
			n++
		}
	}
	return n
}

// TestARefundInOneTaskSchedulesNothing: what is answered at once is over within the task that began it.
func TestARefundInOneTaskSchedulesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{Inline: "all"})
	w.work(nil)
	r := w.request(9800, 3050)
	w.start(r)
	w.paidOnce(r, w.wait(r))
	h := w.settled(refund.WorkflowID(r.Account, r.ID))
	require.Zero(t, count(h, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
	require.Equal(t, 1, count(h, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
	require.Len(t, h.GetEvents(), 11)
}

// TestASignalDuringASendingInTheTaskHasTheTaskRunAgainAndNothingSentAgain: the server takes no end of a workflow that has
// not heard everything. The whole task is run again, the sending in it too, and only the books know that it was done.
func TestASignalDuringASendingInTheTaskHasTheTaskRunAgainAndNothingSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{Inline: "all"})
	p := w.pauseAt("/cashier", "applyOrderRefund")
	w.work(nil)
	r := w.request(9800, 3050)
	w.start(r)
	select {
	case <-p.reached:
	case <-w.ctx.Done():
		require.FailNow(t, "the refund was never sent")
	}
	notifies(w, r)
	close(p.goOn)
	w.paidOnce(r, w.wait(r))
	h := w.settled(refund.WorkflowID(r.Account, r.ID))
	require.Equal(t, 1, count(h, enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED), "the task was run once more, or this shows nothing")
	require.Len(t, w.book(r).Calls, 3, "looked at, sent and asked for, each once: %s", calls(w.book(r)))
}
