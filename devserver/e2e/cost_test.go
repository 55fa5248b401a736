package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/metrics/metricstest"
	"go.temporal.io/server/common/namespace"
	"go.temporal.io/server/common/rpc/interceptor"
	"google.golang.org/grpc"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// cost is what one refund takes from a Temporal server.
type cost struct {
	events []string
	// actions by the server's own names; asked is how often the provider was asked for the result.
	actions map[string]int
	asked   int
}

func (c cost) total() (n int) {
	for _, each := range c.actions {
		n += each
	}
	return n
}

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

// The budgets that the documentation promises.
func TestARefundCostsNoMoreEventsAndActionsThanPromised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		total, amount   refund.Fen
		events, actions int
	}{
		{name: "in part", total: 12000, amount: 3050, events: 26, actions: 7},
		{name: "in full, its verification cancelled", total: 9800, amount: 9800, events: 32, actions: 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spent := measure(t, c.total, c.amount, 1)
			t.Logf("%s: %s", c.name, spent)
			require.LessOrEqual(t, len(spent.events), c.events, "events")
			require.LessOrEqual(t, spent.total(), c.actions, "billable actions: %v", spent.actions)
		})
	}
}

func TestAPollAddsActionsButNoEvents(t *testing.T) {
	t.Parallel()
	const polls = 20
	once, often := measure(t, 12000, 3050, 1), measure(t, 12000, 3050, polls)
	require.Equal(t, once.events, often.events, "the history does not show how often the result was asked for")
	require.GreaterOrEqual(t, often.asked, polls)
	require.Equal(t, often.asked-1, often.actions["activity_retry"], "each poll after the first is one action")
	require.Equal(t, once.total(), often.total()-often.actions["activity_retry"])
	t.Logf("%d polls: %d events, %d actions", often.asked, len(often.events), often.total())
}

// measure makes one refund whose result has to be asked for at least so often.
func measure(t *testing.T, total, amount refund.Fen, polls int, change ...func(*temporalclient.Options)) cost {
	w := newWorld(t, shared.Address(), setting{Poll: "[10ms]"})
	m := newMeter()
	o := temporalclient.Options{ConnectionOptions: temporalclient.ConnectionOptions{DialOptions: []grpc.DialOption{m.option()}}}
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
	spent := cost{actions: m.snapshot(), asked: asked()}
	history := temporal.GetWorkflowHistory(w.ctx, started.WorkflowID, started.RunID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		line := event.GetEventType().String()
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			line += " " + a.GetActivityType().GetName()
		}
		spent.events = append(spent.events, line)
	}
	return spent
}

// meter counts billable actions by the server's own code: its telemetry interceptor, which emits the metric "action",
// runs here around the calls of one connection, so that the calls of other tests do not count.
type meter struct {
	telemetry *interceptor.TelemetryInterceptor
	capture   *metricstest.Capture
}

func newMeter() *meter {
	handler := metricstest.NewCaptureHandler()
	return &meter{
		capture:   handler.StartCapture(),
		telemetry: interceptor.NewTelemetryInterceptor(nowhere{}, handler, log.NewNoopLogger(), func(string) bool { return false }, deaf{}),
	}
}

func (m *meter) option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			_, err := m.telemetry.UnaryIntercept(ctx, req, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, req any) (any, error) {
				return reply, invoke(ctx, method, req, reply, cc, opts...)
			})
			return err
		})
}

// snapshot counts the actions so far.
func (m *meter) snapshot() map[string]int {
	counted := map[string]int{}
	for _, r := range m.capture.Snapshot()[metrics.ActionCounter.Name()] {
		counted[r.Tags["action_type"]]++
	}
	return counted
}

// nowhere and deaf are what the interceptor wants and its counting does not need: names of namespaces, and errors.
type nowhere struct{ namespace.Registry }

func (nowhere) GetNamespace(namespace.Name) (*namespace.Namespace, error) {
	return nil, errors.New("no registry here")
}

type deaf struct{}

func (deaf) HandleError(any, string, metrics.Handler, []tag.Tag, error, namespace.Name) {}
