package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/internal/refundtest"
)

func TestNoTelemetryIsValidAndDoesNothing(t *testing.T) {
	var none *Telemetry
	o := client.Options{Namespace: "n"}
	none.ClientOptions(&o)
	none.Watch(Watched{})
	require.Equal(t, client.Options{Namespace: "n"}, o)
	require.Empty(t, none.WorkerInterceptors())
	answer := httptest.NewRecorder()
	none.Metrics().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusNotFound, answer.Code)
	require.NoError(t, none.Close(t.Context()))
}

func TestMistakesInTheOptionsAreNamed(t *testing.T) {
	_, err := New(Options{})
	require.ErrorContains(t, err, "Logger")
	_, err = New(Options{Logger: quiet(), TraceEndpoint: "collector-with-a-s3cr3t"})
	require.ErrorContains(t, err, "http://HOST:PORT")
	require.NotContains(t, err.Error(), "s3cr3t")
}

func TestTheSDKsMetricsHaveTheirDocumentedNames(t *testing.T) {
	tele := eyes(t, Options{})
	o := client.Options{Interceptors: []interceptor.ClientInterceptor{nil}}
	tele.ClientOptions(&o)
	require.Len(t, o.Interceptors, 1, "without traces nothing is added, and what was there stays")
	tagged := o.MetricsHandler.WithTags(map[string]string{"task_queue": "refunds-baidu", "workflow_type": "RefundWorkflow"})
	tagged.Counter("temporal_workflow_completed").Inc(2)
	tagged.Timer("temporal_activity_execution_latency").Record(20_000_000)
	tagged.Gauge("temporal_worker_task_slots_available").Update(7)
	require.NoError(t, tele.Close(t.Context())) // reports what was not reported yet
	answer := httptest.NewRecorder()
	tele.Metrics().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`temporal_workflow_completed_total{task_queue="refunds-baidu",workflow_type="RefundWorkflow"} 2`,
		`temporal_activity_execution_latency_seconds_bucket{task_queue="refunds-baidu",workflow_type="RefundWorkflow",le="0.025"} 1`,
		`temporal_worker_task_slots_available{task_queue="refunds-baidu",workflow_type="RefundWorkflow"} 7`,
		"go_goroutines ", "process_open_fds ",
	} {
		require.Contains(t, answer.Body.String(), "\n"+line)
	}
}

func TestATypeThatNobodyRegistersIsNoLabelOfItsOwn(t *testing.T) {
	tele := eyes(t, Options{})
	var o client.Options
	tele.ClientOptions(&o)
	given := map[string]string{"workflow_type": "made-up", "activity_type": "invented"}
	for _, tags := range []map[string]string{
		given, {"workflow_type": "RefundWorkflow", "activity_type": "Apply"}, {"workflow_type": "none", "activity_type": "none"},
	} {
		o.MetricsHandler.WithTags(tags).WithTags(map[string]string{"task_queue": "refunds"}).Counter("temporal_request").Inc(1)
	}
	o.MetricsHandler.WithTags(map[string]string{"task_queue": "refunds"}).WithTags(given).Counter("temporal_request").Inc(1)
	require.Equal(t, map[string]string{"workflow_type": "made-up", "activity_type": "invented"}, given, "they are the SDK's own")
	require.NoError(t, tele.Close(t.Context()))
	answer := httptest.NewRecorder()
	tele.Metrics().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`temporal_request_total{activity_type="other",task_queue="refunds",workflow_type="other"} 2`,
		`temporal_request_total{activity_type="Apply",task_queue="refunds",workflow_type="RefundWorkflow"} 1`,
		`temporal_request_total{activity_type="none",task_queue="refunds",workflow_type="none"} 1`,
	} {
		require.Contains(t, answer.Body.String(), "\n"+line)
	}
	require.NotContains(t, answer.Body.String(), "made-up")
}

// The names stay when everything else changes: people have them in their alerts.
func TestEveryMetricOfOursSaysWhatItIs(t *testing.T) {
	tele := eyes(t, Options{})
	seen(t, tele, refundtest.Options{})
	families, err := tele.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "refundflow_") {
			require.NotEmpty(t, f.GetHelp(), f.GetName())
		}
	}
	for _, d := range descriptions {
		require.Regexp(t, `help: ".{20,}"`, d.String())
	}
}

// Each line of a refund can be found by its refund, whoever wrote it.
func TestLogLinesNameTheRefundAndTheStep(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	for _, c := range []struct {
		name, workflow string
		want           map[string]any
	}{
		{"of a configured account", "refund/shop-baidu/R1", map[string]any{"refund": "R1", "account": "shop-baidu", "provider": "baidu"}},
		{"of an account that was taken out", "refund/old/R1", map[string]any{"refund": "R1", "account": "old", "provider": nil}},
		{"of no refund", "refundflow-reconcile-1", map[string]any{"refund": nil, "account": nil, "provider": nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			var suite testsuite.WorkflowTestSuite
			suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewJSONHandler(&out, nil))))
			env := suite.NewTestWorkflowEnvironment()
			env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{Lines(w)}})
			env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: c.workflow})
			env.RegisterActivityWithOptions(func(ctx context.Context) error {
				activity.GetLogger(ctx).Info("from a step")
				return nil
			}, activity.RegisterOptions{Name: "Apply"})
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				workflow.GetLogger(ctx).Info("from a workflow")
				ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
				return workflow.ExecuteActivity(ctx, "Apply").Get(ctx, nil)
			})
			require.NoError(t, env.GetWorkflowError())
			steps := map[any]any{}
			for text := range strings.Lines(out.String()) {
				var line map[string]any
				require.NoError(t, json.Unmarshal([]byte(text), &line), text)
				said, _ := line["msg"].(string)
				if !strings.HasPrefix(said, "from ") {
					continue
				}
				steps[said] = line["step"]
				for key, value := range c.want {
					require.Equal(t, value, line[key], "%s: %s", said, key)
				}
			}
			require.Equal(t, map[any]any{"from a workflow": nil, "from a step": "Apply"}, steps)
		})
	}
}
