package actions

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/metrics/metricstest"
	"go.temporal.io/server/common/namespace"
	"go.temporal.io/server/common/rpc/interceptor"
	"google.golang.org/grpc"
)

// Query is what it costs to look at a workflow. Whoever looks pays for it: no workflow does.
const Query = "grpc_QueryWorkflow"

// Meter counts the actions of one or more connections.
type Meter struct {
	telemetry *interceptor.TelemetryInterceptor
	capture   *metricstest.Capture
	calls     atomic.Int64 // under way, that may count
}

// NewMeter has counted nothing.
func NewMeter() *Meter {
	handler := metricstest.NewCaptureHandler()
	return &Meter{
		capture:   handler.StartCapture(),
		telemetry: interceptor.NewTelemetryInterceptor(nowhere{}, handler, log.NewNoopLogger(), func(string) bool { return false }, deaf{}),
	}
}

// Option makes a connection count.
func (m *Meter) Option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if !strings.Contains(method, "Poll") && !strings.Contains(method, "History") { // these wait for something to happen
				m.calls.Add(1)
				defer m.calls.Add(-1)
			}
			_, err := m.telemetry.UnaryIntercept(ctx, req, &grpc.UnaryServerInfo{FullMethod: method}, func(ctx context.Context, req any) (any, error) {
				return reply, invoke(ctx, method, req, reply, cc, opts...)
			})
			return err
		})
}

// Quiet reports that all that was asked for is answered, and so is counted.
func (m *Meter) Quiet() bool { return m.calls.Load() == 0 }

// Counted are the actions so far, by the server's names for them.
func (m *Meter) Counted() map[string]int {
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
