package main

import (
	"context"
	"io"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/telemetry"
)

// tracesVariable names the collector, as OpenTelemetry's own programs take it.
const tracesVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

// trace begins to trace what the command does where the environment wants it: a refund
// that is started here is one trace to the platform's answer.
func (c *cli) trace(errs io.Writer) error {
	endpoint := os.Getenv(tracesVariable)
	if endpoint == "" {
		return nil
	}
	log := logrus.New()
	log.SetOutput(errs)
	var err error
	c.telemetry, err = telemetry.New(telemetry.Options{Program: "refundflow-starter", Logger: log, TraceEndpoint: endpoint})
	return err
}

// traced sends what is not sent yet. That a collector is away is logged, and is no
// failure of the command.
func (c *cli) traced() { _ = c.telemetry.Close(context.Background()) }
