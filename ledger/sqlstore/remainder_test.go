package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// foreignOf1 is a refund of order o1 that was not made here.
func (b books) foreignOf1(amount refund.Fen) books {
	b.Helper()
	_, err := b.NoteForeign(b.Context(), foreign(succeeded, amount, noon))
	require.NoError(b, err)
	return b
}

// TestAnOrderIsNotOverpaidByWhatIsProvenLate: "a" of ¥1.00 of order o1 failed, "b" was
// opened in its place, and then the platform proves that more was given back.
func TestAnOrderIsNotOverpaidByWhatIsProvenLate(t *testing.T) {
	later := noon.Add(3 * day)
	paid := func(b books) { b.clash(b.testify(evidence(succeeded, "P1", 100))) }
	amended := func(s ledger.Status) func(books) {
		return func(b books) { paid(b); require.NoError(b, b.Amend(b.Context(), key("a"), amendment(s, 0))) }
	}
	const gone = "order o1 of ¥1.00 has ¥0.00 left by now: ¥1.00 is given back, ¥1.00 is asked for"
	for _, c := range []struct {
		name   string
		late   func(books)
		amount refund.Fen // of b
		want   string     // why it is not sent; "" for sent
	}{
		{"a success after a failure", paid, 100, gone},
		{"of which a person says that it succeeded", amended(ledger.Succeeded), 100, gone},
		{"of which a person says that it failed all the same", amended(ledger.Failed), 100, gone},
		{"a settlement after a failure", func(b books) { b.clash(b.Settle(b.Context(), key("a"), settlement("P1", 0))) }, 100, gone},
		{"a refund that was not made here", func(b books) { b.foreignOf1(100) }, 100, gone},
		{"one with room beside it", func(b books) { b.foreignOf1(60) }, 40, ""},
		{"one fen too much", func(b books) { b.foreignOf1(60) }, 41,
			"order o1 of ¥1.00 has ¥0.40 left by now: ¥0.60 is given back, ¥0.41 is asked for"},
		{"nothing", func(books) {}, 100, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("a", "o1", 100, 100).sent("a", noon).finished("a", ledger.Failed)
			b.openedOf("b", "o1", c.amount, 100)
			c.late(b)
			o := opening("b", "o1", c.amount, 100)
			o.At = later
			opened, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			if c.want == "" {
				require.Nil(t, opened.Outlook)
				b.held("b", later, noLimits).sent("b", later)
				return
			}
			want := ledger.Hold{Obstacle: ledger.ObstacleSpent, Why: c.want}
			require.Equal(t, &want, opened.Outlook)
			require.Equal(t, want, b.hold("b", later, noLimits), "no permission to go over a limit passes it")
			require.Equal(t, want, b.beginCancel("b", later, noLimits))
			require.Equal(t, ledger.Permit{Hold: want}, b.beginSend("b", later))
			require.NoError(t, b.Finish(t.Context(), key("b"), ledger.Ending{Status: ledger.Rejected, At: later}))
		})
	}
}

func TestAHoldIsNoGoodForASpentOrder(t *testing.T) {
	b := newBooks(t, memory).openedOf("b", "o1", 100, 100).held("b", noon, noLimits).foreignOf1(1)
	require.Equal(t, ledger.ObstacleSpent, b.beginSend("b", noon).Hold.Obstacle)
	require.Equal(t, "0/0", b.used(noon), "others may have what it held")
	b.balanced()
}

func TestWhoWaitsForASpentOrderLeavesTheLine(t *testing.T) {
	b := newBooks(t, memory).opened("full", 100).held("full", noon, noLimits).openedOf("b", "o1", 100, 100)
	b.waits("b", noon, limits(100, 0), ledger.ObstacleCap).foreignOf1(1)
	b.waits("b", noon, limits(100, 0), ledger.ObstacleSpent)
	require.Empty(t, b.line(), "it waits for a person")
}

func TestARepetitionIsNotSentForASpentOrder(t *testing.T) {
	b := newBooks(t, memory).openedOf("b", "o1", 100, 100).sent("b", noon).answered("b", noon, unknown).absent("b", noon, 1).foreignOf1(30)
	before := b.dump()
	p := b.resend("b", noon.Add(time.Hour), 1, 9)
	require.True(t, p.Exhausted, "a person is next")
	require.False(t, p.Send)
	require.Equal(t, ledger.Hold{Obstacle: ledger.ObstacleSpent,
		Why: "order o1 of ¥1.00 has ¥0.70 left by now: ¥0.30 is given back, ¥1.00 is asked for"}, p.Hold)
	require.Equal(t, before, b.dump(), "it may have arrived: what it drew stays drawn")
	b.balanced()
}

// TestWhatIsProvenIsTheLargestOfEachNumber: "a" of ¥1.00 of an order of ¥5.00 has ended
// when the platform says the rest.
func TestWhatIsProvenIsTheLargestOfEachNumber(t *testing.T) {
	type words []ledger.Evidence
	first := evidence(succeeded, "P1", 100)
	for _, c := range []struct {
		name  string
		says  words
		fails refund.Fen // counted where it had ended as failed
		done  refund.Fen // and where it had succeeded
	}{
		{"nothing", nil, 0, 100},
		{"one word", words{first}, 100, 100},
		{"the same word twice", words{first, first}, 100, 100},
		{"a larger one after a smaller one", words{evidence(succeeded, "P1", 60), first}, 100, 100},
		{"a smaller one after a larger one", words{first, evidence(succeeded, "P1", 60)}, 100, 100},
		{"less than was asked for", words{evidence(succeeded, "P1", 60)}, 60, 100},
		{"more than was asked for", words{evidence(succeeded, "P1", 130)}, 130, 130},
		{"two numbers", words{first, evidence(succeeded, "P2", 100)}, 200, 200},
		{"two numbers, and the second one again", words{first, evidence(succeeded, "P2", 70), evidence(succeeded, "P2", 80)}, 180, 180},
		{"a number and none", words{first, evidence(succeeded, "", 0)}, 100, 100},
		{"a failure beside", words{first, evidence(failed, "P2", 0)}, 100, 100},
	} {
		for status, counts := range map[ledger.Status]refund.Fen{ledger.Failed: c.fails, ledger.Succeeded: c.done} {
			t.Run(c.name+", "+string(status), func(t *testing.T) {
				b := newBooks(t, memory).openedOf("a", "o1", 100, 500).sent("a", noon)
				if status == ledger.Failed {
					b.finished("a", ledger.Failed)
				} else {
					b.settled("a", 100)
				}
				for _, e := range c.says {
					b.clash(b.testify(e))
				}
				if status == ledger.Succeeded {
					require.EqualValues(t, 100, b.record("a").Refunded, "the end stands")
				} else {
					require.Equal(t, counts, b.record("a").Refunded)
				}
				o, err := b.Open(t.Context(), opening("more", "o1", 500-counts+1, 500))
				require.NoError(t, err)
				require.NotEmpty(t, o.Refused)
				b.openedOf("rest", "o1", 500-counts, 500).balanced()
			})
		}
	}
}

func TestWhatIsProvenIsNoMoreThanARowHolds(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).finished("a", ledger.Failed)
	for _, number := range []string{"P1", "P2"} {
		b.clash(b.testify(evidence(succeeded, number, refund.MaxFen)))
	}
	require.Equal(t, refund.MaxFen, b.record("a").Refunded)
	b.balanced()
}

// TestAFailureFreesTheOrdersMoneyWhereItIsTheLastWord: the platform says one thing and
// another of "a", and a person amends it to failed.
func TestAFailureFreesTheOrdersMoneyWhereItIsTheLastWord(t *testing.T) {
	paid := func(after time.Duration) ledger.Evidence { return evidenceAt(succeeded, "P1", 100, after) }
	unpaid := func(after time.Duration) ledger.Evidence { return evidenceAt(failed, "P1", 0, after) }
	for _, c := range []struct {
		name     string
		says     []ledger.Evidence
		refunded refund.Fen
	}{
		{"a success", []ledger.Evidence{paid(time.Hour)}, 100},
		{"a success after a failure", []ledger.Evidence{unpaid(time.Hour), paid(2 * time.Hour)}, 100},
		{"both at one time", []ledger.Evidence{unpaid(time.Hour), paid(time.Hour)}, 100},
		{"a failure after a success", []ledger.Evidence{paid(time.Hour), unpaid(2 * time.Hour)}, 0},
		{"a success told again after the failure", []ledger.Evidence{paid(time.Hour), unpaid(2 * time.Hour), paid(3 * time.Hour)}, 100},
		{"a failure told again after the success, perhaps late", []ledger.Evidence{unpaid(time.Hour), paid(2 * time.Hour), unpaid(3 * time.Hour)}, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).sent("a", noon).finished("a", ledger.Failed)
			for _, e := range c.says {
				b.clash(b.testify(e))
			}
			require.EqualValues(t, 100, b.record("a").Refunded, "as long as nobody has decided, it counts")
			require.NoError(t, b.Amend(t.Context(), key("a"), amendment(ledger.Failed, 0)))
			require.Equal(t, c.refunded, b.record("a").Refunded)
			b.clash(b.testify(paid(5 * day)))
			require.Equal(t, c.refunded, b.record("a").Refunded, "a word that a person has weighed changes nothing")
			o, err := b.Open(t.Context(), opening("next", "order-a", 100, 100))
			require.NoError(t, err)
			require.Equal(t, c.refunded != 0, o.Refused != "", o.Refused)
			b.clash(b.testify(evidence(succeeded, "P2", 40)))
			require.Equal(t, c.refunded+40, b.record("a").Refunded, "a new one counts, and what was overruled does not come back with it")
			b.balancedButFor("next", c.refunded == 0)
		})
	}
}

// balancedButFor rejects a refund, if it was opened, before the books are audited.
func (b books) balancedButFor(id string, opened bool) {
	b.Helper()
	if opened {
		b.finished(id, ledger.Rejected)
	}
	b.balanced()
}
