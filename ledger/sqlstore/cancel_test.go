package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

func TestCancellingAVerification(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(books, func(done bool))
		want ledger.Progress
		last string
	}{
		{"begins once", func(b books, _ func(bool)) { require.True(b, b.beginCancel("a", noon, noLimits).Granted) }, ledger.Begun, "begin cancel 1"},
		{"is done", func(_ books, end func(bool)) { end(true) }, ledger.Done, "cancelled 1"},
		{"certainly not done may begin again", func(_ books, end func(bool)) { end(false) }, ledger.NotBegun, "not cancelled 1"},
		{"begins a second time", func(b books, end func(bool)) {
			end(false)
			require.True(b, b.beginCancel("a", noon, noLimits).Granted)
		}, ledger.Begun, "begin cancel 2"},
		{"done is never undone", func(b books, end func(bool)) {
			end(true)
			end(false)
			require.True(b, b.beginCancel("a", noon, noLimits).Granted)
		}, ledger.Done, "cancelled 1"},
		{"done is learnt after the end", func(b books, end func(bool)) { b.finished("a", ledger.Failed); end(true) }, ledger.Done, "cancelled 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100)
			require.True(t, b.beginCancel("a", noon, noLimits).Granted)
			c.do(b, func(done bool) { require.NoError(t, b.EndCancel(t.Context(), key("a"), noon, done, "text")) })
			require.Equal(t, c.want, b.record("a").Verification)
			steps := b.steps("a")
			require.Equal(t, c.last, steps[len(steps)-1])
		})
	}
}

func TestCancellingAVerificationNeedsTheBudgetOfItsDay(t *testing.T) {
	tomorrow := noon.Add(day)
	for _, c := range []struct {
		name   string
		before func(books)
		limits ledger.Limits
		want   ledger.Obstacle // empty: granted
		used   string          // of the day after, as cap/reserve
	}{
		{"a hold of the same day is confirmed", func(b books) { b.held("a", tomorrow, noLimits) }, limits(1, 1), "", "100/100"},
		{"a hold of the day before is moved", func(b books) { b.held("a", noon, noLimits) }, limits(100, 100), "", "100/100"},
		{"a refund without a hold gets one", func(books) {}, limits(100, 100), "", "100/100"},
		{"no room in the new day", func(b books) { b.held("a", noon, noLimits).held("b", tomorrow, noLimits) }, limits(199, 0), ledger.ObstacleCap, "100/200"},
		{"no room in the reserve", func(b books) { b.held("b", tomorrow, noLimits) }, limits(0, 199), ledger.ObstacleReserve, "100/100"},
		{"larger than the whole cap", func(books) {}, limits(99, 0), ledger.ObstacleTooBig, "0/0"},
		{"another refund of the order is in flight", func(b books) { b.openedOf("twin", "o1", 100, 200).held("twin", tomorrow, noLimits) },
			noLimits, ledger.ObstacleOrder, "100/100"},
		{"the account is flagged", func(b books) { b.held("a", tomorrow, noLimits).flagged(tomorrow, "bad key") }, noLimits, ledger.ObstacleFlag, "100/100"},
		{"begun already", func(b books) { b.beginCancel("a", noon, noLimits) }, limits(1, 1), "", "0/100"},
		{"done already", func(b books) {
			b.beginCancel("a", noon, noLimits)
			require.NoError(b, b.EndCancel(b.Context(), key("a"), noon, true, "ok"))
		}, limits(1, 1), "", "0/100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("a", "o1", 100, 200).opened("b", 100)
			c.before(b)
			before, known := b.booked(), b.record("a").Verification
			for range 2 {
				h := b.beginCancel("a", tomorrow, c.limits)
				require.Equal(t, c.want, h.Obstacle)
				require.Equal(t, c.want == "", h.Granted)
			}
			if c.want != "" || known != ledger.NotBegun {
				require.Equal(t, before, b.booked(), "nothing is written but its place in the line")
			} else {
				require.Equal(t, ledger.Begun, b.record("a").Verification)
			}
			require.Equal(t, c.used, b.used(tomorrow))
			b.balanced()
		})
	}
}

func TestACancelledVerificationKeepsTheRefundFromBeingWithdrawn(t *testing.T) {
	ended := func(done bool) func(books) {
		return func(b books) { require.NoError(b, b.EndCancel(b.Context(), key("a"), noon, done, "text")) }
	}
	for _, c := range []struct {
		name string
		do   func(books)
		want string // empty: it may be withdrawn
	}{
		{"begun", func(books) {}, "the order's verification may have been cancelled, which has no way back"},
		{"done", ended(true), "the order's verification was cancelled, which has no way back"},
		{"done and sent", func(b books) { ended(true)(b); b.sent("a", noon) }, "it was sent, and may have been paid"},
		{"certainly not done", ended(false), ""},
	} {
		for _, status := range []ledger.Status{ledger.Cancelled, ledger.Rejected} {
			t.Run(c.name+", then "+string(status), func(t *testing.T) {
				b := newBooks(t, memory).opened("a", 100)
				require.True(t, b.beginCancel("a", noon, noLimits).Granted)
				c.do(b)
				err := b.Finish(t.Context(), key("a"), ledger.Ending{Status: status, Reason: "changed my mind", At: noon.Add(time.Minute), By: "agent-17"})
				if c.want == "" {
					require.NoError(t, err)
					require.Equal(t, status, b.record("a").Status)
					return
				}
				b.contradicted(err, ledger.Open, status)
				require.ErrorContains(t, err, c.want)
				require.Equal(t, ledger.Open, b.record("a").Status)
				b.finished("a", ledger.Failed).balanced() // a failure is no withdrawal
			})
		}
	}
}
