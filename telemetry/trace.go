package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/temporal"
)

// trace sets up the traces, when there is somebody to receive them. Nothing global of
// OpenTelemetry is touched: no library in the process traces because we do.
func (t *Telemetry) trace(o Options) error {
	exporter := o.TraceExporter
	if exporter == nil {
		if o.TraceEndpoint == "" {
			return nil
		}
		address, err := url.Parse(o.TraceEndpoint)
		if err != nil || address.Host == "" {
			return errors.New("the traces' endpoint is no address: want http://HOST:PORT, such as http://127.0.0.1:4318")
		}
		// New connects to nobody yet.
		sender, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(address.JoinPath("v1/traces").String()))
		if err != nil {
			return fmt.Errorf("the traces' endpoint: %w", err)
		}
		exporter = audible{sender, t.logger}
	}
	t.provider = sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(1/float64(max(o.TraceOneIn, 1))))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", o.Program))),
	)
	t.tracer = t.provider.Tracer("github.com/refundflow/refundflow/telemetry")
	var err error
	t.tracing, err = opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer: t.tracer,
		// The query status is asked again and again by who follows a refund.
		DisableQueryTracing: true,
		// No baggage: what a caller carries along is not ours to store in histories.
		DisableBaggage: true, TextMapPropagator: propagation.TraceContext{},
		// A trace header that somebody else wrote badly must not stop a refund.
		AllowInvalidParentSpans: true,
		SpanStarter: func(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) trace.Span {
			_, span := tracer.Start(ctx, name, options...)
			return discreet{span}
		},
	})
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	return nil
}

// discreet keeps the texts of errors out of traces: a platform, or a person, wrote
// part of them. The kind of an error stays.
type discreet struct{ trace.Span }

// RecordError implements [trace.Span].
func (s discreet) RecordError(err error, _ ...trace.EventOption) {
	if err != nil {
		s.SetAttributes(attribute.String("error.type", kindOf(err)))
	}
}

// SetStatus implements [trace.Span].
func (s discreet) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }

// kindOf is an error in one word from a closed set: the type of Temporal's application
// errors, which for a provider's failure is its class.
func kindOf(err error) string {
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	var cancelled *temporal.CanceledError
	switch {
	case errors.As(err, &application) && application.Type() != "":
		return application.Type()
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, &cancelled), errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "error"
}

// audible logs what could not be sent, where OpenTelemetry would write it to standard
// error in a form of its own.
type audible struct {
	sdktrace.SpanExporter
	logger logrus.FieldLogger
}

// ExportSpans implements [sdktrace.SpanExporter].
func (a audible) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := a.SpanExporter.ExportSpans(ctx, spans); err != nil {
		a.logger.WithError(err).WithField("spans", len(spans)).Warn("traces were not taken, and are lost")
	}
	return nil
}
