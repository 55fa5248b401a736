package sqlstore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// asOf makes a ledger of an older schema of what a ledger of today holds: the columns
// that were there, as they are, but for what is changed then.
func asOf(t *testing.T, version int64, today, change string) string {
	t.Helper()
	old := fileOf(t, version, "SELECT 1")
	writer, reader, err := openSQLite(t.Context(), old, options{})
	require.NoError(t, err)
	for _, statement := range []string{"ATTACH DATABASE '" + today + "' AS today", "PRAGMA foreign_keys = off"} {
		_, err = writer.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	for _, table := range []string{"accounts", "refunds", "holds", "usage_counters", "order_turns", "journal", "foreign_refunds", "audits"} {
		rows, err := writer.QueryContext(t.Context(), "SELECT name FROM pragma_table_info('"+table+"', 'main')")
		require.NoError(t, err)
		var columns []string
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			columns = append(columns, name)
		}
		require.NoError(t, rows.Close())
		list := strings.Join(columns, ", ")
		_, err = writer.ExecContext(t.Context(), "INSERT INTO main."+table+" ("+list+") SELECT "+list+" FROM today."+table)
		require.NoError(t, err, table)
	}
	_, err = writer.ExecContext(t.Context(), change)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	require.NoError(t, writer.Close())
	return old
}

// TestTheThirdSchemaIsBroughtUpToDate has refunds in all states of that schema, which had
// neither alerts nor a memory of what was heard. What contradicted an end, and no person
// could know, must come before one now; what the person knew must not come again.
func TestTheThirdSchemaIsBroughtUpToDate(t *testing.T) {
	ofSQLite(t)
	success, failure := evidence(succeeded, "P1", 100), evidence(failed, "P1", 0)
	says := func(e ledger.Evidence) func(books, string) {
		return func(b books, id string) { b.clash(b.Testify(b.Context(), key(id), e)) }
	}
	settles := func(b books, id string) { b.clash(b.Settle(b.Context(), key(id), settlement("", 0))) }
	ends := func(s ledger.Status) func(books, string) { return func(b books, id string) { b.finished(id, s) } }
	byHand := func(s ledger.Status) func(books, string) {
		return func(b books, id string) {
			require.NoError(b, b.Finish(b.Context(), key(id), ledger.Ending{Status: s, By: "finance-2", At: noon.Add(day)}))
		}
	}
	answers := func(a ledger.Answer) func(books, string) { return func(b books, id string) { b.answered(id, noon, a) } }
	sends := func(b books, id string) { b.sent(id, noon) }
	holds := func(b books, id string) { b.held(id, noon, noLimits) }
	type steps []func(books, string)
	cases := []struct {
		id     string
		before steps
		alert  string           // after the migration; "" for none
		again  *ledger.Evidence // heard again then, which raises no alert that is not there
	}{
		{"open", nil, "", nil},
		{"held", steps{holds}, "", nil},
		{"withdrawn", steps{holds, func(b books, id string) { b.beginCancel(id, noon, noLimits) }}, "", nil},
		{"begun", steps{sends}, "", nil},
		{"absent", steps{sends, func(b books, id string) { b.absent(id, noon, 2) }}, "", nil},
		{"accepted", steps{sends, answers(ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "P9", Amount: 100}})}, "", nil},
		{"settled", steps{sends, settles}, "", &success},
		{"refused", steps{sends, answers(refused), ends(ledger.Failed)}, "", nil},
		{"failed", steps{sends, ends(ledger.Failed)}, "", &failure},
		{"rejected", steps{ends(ledger.Rejected)}, "", nil},
		{"cancelled", steps{holds, ends(ledger.Cancelled)}, "", nil},
		{"paid-by-hand", steps{sends, byHand(ledger.Succeeded)}, "", nil},
		{"reported-paid", steps{sends, says(success)}, "", &success},
		{"reported-failed", steps{sends, says(failure), ends(ledger.Failed)}, "", &failure},
		{"paid-after-failure", steps{sends, ends(ledger.Failed), says(success)}, "the platform gave back 100 fen", &success},
		{"settled-after-failure", steps{sends, ends(ledger.Failed), settles}, "the platform gave back 100 fen", &success},
		{"paid-after-failure-by-hand", steps{sends, byHand(ledger.Failed), says(success)}, "the platform gave back 100 fen", &success},
		{"failed-after-success", steps{sends, settles, says(failure)}, "the platform reports that it failed", &failure},
		{"failed-after-success-by-hand", steps{sends, byHand(ledger.Succeeded), says(failure)}, "the platform reports that it failed", &failure},
		{"settled-after-reported-failure", steps{sends, says(failure), settles}, "the platform has reported failed, and otherwise as well", &failure},
		{"failed-after-both", steps{sends, says(success), says(failure), ends(ledger.Failed)},
			"the platform has reported succeeded, and otherwise as well", &failure},
		{"a-person-knew-both", steps{sends, says(success), says(failure), byHand(ledger.Succeeded)}, "", &failure},
		{"a-person-knew-both-the-other-way", steps{sends, says(failure), says(success), byHand(ledger.Failed)}, "", &success},
		{"a-person-knew-the-success", steps{sends, says(success), byHand(ledger.Failed)}, "", &success},
	}
	today := filepath.Join(t.TempDir(), "today.db")
	s, err := Open(t.Context(), today)
	require.NoError(t, err)
	for _, c := range cases {
		b := books{t, s}.opened(c.id, 100)
		for _, do := range c.before {
			do(b, c.id)
		}
	}
	require.NoError(t, s.Close())

	b := newBooks(t, asOf(t, 3, today, `UPDATE refunds SET refunded = 0 WHERE evidence_contradicted = 1 AND status = 'failed'`))
	b.balanced()
	require.EqualValues(t, 100, b.record("failed-after-both").Refunded, "until a person decides, the money counts")
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			b := books{t, b.Store}
			require.Equal(t, c.alert, b.record(c.id).Alert)
			require.Nil(t, b.record(c.id).Approval)
			if c.again != nil {
				b.clash(b.Testify(t.Context(), key(c.id), *c.again))
				require.Equal(t, c.alert, b.record(c.id).Alert, "heard before")
			}
			if c.alert != "" {
				require.NoError(t, b.Amend(t.Context(), key(c.id), amendment(ledger.Succeeded, 0)))
			}
			b.balanced()
		})
	}
	list, err := b.Unfinished(t.Context(), ledger.Key{}, 100)
	require.NoError(t, err)
	require.Len(t, list, 7, "what is open goes on")
	for _, id := range []string{"open", "held"} {
		b.sent(id, noon.Add(day))
	}
	for _, id := range []string{"accepted", "begun", "reported-paid"} {
		b.settled(id, 0)
	}
	b.balanced()
}

// TestWhatAPersonHasOverruledStaysSoInANewerSchema: the fourth one had no mark for it.
func TestWhatAPersonHasOverruledStaysSoInANewerSchema(t *testing.T) {
	ofSQLite(t)
	file := filepath.Join(t.TempDir(), "today.db")
	s, err := Open(t.Context(), file)
	require.NoError(t, err)
	b := books{t, s}.opened("a", 100).sent("a", noon).settled("a", 0)
	b.clash(b.testify(evidenceAt(failed, "P1", 0, day)))
	require.NoError(t, b.Amend(t.Context(), key("a"), amendment(ledger.Failed, 0)))
	require.NoError(t, s.Close())

	b = newBooks(t, asOf(t, 4, file, `INSERT INTO platform_words SELECT account, id, state, amount, number, at FROM today.platform_words`))
	b.clash(b.testify(evidence(succeeded, "P1", 100)))
	require.Equal(t, refund.Fen(0), b.record("a").Refunded)
	b.balanced()
}
