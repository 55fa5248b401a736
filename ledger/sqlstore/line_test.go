package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
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

func TestWhenToLookAgain(t *testing.T) {
	const step = lineStep
	tomorrow := noLimits.NextDay(noon).UTC()
	for _, c := range []struct {
		name   string
		before func(books) // "full" has all of the cap, and "a" of ¥0.60 and "b" of ¥0.50 wait for it
		at     time.Time
		limits ledger.Limits
		retry  time.Time
		why    string
	}{
		{"without room on the next day, after those who come first", nil, noon, limits(100, 0), tomorrow.Add(2 * step),
			"the daily cap of 2026-11-21 is ¥1.00, of which ¥1.00 is used: ¥0.45 would cross it; 2 refunds wait before it"},
		{"with room that is kept, a moment after those it is kept for", func(b books) { b.finished("full", ledger.Cancelled) },
			tomorrow, limits(100, 0), tomorrow.Add(linePause),
			"the daily cap of 2026-11-22 is ¥1.00, of which ¥0.00 is used and ¥0.60 is kept for those who come first: ¥0.45 would cross it; 2 refunds wait before it"},
		{"with room that is kept for those who look tomorrow, a moment after them", func(b books) { b.finished("full", ledger.Cancelled) },
			noon, limits(110, 0), tomorrow.Add(2 * step),
			"the daily cap of 2026-11-21 is ¥1.10, of which ¥0.00 is used and ¥1.10 is kept for those who come first: ¥0.45 would cross it; 2 refunds wait before it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("full", 100).held("full", noon, noLimits)
			b.opened("a", 60).waits("a", noon, limits(100, 0), ledger.ObstacleCap)
			b.opened("b", 50).waits("b", noon, limits(100, 0), ledger.ObstacleCap)
			if c.before != nil {
				c.before(b)
			}
			h := b.opened("c", 45).hold("c", c.at, c.limits)
			require.Equal(t, c.why, h.Why)
			require.Equal(t, c.retry, h.RetryAt.UTC())
			require.Equal(t, 2, h.Before)
		})
	}
}

// TestTheOutlookIsWhatAHoldWouldSay, and takes nothing.
func TestTheOutlookIsWhatAHoldWouldSay(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(books)
		limits ledger.Limits
		want   ledger.Obstacle // "" for none
	}{
		{"nothing stands in the way", nil, limits(100, 100), ""},
		{"the cap", func(b books) { b.opened("old", 60).held("old", noon, noLimits) }, limits(100, 0), ledger.ObstacleCap},
		{"the reserve", func(b books) { b.opened("old", 60).held("old", noon, noLimits) }, limits(0, 100), ledger.ObstacleReserve},
		{"those who come first", func(b books) {
			b.opened("old", 100).held("old", noon, noLimits).opened("a", 60).waits("a", noon, limits(100, 0), ledger.ObstacleCap)
			b.finished("old", ledger.Cancelled)
		}, limits(100, 0), ledger.ObstacleCap},
		{"the order's turn", func(b books) { b.openedOf("twin", "order-new", 10, 60).held("twin", noon, noLimits) }, limits(100, 0), ledger.ObstacleOrder},
		{"the account's flag", func(b books) { b.opened("old", 1).flagged(noon, "bad key") }, limits(1, 1), ledger.ObstacleFlag},
		{"its size", nil, limits(0, 49), ledger.ObstacleTooBig},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory)
			if c.before != nil {
				c.before(b)
			}
			o := opening("new", "order-new", 50, 60)
			o.Limits = c.limits
			first, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			before := b.dump()
			again, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			require.Equal(t, first, again)
			require.Equal(t, before, b.dump(), "nothing is taken, and no place in the line")
			h := b.hold("new", noon, c.limits)
			if c.want == "" {
				require.Nil(t, first.Outlook)
			} else {
				require.Equal(t, c.want, h.Obstacle)
				require.Equal(t, &h, first.Outlook)
			}
			b.finished("new", ledger.Cancelled)
			ended, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			require.Nil(t, ended.Outlook, "an ended refund has none")
		})
	}
}
