package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

func amendment(status ledger.Status, amount refund.Fen) ledger.Ending {
	return ledger.Ending{Status: status, Refunded: amount, Reason: "seen in the console", By: "finance-2", At: noon.Add(2 * day)}
}

func TestAmending(t *testing.T) {
	success, failure := evidence(succeeded, "P1", 100), evidenceAt(failed, "P1", 0, 90*time.Minute) // after the settlement
	paid := func(b books) { b.sent("a", noon).finished("a", ledger.Failed).clash(b.testify(success)) }
	unpaid := func(b books) { b.sent("a", noon).settled("a", 0).clash(b.testify(failure)) }
	for _, c := range []struct {
		name     string
		before   func(books) // ends in an alert
		amend    ledger.Ending
		refunded refund.Fen
		used     string // of noon's cap and reserve
		left     bool   // the order of ¥1.00 can be refunded again
		again    ledger.Evidence
	}{
		{"a failure that was paid succeeds, and draws on the reserve again", paid, amendment(ledger.Succeeded, 0), 100, "100/100", false, success},
		{"with the amount that a person names", paid, amendment(ledger.Succeeded, 90), 90, "100/100", false, evidence(succeeded, "P1", 90)},
		{"one that was never sent draws on the cap as well", func(b books) {
			b.held("a", noon, noLimits).finished("a", ledger.Cancelled).clash(b.testify(success))
		}, amendment(ledger.Succeeded, 0), 100, "100/100", false, success},
		{"one that was sent and refused draws on the day of that, not of its last hold", func(b books) {
			b.sent("a", noon).answered("a", noon, refused).held("a", noon.Add(8*day), noLimits).finished("a", ledger.Failed)
			b.clash(b.testify(success))
		}, amendment(ledger.Succeeded, 0), 100, "100/100", false, success},
		{"one without a hold has nothing to draw on", func(b books) { b.finished("a", ledger.Rejected).clash(b.testify(success)) },
			amendment(ledger.Succeeded, 0), 100, "0/0", false, success},
		{"a failure that stays one: what the platform proved counts in the order", paid, amendment(ledger.Failed, 0), 100, "100/0", false, success},
		{"a success that failed: person and platform agree that the order has it", unpaid, amendment(ledger.Failed, 0), 0, "100/0", true, failure},
		{"and the success, told once more, does not count again", unpaid, amendment(ledger.Failed, 0), 0, "100/0", true, success},
		{"a success by hand of which the platform gave back less: what is proven counts", func(b books) {
			b.sent("a", noon).endedByHand(ledger.Succeeded).clash(b.testify(evidence(succeeded, "P1", 90)))
		}, amendment(ledger.Failed, 0), 90, "100/0", false, evidence(succeeded, "P1", 90)},
		{"a success by hand that failed: nobody else said that it was paid", func(b books) {
			b.sent("a", noon).endedByHand(ledger.Succeeded).clash(b.testify(failure))
		}, amendment(ledger.Failed, 0), 0, "100/0", true, failure},
		{"a success that stays one", unpaid, amendment(ledger.Succeeded, 0), 100, "100/100", false, failure},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100)
			c.before(b)
			require.NotEmpty(t, b.record("a").Alert)
			require.NoError(t, b.Amend(t.Context(), key("a"), c.amend))
			r := b.record("a")
			require.Empty(t, r.Alert)
			require.Equal(t, c.amend.Status, r.Status)
			require.Equal(t, c.refunded, r.Refunded)
			require.Equal(t, c.amend.At, r.EndedAt)
			require.Equal(t, "seen in the console", r.Reason)
			require.Contains(t, b.steps("a"), "amend "+string(c.amend.Status))
			require.Equal(t, c.used, b.used(noon))
			b.balanced()

			before := b.dump()
			require.NoError(t, b.Amend(t.Context(), key("a"), c.amend), "a replay")
			later := c.amend
			later.At = later.At.Add(time.Hour)
			require.NoError(t, b.Amend(t.Context(), key("a"), later), "the same word once more")
			require.Equal(t, before, b.dump())
			b.clash(b.testify(c.again))
			b.clash(b.testify(c.again))
			require.Empty(t, b.record("a").Alert, "a person has weighed this word")
			require.Equal(t, c.refunded, b.record("a").Refunded)
			b.balanced()

			o, err := b.Open(t.Context(), opening("next", "order-a", 100, 100))
			require.NoError(t, err)
			require.Equal(t, c.left, o.Refused == "", o.Refused)
			b.balanced()
		})
	}
}

func TestANewWordRaisesANewAlertThatAReplayDoesNotTakeAway(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).finished("a", ledger.Failed)
	b.clash(b.testify(evidence(succeeded, "P1", 100)))
	first := amendment(ledger.Succeeded, 0)
	require.NoError(t, b.Amend(t.Context(), key("a"), first))
	b.clash(b.testify(evidence(failed, "P1", 0)))
	before := b.dump()
	require.NoError(t, b.Amend(t.Context(), key("a"), first))
	require.Equal(t, before, b.dump())
	require.NotEmpty(t, b.record("a").Alert)

	second := amendment(ledger.Failed, 0)
	second.At = second.At.Add(time.Hour)
	require.NoError(t, b.Amend(t.Context(), key("a"), second))
	require.Equal(t, "100/0", b.used(noon))
	b.clash(b.testify(evidence(succeeded, "P1", 90)))
	third := amendment(ledger.Succeeded, 90)
	third.At = third.At.Add(2 * time.Hour)
	require.NoError(t, b.Amend(t.Context(), key("a"), third), "to and fro")
	require.Equal(t, "100/100", b.used(noon))
	b.balanced()
}

func TestAmendWantsAnAlert(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	b.contradicted(b.Amend(t.Context(), key("a"), amendment(ledger.Failed, 0)), ledger.Open, ledger.Failed)
	b.sent("a", noon).settled("a", 0)
	b.contradicted(b.Amend(t.Context(), key("a"), amendment(ledger.Failed, 0)), ledger.Succeeded, ledger.Failed)
	b.contradicted(b.Amend(t.Context(), key("a"), amendment(ledger.Succeeded, 99)), ledger.Succeeded, ledger.Succeeded)
	b.clash(b.testify(evidence(failed, "", 0)))
	before := b.dump()
	nameless, dateless := amendment(ledger.Failed, 0), amendment(ledger.Failed, 0)
	nameless.By, dateless.At = "", time.Time{}
	for want, e := range map[string]ledger.Ending{
		`give "succeeded" or "failed"`:   amendment(ledger.Rejected, 0),
		"only a success gives back":      amendment(ledger.Failed, 1),
		"want fen from 0 to 10000000000": amendment(ledger.Succeeded, refund.MaxFen+1),
		"By is missing":                  nameless,
		"has no time":                    dateless,
	} {
		require.ErrorContains(t, b.Amend(t.Context(), key("a"), e), want)
	}
	require.ErrorIs(t, b.Amend(t.Context(), key("nobody"), amendment(ledger.Failed, 0)), ledger.ErrUnknown)
	require.Equal(t, before, b.dump())
}

// An answer may come days after the sending was believed not to have arrived.
func TestWhatHasLeftIsDrawnAgain(t *testing.T) {
	for name, heard := range map[string]func(books){
		"accepted":  func(b books) { b.answered("a", noon.Add(day), accepted1) },
		"succeeded": func(b books) { b.settled("a", 100) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).opened("other", 100).sent("a", noon).answered("a", noon, notSent)
			b.held("other", noon.Add(day), limits(100, 0)).waits("a", noon.Add(day), limits(100, 0), ledger.ObstacleCap)
			require.Equal(t, "0/100", b.used(noon), "its hold is given up")
			heard(b)
			require.Equal(t, "100/200", b.used(noon), "on the day it was sent")
			b.balanced()
		})
	}
}

func TestAnAmendmentReplayedOverrulesNoLaterWord(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).settled("a", 100)
	require.NoError(t, contradicting(b.testify(evidenceAt(failed, "", 0, 2*time.Hour))))
	amend := func() error {
		return b.Amend(t.Context(), key("a"), ledger.Ending{Status: ledger.Failed, By: "finance-2", At: noon.Add(3 * time.Hour)})
	}
	require.NoError(t, amend())
	// Older than the failure, and heard after it.
	require.NoError(t, contradicting(b.testify(evidenceAt(succeeded, "", 60, 90*time.Minute))))
	before := b.dump()
	require.NoError(t, amend())
	require.Equal(t, before, b.dump())
}
