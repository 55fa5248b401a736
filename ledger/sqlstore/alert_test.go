package sqlstore

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// clash lets a step fail by contradiction, and by nothing else.
func (b books) clash(err error) {
	b.Helper()
	var c *ledger.ContradictionError
	if !errors.As(err, &c) {
		require.NoError(b, err)
	}
}

func (b books) endedByHand(status ledger.Status) books {
	b.Helper()
	require.NoError(b, b.Finish(b.Context(), key("a"), ledger.Ending{Status: status, By: "finance-2", At: noon.Add(time.Hour)}))
	return b
}

func TestAnAlertIsForAWordThatDoesNotFitTheEnd(t *testing.T) {
	failedSoFar := func(b books) { b.sent("a", noon).finished("a", ledger.Failed) }
	succeededSoFar := func(b books) { b.sent("a", noon).answered("a", noon, accepted1).settled("a", 0) }
	success, failure := evidence(succeeded, "P1", 100), evidence(failed, "P1", 0)
	says := func(e ledger.Evidence) func(books) { return func(b books) { b.clash(b.testify(e)) } }
	settles := func(id string, amount refund.Fen) func(books) {
		return func(b books) { b.clash(b.Settle(b.Context(), key("a"), settlement(id, amount))) }
	}
	answers := func(a ledger.Answer) func(books) {
		return func(b books) { b.clash(b.EndSend(b.Context(), key("a"), noon, a)) }
	}
	const paid, unpaid = "the platform gave back ¥1.00", "the platform reports that it failed"
	for _, c := range []struct {
		name       string
		before, do func(books)
		want       string // "" for no alert
	}{
		{"a success after a failure", failedSoFar, says(success), paid},
		{"a success after a rejection", func(b books) { b.finished("a", ledger.Rejected) }, says(success), paid},
		{"a success after a cancellation", func(b books) { b.finished("a", ledger.Cancelled) }, says(success), paid},
		{"a failure after a success", succeededSoFar, says(failure), unpaid},
		{"another amount after a success", succeededSoFar, says(evidence(succeeded, "P1", 90)), "¥1.00 is booked as given back, the platform reports ¥0.90"},
		{"another number after a success", succeededSoFar, says(evidence(succeeded, "P2", 100)), `the platform's number is "P1", not "P2"`},
		{"a failure under another number after a failure", func(b books) {
			b.sent("a", noon).answered("a", noon, accepted1).finished("a", ledger.Failed)
		}, says(evidence(failed, "P2", 0)), ""},
		{"a settlement after a failure", failedSoFar, settles("P1", 0), "the provider gave back ¥1.00"},
		{"a settlement with another amount", succeededSoFar, settles("P1", 99), "¥1.00 is booked as given back, the provider says ¥0.99"},
		{"an acceptance after a cancellation", func(b books) { b.finished("a", ledger.Cancelled) }, answers(accepted1), `the platform accepted as "P1" with ¥1.00`},
		{"an acceptance under another number after a success", succeededSoFar,
			answers(ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: "P2", Amount: 100}}),
			`it was accepted as "P1" with ¥1.00 before, now the platform accepted as "P2" with ¥1.00`},
		{"an end in the answer to a sending, after a failure", failedSoFar, answers(answeredAtOnce("", succeeded)),
			`the platform accepted as "" with ¥1.00`},
		{"a settlement after a reported failure", func(b books) { b.sent("a", noon).testified(failure) }, settles("P1", 0),
			"¥1.00 is given back, but the provider has also reported failed with ¥0.00"},
		{"a success after an end by hand", func(b books) { b.sent("a", noon).endedByHand(ledger.Failed) }, says(success), paid},
		{"a failure after a success by hand", func(b books) { b.sent("a", noon).endedByHand(ledger.Succeeded) }, says(failure), unpaid},
		{"none for a success that a person knew", func(b books) { b.sent("a", noon).testified(success).endedByHand(ledger.Failed) }, says(success), ""},
		{"none for it by another way", func(b books) { b.sent("a", noon).testified(success).endedByHand(ledger.Failed) }, settles("", 0), ""},
		{"none for a failure that a person knew", func(b books) { b.sent("a", noon).testified(failure).endedByHand(ledger.Succeeded) }, says(evidence(failed, "", 100)), ""},
		{"none for a settlement that proves a person right", func(b books) {
			b.sent("a", noon).testified(failure).endedByHand(ledger.Succeeded)
		}, settles("P1", 0), ""},
		{"but for a success that a person could not know", func(b books) {
			b.sent("a", noon).testified(success).endedByHand(ledger.Failed)
		}, says(evidence(succeeded, "P2", 100)), paid},
		{"none for a success after a success", succeededSoFar, says(success), ""},
		{"none for a failure after a failure", failedSoFar, says(failure), ""},
		{"none for a success that proves a person right", func(b books) {
			b.sent("a", noon).testified(failure).endedByHand(ledger.Succeeded)
		}, says(success), ""},
		{"none for what a program or a person says", succeededSoFar, func(b books) {
			b.clash(b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Failed, By: "finance-2", At: noon}))
		}, ""},
		{"a program's failure where the platform said both", func(b books) {
			b.sent("a", noon).testified(success)
			b.clash(b.testify(failure))
		}, func(b books) { b.finished("a", ledger.Failed) }, "the platform has reported succeeded with ¥1.00, and otherwise as well"},
		{"none for a person's failure where the platform said both", func(b books) {
			b.sent("a", noon).testified(success)
			b.clash(b.testify(failure))
		}, func(b books) { b.endedByHand(ledger.Failed) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100)
			c.before(b)
			require.Empty(t, b.record("a").Alert)
			status := b.record("a").Status
			c.do(b)
			r := b.record("a")
			require.Equal(t, c.want, r.Alert)
			if status != ledger.Open {
				require.Equal(t, status, r.Status, "the end stands")
			}
			b.balanced()
			before := b.dump()
			c.do(b)
			require.Equal(t, before, b.dump(), "said again, nothing changes")
			list, err := b.Unfinished(t.Context(), ledger.Key{}, 9)
			require.NoError(t, err)
			require.Equal(t, c.want != "", len(list) == 1)
		})
	}
}

func TestTheFirstAlertStandsAndLaterOnesAreJournaled(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).settled("a", 0)
	b.contradicted(b.testify(evidence(failed, "", 0)), ledger.Succeeded, ledger.Failed)
	b.contradicted(b.testify(evidence(succeeded, "", 90)), ledger.Succeeded, ledger.Succeeded)
	require.Equal(t, "the platform reports that it failed", b.record("a").Alert)
	b.balanced()
}
