package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

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
