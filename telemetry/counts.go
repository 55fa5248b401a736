package telemetry

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/refundflow/refundflow/providers/wire"
)

// exchangeBuckets are in seconds; an exchange takes 10 s at most.
var exchangeBuckets = []float64{.01, .025, .05, .1, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 8, 10}

// counts are what happens in this process: add those of all processes up. Prometheus
// keeps numbers as floats, which are exact for fen up to 2^53; they are for looking at,
// the books are the ledger's.
type counts struct {
	ended     *prometheus.CounterVec
	refunded  *prometheus.CounterVec
	failures  *prometheus.CounterVec
	exchanges *prometheus.CounterVec
	took      *prometheus.HistogramVec
}

func newCounts(r prometheus.Registerer) counts {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	c := counts{
		ended: counter("refundflow_refunds_ended_total",
			"Refunds that ended: succeeded, failed, rejected or cancelled. One that a person corrects later counts once more, "+
				"and so may one whose last workflow task had to be run again elsewhere.",
			"provider", "account", "status"),
		refunded: counter("refundflow_refunded_fen_total", "Money that was given back, in fen; counted with refundflow_refunds_ended_total.", "provider", "account"),
		failures: counter("refundflow_provider_failures_total",
			"Steps that ended in a provider's refusal or silence, by class; each attempt counts.", "provider", "account", "step", "class"),
		exchanges: counter("refundflow_provider_exchanges_total",
			"HTTP exchanges with a platform, by the answer's status, or by why there was none.", "provider", "account", "step", "result"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "refundflow_provider_call_seconds",
			Help:    "Duration of HTTP exchanges with a platform, from the name lookup to the last byte.",
			Buckets: exchangeBuckets,
		}, []string{"provider", "account", "step"}),
	}
	r.MustRegister(c.took)
	return c
}

// exchange counts one exchange of a step.
func (c counts) exchange(of subject, step string, seen wire.Exchange) {
	c.took.WithLabelValues(of.provider, of.account, step).Observe(seen.Took.Seconds())
	c.exchanges.WithLabelValues(of.provider, of.account, step, result(seen)).Inc()
}

// result is what came of an exchange, as one of a few words.
func result(seen wire.Exchange) string {
	if seen.Failure != "" || seen.Status == 0 {
		return string(seen.Failure)
	}
	return strconv.Itoa(seen.Status)
}
