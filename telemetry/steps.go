package telemetry

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// watcher looks over the shoulder of a worker.
type watcher struct {
	interceptor.WorkerInterceptorBase
	t *Telemetry
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (w *watcher) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &step{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, t: w.t}
}

// InterceptWorkflow implements [interceptor.WorkerInterceptor].
func (w *watcher) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &course{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, t: w.t}
}

// step watches one run of an activity, local ones too.
type step struct {
	interceptor.ActivityInboundInterceptorBase
	t *Telemetry
}

// ExecuteActivity implements [interceptor.ActivityInboundInterceptor].
func (s *step) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	name, of := info.ActivityType.Name, subjectOf(s.t.accounts(), info.WorkflowExecution.ID)
	if of == (subject{}) {
		of = asked(s.t.accounts(), in.Args)
	}
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(of.attributes()...)
	ctx = wire.WithWatcher(ctx, func(seen wire.Exchange) {
		s.t.counts.exchange(of, name, seen)
		s.t.traceExchange(ctx, seen)
	})
	out, err := s.Next.ExecuteActivity(ctx, in)
	if class := classOf(err); class != "" {
		s.t.counts.failures.WithLabelValues(of.provider, of.account, name, class).Inc()
		span.SetAttributes(attribute.String("refundflow.class", class))
	}
	return out, err
}

// classOf is the class of a provider's failure, "" for any other error: those are in
// the SDK's own metrics, but for what is only not yet known, which is no failure.
func classOf(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) && slices.Contains(refund.Classes, refund.Class(application.Type())) {
		return application.Type()
	}
	return ""
}

// attributes of a trace: names and numbers of refundflow's own.
func (s subject) attributes() []attribute.KeyValue {
	var all []attribute.KeyValue
	for _, a := range []struct{ key, value string }{
		{"refundflow.account", s.account}, {"refundflow.provider", s.provider}, {"refundflow.refund", s.id},
	} {
		if a.value != "" {
			all = append(all, attribute.String(a.key, a.value))
		}
	}
	return all
}

// traceExchange adds an exchange that is over to the trace of its step. Nothing of the
// trace goes the other way: a platform is sent no header that it did not ask for, some
// of them sign what they are sent.
func (t *Telemetry) traceExchange(ctx context.Context, seen wire.Exchange) {
	if t.tracer == nil {
		return
	}
	_, span := t.tracer.Start(ctx, seen.Method+" "+seen.Host, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(seen.Started),
		trace.WithAttributes(attribute.String("http.request.method", seen.Method), attribute.String("server.address", seen.Host)))
	if seen.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", seen.Status))
	}
	if seen.Failure != "" {
		span.SetAttributes(attribute.String("error.type", string(seen.Failure)))
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(seen.Started.Add(seen.Took)))
}
