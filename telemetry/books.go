package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
)

// books are the figures of the ledger: all of them, or only that it cannot be read.
func (w *Watched) books(ctx context.Context) []prometheus.Metric {
	metrics, err := w.readBooks(ctx)
	if err != nil {
		return []prometheus.Metric{gauge(ledgerUp, 0)}
	}
	return append(metrics, gauge(ledgerUp, 1))
}

func (w *Watched) readBooks(ctx context.Context) ([]prometheus.Metric, error) {
	list, err := w.Ledger.InFlight(ctx)
	if err != nil {
		return nil, err
	}
	now := w.Now()
	sums := newSums()
	for _, name := range w.Accounts.Names() {
		account, err := w.Accounts.Account(name)
		if err != nil {
			continue // taken out since its name was read
		}
		usage, err := w.Ledger.Usage(ctx, name, now, account.Limits)
		if err != nil {
			return nil, err
		}
		sums.account(account, usage)
	}
	for _, f := range list {
		sums.add(f, now)
	}
	sums.collect()
	return sums.metrics, nil
}

// of names an account as the books do: with the provider that its refunds were opened
// with, which outlives its configuration.
type of struct{ account, provider string }

// sums adds the lines of the ledger up to what is shown. An account that is quiet shows
// zeros: a series that comes and goes cannot be added up.
type sums struct {
	metrics []prometheus.Metric
	count   map[of]map[ledger.Stage]int
	money   map[of]map[ledger.Stage]int64
	line    map[of]map[ledger.Obstacle]int
	doubt   map[of]time.Duration
}

func newSums() *sums {
	return &sums{
		count: map[of]map[ledger.Stage]int{}, money: map[of]map[ledger.Stage]int64{}, line: map[of]map[ledger.Obstacle]int{},
		doubt: map[of]time.Duration{},
	}
}

func (s *sums) know(o of) {
	if s.count[o] == nil {
		s.count[o], s.money[o], s.line[o] = map[ledger.Stage]int{}, map[ledger.Stage]int64{}, map[ledger.Obstacle]int{}
	}
}

// account shows what is configured of an account and in use of it.
func (s *sums) account(a activities.Account, u ledger.Usage) {
	provider := a.Provider.Rules().Provider
	s.know(of{a.Name, provider})
	flagged := 0.0
	if u.Flagged != "" {
		flagged = 1
	}
	s.metrics = append(s.metrics, gauge(accountFlagged, flagged, a.Name, provider))
	for _, l := range []struct {
		name       ledger.Obstacle
		used, most int64
	}{
		{ledger.ObstacleCap, int64(u.DayUsed), int64(a.Limits.DailyCap)},
		{ledger.ObstacleReserve, int64(u.PeriodUsed), int64(a.Limits.Reserve)},
	} {
		s.metrics = append(s.metrics, gauge(limitUsed, float64(l.used), a.Name, string(l.name)))
		if l.most > 0 {
			s.metrics = append(s.metrics, gauge(limitOf, float64(l.most), a.Name, string(l.name)))
		}
	}
}

func (s *sums) add(f ledger.InFlight, now time.Time) {
	o := of{f.Account, f.Provider}
	s.know(o)
	s.count[o][f.Stage] += f.Refunds
	s.money[o][f.Stage] += int64(f.Amount)
	if f.For != "" {
		s.line[o][f.For] += f.Refunds
	}
	if f.Stage == ledger.StageInDoubt {
		s.doubt[o] = max(s.doubt[o], now.Sub(f.Since))
	}
}

func (s *sums) collect() {
	for o, stages := range s.count {
		for _, stage := range []ledger.Stage{ledger.StageUnsent, ledger.StageInDoubt, ledger.StageAccepted} {
			s.metrics = append(s.metrics,
				gauge(openRefunds, float64(stages[stage]), o.account, o.provider, string(stage)),
				gauge(moneyInFlight, float64(s.money[o][stage]), o.account, o.provider, string(stage)))
		}
		for _, why := range []ledger.Obstacle{ledger.ObstacleCap, ledger.ObstacleReserve, ledger.ObstacleOrder} {
			s.metrics = append(s.metrics, gauge(waitingRefunds, float64(s.line[o][why]), o.account, o.provider, string(why)))
		}
		s.metrics = append(s.metrics,
			gauge(alerts, float64(stages[ledger.StageAlert]), o.account, o.provider),
			gauge(oldestInDoubt, s.doubt[o].Seconds(), o.account, o.provider))
	}
}
