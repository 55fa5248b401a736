package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

func (b books) openedWithGap(id, order string, gap time.Duration) books {
	b.Helper()
	o := opening(id, order, 10, 100)
	o.Rules.OrderGap = gap
	opened, err := b.Open(b.Context(), o)
	require.NoError(b, err)
	require.Empty(b, opened.Refused)
	return b
}

func TestTwoSendingsOfAnOrderLieApart(t *testing.T) {
	const gap = time.Minute
	waits := func(from time.Time) ledger.Hold {
		return ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: from.Add(gap),
			Why: "a refund of the same order o1 was sent at " + from.Format(time.RFC3339) + ", and the platform wants 1m0s between two: not before " +
				from.Add(gap).Format(time.RFC3339)}
	}
	granted := ledger.Hold{Granted: true}
	late := noon.Add(time.Hour)
	for _, c := range []struct {
		name   string
		before func(books) // "a" is of the same order as "b"
		gap    time.Duration
		at     time.Time
		want   ledger.Hold
	}{
		{"at the last moment before the pause is over", func(b books) { b.sent("a", noon).settled("a", 0) },
			gap, noon.Add(gap - time.Microsecond), waits(noon)},
		{"at the first moment after the pause", func(b books) { b.sent("a", noon).settled("a", 0) },
			gap, noon.Add(gap), granted},
		{"not where the platform wants no pause", func(b books) { b.sent("a", noon).settled("a", 0) },
			0, noon, granted},
		{"not after a refund that was never sent", func(b books) { b.held("a", noon, noLimits).finished("a", ledger.Cancelled) },
			gap, noon, granted},
		{"after a failed one too", func(b books) { b.sent("a", noon).finished("a", ledger.Failed) },
			gap, noon, waits(noon)},
		{"after a repetition, from the last sending", func(b books) {
			b.sent("a", noon).answered("a", noon, unknown).absent("a", noon, 1)
			require.True(b, b.resend("a", late, 1, 1).Send)
			b.settled("a", 0)
		}, gap, late.Add(gap / 2), waits(late)},
		{"not after a sending of another order", func(b books) { b.opened("c", 10).sent("c", noon).settled("c", 0) },
			gap, noon, granted},
		{"not after its own sending", func(b books) { b.sent("b", noon).answered("b", noon, refused) },
			2 * day, noon.Add(day), granted}, // another day: a new hold
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedWithGap("a", "o1", c.gap).openedWithGap("b", "o1", c.gap)
			c.before(b)
			before := b.booked()
			if p := b.beginSend("b", c.at); !c.want.Granted {
				require.Equal(t, c.want, p.Hold, "BeginSend")
				require.Equal(t, c.want, b.hold("b", c.at, noLimits), "Hold")
				require.Equal(t, before, b.booked(), "what waits takes a place, and nothing else")
				b.sent("b", c.want.RetryAt)
			} else {
				require.Equal(t, ledger.Permit{Send: true}, p)
			}
			b.balanced()
		})
	}
}

func TestTheGapOfARefundNeverChanges(t *testing.T) {
	b := newBooks(t, memory).openedWithGap("a", "o1", time.Minute)
	_, err := b.writer.ExecContext(t.Context(), `UPDATE refunds SET order_gap = 0`)
	require.ErrorContains(t, err, "never changes")
}
