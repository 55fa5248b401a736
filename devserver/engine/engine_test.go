package engine_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const queue = "engine"

// testDeadline is far below the day that the tests' workflows wait for.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start runs an engine for one test; Stop is idempotent, so a test may stop it earlier.
func start(ctx context.Context, t *testing.T, options engine.Options) *engine.Engine {
	t.Helper()
	eng, err := engine.Start(ctx, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, eng.Stop()) })
	return eng
}

// nightWorkflow sleeps for a day and returns how long that was on its own clock.
func nightWorkflow(ctx workflow.Context) (time.Duration, error) {
	start := workflow.Now(ctx)
	err := workflow.Sleep(ctx, 24*time.Hour)
	return workflow.Now(ctx).Sub(start), err
}

// connect gives a client with a worker; the returned function ends both.
func connect(ctx context.Context, t *testing.T, eng *engine.Engine) (client.Client, func()) {
	t.Helper()
	c, err := eng.Client(ctx)
	require.NoError(t, err)
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(nightWorkflow)
	require.NoError(t, w.Start())
	return c, func() { w.Stop(); c.Close() }
}

func TestAWorkflowInAFileOutlivesItsServer(t *testing.T) {
	ctx := testContext(t)
	const id = "refund/shop/overnight"
	// A name with everything that a SQLite URI might stumble over.
	file := filepath.Join(t.TempDir(), "a b?mode=memory&c#50%.db")

	first := start(ctx, t, engine.Options{DBFile: file})
	c, disconnect := connect(ctx, t, first)
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: queue}, nightWorkflow)
	require.NoError(t, err)
	waitForTimer(ctx, t, c, id)
	disconnect()
	require.NoError(t, first.Stop())

	second := start(ctx, t, engine.Options{DBFile: file})
	require.NotEqual(t, first.Address(), second.Address(), "the file does not remember ports")
	c, disconnect = connect(ctx, t, second)
	defer disconnect()
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, d.GetWorkflowExecutionInfo().GetStatus())

	require.NoError(t, second.TimeSkip().Enable(ctx, id))
	var slept time.Duration
	require.NoError(t, c.GetWorkflow(ctx, id, "").Get(ctx, &slept))
	require.GreaterOrEqual(t, slept, 24*time.Hour)
}

func waitForTimer(ctx context.Context, t *testing.T, c client.Client, id string) {
	t.Helper()
	events := c.GetWorkflowHistory(ctx, id, "", true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetTimerStartedEventAttributes() != nil {
			return
		}
	}
	t.Fatalf("workflow %s ended without a timer", id)
}

func TestMemoryIsForgotten(t *testing.T) {
	ctx := testContext(t)
	first := start(ctx, t, engine.Options{})
	c, disconnect := connect(ctx, t, first)
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "gone", TaskQueue: queue}, nightWorkflow)
	require.NoError(t, err)
	disconnect()
	require.NoError(t, first.Stop())
	require.NoError(t, first.Stop(), "a second Stop changes nothing")

	second := start(ctx, t, engine.Options{})
	c, disconnect = connect(ctx, t, second)
	defer disconnect()
	_, err = c.DescribeWorkflowExecution(ctx, "gone", "")
	require.ErrorContains(t, err, "not found")
}

func TestANewSearchAttributeWorksForTheNextWorkflow(t *testing.T) {
	ctx := testContext(t)
	eng := start(ctx, t, engine.Options{Namespace: "shop"})
	c, disconnect := connect(ctx, t, eng)
	defer disconnect()

	_, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        eng.Namespace(),
		SearchAttributes: map[string]enumspb.IndexedValueType{"RefundStatus": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
	})
	require.NoError(t, err)
	key := temporal.NewSearchAttributeKeyKeyword("RefundStatus")
	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "found", TaskQueue: queue, TypedSearchAttributes: temporal.NewSearchAttributes(key.ValueSet("awaiting_budget")),
	}, nightWorkflow)
	require.NoError(t, err)

	require.EventuallyWithT(t, func(t *assert.CollectT) { // lists are written behind the workflow's back
		list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: "RefundStatus = 'awaiting_budget'"})
		require.NoError(t, err)
		require.Len(t, list.GetExecutions(), 1)
		require.Equal(t, "found", list.GetExecutions()[0].GetExecution().GetWorkflowId())
	}, 10*time.Second, 20*time.Millisecond)
}

func TestATakenPortNamesTheFlagAndTheFix(t *testing.T) {
	ctx := testContext(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port

	for flag, options := range map[string]engine.Options{
		"--port":    {FrontendPort: port},
		"--ui-port": {UIPort: port},
	} {
		t.Run(flag, func(t *testing.T) {
			_, err := engine.Start(ctx, options)
			var portErr *engine.PortError
			require.ErrorAs(t, err, &portErr)
			require.Equal(t, flag, portErr.Flag)
			require.Equal(t, port, portErr.Port)
			require.ErrorContains(t, err, "choose another one with "+flag)
		})
	}
	for name, options := range map[string]engine.Options{
		"one port twice": {FrontendPort: port, UIPort: port},
		"too large":      {UIPort: 65536},
		"negative":       {FrontendPort: -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := engine.Start(ctx, options)
			var portErr *engine.PortError
			require.ErrorAs(t, err, &portErr)
		})
	}
}

func TestChosenPortsAreUsedAndFreeAgainAfterStop(t *testing.T) {
	ctx := testContext(t)
	first := start(ctx, t, engine.Options{})
	require.NoError(t, first.Stop())
	_, frontend := hostPort(t, first.Address())
	_, ui := hostPort(t, strings.TrimPrefix(first.UIURL(), "http://"))

	second := start(ctx, t, engine.Options{FrontendPort: frontend, UIPort: ui})
	require.Equal(t, first.Address(), second.Address())
	require.Equal(t, first.UIURL(), second.UIURL())
}

func hostPort(t *testing.T, address string) (string, int) {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	require.True(t, tcp.IP.IsLoopback(), "%s is reachable from outside", address)
	return tcp.IP.String(), tcp.Port
}

func TestBadOptionsAreRefusedByName(t *testing.T) {
	for want, options := range map[string]engine.Options{
		`namespace "a/b"`: {Namespace: "a/b"},
		"retention":       {Retention: time.Minute},
	} {
		_, err := engine.Start(t.Context(), options)
		require.ErrorContains(t, err, want)
	}
}

func TestAStartIsQuiet(t *testing.T) {
	ctx := testContext(t)
	logger, lines := test.NewNullLogger()
	logger.SetLevel(logrus.DebugLevel)
	start(ctx, t, engine.Options{Logger: logger, DBFile: filepath.Join(t.TempDir(), "quiet.db")})

	require.NotEmpty(t, lines.AllEntries(), "a logger that hears nothing would make this test worthless")
	for _, line := range lines.AllEntries() {
		require.Equal(t, logrus.DebugLevel, line.Level, "%s %v", line.Message, line.Data)
	}
}
