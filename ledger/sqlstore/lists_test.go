package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
)

// pages reads a list to its end, two at a time.
func pages(t *testing.T, read func(after ledger.Key) ([]ledger.Record, error)) (ids []string) {
	t.Helper()
	for after := (ledger.Key{}); ; {
		page, err := read(after)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 2)
		if len(page) == 0 {
			return ids
		}
		for _, r := range page {
			ids = append(ids, r.Key.ID)
			after = r.Key
		}
	}
}

func TestListsOfRefundsGoByTheirKeys(t *testing.T) {
	b := newBooks(t, memory)
	for i := range 12 {
		b.opened(fmt.Sprintf("r%02d", i), 100)
	}
	b.finished("r00", ledger.Rejected)
	b.sent("r02", noon).settled("r02", 0)
	b.sent("r03", noon).finished("r03", ledger.Failed)
	b.sent("r05", noon).answered("r05", noon, refused).finished("r05", ledger.Failed)
	b.sent("r06", noon).answered("r06", noon, notSent).finished("r06", ledger.Cancelled)
	b.sent("r08", noon)
	b.clash(b.Testify(t.Context(), key("r03"), evidence(succeeded, "P3", 100)))
	b.clash(b.Testify(t.Context(), key("r00"), evidence(succeeded, "P0", 100)))

	require.Equal(t, []string{"r00", "r01", "r03", "r04", "r07", "r08", "r09", "r10", "r11"}, pages(t, func(after ledger.Key) ([]ledger.Record, error) {
		return b.Unfinished(t.Context(), after, 2)
	}), "open, or with an alert")
	ended := func(since time.Time) []string {
		return pages(t, func(after ledger.Key) ([]ledger.Record, error) { return b.Ended(t.Context(), since, after, 2) })
	}
	require.Equal(t, []string{"r02", "r03", "r05"}, ended(noon.Add(time.Hour)), "what never left is not asked for")
	require.Empty(t, ended(noon.Add(time.Hour+time.Microsecond)))
	list, err := b.Unfinished(t.Context(), key("r02"), 1)
	require.NoError(t, err)
	require.Equal(t, []ledger.Record{b.record("r03")}, list)
	_, err = b.Ended(t.Context(), noon, ledger.Key{}, 0)
	require.ErrorContains(t, err, "give 1 or more")
}

func TestEndedIsFoundByItsTime(t *testing.T) {
	ofSQLite(t)
	b := newBooks(t, memory)
	statement := ""
	b.dialect.rebind = func(query string) string { statement = query; return query }
	_, err := b.Ended(t.Context(), noon, ledger.Key{}, 1)
	require.NoError(t, err)
	var id, parent, unused int
	var plan string
	require.NoError(t, b.writer.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, 0, "", "", 1).Scan(&id, &parent, &unused, &plan))
	require.Contains(t, plan, "USING INDEX refunds_ended (ended_at>?)")
}
