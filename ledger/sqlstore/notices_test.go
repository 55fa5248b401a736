package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const (
	processing = providers.ResultProcessing
	succeeded  = providers.ResultSucceeded
	failed     = providers.ResultFailed
)

func evidence(state providers.ResultState, id string, amount refund.Fen) ledger.Evidence {
	return ledger.Evidence{State: state, PlatformRefundID: id, Amount: amount, At: noon.Add(30 * time.Minute), Source: "notification"}
}

// evidenceAt is heard that long after noon.
func evidenceAt(state providers.ResultState, id string, amount refund.Fen, after time.Duration) ledger.Evidence {
	e := evidence(state, id, amount)
	e.At = noon.Add(after)
	return e
}

// answeredAtOnce is the answer of a platform that names the end with its acceptance.
func answeredAtOnce(id string, state providers.ResultState) ledger.Answer {
	return ledger.Answer{Receipt: &providers.Receipt{PlatformRefundID: id, Amount: 100, State: state}, Text: "accepted"}
}

func (b books) testify(e ledger.Evidence) error { return b.Testify(b.Context(), key("a"), e) }

func (b books) testified(e ledger.Evidence) books {
	b.Helper()
	require.NoError(b, b.testify(e))
	return b
}

func TestEvidence(t *testing.T) {
	told := func(e ledger.Evidence) func(books) error { return func(b books) error { return b.testify(e) } }
	sent := func(b books) { b.sent("a", noon) }
	accepted := func(b books) { b.sent("a", noon).answered("a", noon, accepted1) }
	twice := evidence(succeeded, "P1", 100)
	twice.Contradicted = true
	otherNumber := evidence(succeeded, "P2", 100)
	otherNumber.Contradicted = true
	answer := evidence(failed, "P1", 100)
	answer.At, answer.Source = noon, "answer"
	knownAfter := func(e ledger.Evidence) *ledger.Evidence { return &e }
	for _, c := range []struct {
		name     string
		before   func(books)
		do       func(books) error
		clash    ledger.Status // wanted by a contradiction; "" for none
		want     *ledger.Evidence
		status   ledger.Status
		number   string
		refunded refund.Fen
	}{
		{"is kept with its number", sent, told(evidence(succeeded, "P1", 100)), "",
			knownAfter(evidence(succeeded, "P1", 100)), ledger.Open, "P1", 0},
		{"is kept before anything was sent", nil, told(evidence(failed, "", 0)), "",
			knownAfter(evidence(failed, "", 0)), ledger.Open, "", 0},
		{"does not say itself that it is contradicted", sent, told(twice), "",
			knownAfter(evidence(succeeded, "P1", 100)), ledger.Open, "P1", 0},
		{"agrees with the acceptance", accepted, told(evidence(succeeded, "", 0)), "",
			knownAfter(evidence(succeeded, "", 0)), ledger.Open, "P1", 0},
		{"said again learns what was missing", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "", 0)) },
			told(evidence(succeeded, "P1", 100)), "", knownAfter(evidence(succeeded, "P1", 100)), ledger.Open, "P1", 0},
		{"said again with less keeps what was told", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			told(evidence(succeeded, "", 0)), "", knownAfter(evidence(succeeded, "P1", 100)), ledger.Open, "P1", 0},
		{"of a failure after a success", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			told(evidence(failed, "P1", 100)), ledger.Failed, &twice, ledger.Open, "P1", 0},
		{"of another amount", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			told(evidence(succeeded, "P1", 99)), ledger.Succeeded, &twice, ledger.Open, "P1", 0},
		{"of another number", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			told(evidence(succeeded, "P2", 100)), ledger.Succeeded, &twice, ledger.Open, "P1", 0},
		{"of another number than was accepted", accepted,
			told(evidence(succeeded, "P2", 100)), ledger.Succeeded, &otherNumber, ledger.Open, "P1", 0},
		{"stays contradicted when the first word is said again", func(b books) {
			require.Error(b, b.sent("a", noon).testified(evidence(succeeded, "P1", 100)).testify(evidence(failed, "P1", 100)))
		}, told(evidence(succeeded, "P1", 100)), "", &twice, ledger.Open, "P1", 0},
		{"comes with an answer", sent, func(b books) error {
			return b.EndSend(b.Context(), key("a"), noon, answeredAtOnce("P1", failed))
		}, "", &answer, ledger.Open, "P1", 0},
		{"does not come with an answer that names no end", sent, func(b books) error {
			return b.EndSend(b.Context(), key("a"), noon, answeredAtOnce("P1", processing))
		}, "", nil, ledger.Open, "P1", 0},
		{"in an answer against a notification", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			func(b books) error { return b.EndSend(b.Context(), key("a"), noon, answeredAtOnce("P1", failed)) },
			ledger.Failed, &twice, ledger.Open, "P1", 0},
		{"of a success after the end says nothing new", func(b books) { b.settled("a", 100) }, told(evidence(succeeded, "", 100)), "",
			nil, ledger.Succeeded, "", 100},
		{"of a success after the end brings the number", func(b books) { b.settled("a", 100) }, told(evidence(succeeded, "P1", 100)), "",
			nil, ledger.Succeeded, "P1", 100},
		{"of a failure after the end says nothing new", func(b books) { b.finished("a", ledger.Failed) }, told(evidence(failed, "", 100)), "",
			nil, ledger.Failed, "", 0},
		{"of a failure of what was cancelled says nothing new", func(b books) { b.finished("a", ledger.Cancelled) }, told(evidence(failed, "", 0)), "",
			nil, ledger.Cancelled, "", 0},
		{"of a failure after a success in the books", func(b books) { b.settled("a", 100) }, told(evidence(failed, "P1", 100)), ledger.Failed,
			nil, ledger.Succeeded, "P1", 100},
		{"of another amount than was booked", func(b books) { b.settled("a", 100) }, told(evidence(succeeded, "P1", 90)), ledger.Succeeded,
			nil, ledger.Succeeded, "P1", 100},
		{"of a success after a failure in the books: the money counts", func(b books) { b.finished("a", ledger.Failed) },
			told(evidence(succeeded, "P1", 90)), ledger.Succeeded, nil, ledger.Failed, "P1", 90},
		{"of a success without an amount after a failure: all of it counts", func(b books) { b.finished("a", ledger.Cancelled) },
			told(evidence(succeeded, "P1", 0)), ledger.Succeeded, nil, ledger.Cancelled, "P1", 100},
		{"in an answer after a failure in the books: the money counts", func(b books) { b.sent("a", noon).finished("a", ledger.Failed) },
			func(b books) error { return b.EndSend(b.Context(), key("a"), noon, answeredAtOnce("P1", succeeded)) },
			ledger.Succeeded, nil, ledger.Failed, "P1", 100},
		{"of a failure before the settlement", func(b books) { b.sent("a", noon).testified(evidence(failed, "P1", 100)) },
			func(b books) error { return b.Settle(b.Context(), key("a"), settlement("P1", 100)) }, ledger.Succeeded,
			func() *ledger.Evidence { e := evidence(failed, "P1", 100); e.Contradicted = true; return &e }(), ledger.Succeeded, "P1", 100},
		{"of another amount before the settlement", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			func(b books) error { return b.Settle(b.Context(), key("a"), settlement("P1", 90)) }, ledger.Succeeded,
			&twice, ledger.Succeeded, "P1", 90},
		{"of a success forbids a program to book a failure", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			func(b books) error {
				return b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon})
			}, ledger.Failed, knownAfter(evidence(succeeded, "P1", 100)), ledger.Open, "P1", 0},
		{"of a success forbids a person to cancel", func(b books) { b.testified(evidence(succeeded, "P1", 100)) },
			func(b books) error {
				return b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Cancelled, At: noon, By: "finance-2"})
			}, ledger.Cancelled, knownAfter(evidence(succeeded, "P1", 100)), ledger.Open, "P1", 0},
		{"of a success counts though a person books a failure", func(b books) { b.sent("a", noon).testified(evidence(succeeded, "P1", 100)) },
			func(b books) error {
				return b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon, By: "finance-2"})
			}, "", knownAfter(evidence(succeeded, "P1", 100)), ledger.Failed, "P1", 100},
		{"that is contradicted leaves the end to a person", func(b books) {
			require.Error(b, b.sent("a", noon).testified(evidence(succeeded, "P1", 100)).testify(evidence(failed, "P1", 100)))
		}, func(b books) error {
			return b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon, By: "finance-2"})
		}, "", &twice, ledger.Failed, "P1", 100},
		{"that is contradicted by a later failure: a person's failure frees the money", func(b books) {
			require.Error(b, b.sent("a", noon).testified(evidence(succeeded, "P1", 100)).testify(evidenceAt(failed, "P1", 100, time.Hour)))
		}, func(b books) error {
			return b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon, By: "finance-2"})
		}, "", &twice, ledger.Failed, "P1", 0},
		{"but not a program's", func(b books) {
			require.Error(b, b.sent("a", noon).testified(evidence(succeeded, "P1", 100)).testify(evidenceAt(failed, "P1", 100, time.Hour)))
		}, func(b books) error {
			return b.Finish(b.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon})
		}, "", &twice, ledger.Failed, "P1", 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100)
			if c.before != nil {
				c.before(b)
			}
			for range 2 {
				err := c.do(b)
				if c.clash == "" {
					require.NoError(t, err)
				} else {
					b.contradicted(err, c.status, c.clash)
				}
				r := b.record("a")
				require.Equal(t, c.want, r.Evidence)
				require.Equal(t, c.status, r.Status)
				require.Equal(t, c.number, r.PlatformRefundID)
				require.Equal(t, c.refunded, r.Refunded)
				b.balanced()
			}
			once := b.dump()
			_ = c.do(b) // its error was looked at
			require.Equal(t, once, b.dump(), "said again, nothing is written twice")
		})
	}
}

func TestEvidenceIsJournaledUnderItsRefund(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).testified(evidence(succeeded, "P1", 100)).testified(evidence(succeeded, "P1", 100))
	require.Equal(t, []string{"open", "reported succeeded"}, b.steps("a"))
}

func TestTestifyTellsAProgramItsMistakes(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	before := b.dump()
	timeless := evidence(succeeded, "P1", 100)
	timeless.At = time.Time{}
	for want, e := range map[string]ledger.Evidence{
		`State is "processing"`: evidence(processing, "", 0),
		`State is ""`:           {},
		"Evidence.Amount":       evidence(succeeded, "", -1),
		"has no time":           timeless,
	} {
		require.ErrorContains(t, b.testify(e), want)
	}
	require.ErrorIs(t, b.Testify(t.Context(), key("nobody"), evidence(failed, "", 0)), ledger.ErrUnknown)
	require.Equal(t, before, b.dump())
}

func TestFinding(t *testing.T) {
	b := newBooks(t, memory).openedOf("old", "o1", 10, 100).sent("old", noon).answered("old", noon, answeredAtOnce("P1", "")).settled("old", 0)
	b.openedOf("a", "o1", 10, 100).openedOf("next", "o1", 10, 100).opened("waiting", 10).held("waiting", noon, noLimits)
	look := func(find func(context.Context, string, string) (ledger.Record, error), merchant, what string) string {
		t.Helper()
		r, err := find(t.Context(), merchant, what)
		if err != nil {
			require.ErrorIs(t, err, ledger.ErrUnknown)
			return ""
		}
		require.Equal(t, b.record(r.Key.ID), r)
		return r.Key.ID
	}
	require.Equal(t, "next", look(b.FindByNumber, "baidu/M1", "Nnext"))
	require.Empty(t, look(b.FindByNumber, "baidu/M2", "Nnext"), "of another merchant")
	require.Equal(t, "old", look(b.FindByPlatformRefund, "baidu/M1", "P1"), "ended ones too")
	require.Empty(t, look(b.FindByPlatformRefund, "baidu/M2", "P1"))
	require.Empty(t, look(b.FindByPlatformRefund, "baidu/M1", ""), "no number is nobody's")
	require.Empty(t, look(b.FindInFlight, "baidu/M1", "o1"), "neither ended nor unsent ones")
	require.Empty(t, look(b.FindInFlight, "baidu/M1", "order-waiting"), "a hold is no sending")
	b.sent("a", noon)
	require.Equal(t, "a", look(b.FindInFlight, "baidu/M1", "o1"), "begun")
	b.answered("a", noon, answeredAtOnce("P2", ""))
	require.Equal(t, "a", look(b.FindInFlight, "baidu/M1", "o1"), "done")
	require.Empty(t, look(b.FindInFlight, "baidu/M2", "o1"))
	b.settled("a", 0)
	require.Empty(t, look(b.FindInFlight, "baidu/M1", "o1"))
}

func TestANumberMayBeThatOfTheOneRefundThatEndedWithoutIt(t *testing.T) {
	look := func(b books, merchant, order, id string) string {
		r, err := b.FindNameless(t.Context(), merchant, order, id)
		if err != nil {
			require.ErrorIs(t, err, ledger.ErrUnknown)
			return ""
		}
		return r.Key.ID
	}
	ended := func(b books, id string) books {
		b.openedOf(id, "o1", 10, 100).sent(id, noon)
		require.NoError(t, b.Settle(t.Context(), key(id), settlement("", 0)))
		return b
	}
	b := ended(newBooks(t, memory), "a")
	require.Equal(t, "a", look(b, "baidu/M1", "o1", "P1"))
	require.Empty(t, look(b, "baidu/M2", "o1", "P1"), "of another merchant")
	require.Empty(t, look(b, "baidu/M1", "o2", "P1"), "of another order")
	_, err := b.NoteForeign(t.Context(), foreign(succeeded, 30, noon))
	require.NoError(t, err)
	require.Empty(t, look(b, "baidu/M1", "o1", "F1"), "a number that is known to be somebody else's")
	require.NoError(t, b.testify(evidence(succeeded, "P1", 0)))
	require.Empty(t, look(b, "baidu/M1", "o1", "P2"), "it has its number")
	require.Empty(t, look(ended(ended(newBooks(t, memory), "a"), "b"), "baidu/M1", "o1", "P1"), "nobody knows which of two")

	for name, b := range map[string]books{
		"open":                 newBooks(t, memory).openedOf("a", "o1", 10, 100).sent("a", noon),
		"ended by a person":    newBooks(t, memory).openedOf("a", "o1", 10, 100).sent("a", noon).finished("a", ledger.Succeeded),
		"ended without a send": newBooks(t, memory).openedOf("a", "o1", 10, 100).finished("a", ledger.Cancelled),
		"ended with a number":  newBooks(t, memory).openedOf("a", "o1", 10, 100).sent("a", noon).answered("a", noon, answeredAtOnce("P9", "")).settled("a", 0),
	} {
		require.Empty(t, look(b, "baidu/M1", "o1", "P1"), name)
	}
}
