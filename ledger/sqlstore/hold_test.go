package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

func TestHold(t *testing.T) {
	shanghai := noLimits.Zone
	tomorrow := time.Date(2026, 11, 22, 0, 5, 0, 0, shanghai)
	monday := time.Date(2026, 11, 23, 0, 5, 0, 0, shanghai)
	granted := ledger.Hold{Granted: true}
	for _, c := range []struct {
		name   string
		before func(books) // "new" is open with ¥1.00; "old" is another refund of ¥1.00
		at     time.Time   // default: noon
		limits ledger.Limits
		want   ledger.Hold
		used   string // of noon's day and week afterwards
	}{
		{name: "is granted up to the last fen", limits: limits(200, 200), want: granted, used: "200/200",
			before: func(b books) { b.held("old", noon, noLimits) }},
		{name: "without limits is granted and counted all the same", limits: noLimits, want: granted, used: "100/100"},
		{name: "waits for the next day when it would cross the cap", limits: limits(199, 200), used: "100/100",
			before: func(b books) { b.held("old", noon, noLimits) },
			want: ledger.Hold{Obstacle: ledger.ObstacleCap, RetryAt: tomorrow,
				Why: "the daily cap of 2026-11-21 is ¥1.99, of which ¥1.00 is used: ¥1.00 would cross it"}},
		{name: "waits for the payout when it would cross the reserve", limits: limits(200, 199), used: "100/100",
			before: func(b books) { b.held("old", noon, noLimits) },
			want: ledger.Hold{Obstacle: ledger.ObstacleReserve, RetryAt: monday,
				Why: "the reserve of the payout period from 2026-11-16 is ¥1.99, of which ¥1.00 is used: ¥1.00 would cross it"}},
		{name: "names the cap before the reserve", limits: limits(199, 199), used: "100/100",
			before: func(b books) { b.held("old", noon, noLimits) },
			want: ledger.Hold{Obstacle: ledger.ObstacleCap, RetryAt: tomorrow,
				Why: "the daily cap of 2026-11-21 is ¥1.99, of which ¥1.00 is used: ¥1.00 would cross it"}},
		{name: "larger than the whole cap waits for a person", limits: limits(99, 0), used: "0/0",
			want: ledger.Hold{Obstacle: ledger.ObstacleTooBig, Of: ledger.ObstacleCap, Why: "¥1.00 is more than the whole daily cap of ¥0.99: raise it or refund in parts"}},
		{name: "larger than the whole reserve waits for a person", limits: limits(100, 99), used: "0/0",
			want: ledger.Hold{Obstacle: ledger.ObstacleTooBig, Of: ledger.ObstacleReserve, Why: "¥1.00 is more than the whole reserve of ¥0.99: raise it or refund in parts"}},
		{name: "waits while another refund of the order is in flight", limits: limits(100, 100), used: "100/100",
			before: func(b books) { b.openedOf("twin", "o1", 100, 200).held("twin", noon, noLimits) },
			want: ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: noon.Add(time.Minute),
				Why: "refund shop/twin of the same order o1 is in flight: one at a time"}},
		{name: "is granted once the other refund of the order ended", limits: limits(200, 200), want: granted, used: "200/200",
			before: func(b books) { b.openedOf("twin", "o1", 100, 200).held("twin", noon, noLimits).settled("twin", 0) }},
		{name: "says too big before the order's turn", limits: limits(99, 0), used: "100/100",
			before: func(b books) { b.openedOf("twin", "o1", 100, 200).held("twin", noon, noLimits) },
			want:   ledger.Hold{Obstacle: ledger.ObstacleTooBig, Of: ledger.ObstacleCap, Why: "¥1.00 is more than the whole daily cap of ¥0.99: raise it or refund in parts"}},
		{name: "waits while the account is flagged, whatever else", limits: limits(99, 0), used: "0/0",
			before: func(b books) { require.NoError(b, b.Flag(b.Context(), "shop", noon, "bad signature")) },
			want: ledger.Hold{Obstacle: ledger.ObstacleFlag, RetryAt: noon.Add(5 * time.Minute),
				Why: "account shop is flagged: bad signature; repair it, then take the flag away"}},
		{name: "held before is confirmed under a lowered cap", limits: limits(50, 50), want: granted, used: "100/100",
			before: func(b books) { b.held("new", noon, noLimits) }},
		{name: "held before is not confirmed on a flagged account, and kept", limits: noLimits, used: "100/100",
			before: func(b books) {
				b.held("new", noon, noLimits)
				require.NoError(b, b.Flag(b.Context(), "shop", noon, "bad signature"))
			},
			want: ledger.Hold{Obstacle: ledger.ObstacleFlag, RetryAt: noon.Add(5 * time.Minute),
				Why: "account shop is flagged: bad signature; repair it, then take the flag away"}},
		{name: "moves to a new day and leaves the old one", at: noon.Add(day), limits: limits(100, 100), want: granted, used: "0/100",
			before: func(b books) { b.held("new", noon, noLimits) }},
		{name: "moves to a new payout period", at: noon.Add(2 * day), limits: limits(100, 100), want: granted, used: "0/0",
			before: func(b books) { b.held("new", noon, noLimits) }},
		{name: "is given up when the new day has no room", at: noon.Add(day), limits: limits(100, 0), used: "0/100",
			before: func(b books) { b.held("new", noon, noLimits).held("old", noon.Add(day), noLimits) },
			want: ledger.Hold{Obstacle: ledger.ObstacleCap, RetryAt: tomorrow.Add(day),
				Why: "the daily cap of 2026-11-22 is ¥1.00, of which ¥1.00 is used: ¥1.00 would cross it"}},
		{name: "of a sent refund is never moved", at: noon.Add(3 * day), limits: limits(1, 1), want: granted, used: "100/100",
			before: func(b books) { b.sent("new", noon) }},
		{name: "of an accepted refund is never moved", at: noon.Add(3 * day), limits: limits(1, 1), want: granted, used: "100/100",
			before: func(b books) { b.sent("new", noon).answered("new", noon, accepted1) }},
		{name: "of a sending that never arrived is moved", at: noon.Add(2 * day), limits: limits(100, 100), want: granted, used: "0/0",
			before: func(b books) { b.sent("new", noon).answered("new", noon, ledger.Answer{NotSent: true}) }},
		{name: "of a refused sending stays on its day", limits: limits(1, 1), want: granted, used: "100/100",
			before: func(b books) { b.sent("new", noon).answered("new", noon, ledger.Answer{Refused: true}) }},
		{name: "of a refused sending counts anew on another day, and the reserve once", at: noon.Add(day), limits: limits(100, 100),
			want: granted, used: "100/100",
			before: func(b books) { b.sent("new", noon).answered("new", noon, ledger.Answer{Refused: true}) }},
		{name: "frees room when raised limits are passed in", limits: limits(200, 200), want: granted, used: "200/200",
			before: func(b books) {
				b.held("old", noon, noLimits)
				require.Equal(b, ledger.ObstacleCap, b.hold("new", noon, limits(100, 100)).Obstacle)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("new", "o1", 100, 200).opened("old", 100)
			if c.before != nil {
				c.before(b)
			}
			if c.at.IsZero() {
				c.at = noon
			}
			got := b.hold("new", c.at, c.limits)
			c.want.RetryAt, got.RetryAt = c.want.RetryAt.UTC(), got.RetryAt.UTC()
			require.Equal(t, c.want, got)
			require.Equal(t, c.used, b.used(noon))
			b.balanced()

			before := b.dump()
			again := b.hold("new", c.at, c.limits)
			again.RetryAt = again.RetryAt.UTC()
			require.Equal(t, got, again, "asked again")
			require.Equal(t, before, b.dump(), "nothing is booked twice")
		})
	}
}

func TestAHoldGivenUpKeepsTheOrdersTurn(t *testing.T) {
	b := newBooks(t, memory).openedOf("a", "o1", 100, 200).openedOf("b", "o1", 100, 200).opened("c", 100)
	b.held("a", noon, noLimits).held("c", noon.Add(day), noLimits)
	require.Equal(t, ledger.ObstacleCap, b.hold("a", noon.Add(day), limits(100, 0)).Obstacle)
	require.Equal(t, ledger.ObstacleOrder, b.hold("b", noon.Add(day), noLimits).Obstacle)
	require.Equal(t, []string{"open", "hold 2026-11-21", "release 2026-11-21"}, b.steps("a"))
	b.held("a", noon.Add(2*day), limits(100, 0)).balanced()
}

func TestTwoAccountsOfOneMerchantShareTheTurnAndNotTheCap(t *testing.T) {
	b := newBooks(t, memory).openedOf("a", "o1", 100, 200).held("a", noon, noLimits)
	o := opening("b", "o1", 100, 200)
	o.Request.Account = "other-shop"
	_, err := b.Open(t.Context(), o)
	require.NoError(t, err)
	h, err := b.Hold(t.Context(), ledger.KeyOf(o.Request), noon, limits(100, 100))
	require.NoError(t, err)
	require.Equal(t, ledger.ObstacleOrder, h.Obstacle)
	b.settled("a", 0)
	h, err = b.Hold(t.Context(), ledger.KeyOf(o.Request), noon, limits(100, 100))
	require.NoError(t, err)
	require.True(t, h.Granted)
	require.Equal(t, "100/100", b.used(noon))
}

func TestAnEndedRefundTakesNoStep(t *testing.T) {
	for _, status := range []ledger.Status{ledger.Succeeded, ledger.Failed, ledger.Rejected, ledger.Cancelled} {
		t.Run(string(status), func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).finished("a", status)
			before := b.dump()
			for step, do := range map[string]func() error{
				"Hold":        func() error { _, err := b.Hold(t.Context(), key("a"), noon, noLimits); return err },
				"BeginSend":   func() error { _, err := b.BeginSend(t.Context(), key("a"), noon, noLimits); return err },
				"BeginResend": func() error { _, err := b.BeginResend(t.Context(), key("a"), noon, noLimits, 1, 1); return err },
				"BeginCancel": func() error { _, err := b.BeginCancel(t.Context(), key("a"), noon, noLimits); return err },
				"NoteAbsent":  func() error { _, err := b.NoteAbsent(t.Context(), key("a"), noon, 0); return err },
			} {
				var c *ledger.ContradictionError
				require.ErrorAs(t, do(), &c, step)
				require.Equal(t, status, c.Booked, step)
			}
			require.Equal(t, before, b.dump())
		})
	}
}

func TestUsageOfAnUnknownAccountIsNothing(t *testing.T) {
	u, err := newBooks(t, memory).Usage(t.Context(), "nobody", noon, noLimits)
	require.NoError(t, err)
	require.Equal(t, ledger.Usage{Day: "2026-11-21", Period: "2026-11-16"}, u)
}
