package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

func TestWhatIsInFlightIsSummedUpByHowFarItCame(t *testing.T) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	sum := func(stage ledger.Stage, refunds int, amount refund.Fen, since time.Time) ledger.InFlight {
		return ledger.InFlight{Account: "shop", Provider: "baidu", Stage: stage, Refunds: refunds, Amount: amount, Since: since}
	}
	waits := func(why ledger.Obstacle, amount refund.Fen) ledger.InFlight {
		f := sum(ledger.StageUnsent, 1, amount, noon)
		f.For = why
		return f
	}
	for _, c := range []struct {
		name string
		make func(books)
		want []ledger.InFlight
	}{
		{"nothing in empty books", func(books) {}, nil},
		{"what is open, held or not, is unsent", func(b books) { b.opened("a", 100).opened("b", 20).held("b", noon, noLimits) },
			[]ledger.InFlight{sum(ledger.StageUnsent, 2, 120, noon)}},
		{"what is sent without an answer is in doubt since it was sent", func(b books) {
			b.opened("a", 100).sent("a", at(9)).opened("b", 20).sent("b", at(5)).answered("b", at(6), unknown)
		}, []ledger.InFlight{sum(ledger.StageInDoubt, 2, 120, at(5))}},
		{"a repetition makes a doubt no younger", func(b books) {
			b.opened("a", 100).sent("a", at(5)).absent("a", at(5), 1)
			require.True(b, b.resend("a", at(9), 1, 2).Send)
		}, []ledger.InFlight{sum(ledger.StageInDoubt, 1, 100, at(5))}},
		{"a doubt that was cleared up does not make the next one older", func(b books) {
			b.opened("a", 100).sent("a", at(5)).answered("a", at(9), refused).sent("a", at(30)).absent("a", at(30), 1)
			require.True(b, b.resend("a", at(40), 1, 2).Send)
		}, []ledger.InFlight{sum(ledger.StageInDoubt, 1, 100, at(30))}},
		{"what certainly was not processed is unsent again", func(b books) { b.opened("a", 100).sent("a", at(5)).answered("a", at(6), notSent) },
			[]ledger.InFlight{sum(ledger.StageUnsent, 1, 100, noon)}},
		{"what the platform has is accepted", func(b books) { b.opened("a", 100).sent("a", at(5)).answered("a", at(6), accepted1) },
			[]ledger.InFlight{sum(ledger.StageAccepted, 1, 100, noon)}},
		{"what has ended is not in flight", func(b books) {
			b.opened("a", 100).sent("a", noon).settled("a", 0).opened("b", 20).finished("b", ledger.Rejected)
		}, nil},
		{"what was contradicted after its end is", func(b books) {
			b.opened("a", 100).sent("a", noon).finished("a", ledger.Failed)
			b.clash(b.Testify(b.Context(), key("a"), evidence(succeeded, "P1", 100)))
		}, []ledger.InFlight{sum(ledger.StageAlert, 1, 100, noon)}},
		{"who waits is told by what for", func(b books) {
			b.openedOf("a", "o", 100, 300).held("a", noon, limits(100, 0)).openedOf("b", "o", 20, 300).opened("c", 3)
			require.False(b, b.hold("b", noon, limits(0, 0)).Granted)
			require.False(b, b.hold("c", noon, limits(100, 0)).Granted)
		}, []ledger.InFlight{sum(ledger.StageUnsent, 1, 100, noon), waits(ledger.ObstacleCap, 3), waits(ledger.ObstacleOrder, 20)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory)
			c.make(b)
			list, err := b.InFlight(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, list)
		})
	}
}

// The register grows for ever, what is unfinished does not.
func TestInFlightReadsNothingThatHasEnded(t *testing.T) {
	ofSQLite(t)
	ofSQLite(t)
	b := newBooks(t, memory)
	rows, err := b.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+b.dialect.rebind(inFlight))
	require.NoError(t, err)
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan += detail + "\n"
	}
	require.NoError(t, rows.Err())
	require.Contains(t, plan, "SCAN r USING INDEX refunds_unfinished")
	require.Contains(t, plan, "SEARCH w USING INDEX")
	require.Contains(t, plan, "SEARCH j USING INDEX")
	require.NotRegexp(t, `SCAN [wj]\b`, plan)
}
