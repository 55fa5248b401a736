package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// past is an end as Temporal has kept it.
func past(status ledger.Status, amount refund.Fen, number string) ledger.Past {
	return ledger.Past{Now: noon.Add(2 * day), PlatformRefundID: number,
		Ending: ledger.Ending{Status: status, Reason: "as it was", At: noon.Add(day), Refunded: amount}}
}

func (b books) rebook(o ledger.Opening, p ledger.Past) bool {
	b.Helper()
	booked, err := b.Rebook(b.Context(), o, p)
	require.NoError(b, err)
	b.balanced()
	return booked
}

// An end that restored books have forgotten is booked as it was, whatever they know of the
// refund, and once.
func TestAForgottenEndIsBookedAgain(t *testing.T) {
	whole := limits(1000, 1000)
	for name, c := range map[string]struct {
		before func(books)
		past   ledger.Past
		// used are the caps of the first day and of the one on which it ended, and the reserve.
		used [3]refund.Fen
		want func(*testing.T, ledger.Record)
	}{
		"the whole refund is forgotten, and was paid": {
			past: past(ledger.Succeeded, 100, "P1"), used: [3]refund.Fen{0, 100, 100},
			want: func(t *testing.T, r ledger.Record) { require.Equal(t, ledger.Done, r.Sending) },
		},
		"the whole refund is forgotten, and was cancelled": {past: past(ledger.Cancelled, 0, "")},
		"it was accepted, and failed: it stays in the day's cap": {
			past: past(ledger.Failed, 0, "P1"), used: [3]refund.Fen{0, 100, 0},
		},
		"open, and was rejected": {before: func(b books) { b.opened("a", 100) }, past: past(ledger.Rejected, 0, "")},
		"open with its budget, and was cancelled": {
			before: func(b books) { b.opened("a", 100).held("a", noon, whole) }, past: past(ledger.Cancelled, 0, ""),
		},
		"open with its budget, and was sent on the next day": {
			before: func(b books) { b.opened("a", 100).held("a", noon, whole) },
			past:   past(ledger.Succeeded, 100, "P1"), used: [3]refund.Fen{0, 100, 100},
		},
		"sent, and paid later: it keeps its day": {
			before: func(b books) { b.opened("a", 100).sent("a", noon) },
			past:   past(ledger.Succeeded, 100, "P1"), used: [3]refund.Fen{100, 0, 100},
		},
		"being sent, which was taken back and cancelled": {
			before: func(b books) { b.opened("a", 100).sent("a", noon) },
			past:   past(ledger.Cancelled, 0, ""), used: [3]refund.Fen{100, 0, 0},
		},
		"refused on the first day, and paid on the next": {
			before: func(b books) { b.opened("a", 100).sent("a", noon).answered("a", noon, refused) },
			past:   past(ledger.Succeeded, 100, "P1"), used: [3]refund.Fen{100, 100, 100},
		},
		"in line for its budget, and resolved by hand": {
			before: func(b books) { b.opened("a", 100).hold("a", noon, limits(50, 0)) },
			past:   past(ledger.Succeeded, 0, ""), used: [3]refund.Fen{0, 100, 100},
			want: func(t *testing.T, r ledger.Record) { require.Equal(t, refund.Fen(100), r.Refunded) },
		},
		"ended, and amended by a person later": {
			before: func(b books) { b.opened("a", 100).sent("a", noon).finished("a", ledger.Failed) },
			past:   past(ledger.Succeeded, 100, "P1"), used: [3]refund.Fen{100, 0, 100},
		},
		"paid, and amended to failed later": {
			before: func(b books) {
				b.opened("a", 100).sent("a", noon).answered("a", noon, accepted1).settled("a", 100)
			},
			past: past(ledger.Failed, 0, "P1"), used: [3]refund.Fen{100, 0, 0},
		},
		"reported as paid, and resolved as failed: a person looks": {
			before: func(b books) {
				b.opened("a", 100).sent("a", noon)
				require.NoError(b, b.Testify(b.Context(), key("a"), evidence(succeeded, "P1", 100)))
			},
			past: past(ledger.Failed, 0, ""), used: [3]refund.Fen{100, 0, 0},
			want: func(t *testing.T, r ledger.Record) {
				require.Contains(t, r.Alert, "the platform gave back")
				require.Equal(t, refund.Fen(100), r.Refunded, "and it counts in the remainder")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory)
			o := opening("a", "order-a", 100, 100)
			o.Limits = whole
			if c.before != nil {
				c.before(b)
			}
			_, err := b.NoteForeign(t.Context(), ledger.ForeignRefund{Merchant: "baidu/M1", Account: "shop", PlatformRefundID: "P1",
				OrderKey: "order-a", Amount: 100, State: succeeded, Last: noon})
			require.NoError(t, err)

			require.True(t, b.rebook(o, c.past))
			r := b.record("a")
			require.Equal(t, c.past.Status, r.Status)
			require.Equal(t, c.past.At, r.EndedAt)
			require.Equal(t, c.past.Reason, r.Reason)
			require.Equal(t, 1, count(b.steps("a"), "rebook"), "it is journaled")
			if c.past.PlatformRefundID != "" {
				foreign, err := b.ForeignRefunds(t.Context(), "")
				require.NoError(t, err)
				require.Empty(t, foreign, "it was made here after all")
			}
			first, err := b.Usage(t.Context(), "shop", noon, whole)
			require.NoError(t, err)
			later, err := b.Usage(t.Context(), "shop", noon.Add(day), whole)
			require.NoError(t, err)
			reserve := later.PeriodUsed
			if first.Period != later.Period {
				reserve += first.PeriodUsed
			}
			require.Equal(t, c.used, [3]refund.Fen{first.DayUsed, later.DayUsed, reserve})
			if c.want != nil {
				c.want(t, r)
			}

			written := b.dump()
			require.False(t, b.rebook(o, c.past), "twice is once")
			require.Equal(t, written, b.dump())
		})
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// What was forgotten counts in its order again: a second refund finds what is left.
func TestAForgottenRefundTakesItsShareOfTheOrder(t *testing.T) {
	b := newBooks(t, memory)
	require.True(t, b.rebook(opening("a", "o1", 60, 100), past(ledger.Succeeded, 60, "P1")))
	opened, err := b.Open(t.Context(), opening("b", "o1", 60, 100))
	require.NoError(t, err)
	require.Contains(t, opened.Refused, "has ¥0.40 left")
}

// Nothing is refused that has happened. Who was given what was gone already does not get it.
func TestAForgottenRefundCountsThoughItsOrderWasGivenAway(t *testing.T) {
	b := newBooks(t, memory).openedOf("b", "o1", 60, 100)
	booked, err := b.Rebook(t.Context(), opening("a", "o1", 60, 100), past(ledger.Succeeded, 60, "P1"))
	require.NoError(t, err)
	require.True(t, booked)
	require.Equal(t, ledger.ObstacleSpent, b.beginSend("b", noon.Add(2*day)).Hold.Obstacle)
	wrong, err := b.Audit(t.Context())
	require.NoError(t, err)
	require.Len(t, wrong, 1, "the audit says so until a person ends the second one")
	b.finished("b", ledger.Cancelled).balanced()
}

func TestWhatTheBooksKnowBetterIsNotBookedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*ledger.Opening, *ledger.Past)
		wants  string
	}{
		"an end that the books have since": {change: func(_ *ledger.Opening, p *ledger.Past) { p.At = noon.Add(-time.Hour) }},
		"the same end, named later":        {change: func(_ *ledger.Opening, p *ledger.Past) { p.Status = ledger.Failed }},
		"other content": {change: func(o *ledger.Opening, _ *ledger.Past) {
			o.Request.Reason = "another"
			o.Fingerprint = o.Request.Fingerprint()
		}, wants: "other content"},
		"no end":                 {change: func(_ *ledger.Opening, p *ledger.Past) { p.Status = ledger.Open }, wants: "is no end"},
		"no time":                {change: func(_ *ledger.Opening, p *ledger.Past) { p.At = time.Time{} }, wants: "no At"},
		"the number of another":  {change: func(o *ledger.Opening, _ *ledger.Past) { *o = opening("b", "o2", 1, 1); o.Number = "Na" }, wants: "belongs to refund shop/a"},
		"a number that is wrong": {change: func(o *ledger.Opening, _ *ledger.Past) { *o = opening("b", "o2", 1, 1); o.Number = "?" }, wants: "the Number"},
		"no request":             {change: func(o *ledger.Opening, _ *ledger.Past) { o.Request.Reason = "" }, wants: "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).finished("a", ledger.Failed)
			o, p := opening("a", "order-a", 100, 100), past(ledger.Succeeded, 0, "")
			c.change(&o, &p)
			written := b.dump()
			booked, err := b.Rebook(t.Context(), o, p)
			require.False(t, booked)
			if c.wants == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.wants)
			}
			require.Equal(t, written, b.dump())
		})
	}
}

// Paid with another amount in the backup, and amended by a person to the whole amount since.
func TestAnAmountThatWasAmendedIsDrawnOnce(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).answered("a", noon, accepted1).settled("a", 60)
	before := b.used(noon)
	o := opening("a", "order-a", 100, 100)
	o.Sent, o.Limits = true, limits(1000, 1000)
	_, err := b.Rebook(t.Context(), o, past(ledger.Succeeded, 100, "P1"))
	require.NoError(t, err)
	require.Equal(t, before, b.used(noon))
	wrong, err := b.Audit(t.Context())
	require.NoError(t, err)
	require.Empty(t, wrong)
}

// What the platform said after the end that is booked again was judged by nobody.
func TestAWordThatIsLaterThanTheForgottenEndStillAsksForAPerson(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).answered("a", noon, accepted1).finished("a", ledger.Failed)
	word := evidence(succeeded, "P9", 100)
	word.At = noon.Add(3 * day)
	require.Error(t, b.Testify(t.Context(), key("a"), word), "it contradicts the books")
	require.NotEmpty(t, b.record("a").Alert)
	o := opening("a", "order-a", 100, 100)
	o.Sent, o.Limits = true, limits(1000, 1000)
	_, err := b.Rebook(t.Context(), o, past(ledger.Succeeded, 100, "P1"))
	require.NoError(t, err)
	require.NotEmpty(t, b.record("a").Alert)
}

// A failure of which the platform had proven money keeps that with its order.
func TestAForgottenFailureKeepsWhatWasProvenGivenBack(t *testing.T) {
	for name, prepared := range map[string]func(books){
		"forgotten": func(books) {},
		"open":      func(b books) { b.openedOf("a", "order-a", 60, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory)
			prepared(b)
			o := opening("a", "order-a", 60, 100)
			o.Sent, o.Limits = true, limits(1000, 1000)
			_, err := b.Rebook(t.Context(), o, past(ledger.Failed, 60, "P1"))
			require.NoError(t, err)
			require.EqualValues(t, 60, b.record("a").Refunded)
			second, err := b.Open(t.Context(), opening("b", "order-a", 60, 100))
			require.NoError(t, err)
			require.Contains(t, second.Refused, "left")
			wrong, err := b.Audit(t.Context())
			require.NoError(t, err)
			require.Empty(t, wrong)
		})
	}
}
