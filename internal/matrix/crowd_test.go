package matrix

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// crowd is how many refunds begin at the same moment.
const crowd = 6

// TestManyAtOnceStayWithinTheLimits lets workflows race for the last of a day's cap, and of
// an order. No trace repeats itself here, so that each is run several times.
func TestManyAtOnceStayWithinTheLimits(t *testing.T) {
	for _, f := range Flows(t) {
		if f.Name != "full" || !f.proves() || f.rules.Query != providers.QueryByNumber && f.hears() {
			continue // no postman goes round here
		}
		t.Run(f.Transport.Name+" | the last of the day's cap", func(t *testing.T) {
			t.Parallel()
			for range 3 {
				f.raceForTheCap(t)
			}
		})
		if f.rules.Partial {
			t.Run(f.Transport.Name+" | the last of an order", func(t *testing.T) {
				t.Parallel()
				for range 3 {
					f.raceForAnOrder(t)
				}
			})
		}
	}
}

// raceForTheCap: six orders, and a cap that has room for two of them.
func (f Flow) raceForTheCap(t *testing.T) {
	f.raceFor(t, refundtest.Options{Limits: ledger.Limits{DailyCap: 2*total + total/2}, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedFail}})
	f.raceFor(t, refundtest.Options{Limits: ledger.Limits{Reserve: 2*total + total/2, Payout: ledger.PayoutWeekly}, Budget: refund.BudgetPolicy{Reserve: refund.ExhaustedFail}})
}

func (f Flow) raceFor(t *testing.T, o refundtest.Options) {
	w := refundtest.On(t, f.Transport, o)
	var requests []refund.Request
	for i := range crowd {
		order := w.Bench().NewOrder(t, control.NewOrder{Total: int64(total)})
		requests = append(requests, w.Request(fmt.Sprintf("R%d", i), order, total))
	}
	paid := refund.Fen(0)
	for _, r := range race(w, requests) {
		require.Contains(t, []refund.Status{refund.StatusSucceeded, refund.StatusFailed}, r.Outcome.Status, r.Outcome.Reason)
		for _, p := range r.Placed {
			if p.Status != control.Failed {
				paid += refund.Fen(p.Amount)
			}
		}
	}
	require.LessOrEqual(t, paid, 2*total, "the cap has room for two")
	require.Positive(t, paid)
}

// raceForAnOrder: six parts of one order, which has room for three.
func (f Flow) raceForAnOrder(t *testing.T) {
	w := refundtest.On(t, f.Transport, refundtest.Options{})
	order := w.Bench().NewOrder(t, control.NewOrder{Total: int64(total), SettleAfter: new(control.Duration(5 * time.Minute))})
	var requests []refund.Request
	for i := range crowd {
		requests = append(requests, w.Request(fmt.Sprintf("R%d", i), order, part))
	}
	succeeded := 0
	for _, r := range race(w, requests) {
		if r.Outcome.Status == refund.StatusSucceeded {
			succeeded++
		}
	}
	require.LessOrEqual(t, succeeded, 3)
	sum, before := refund.Fen(0), time.Time{}
	for _, p := range w.Bench().Refunds(t, order) {
		require.False(t, p.AppliedAt.Before(before), "an order has one refund on its way at a time")
		before = p.SettlesAt
		if p.Status != control.Failed {
			sum += refund.Fen(p.Amount)
		}
	}
	require.LessOrEqual(t, sum, total, "an order gives back no more than was paid")
	require.Equal(t, refund.Fen(succeeded)*part, sum)
}

// race runs them all at once, and looks at them when all have ended.
func race(w *refundtest.World, requests []refund.Request) []*refundtest.Run {
	runs := make([]*refundtest.Run, len(requests))
	var wait sync.WaitGroup
	for i, request := range requests {
		wait.Go(func() { runs[i] = w.Begin(request) })
	}
	wait.Wait()
	for _, r := range runs {
		r.Finish()
	}
	return runs
}
