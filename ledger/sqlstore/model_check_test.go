package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// TestNoInterleavingBreaksALimit lets a crowd on two stores do at random what workflows
// and people do, and looks at the books all the while from a third side. The steps of
// each are those of the seed; how they meet is up to the engine.
func TestNoInterleavingBreaksALimit(t *testing.T) {
	all := map[string]int{}
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			m := newModel(t, shared(t), rand.New(rand.NewPCG(seed, 0)))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			watched := make(chan error, 1)
			watcher := newWatcher(m.stores[1])
			go func() { watched <- watcher.watch(ctx) }()
			errs := make([]error, modelCrowd)
			var wait sync.WaitGroup
			for i := range errs {
				wait.Go(func() {
					random := rand.New(rand.NewPCG(seed, uint64(i+1)))
					for n := 0; n < modelSteps && errs[i] == nil; n++ {
						if err := m.step(ctx, random); err != nil {
							errs[i] = fmt.Errorf("seed %d, number %d of the crowd, step %d: %w", seed, i, n, err)
						}
					}
				})
			}
			wait.Wait()
			cancel()
			require.NoError(t, errors.Join(append(errs, <-watched)...))
			require.NoError(t, watcher.look(t.Context()))
			m.agrees()
			for what, n := range m.seen {
				all[what] += n
			}
		})
	}
	t.Logf("%v", all)
	for _, what := range []string{"refused", "hold ", "hold daily_cap", "hold reserve", "hold order_turn", "not sent", "failed", "repeated",
		"amended", "settled", "cancelled"} {
		require.Positive(t, all[what], "%q never happened: %v", what, all)
	}
}

// agrees compares the ledger's ends with those that the model has seen.
func (m *model) agrees() {
	m.Helper()
	b := m.stores[0]
	for _, p := range m.plans {
		r, err := b.Refund(m.Context(), p.key)
		if errors.Is(err, ledger.ErrUnknown) {
			require.NotEqual(m, p.key.String(), m.numbers[p.Number])
			continue
		}
		require.NoError(m, err)
		want := m.ended[p.key.String()]
		if want == "" {
			want = ledger.Open
		}
		require.Equal(m, want, r.Status, "%s", p.key)
		require.Equal(m, p.key.String(), m.numbers[r.Number], "a number is one refund's")
	}
	for order, paid := range m.paid {
		require.LessOrEqual(m, paid, modelTotal, order)
	}
}

// watcher reads the books while they are written, each time at one moment, and reckons
// for itself what the ledger keeps as sums.
type watcher struct {
	books
	lines map[int64]string // of the journal, by number
}

func newWatcher(b books) *watcher { return &watcher{books: b, lines: map[int64]string{}} }

func (w *watcher) watch(ctx context.Context) error {
	for {
		if err := w.look(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

func (w *watcher) look(ctx context.Context) error {
	return w.read(ctx, func(t *tx) error {
		wrong, err := t.disagreements()
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return fmt.Errorf("the audit finds: %v", wrong)
		}
		return errors.Join(w.limits(t), w.orders(t), w.journal(t))
	})
}

// limits adds up what is drawn. A person who amends asks nobody for room in the reserve.
func (w *watcher) limits(t *tx) error {
	caps, reserves := map[string]refund.Fen{}, map[string]refund.Fen{}
	if err := t.each(func(scan func(...any) error) error {
		var account, day, period, state string
		var amount, again refund.Fen
		err := scan(&account, &day, &period, &state, &amount, &again)
		if caps[account+" "+day] += amount; state != "spent" && again == 0 {
			reserves[account+" "+period] += amount
		}
		return err
	}, `SELECT h.account, h.day, h.period, h.state, h.amount, (SELECT COUNT(*) FROM journal j
			WHERE j.account = h.account AND j.id = h.id AND j.once LIKE 'hold _ again%') FROM holds h WHERE h.state <> 'released'`); err != nil {
		return err
	}
	var bad []error
	for _, c := range []struct {
		kind  string
		limit refund.Fen
		used  map[string]refund.Fen
	}{{"cap", modelCap, caps}, {"reserve", modelReserve, reserves}} {
		for of, used := range c.used {
			if used > c.limit {
				bad = append(bad, fmt.Errorf("%s of %s: %s is drawn of %s", c.kind, of, used, c.limit))
			}
		}
	}
	return errors.Join(bad...)
}

// orders adds up what is on its way or given back, and counts what is in flight.
func (w *watcher) orders(t *tx) error {
	sums, turns, flights := map[string]refund.Fen{}, map[string]int{}, map[string]int{}
	if err := t.each(func(scan func(...any) error) error {
		var order string
		var amount refund.Fen
		var status ledger.Status
		var holds, sending int
		if err := scan(&order, &amount, &status, &holds, &sending); err != nil {
			return err
		}
		if status == ledger.Open || status == ledger.Succeeded {
			sums[order] += amount
		}
		if status == ledger.Open {
			turns[order] += holds
			flights[order] += sending
		}
		return nil
	}, `SELECT r.order_key, r.amount, r.status, (SELECT COUNT(*) FROM holds h WHERE h.account = r.account AND h.id = r.id
			AND h.state IN ('held', 'counted')), CASE WHEN r.sending = 'none' THEN 0 ELSE 1 END FROM refunds r`); err != nil {
		return err
	}
	var bad []error
	for order, sum := range sums {
		if sum > modelTotal || turns[order] > 1 || flights[order] > 1 {
			bad = append(bad, fmt.Errorf("order %s of %s: %s on its way or back, %d with a hold, %d in flight", order, modelTotal, sum, turns[order], flights[order]))
		}
	}
	return errors.Join(bad...)
}

// journal remembers each line: none may change or go.
func (w *watcher) journal(t *tx) error {
	now := map[int64]string{}
	if err := t.each(func(scan func(...any) error) error {
		var seq, at int64
		var account, id, once, step, text string
		err := scan(&seq, &account, &id, &at, &once, &step, &text)
		now[seq] = fmt.Sprint(account, id, at, once, step, text)
		return err
	}, `SELECT seq, account, id, at, once, step, text FROM journal`); err != nil {
		return err
	}
	for seq, line := range w.lines {
		if now[seq] != line {
			return fmt.Errorf("line %d of the journal was %q and is %q", seq, line, now[seq])
		}
	}
	w.lines = now
	return nil
}
