package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
)

const (
	// scrapeDeadline bounds what one scrape asks of the ledger and of Temporal.
	// Prometheus itself gives up after 10 s by default.
	scrapeDeadline = 4 * time.Second
	// scrapeFresh is for how long an answer serves further scrapes, whoever makes
	// them: they must not become a load.
	scrapeFresh = 10 * time.Second
)

// Watched is what [Telemetry.Watch] reads from.
type Watched struct {
	Ledger ledger.Ledger
	// Temporal may be nil: then nothing is read from there.
	Temporal client.Client
	// Accounts as they are configured now.
	Accounts activities.Accounts
	// TaskQueue of the workflows.
	TaskQueue string
	// Now is a seam for tests; nil is the clock.
	Now func() time.Time
}

// watched is the collector of everything that is read at a scrape. All processes
// that use one ledger tell the same of it: take max() over them, never sum().
type watched struct {
	now     atomic.Pointer[Watched]
	reading sync.Mutex
	read    time.Time
	metrics []prometheus.Metric
}

// Watch adds what is read from the ledger and from Temporal at each scrape, and lets
// labels name the accounts. Called again, what it was given then counts.
func (t *Telemetry) Watch(w Watched) {
	if t == nil {
		return
	}
	if w.Now == nil {
		w.Now = time.Now
	}
	if t.watched.now.Swap(&w) == nil {
		t.registry.MustRegister(&t.watched)
	}
}

// Describe implements [prometheus.Collector].
func (w *watched) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		to <- d
	}
}

// Collect implements [prometheus.Collector]. Who scrapes while another one does
// shares its answer. What cannot be read is absent: an old figure would look like a
// calm one.
func (w *watched) Collect(to chan<- prometheus.Metric) {
	w.reading.Lock()
	defer w.reading.Unlock()
	source := w.now.Load()
	if w.read.IsZero() || time.Since(w.read) >= scrapeFresh {
		ctx, done := context.WithTimeout(context.Background(), scrapeDeadline)
		defer done()
		var fromTemporal []prometheus.Metric
		var asking sync.WaitGroup
		asking.Go(func() { fromTemporal = source.temporal(ctx) })
		w.metrics = source.books(ctx)
		asking.Wait()
		w.metrics = append(w.metrics, fromTemporal...)
		w.read = time.Now()
	}
	for _, m := range w.metrics {
		to <- m
	}
}
