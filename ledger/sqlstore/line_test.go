package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// waits asks for a hold that is not granted.
func (b books) waits(id string, at time.Time, l ledger.Limits, want ledger.Obstacle) books {
	b.Helper()
	require.Equal(b, want, b.hold(id, at, l).Obstacle, id)
	return b
}

// line is who waits, as id and obstacle.
func (b books) line() (list []string) {
	b.Helper()
	waiters, err := b.Waiting(b.Context(), "shop")
	require.NoError(b, err)
	for _, w := range waiters {
		list = append(list, w.Key.ID+" "+string(w.For))
	}
	return list
}

// TestWhoComesFirst has three refunds in the line of a cap of ¥1.00: "a" of ¥0.80,
// "b" of ¥0.30 and "c" of ¥0.20. Nobody has looked again when the next one asks.
func TestWhoComesFirst(t *testing.T) {
	const cap = ledger.ObstacleCap
	tomorrow := noLimits.NextDay(noon)
	both := limits(100, 100)
	for _, c := range []struct {
		name   string
		before func(books)
		id     string
		at     time.Time
		limits ledger.Limits
		want   ledger.Obstacle // "" for granted
		ahead  int
	}{
		{"the first one is served first", nil, "a", tomorrow, both, "", 0},
		{"the second does not take what the first would get", nil, "b", tomorrow, both, cap, 1},
		{"a later one may have what those before it leave", nil, "c", tomorrow, both, "", 0},
		{"what the first would not fit into is for the second", nil, "b", tomorrow, limits(79, 0), "", 0},
		{"and what both leave is not enough for the third", nil, "c", tomorrow, limits(49, 0), cap, 2},
		{"room that is there for the cap only is no room for the first", nil, "b", tomorrow, limits(100, 79), "", 0},
		{"a new one comes last", func(b books) { b.opened("new", 10) }, "new", tomorrow, both, cap, 3},
		{"a new one that fits beside all is not kept", func(b books) { b.opened("new", 10) }, "new", tomorrow, limits(140, 140), "", 0},
		{"one that was let through passes all", nil, "c", tomorrow, noLimits, "", 0},
		{"one that ended is waited for no more", func(b books) { b.finished("a", ledger.Cancelled) }, "b", tomorrow, both, "", 0},
		{"one that is due is waited for", nil, "b", tomorrow.Add(lineGrace), both, cap, 1},
		{"one that is long overdue is passed over", nil, "b", tomorrow.Add(lineGrace + time.Second), both, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("full", 100).held("full", noon, noLimits)
			for _, r := range []struct {
				id     string
				amount refund.Fen
			}{{"a", 80}, {"b", 30}, {"c", 20}} {
				b.opened(r.id, r.amount).waits(r.id, noon, both, cap)
			}
			b.finished("full", ledger.Cancelled)
			if c.before != nil {
				c.before(b)
			}
			h := b.hold(c.id, c.at, c.limits)
			require.Equal(t, c.want, h.Obstacle, h.Why)
			require.Equal(t, c.want == "", h.Granted)
			if !h.Granted {
				require.Equal(t, c.ahead, h.Before)
			}
			b.balanced()
		})
	}
}

// TestWhatTheOrdersTurnMeansForTheLine: who cannot be served now for its order's sake
// keeps no budget from others, and who has the turn already does.
func TestWhatTheOrdersTurnMeansForTheLine(t *testing.T) {
	const cap = ledger.ObstacleCap
	tomorrow := noLimits.NextDay(noon)
	l := limits(100, 0)
	for _, c := range []struct {
		name   string
		before func(books)
		want   ledger.Obstacle // for "new" of ¥0.40 tomorrow
	}{
		{"of two of one order only the first is kept room for", func(b books) {
			b.openedOf("a", "o1", 60, 200).openedOf("b", "o1", 30, 200).waits("a", noon, l, cap).waits("b", noon, l, cap)
		}, ""},
		{"of two orders both are", func(b books) {
			b.opened("a", 60).opened("b", 30).waits("a", noon, l, cap).waits("b", noon, l, cap)
		}, cap},
		{"one whose order is in flight is kept none for", func(b books) {
			b.openedOf("a", "o1", 70, 200).openedOf("twin", "o1", 1, 200).waits("a", noon, l, cap).held("twin", noon, noLimits)
		}, ""},
		{"one that has its turn from yesterday is", func(b books) {
			b.opened("a", 70).held("a", noon.Add(-day), noLimits).waits("a", noon, l, cap)
		}, cap},
		{"one that waits to be sent again is", func(b books) {
			b.opened("a", 70).sent("a", noon.Add(-day)).absent("a", noon.Add(-day), 1)
			p, err := b.BeginResend(b.Context(), key("a"), noon, l, 1, 1)
			require.NoError(b, err)
			require.Equal(b, cap, p.Hold.Obstacle)
		}, cap},
		{"but no more once it may not be sent again", func(b books) {
			b.opened("a", 70).sent("a", noon.Add(-day)).absent("a", noon.Add(-day), 1)
			_, err := b.BeginResend(b.Context(), key("a"), noon, l, 1, 1)
			require.NoError(b, err)
			require.Equal(b, ledger.Permit{Exhausted: true}, b.resend("a", noon, 1, 0))
			require.NotContains(b, b.line(), "a daily_cap")
		}, ""},
		{"but no more once the platform has accepted it", func(b books) {
			b.opened("a", 70).sent("a", noon.Add(-day)).absent("a", noon.Add(-day), 1)
			_, err := b.BeginResend(b.Context(), key("a"), noon, l, 1, 1)
			require.NoError(b, err)
			b.answered("a", noon, ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "P1"}})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("full", 100).held("full", noon, noLimits)
			c.before(b)
			h := b.opened("new", 40).hold("new", tomorrow, l)
			require.Equal(t, c.want, h.Obstacle, h.Why)
			b.balanced()
		})
	}
}

func TestAPlaceIsThatOfTheFirstTime(t *testing.T) {
	const cap, turn = ledger.ObstacleCap, ledger.ObstacleOrder
	b := newBooks(t, memory).openedOf("twin", "o1", 50, 200).openedOf("a", "o1", 50, 200).opened("b", 60)
	b.held("twin", noon, noLimits)
	b.waits("a", noon, limits(100, 0), turn).waits("b", noon.Add(time.Minute), limits(100, 0), cap)
	require.Equal(t, []string{"a order_turn", "b daily_cap"}, b.line())

	later := noon.Add(time.Hour)
	b.settled("twin", 0).waits("a", later, limits(99, 0), cap)
	require.Equal(t, []string{"a daily_cap", "b daily_cap"}, b.line(), "whatever it waits for now")
	list, err := b.Waiting(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, ledger.Waiter{Key: key("a"), For: cap, Amount: 50, Since: noon, RetryAt: noLimits.NextDay(noon).UTC()}, list[0])
	b.flagged(later, "bad key")
	h := b.hold("a", later, limits(99, 0))
	require.Equal(t, ledger.ObstacleFlag, h.Obstacle)
	list, err = b.Waiting(t.Context(), "shop")
	require.NoError(t, err)
	require.Equal(t, h.RetryAt, list[0].RetryAt, "and while the account is flagged")
	require.NoError(t, b.Unflag(t.Context(), "shop", later, "ops-1"))

	overdue := later.Add(day)
	b.held("b", overdue, limits(109, 0)) // a was away for a day
	b.opened("c", 40).waits("a", overdue, limits(100, 0), cap).waits("c", overdue, limits(99, 0), cap)
	require.Equal(t, []string{"a daily_cap", "c daily_cap"}, b.line(), "it came back to its place")
	b.held("a", overdue, limits(110, 0)).finished("c", ledger.Rejected)
	require.Empty(t, b.line(), "who has its budget or has ended is out of the line")
	b.balanced()
}

func TestTheTurnOfAnOrderGoesToWhoComesFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(books)
		at     time.Time
		want   ledger.Hold
	}{
		{"not to the second, for as long as the first is due", nil, noon.Add(lineGrace),
			ledger.Hold{Obstacle: ledger.ObstacleOrder, Before: 1, RetryAt: noon.Add(lineGrace + turnPause + lineStep),
				Why: "refunds of the same order o1 are made one at a time; 1 refund waits before it"}},
		{"to the second when the first is long overdue", nil, noon.Add(lineGrace + turnPause + time.Second), ledger.Hold{Granted: true}},
		{"to the second when the first has ended", func(b books) { b.finished("a", ledger.Cancelled) }, noon, ledger.Hold{Granted: true}},
		{"to the second when the first has no budget", func(b books) {
			b.opened("c", 95).held("c", noon, noLimits).waits("a", noon, limits(100, 0), ledger.ObstacleCap)
		}, noon, ledger.Hold{Granted: true}},
		{"not to the second when the first has it now", func(b books) {
			b.opened("c", 95).held("c", noon, noLimits).waits("a", noon, limits(100, 0), ledger.ObstacleCap)
			b.finished("c", ledger.Cancelled)
		}, noon, ledger.Hold{Obstacle: ledger.ObstacleOrder, Before: 1, RetryAt: noon.Add(turnPause),
			Why: "another refund of the same order o1 waits before it, and has its budget now"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("twin", "o1", 10, 100).openedOf("a", "o1", 10, 100).openedOf("b", "o1", 5, 100)
			b.held("twin", noon, noLimits).waits("a", noon, noLimits, ledger.ObstacleOrder)
			h := b.hold("b", noon, noLimits)
			require.Equal(t, "refund shop/twin of the same order o1 is in flight: one at a time; 1 refund waits before it", h.Why)
			require.Equal(t, noon.Add(turnPause+lineStep), h.RetryAt, "they look in order")
			b.finished("twin", ledger.Cancelled)
			if c.before != nil {
				c.before(b)
			}
			got := b.hold("b", c.at, limits(100, 0))
			require.Equal(t, c.want, got)
		})
	}
}

func TestAFlaggedAccountHoldsUpNoOtherOfItsMerchant(t *testing.T) {
	b := newBooks(t, memory).openedOf("twin", "o1", 10, 100).held("twin", noon, noLimits).openedOf("b", "o1", 10, 100)
	o := opening("a", "o1", 10, 100)
	o.Request.Account = "other-shop"
	_, err := b.Open(t.Context(), o)
	require.NoError(t, err)
	h, err := b.Hold(t.Context(), ledger.KeyOf(o.Request), noon, noLimits)
	require.NoError(t, err)
	require.Equal(t, ledger.ObstacleOrder, h.Obstacle)
	b.settled("twin", 0).waits("b", noon, noLimits, ledger.ObstacleOrder)
	require.NoError(t, b.Flag(t.Context(), "other-shop", noon, "bad key"))
	b.held("b", noon, noLimits)
	require.Empty(t, b.line())
	b.balanced()
}
