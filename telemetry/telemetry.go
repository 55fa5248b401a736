package telemetry

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
)

// Options say what a process shows of itself.
type Options struct {
	// Program names the process in traces, such as "refundflow-worker".
	Program string
	// Logger hears what goes wrong with watching.
	Logger logrus.FieldLogger
	// TraceEndpoint is the address of a collector that speaks OTLP over HTTP, such as
	// http://127.0.0.1:4318; "" for no traces. Headers are taken from
	// OTEL_EXPORTER_OTLP_HEADERS.
	TraceEndpoint string
	// TraceOneIn is of how many refunds one is traced; 0 and 1: all. Who continues a
	// trace keeps to what its beginning decided.
	TraceOneIn uint
	// TraceExporter receives the traces instead of TraceEndpoint, in tests.
	TraceExporter sdktrace.SpanExporter
}

// Telemetry is what a process shows of itself. A nil one is valid, and shows nothing.
// Safe for concurrent use.
type Telemetry struct {
	logger   logrus.FieldLogger
	registry *prometheus.Registry
	counts   counts
	ends     ends
	sdk      *sdkMetrics
	watched  watched

	// provider, tracer and tracing are nil without traces.
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	tracing  interceptor.Interceptor
}

// New makes the eyes of a process. Close them when it ends.
func New(o Options) (*Telemetry, error) {
	if o.Logger == nil {
		return nil, errors.New("telemetry: Options.Logger is missing: what goes wrong with watching must be heard")
	}
	t := &Telemetry{logger: o.Logger, registry: prometheus.NewRegistry()}
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	t.counts = newCounts(t.registry)
	if err := t.trace(o); err != nil {
		return nil, err
	}
	t.sdk = newSDKMetrics(t.registry, o.Logger)
	return t, nil
}

// ClientOptions lets a Temporal client, and every worker that is made with it, count
// and trace what it does. What the options had stays.
func (t *Telemetry) ClientOptions(o *client.Options) {
	if t == nil {
		return
	}
	o.MetricsHandler = t.sdk.handler
	if t.tracing != nil {
		o.Interceptors = append(o.Interceptors, t.tracing)
	}
}

// WorkerInterceptors count the steps and the ends of refunds, and trace the exchanges
// with platforms.
func (t *Telemetry) WorkerInterceptors() []interceptor.WorkerInterceptor {
	if t == nil {
		return nil
	}
	return []interceptor.WorkerInterceptor{&watcher{t: t}}
}

// Metrics answers Prometheus. What cannot be read is left out, and said by
// refundflow_ledger_up and refundflow_temporal_up.
func (t *Telemetry) Metrics() http.Handler {
	if t == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{
		ErrorLog: t.logger, ErrorHandling: promhttp.ContinueOnError, Timeout: 2 * scrapeDeadline,
	})
}

// closing bounds the sending of the last traces: a collector that is away must not
// keep a process from ending.
const closing = 5 * time.Second

// Close sends what was traced, and stops counting. The handler of Metrics goes on to
// answer with what was counted.
func (t *Telemetry) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	err := t.sdk.close()
	if t.provider != nil {
		ctx, done := context.WithTimeout(ctx, closing)
		defer done()
		err = errors.Join(err, t.provider.Shutdown(ctx))
	}
	return err
}
