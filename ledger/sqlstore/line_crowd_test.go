package sqlstore

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// customer is a refund of the crowd: when it comes, and whether it looks again.
type customer struct {
	id     string
	amount refund.Fen
	order  string
	next   time.Time
	lost   bool // it never looks again once it waits
	served bool
	gone   bool
}

// TestACrowdIsServedInOrder plays weeks of a line in which some end, some are lost,
// some share an order, and all look late by up to an hour, as workflows do. Each
// grant is checked against a reckoning of its own.
func TestACrowdIsServedInOrder(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 4))
			l := limits(200, 700)
			b := newBooks(t, memory)
			crowd := map[string]*customer{}
			for i := range 45 {
				c := &customer{
					id: fmt.Sprintf("r%02d", i), amount: refund.Fen(10 + random.IntN(150)), order: fmt.Sprintf("o%d", i),
					next: noon.Add(time.Duration(random.IntN(48)) * time.Hour), lost: random.IntN(8) == 0,
				}
				if i%5 == 4 {
					c.order = fmt.Sprintf("o%d", i-1)
				}
				crowd[c.id] = c
				b.openedOf(c.id, c.order, c.amount, 1000)
			}
			var at time.Time
			for looks := 0; ; looks++ {
				c := earliest(crowd)
				if c == nil {
					break
				}
				require.Less(t, looks, 20000, "somebody waits for ever")
				at = c.next
				if c.served {
					c.gone = true
					if random.IntN(4) == 0 {
						b.end(c, ledger.Cancelled, at)
					} else {
						require.NoError(t, b.Settle(t.Context(), key(c.id), ledger.Settlement{At: at, Result: settlement("", 0).Result}))
					}
					continue
				}
				line := b.reckoning(at, l, crowd)
				h := b.hold(c.id, at, l)
				u, err := b.Usage(t.Context(), "shop", at, l)
				require.NoError(t, err)
				require.LessOrEqual(t, u.DayUsed, l.DailyCap)
				require.LessOrEqual(t, u.PeriodUsed, l.Reserve)
				if h.Granted {
					require.Equal(t, line.without(c), b.reckoning(at, l, crowd).without(c), "%s takes what another would get", c.id)
					c.served, c.next = true, at.Add(time.Duration(random.IntN(90))*time.Minute)
					continue
				}
				require.NotContains(t, line.get, c.id, "%s could have it: %s", c.id, h.Why)
				require.True(t, h.RetryAt.After(at), h.Why)
				c.gone = c.lost
				c.next = h.RetryAt.Add(time.Duration(random.IntN(60)) * time.Minute)
			}
			require.Less(t, at.Sub(noon), 60*day, "the crowd draws some ¥38 at ¥7 a week")
			for _, w := range b.line() {
				require.True(t, crowd[w[:3]].lost, "%s is still in the line", w)
			}
			b.balanced()
		})
	}
}

func (b books) end(c *customer, status ledger.Status, at time.Time) {
	b.Helper()
	require.NoError(b, b.Finish(b.Context(), key(c.id), ledger.Ending{Status: status, At: at}))
}

func earliest(crowd map[string]*customer) (first *customer) {
	for _, c := range crowd {
		if !c.gone && (first == nil || c.next.Before(first.next) || c.next.Equal(first.next) && c.id < first.id) {
			first = c
		}
	}
	return first
}

// entitled are those of the line who would get budget now, if all looked in order.
type entitled struct{ get []string }

func (e entitled) without(c *customer) (others []string) {
	for _, id := range e.get {
		if id != c.id {
			others = append(others, id)
		}
	}
	return others
}

// reckoning works out from what is public who of the line would get budget now.
func (b books) reckoning(at time.Time, l ledger.Limits, crowd map[string]*customer) (e entitled) {
	b.Helper()
	u, err := b.Usage(b.Context(), "shop", at, l)
	require.NoError(b, err)
	busy := map[string]bool{}
	for _, c := range crowd {
		if c.served && !c.gone {
			busy[c.order] = true
		}
	}
	waiters, err := b.Waiting(b.Context(), "shop")
	require.NoError(b, err)
	capLeft, reserveLeft := l.DailyCap-u.DayUsed, l.Reserve-u.PeriodUsed
	for _, w := range waiters {
		c := crowd[w.Key.ID]
		if w.For == ledger.ObstacleOrder || at.After(w.RetryAt.Add(lineGrace)) || busy[c.order] || w.Amount > capLeft || w.Amount > reserveLeft {
			continue
		}
		busy[c.order] = true
		capLeft, reserveLeft = capLeft-w.Amount, reserveLeft-w.Amount
		e.get = append(e.get, c.id)
	}
	return e
}

// TestEqualRefundsAreServedInTheOrderInWhichTheyCame: 3 a day, each within the days
// that its place asks for, one of them not waited for.
func TestEqualRefundsAreServedInTheOrderInWhichTheyCame(t *testing.T) {
	const crowd = 20
	l := limits(300, 0)
	b := newBooks(t, memory)
	var queue []*customer
	for i := range crowd {
		c := &customer{id: fmt.Sprintf("r%02d", i), next: noon.Add(time.Duration(i) * time.Second), lost: i == 7}
		queue = append(queue, c)
		b.opened(c.id, 100)
	}
	all := map[string]*customer{}
	for _, c := range queue {
		all[c.id] = c
	}
	var served []string
	for looks := 0; ; looks++ {
		c := earliest(all)
		if c == nil {
			break
		}
		require.Less(t, looks, 20*crowd, "nobody looks more often than is of use")
		h := b.hold(c.id, c.next, l)
		if c.gone = h.Granted || c.lost; h.Granted {
			days := int(c.next.Sub(noLimits.NextDay(noon).AddDate(0, 0, -1)) / day)
			require.LessOrEqual(t, days, (len(served)+1)/3, "%s waited too long", c.id)
			served = append(served, c.id)
		}
		c.next = h.RetryAt
	}
	var want []string
	for _, c := range queue {
		if !c.lost {
			want = append(want, c.id)
		}
	}
	require.Equal(t, want, served)
	require.Equal(t, []string{"r07 daily_cap"}, b.line())
}
