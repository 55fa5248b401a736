package sqlstore

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

func TestFlags(t *testing.T) {
	b := newBooks(t, memory)
	flag := func(minute int, reason string) {
		require.NoError(t, b.Flag(t.Context(), "shop", noon.Add(time.Duration(minute)*time.Minute), reason))
	}
	unflag := func(minute int) {
		require.NoError(t, b.Unflag(t.Context(), "shop", noon.Add(time.Duration(minute)*time.Minute), "ops-1"))
	}
	for _, c := range []struct {
		name  string
		do    func()
		flag  string
		lines int
	}{
		{"taking down what is not up is nothing", func() { unflag(0) }, "", 0},
		{"a flag goes up, even on an account never used", func() { flag(1, "bad key") }, "bad key", 1},
		{"the same flag is the same", func() { flag(2, "bad key") }, "bad key", 1},
		{"the first reason stays, the second is journaled", func() { flag(3, "bad signature") }, "bad key", 2},
		{"it is taken down", func() { unflag(4) }, "", 3},
		{"a replay of the old flag does not put it up again", func() { flag(1, "bad key") }, "", 3},
		{"a new flag goes up", func() { flag(5, "bad key") }, "bad key", 4},
		{"a replay of the old taking down does not take it down", func() { unflag(4) }, "bad key", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.do()
			u, err := b.Usage(t.Context(), "shop", noon, noLimits)
			require.NoError(t, err)
			require.Equal(t, c.flag, u.Flagged)
			lines, err := b.Journal(t.Context(), ledger.Key{Account: "shop"})
			require.NoError(t, err)
			require.Len(t, lines, c.lines)
		})
	}
	require.Error(t, b.Flag(t.Context(), "shop", noon, ""), "a flag without a reason cannot be repaired")
}

// A flag whose refund was terminated is taken down by nobody.
func TestAnOldFlagLetsOneRefundTry(t *testing.T) {
	old := noon.Add(flagTrial)
	b := newBooks(t, memory).opened("a", 100).opened("b", 100).opened("c", 100).held("c", noon, noLimits).flagged(noon, "bad key")
	waits := func(id string, at time.Time) {
		t.Helper()
		require.Equal(t, ledger.ObstacleFlag, b.hold(id, at, noLimits).Obstacle)
	}
	waits("a", old.Add(-time.Microsecond))
	require.Equal(t, ledger.ObstacleCap, b.hold("b", old, limits(100, 0)).Obstacle, "who waits for something else tries nothing")

	b.held("a", old, noLimits)
	require.Equal(t, "bad key", b.flag(), "the flag stays until the trial is accepted")
	waits("b", old)
	waits("b", old.Add(flagTrial-time.Microsecond))

	require.True(t, b.beginCancel("a", old.Add(time.Minute), noLimits).Granted, "the trial is not stopped by the flag it tries")
	b.held("a", old.Add(time.Minute), noLimits).sent("a", old.Add(2*time.Minute))
	waits("b", old.Add(2*time.Minute))

	require.True(t, b.beginSend("b", old.Add(flagTrial)).Send, "the next hour has the next trial, wherever it asks")
	waits("c", old.Add(flagTrial))
	b.balanced()
}

func TestANewFlagStopsTheTrialOfAnOldOne(t *testing.T) {
	later := noon.Add(flagTrial)
	b := newBooks(t, memory).opened("a", 100).flagged(noon, "bad key").held("a", later, noLimits)
	require.NoError(t, b.Unflag(t.Context(), "shop", later, "ops-1"))
	b.flagged(later.Add(time.Minute), "bad key")
	require.Equal(t, ledger.ObstacleFlag, b.beginSend("a", later.Add(2*time.Minute)).Hold.Obstacle)
}

func TestAnAcceptanceTakesTheFlagAway(t *testing.T) {
	later := noon.Add(time.Minute)
	b := newBooks(t, memory).opened("a", 100).opened("b", 100).opened("c", 100).sent("a", noon).sent("b", noon).flagged(noon, "bad key")
	for _, a := range []ledger.Answer{unknown, notSent, refused} {
		b.answered("b", later, a)
		require.Equal(t, "bad key", b.flag(), a.Text)
	}
	b.answered("a", later, accepted1)
	require.Empty(t, b.flag(), "any refund of the account proves that it works")
	require.Equal(t, []string{"flag", "unflag"}, b.accountSteps())
	lines, err := b.Journal(t.Context(), ledger.Key{Account: "shop"})
	require.NoError(t, err)
	require.Equal(t, "by the acceptance of refund a", lines[1].Text)

	b.flagged(later.Add(1*time.Minute), "bad key").answered("a", later.Add(time.Hour), accepted1)
	require.Equal(t, "bad key", b.flag(), "an acceptance said again proves nothing new")

	trial := later.Add(2 * time.Hour)
	b.held("c", trial, noLimits).sent("c", trial).answered("c", trial, ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "P3"}})
	require.Empty(t, b.flag())
	require.Equal(t, []string{"flag", "unflag", "flag", "trial", "unflag"}, b.accountSteps())
	b.balanced()
}

func TestTheJournal(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	note := func(step, text string) {
		require.NoError(t, b.Note(t.Context(), key("a"), noon.Add(time.Minute), step, text))
	}
	note("approved", "by finance-2")
	note("approved", "by finance-2")
	note("approved", "by finance-3")
	note("begin send 1", "a note does not pass for the ledger's own line")
	b.sent("a", noon)
	require.Equal(t, []string{"open", "approved", "approved", "begin send 1", "hold 2026-11-21", "begin send 1"}, b.steps("a"),
		"the same step and text are written once")

	lines, err := b.Journal(t.Context(), key("a"))
	require.NoError(t, err)
	require.Equal(t, ledger.Entry{Seq: 1, Key: key("a"), At: noon, Step: "open", Text: "¥1.00 of order order-a (¥1.00), number Na"}, lines[0])

	for _, change := range []string{`UPDATE journal SET text = ''`, `DELETE FROM journal`} {
		_, err := b.writer.ExecContext(t.Context(), change)
		require.ErrorContains(t, err, "append-only", change)
	}
	require.ErrorIs(t, b.Note(t.Context(), key("nobody"), noon, "x", "y"), ledger.ErrUnknown)
	_, err = b.Journal(t.Context(), key("nobody"))
	require.ErrorIs(t, err, ledger.ErrUnknown)
	_, err = b.Refund(t.Context(), key("nobody"))
	require.ErrorIs(t, err, ledger.ErrUnknown)
}

func TestAuditFinds(t *testing.T) {
	for _, c := range []struct{ name, plant, want string }{
		{"a counter that says too much", `UPDATE usage_counters SET used = used + 1 WHERE kind = 'cap'`,
			"account shop, cap of 2026-11-21: counter and holds differ by 1 fen"},
		{"a counter that is gone", `DELETE FROM usage_counters WHERE kind = 'reserve'`,
			"account shop, reserve of 2026-11-16: counter and holds differ by -200 fen"},
		{"a hold of another amount", `UPDATE holds SET amount = 99 WHERE id = 'a'`,
			"refund shop/a: a hold of 99 fen for a refund of 100"},
		{"more given back than paid", `UPDATE refunds SET refunded = 201 WHERE id = 'a'`,
			"order o1 of merchant baidu/M1: 201 fen given back or on their way, paid were 200"},
		{"a sending under no hold", `UPDATE holds SET state = 'held' WHERE id = 'a'`,
			"refund shop/a: sending is begun, but no hold is counted"},
		{"a hold of an ended refund", `UPDATE refunds SET status = 'failed' WHERE id = 'b'`,
			"refund shop/b: is failed, but a hold is held"},
		{"a sending that was not counted", `UPDATE refunds SET sends = 0`,
			"refund shop/a: sending is begun after 0 sendings"},
		{"a hold without the order's turn", `DELETE FROM order_turns WHERE id = 'b'`,
			"refund shop/b: has a hold without the turn of order order-b"},
		{"a turn of an ended refund", `UPDATE refunds SET status = 'succeeded' WHERE id = 'a'`,
			"order o1 of merchant baidu/M1: its turn is with refund shop/a, which is succeeded and of order o1"},
		{"an end without its line", `UPDATE refunds SET status = 'rejected' WHERE id = 'b'`,
			"refund shop/b: is rejected, but the journal does not say so"},
		{"a sending without its line", `UPDATE refunds SET attempts = 2 WHERE id = 'a'`,
			"refund shop/a: the journal does not show sending 2"},
		{"one that waits and has ended", `UPDATE refunds SET status = 'failed' WHERE id = 'w'`,
			"refund shop/w: is failed, but waits for daily_cap"},
		{"one that waits and has its hold", `UPDATE holds SET id = 'w' WHERE id = 'b'`,
			"refund shop/w: waits for daily_cap, but has a hold for 2026-11-21"},
		{"one that waits for a turn it has", `UPDATE waiters SET kind = 'order_turn'; UPDATE order_turns SET id = 'w' WHERE id = 'b'`,
			"refund shop/w: waits for the turn of order order-w, but has it"},
		{"one that waits with another amount", `UPDATE waiters SET amount = 99`,
			"refund shop/w: waits with 99 fen of order order-w, but is of 100 and order order-w"},
		{"an alert of an open refund", `UPDATE refunds SET alert = 'it was paid' WHERE id = 'a'`,
			"refund shop/a: is open, and has an alert"},
		{"an opening without its line", `DROP TRIGGER journal_stays; DELETE FROM journal WHERE once = 'open' AND id = 'a'`,
			"refund shop/a: the journal does not say that it was opened"},
	} {
		t.Run(c.name, func(t *testing.T) {
			place := memory
			if trigger := "DROP TRIGGER journal_stays"; server != nil && strings.Contains(c.plant, trigger) {
				place, c.plant = shared(t), strings.Replace(c.plant, trigger, trigger+" ON journal", 1)
			}
			b := newBooks(t, place).openedOf("a", "o1", 100, 200).sent("a", noon).opened("b", 100).held("b", noon, noLimits)
			require.Equal(t, ledger.ObstacleCap, b.opened("w", 100).hold("w", noon, limits(100, 0)).Obstacle)
			b.balanced()
			_, err := b.writer.ExecContext(t.Context(), c.plant)
			require.NoError(t, err)
			found, err := b.Audit(t.Context())
			require.NoError(t, err)
			require.Contains(t, found, c.want)
		})
	}
}
