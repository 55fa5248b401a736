package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func TestEnding(t *testing.T) {
	unsent := func(b books) {}
	heldOnly := func(b books) { b.held("a", noon, noLimits) }
	inFlight := func(b books) { b.sent("a", noon) }
	takenBack := func(b books) { b.sent("a", noon).answered("a", noon, notSent) }
	turnedAway := func(b books) { b.sent("a", noon).answered("a", noon, refused) }
	settle := func(b books) { b.settled("a", 0) }
	finish := func(s ledger.Status) func(books) { return func(b books) { b.finished("a", s) } }
	for _, c := range []struct {
		name        string
		before, end func(books)
		status      ledger.Status
		refunded    refund.Fen
		used        string // of the day's cap and the period's reserve
	}{
		{"settled: the hold stays counted", inFlight, settle, ledger.Succeeded, 100, "100/100"},
		{"settled with the amount the provider names", inFlight, func(b books) { b.settled("a", 90) }, ledger.Succeeded, 90, "100/100"},
		{"settled before the books knew of a sending", heldOnly, settle, ledger.Succeeded, 100, "100/100"},
		{"settled without a hold", unsent, settle, ledger.Succeeded, 100, "0/0"},
		{"failed, never sent: all is given back", heldOnly, finish(ledger.Failed), ledger.Failed, 0, "0/0"},
		{"rejected, never sent: all is given back", heldOnly, finish(ledger.Rejected), ledger.Rejected, 0, "0/0"},
		{"cancelled, never sent: all is given back", heldOnly, finish(ledger.Cancelled), ledger.Cancelled, 0, "0/0"},
		{"cancelled after what never arrived: all is given back", takenBack, finish(ledger.Cancelled), ledger.Cancelled, 0, "0/0"},
		{"cancelled without a hold", unsent, finish(ledger.Cancelled), ledger.Cancelled, 0, "0/0"},
		{"failed after sending: stays in the day's cap", inFlight, finish(ledger.Failed), ledger.Failed, 0, "100/0"},
		{"failed after a refusal: stays in the day's cap", turnedAway, finish(ledger.Failed), ledger.Failed, 0, "100/0"},
		{"cancelled after a refusal: stays in the day's cap", turnedAway, finish(ledger.Cancelled), ledger.Cancelled, 0, "100/0"},
		{"failed after a refusal and a hold on another day: only the first day stays", func(b books) {
			turnedAway(b)
			b.held("a", noon.Add(day), noLimits)
		}, finish(ledger.Failed), ledger.Failed, 0, "100/0"},
		{"succeeded by hand: counted", heldOnly, finish(ledger.Succeeded), ledger.Succeeded, 100, "100/100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("a", "o1", 100, 200).openedOf("b", "o1", 100, 200)
			c.before(b)
			c.end(b)
			r := b.record("a")
			require.Equal(t, c.status, r.Status)
			require.Equal(t, c.refunded, r.Refunded)
			require.Equal(t, noon.Add(time.Hour), r.EndedAt)
			require.Equal(t, c.used, b.used(noon))
			b.balanced()

			before := b.dump()
			c.end(b)
			require.Equal(t, before, b.dump(), "ending it once more changes nothing")
			b.held("b", noon, noLimits).balanced() // the turn is free
		})
	}
}

func TestTheFirstEndStands(t *testing.T) {
	settleWith := func(id string, amount refund.Fen) func(books) error {
		return func(b books) error { return b.Settle(b.Context(), key("a"), settlement(id, amount)) }
	}
	finishAs := func(s ledger.Status, amount refund.Fen) func(books) error {
		return func(b books) error {
			return b.Finish(b.Context(), key("a"), ledger.Ending{Status: s, At: noon, By: "finance-2", Refunded: amount})
		}
	}
	for _, c := range []struct {
		name          string
		first, second func(books) error
		booked        ledger.Status
		wanted        ledger.Status
	}{
		{"failed, then settled", finishAs(ledger.Failed, 0), settleWith("P1", 0), ledger.Failed, ledger.Succeeded},
		{"failed, then succeeded by hand", finishAs(ledger.Failed, 0), finishAs(ledger.Succeeded, 0), ledger.Failed, ledger.Succeeded},
		{"settled, then failed", settleWith("P1", 0), finishAs(ledger.Failed, 0), ledger.Succeeded, ledger.Failed},
		{"settled twice with other amounts", settleWith("P1", 0), settleWith("P1", 99), ledger.Succeeded, ledger.Succeeded},
		{"settled twice with other numbers", settleWith("P1", 0), settleWith("P2", 0), ledger.Succeeded, ledger.Succeeded},
		{"settled, then succeeded by hand with another amount", settleWith("P1", 0), finishAs(ledger.Succeeded, 99), ledger.Succeeded, ledger.Succeeded},
		{"accepted under one number, settled under another", func(b books) error {
			return b.EndSend(b.Context(), key("a"), noon, accepted1)
		}, settleWith("P2", 0), ledger.Succeeded, ledger.Succeeded},
		{"accepted, then cancelled", func(b books) error {
			return b.EndSend(b.Context(), key("a"), noon, accepted1)
		}, finishAs(ledger.Cancelled, 0), ledger.Open, ledger.Cancelled},
		{"in doubt, then rejected", func(books) error { return nil }, finishAs(ledger.Rejected, 0), ledger.Open, ledger.Rejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).sent("a", noon)
			require.NoError(t, c.first(b))
			b.contradicted(c.second(b), c.booked, c.wanted)
			require.Equal(t, c.booked, b.record("a").Status)
			before := b.dump()
			b.contradicted(c.second(b), c.booked, c.wanted)
			require.Equal(t, before, b.dump(), "said again, it is journaled once")
			b.balanced()
		})
	}
}

func TestWhatAgreesWithTheEndIsNoContradiction(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).finished("a", ledger.Succeeded)
	require.NoError(t, b.Settle(t.Context(), key("a"), settlement("P1", 100)), "a person was right")
	require.Equal(t, "P1", b.record("a").PlatformRefundID, "and the number is learnt")
	before := b.dump()
	b.settled("a", 0).finished("a", ledger.Succeeded)
	require.Equal(t, before, b.dump())
}

func TestEndingTellsAProgramItsMistakes(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	before := b.dump()
	for want, err := range map[string]error{
		"is no end":                      b.Finish(t.Context(), key("a"), ledger.Ending{Status: ledger.Open, At: noon}),
		"is not known":                   b.Finish(t.Context(), key("a"), ledger.Ending{Status: "gone", At: noon}),
		"By is missing":                  b.Finish(t.Context(), key("a"), ledger.Ending{Status: ledger.Succeeded, At: noon}),
		"only a success":                 b.Finish(t.Context(), key("a"), ledger.Ending{Status: ledger.Failed, At: noon, Refunded: 1}),
		"has no time":                    b.Finish(t.Context(), key("a"), ledger.Ending{Status: ledger.Failed}),
		"Result.Amount":                  b.Settle(t.Context(), key("a"), settlement("", -1)),
		"want fen from 0 to 10000000000": b.Settle(t.Context(), key("a"), settlement("", refund.MaxFen+1)),
		`"processing"`:                   b.Settle(t.Context(), key("a"), ledger.Settlement{At: noon, Result: providers.Result{State: providers.ResultProcessing}}),
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorIs(t, b.Settle(t.Context(), key("nobody"), settlement("", 0)), ledger.ErrUnknown)
	require.Equal(t, before, b.dump())
}
