package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"github.com/refundflow/refundflow/refund"
)

// collector takes traces as OTLP over HTTP brings them.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	raw  bytes.Buffer
	came []*collectorpb.ExportTraceServiceRequest
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		export := &collectorpb.ExportTraceServiceRequest{}
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, export) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw.Write(body)
		c.came = append(c.came, export)
	}))
	t.Cleanup(c.Close)
	return c
}

// span is what the tests look at, with the program that made it.
type span struct{ program, name, trace string } // the trace's id in hexadecimal

func (c *collector) spans() (all []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.came {
		for _, of := range e.GetResourceSpans() {
			program := ""
			for _, a := range of.GetResource().GetAttributes() {
				if a.GetKey() == "service.name" {
					program = a.GetValue().GetStringValue()
				}
			}
			for _, scope := range of.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					all = append(all, span{program, s.GetName(), hex.EncodeToString(s.GetTraceId())})
				}
			}
		}
	}
	return all
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// add puts more into the configuration.
func (w *world) add(text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.file("refundflow.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(w.t, err)
	_, err = f.WriteString("\n" + text + "\n")
	require.NoError(w.t, err)
	require.NoError(w.t, f.Close())
}

func TestARefundIsOneTraceFromTheCommandLineToThePlatform(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	c := newCollector(t)
	w.add("tracing: {endpoint: " + c.URL + "}")
	stop := w.work(nil)
	r := w.request(12000, 3050)
	cmd := exec.CommandContext(w.ctx, build(t, "starter", "../../starter"), "--address", w.address, "--task-queue", w.queue, "start", "-", "--wait")
	cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
	cmd.Stdin = strings.NewReader(w.document(r))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	w.paidOnce(r, w.wait(r))
	plain := w.request(12000, 3050)
	w.start(plain)
	w.wait(plain)
	require.LessOrEqual(t, w.events(plain), 26, "a trace costs no event")
	stop() // what was traced last has been sent when it ends

	trace := ""
	for _, s := range c.spans() {
		if s.program == "refundflow-starter" && s.name == "UpdateWithStartWorkflow:submit" {
			trace = s.trace
		}
	}
	require.NotEmpty(t, trace, "the command line traced its start: %v", c.spans())
	wanted := map[string]bool{"RunWorkflow:RefundWorkflow": false, "RunActivity:Open": false, "RunActivity:Apply": false, "RunActivity:AwaitResult": false,
		"POST " + strings.TrimPrefix(w.url, "http://"): false}
	for _, s := range c.spans() {
		if s.trace == trace && s.program == "refundflow-worker" {
			if _, known := wanted[s.name]; known {
				wanted[s.name] = true
			}
		}
	}
	for name, found := range wanted {
		require.True(t, found, "%s is not in the trace", name)
	}
	for _, private := range []string{r.Reason, r.RequestedBy, r.Order.UserID, r.Order.PlatformID} {
		require.NotContains(t, c.text(), private)
	}
}

func TestACollectorThatIsWrongOrSilentStopsNoCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)
	hung, err := new(net.ListenConfig).Listen(w.ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = hung.Close() })
	for name, c := range map[string]struct{ endpoint, told string }{
		"no address":       {"localhost:4317", "nothing is traced: $OTEL_EXPORTER_OTLP_ENDPOINT"},
		"nobody is there":  {"http://127.0.0.1:1", "traces were not"},
		"it never answers": {"http://" + hung.Addr().String(), "traces were not"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(w.ctx, build(t, "starter", "../../starter"), "--address", w.address, "--task-queue", w.queue, "start", "-", "--wait")
			cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+c.endpoint)
			r := w.request(12000, 3050)
			cmd.Stdin = strings.NewReader(w.document(r))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), c.told)
			require.Contains(t, string(out), full(r)+" succeeded")
		})
	}
}

func (w *world) events(r refund.Request) (n int) {
	w.t.Helper()
	history := w.dial(temporalclient.Options{}).GetWorkflowHistory(context.Background(), refund.WorkflowID(r.Account, r.ID), "", false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for ; history.HasNext(); n++ {
		_, err := history.Next()
		require.NoError(w.t, err)
	}
	return n
}
