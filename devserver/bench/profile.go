package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// rooms are where the worker's time goes. A sample belongs to the first that its stack goes through, from the innermost
// call outwards: an HTTP call within a platform's client is the platform's.
var rooms = []struct{ name, prefix string }{
	{"ledger", "github.com/refundflow/refundflow/ledger"},
	{"ledger", "modernc.org/sqlite"},
	{"ledger", "database/sql"},
	{"platforms", "github.com/refundflow/refundflow/providers"},
	{"platforms", "net/http"},
	{"platforms", "crypto/tls"},
	{"steps", "github.com/refundflow/refundflow/activities"},
	{"saga", "github.com/refundflow/refundflow/workflows"},
	{"garbage", "runtime.gcBgMarkWorker"},
	{"garbage", "runtime.bgsweep"},
	{"temporal", "go.temporal.io"},
	{"temporal", "google.golang.org/grpc"},
}

// otherwise is the room of what goes through none: the scheduler, mostly.
const otherwise = "runtime"

// deeper looks into the worker while it works on each kind of refund, and at what its ledger keeps of one.
func (s *site) deeper(ctx context.Context, found *result, news io.Writer) error {
	const refunds = 400
	for i := range found.Expenses {
		e := &found.Expenses[i]
		l := named(s.lanes(), e.Lane)
		if besides(e.Lane) == "" || !slices.ContainsFunc(found.Cells, func(c cell) bool { return c.Lane == e.Lane }) {
			continue
		}
		fmt.Fprintf(news, "profiling the worker: %s\n", e.Lane)
		before, err := s.ledgerSize(ctx)
		if err != nil {
			return err
		}
		if _, err := measure(ctx, l, 20, refunds-20-20); err != nil {
			return err
		}
		after, err := s.ledgerSize(ctx)
		if err != nil {
			return err
		}
		e.LedgerBytes = float64(after-before) / refunds
		if e.Worker, err = s.profiled(ctx, l, 40); err != nil {
			return err
		}
	}
	return nil
}

// profiled keeps a load on a lane while the worker's processor profile is taken, and tells which share of it each room has.
func (s *site) profiled(ctx context.Context, l lane, inFlight int) (map[string]float64, error) {
	const watched = 4 * time.Second
	type taken struct {
		shares map[string]float64
		err    error
	}
	done := make(chan taken, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		shares, err := shares(ctx, fmt.Sprintf("%s/?seconds=%d", s.workerProfile, int(watched.Seconds())))
		done <- taken{shares, err}
	}()
	for {
		if _, err := measure(ctx, l, inFlight, enough(inFlight)); err != nil {
			return nil, err
		}
		select {
		case t := <-done:
			return t.shares, t.err
		default:
		}
	}
}

func shares(ctx context.Context, url string) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	taken, err := profile.Parse(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("the worker's profile: %w", err)
	}
	return split(taken), nil
}

func split(p *profile.Profile) map[string]float64 {
	found, total := map[string]float64{}, 0.0
	for _, sample := range p.Sample {
		spent := float64(sample.Value[len(sample.Value)-1]) // nanoseconds
		found[room(sample)] += spent
		total += spent
	}
	for name := range found {
		found[name] /= total
	}
	return found
}

func room(sample *profile.Sample) string {
	for _, place := range sample.Location {
		for _, line := range place.Line {
			for _, r := range rooms {
				if line.Function != nil && strings.HasPrefix(line.Function.Name, r.prefix) {
					return r.name
				}
			}
		}
	}
	return otherwise
}
