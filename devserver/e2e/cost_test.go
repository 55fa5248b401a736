package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// cost is what one refund takes from a Temporal server.
type cost struct {
	events []string
	// actions by the server's own names; asked is how often the provider was asked for the result.
	actions actions
	asked   int
}

func (c cost) price() price { return price{len(c.events), c.actions} }

func (c cost) total() int { return c.actions.total() }

func (c cost) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events, %d billable actions\n", len(c.events), c.total())
	for i, e := range c.events {
		fmt.Fprintf(&b, "  %2d %s\n", i+1, e)
	}
	for _, name := range slices.Sorted(maps.Keys(c.actions)) {
		fmt.Fprintf(&b, "  %d × %s\n", c.actions[name], name)
	}
	return b.String()
}

// The worker as it is configured and run by its program pays what the table says, which is measured on a worker made for that.
func TestTheServiceAddsNothingToWhatARefundCosts(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ total, amount refund.Fen }{plain: {12000, 3050}, cancelling: {9800, 9800}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spent := measure(t, of.total, of.amount, 1)
			require.Equal(t, named(t, name).price, spent.price(), "%s", spent)
		})
	}
}

func TestAPollAddsActionsButNoEvents(t *testing.T) {
	t.Parallel()
	const polls = 20
	once, often := measure(t, 12000, 3050, 1), measure(t, 12000, 3050, polls)
	require.Equal(t, once.events, often.events, "the history does not show how often the result was asked for")
	require.GreaterOrEqual(t, often.asked, polls)
	require.Equal(t, often.asked-1, often.actions[retries], "each poll after the first is one action")
	require.Equal(t, once.total(), often.total()-often.actions[retries])
	t.Logf("%d polls: %d events, %d actions", often.asked, len(often.events), often.total())
}

// measure makes one refund whose result has to be asked for at least so often.
func measure(t *testing.T, total, amount refund.Fen, polls int, change ...func(*temporalclient.Options)) cost {
	w := newWorld(t, shared.Address(), setting{Poll: "[10ms]"})
	m := newMeter()
	o := temporalclient.Options{ConnectionOptions: temporalclient.ConnectionOptions{DialOptions: []grpc.DialOption{m.Option()}}}
	for _, f := range change {
		f(&o)
	}
	temporal := w.dial(o)
	stop := w.work(temporal)
	r := w.request(total, amount, func(o *control.NewBaiduOrder) {
		if polls > 1 {
			slow(o)
		}
	})
	require.Empty(t, m.snapshot(), "a worker that starts and polls costs nothing")
	w.refunds = client.New(temporal).WithTaskQueue(w.queue)
	started := w.start(r)
	asked := func() int {
		calls, err := w.sandbox.Calls(w.ctx, control.CallFilter{Op: "findOrderRefund"})
		require.NoError(t, err)
		return len(calls)
	}
	if polls > 1 {
		eventually(t, w.ctx, "the polls", func() (bool, string) { return asked() >= polls, fmt.Sprint(asked()) })
		_, err := w.sandbox.Advance(w.ctx, 25*time.Hour)
		require.NoError(t, err)
	}
	w.paidOnce(r, w.wait(r))
	stop() // the last calls have been counted when nobody makes any more
	return cost{events: w.lines(started.WorkflowID, started.RunID), actions: m.snapshot(), asked: asked()}
}

// lines lists a run's history, a line each.
func (w *world) lines(workflowID, runID string) (all []string) {
	w.t.Helper()
	history := w.dialled().GetWorkflowHistory(w.ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(w.t, err)
		line := event.GetEventType().String()
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			line += " " + a.GetActivityType().GetName()
		}
		all = append(all, line)
	}
	return all
}
