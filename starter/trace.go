package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/telemetry"
)

// tracesVariable names the collector, as OpenTelemetry's own programs take it.
const tracesVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

// tracedWithin is how long a command waits for the collector at its end.
const tracedWithin = time.Second

// trace begins to trace what the command does where the environment wants it: a refund
// that is started here is one trace to the platform's answer. A variable that was set for
// other programs stops no command.
func (c *cli) trace() {
	endpoint := os.Getenv(tracesVariable)
	if endpoint == "" {
		return
	}
	log := logrus.New()
	log.SetOutput(c.errs)
	var err error
	c.telemetry, err = telemetry.New(telemetry.Options{Program: "refundflow-starter", Logger: log, TraceEndpoint: endpoint})
	if err != nil {
		fmt.Fprintf(c.errs, "starter: nothing is traced: $%s: %s\n", tracesVariable, err)
	}
}

// traced sends what is not sent yet. That the collector does not take it is told, and is
// no failure of the command.
func (c *cli) traced() {
	ctx, done := context.WithTimeout(context.Background(), tracedWithin)
	defer done()
	if err := c.telemetry.Close(ctx); err != nil {
		fmt.Fprintf(c.errs, "starter: the traces were not sent to $%s: %s\n", tracesVariable, err)
	}
}
