package telemetry

import (
	"io"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/uber-go/tally/v4"
	tallyprometheus "github.com/uber-go/tally/v4/prometheus"
	"go.temporal.io/sdk/client"
	contribtally "go.temporal.io/sdk/contrib/tally"
)

// sdkBuckets are of the SDK's timers, in seconds: from a local activity to a step that
// waited an hour in its queue.
var sdkBuckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600}

// sdkMetrics are the Temporal SDK's own, under the names that its documentation has
// for Prometheus: temporal_*, with _total and _seconds.
type sdkMetrics struct {
	handler client.MetricsHandler
	closer  io.Closer
}

func newSDKMetrics(registry *prometheus.Registry, logger logrus.FieldLogger) *sdkMetrics {
	reporter := tallyprometheus.NewReporter(tallyprometheus.Options{
		Registerer: registry, Gatherer: registry,
		DefaultTimerType: tallyprometheus.HistogramTimerType, DefaultHistogramBuckets: sdkBuckets,
		// One metric with two sets of labels: the later one is lost, nothing else.
		OnRegisterError: func(err error) { logger.WithError(err).Debug("a metric of the SDK is not exported") },
	})
	// Names of queues and steps as they are: only names and keys have an alphabet in
	// Prometheus, values have none.
	sanitize := contribtally.PrometheusSanitizeOptions
	sanitize.ValueCharacters.Characters = append(slices.Clone(sanitize.ValueCharacters.Characters), '-', '.', '/', ':')
	root, closer := tally.NewRootScope(tally.ScopeOptions{
		CachedReporter: reporter, Separator: tallyprometheus.DefaultSeparator,
		SanitizeOptions: &sanitize, OmitCardinalityMetrics: true,
	}, time.Second)
	return &sdkMetrics{handler: bounded{contribtally.NewMetricsHandler(contribtally.NewPrometheusNamingScope(root))}, closer: closer}
}

func (m *sdkMetrics) close() error { return m.closer.Close() }
