package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// ready are those who would get on, as ids.
func (b books) ready(at time.Time, l ledger.Limits) (ids []string) {
	b.Helper()
	before := b.dump()
	list, err := b.Ready(b.Context(), "shop", at, l)
	require.NoError(b, err)
	require.Equal(b, before, b.dump(), "nothing is written")
	for _, k := range list {
		require.Equal(b, "shop", k.Account)
		ids = append(ids, k.ID)
	}
	return ids
}

// TestAFreeReserveIsGivenBeforeTheNextPayout: "full" had all of the month's reserve and
// gave it back when "large" and "small" had been told to come next month. New ones must
// not pass large, so that nobody got anything until then.
func TestAFreeReserveIsGivenBeforeTheNextPayout(t *testing.T) {
	l := ledger.Limits{Reserve: 100, Payout: ledger.PayoutMonthly}
	start := time.Date(2026, 11, 2, 4, 0, 0, 0, time.UTC)
	b := newBooks(t, memory).opened("full", 100).held("full", start, l)
	b.opened("large", 80).waits("large", start, l, ledger.ObstacleReserve).opened("small", 30).waits("small", start, l, ledger.ObstacleReserve)
	require.Empty(t, b.ready(start, l), "there is no room")
	b.finished("full", ledger.Cancelled)
	at := start.Add(day)
	b.opened("new", 30).waits("new", at, l, ledger.ObstacleReserve)

	require.Equal(t, []string{"large"}, b.ready(at, l))
	b.held("large", at, l)
	require.Empty(t, b.ready(at, l))
	b.finished("large", ledger.Cancelled)
	require.Equal(t, []string{"small", "new"}, b.ready(at, l))
	for _, id := range b.ready(at, l) {
		b.held(id, at, l) // whoever is listed is granted
	}
	require.Empty(t, b.ready(at, l))
	b.balanced()
}

// TestWhoIsReady has "full" give back a cap of ¥1.00 for which "a" of ¥0.60 and "b" of
// ¥0.50 and "c" of ¥0.40 have been told to come tomorrow.
func TestWhoIsReady(t *testing.T) {
	const cap = ledger.ObstacleCap
	l := limits(100, 0)
	tomorrow := l.NextDay(noon)
	later := noon.Add(2 * flagTrial)
	for _, c := range []struct {
		name   string
		before func(books)
		at     time.Time
		limits ledger.Limits
		want   []string
	}{
		{"each that fits into what those before it leave", nil, noon, l, []string{"a", "c"}},
		{"without limits, all", nil, noon, noLimits, []string{"a", "b", "c"}},
		{"not one for which the limits are too small now", nil, noon, limits(55, 0), []string{"b"}},
		{"not beyond the reserve", nil, noon, limits(100, 99), []string{"a"}},
		{"one that is long overdue where it fits, and it keeps nothing from others", nil, tomorrow.Add(lineGrace + time.Hour), l,
			[]string{"a", "b", "c"}},
		{"not one whose order is in flight", func(b books) { b.openedOf("twin", "order-a", 1, 61).held("twin", noon, noLimits) }, noon, limits(101, 0),
			[]string{"b", "c"}},
		{"one of an order", func(b books) {
			b.openedOf("twin", "order-a", 1, 61).waits("twin", noon, limits(101, 0), ledger.ObstacleOrder)
		}, noon, limits(101, 0), []string{"a", "c"}},
		{"not one whose order was spent in the meantime", func(b books) {
			f := foreign(succeeded, 2, noon)
			f.OrderKey = "order-a"
			_, err := b.NoteForeign(b.Context(), f)
			require.NoError(b, err)
		}, noon, l, []string{"b", "c"}},
		{"nobody of a flagged account", func(b books) { b.flagged(noon, "bad key") }, noon, l, nil},
		{"but one that tries an old flag", func(b books) { b.flagged(noon, "bad key") }, later, l, []string{"a"}},
		{"not one that was accepted, or ended", func(b books) { b.finished("a", ledger.Cancelled) }, noon, l, []string{"b", "c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("full", 100).held("full", noon, noLimits)
			b.openedOf("a", "order-a", 60, 61)
			b.opened("b", 50).opened("c", 40)
			for _, id := range []string{"a", "b", "c"} {
				b.waits(id, noon, l, cap)
			}
			b.finished("full", ledger.Cancelled)
			if c.before != nil {
				c.before(b)
			}
			require.Equal(t, c.want, b.ready(c.at, c.limits))
		})
	}
}

func TestWhoWaitsForAFreeTurnIsReady(t *testing.T) {
	const gap = time.Minute
	b := newBooks(t, memory).openedWithGap("twin", "o1", gap).openedWithGap("a", "o1", gap).openedWithGap("b", "o1", gap)
	b.sent("twin", noon).waits("a", noon, noLimits, ledger.ObstacleOrder).waits("b", noon, noLimits, ledger.ObstacleOrder)
	require.Empty(t, b.ready(noon, noLimits), "another one has the turn")
	b.settled("twin", 0)
	require.Empty(t, b.ready(noon.Add(gap/2), noLimits), "the platform wants a pause")
	require.Equal(t, []string{"a"}, b.ready(noon.Add(gap), noLimits), "one of an order")
	require.Equal(t, []string{"a"}, b.ready(noon.Add(gap), limits(1, 0)), "without budget it learns what it waits for now")
	b.held("a", noon.Add(gap), noLimits)
	require.Empty(t, b.ready(noon.Add(gap), noLimits))
}

func TestWhoWaitsToBeSentAgainIsReadyWhateverTheFlag(t *testing.T) {
	l := limits(100, 0)
	b := newBooks(t, memory).opened("a", 70).sent("a", noon.Add(-day)).absent("a", noon.Add(-day), 1).opened("full", 100).held("full", noon, noLimits)
	p, err := b.BeginResend(t.Context(), key("a"), noon, l, 1, 1)
	require.NoError(t, err)
	require.Equal(t, ledger.ObstacleCap, p.Hold.Obstacle)
	b.finished("full", ledger.Cancelled).flagged(noon, "bad key")
	require.Equal(t, []string{"a"}, b.ready(noon, l))
}

func TestReadyIsBounded(t *testing.T) {
	b := newBooks(t, memory).opened("full", 200).held("full", noon, noLimits)
	for i := range readyMost + 1 {
		id := fmt.Sprintf("r%03d", i)
		b.opened(id, 1).waits(id, noon, limits(200, 0), ledger.ObstacleCap)
	}
	b.finished("full", ledger.Cancelled)
	got := b.ready(noon, limits(200, 0))
	require.Len(t, got, readyMost)
	require.Equal(t, "r000", got[0])
	none, err := b.Ready(t.Context(), "nobody", noon, noLimits)
	require.NoError(t, err)
	require.Empty(t, none)
}
