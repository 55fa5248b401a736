package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

var (
	receipt1  = providers.Receipt{PlatformRefundID: "P1", Amount: 100}
	accepted1 = ledger.Answer{Receipt: &receipt1, Text: "accepted"}
	notSent   = ledger.Answer{NotSent: true, Text: "connection refused"}
	refused   = ledger.Answer{Refused: true, Text: "balance too low"}
	unknown   = ledger.Answer{Text: "timeout"}
)

func TestSending(t *testing.T) {
	later := noon.Add(time.Hour)
	inDoubt := func(b books) { b.sent("a", noon).answered("a", noon, unknown) }
	resent := func(b books) {
		b.sent("a", noon).answered("a", noon, unknown).absent("a", noon, 2)
		require.Equal(b, ledger.Permit{Send: true}, b.resend("a", later, 2, 1))
	}
	for _, c := range []struct {
		name    string
		do      func(books)
		sending ledger.Progress
		sends   int
		reads   int
		used    string
		last    string // line of the journal
	}{
		{"begins with the intent, the hold counted", func(b books) { b.sent("a", noon) },
			ledger.Begun, 1, 0, "100/100", "begin send 1"},
		{"finds the intent written and doubts", func(b books) {
			b.sent("a", noon)
			require.Equal(b, ledger.Permit{Doubt: true}, b.beginSend("a", later))
		}, ledger.Begun, 1, 0, "100/100", "begin send 1"},
		{"is not repeated once accepted", func(b books) {
			b.sent("a", noon).answered("a", noon, accepted1)
			require.Equal(b, ledger.Permit{Accepted: &receipt1}, b.beginSend("a", later))
			require.Equal(b, ledger.Permit{Accepted: &receipt1}, b.resend("a", later, 1, 9))
		}, ledger.Done, 1, 0, "100/100", "accepted 1"},
		{"unknown stays begun", inDoubt,
			ledger.Begun, 1, 0, "100/100", "unknown 1"},
		{"not sent takes back the intent and the count", func(b books) { b.sent("a", noon).answered("a", noon, notSent) },
			ledger.NotBegun, 0, 0, "100/100", "not sent 1"},
		{"not sent may begin again", func(b books) { b.sent("a", noon).answered("a", noon, notSent).sent("a", later) },
			ledger.Begun, 1, 0, "100/100", "begin send 2"},
		{"not sent may begin on another day, which then counts", func(b books) {
			b.sent("a", noon).answered("a", noon, notSent).sent("a", noon.Add(2*day))
			require.Equal(b, "100/100", b.used(noon.Add(2*day)))
		}, ledger.Begun, 1, 0, "0/0", "begin send 2"},
		{"refused takes back the intent and stays counted", func(b books) { b.sent("a", noon).answered("a", noon, refused) },
			ledger.NotBegun, 1, 0, "100/100", "refused 1"},
		{"refused and begun again the same day counts once", func(b books) { b.sent("a", noon).answered("a", noon, refused).sent("a", later) },
			ledger.Begun, 2, 0, "100/100", "begin send 2"},
		{"refused and begun again another day counts on both, in the reserve once", func(b books) {
			b.sent("a", noon).answered("a", noon, refused).sent("a", noon.Add(2*day))
			require.Equal(b, "100/100", b.used(noon.Add(2*day)))
		}, ledger.Begun, 2, 0, "100/0", "begin send 2"},
		{"refused, then not sent, keeps the count of the refused one", func(b books) {
			b.sent("a", noon).answered("a", noon, refused).sent("a", later).answered("a", later, notSent)
		}, ledger.NotBegun, 1, 0, "100/100", "not sent 2"},
		{"refused, then unknown, may be repeated as often as the first time", func(b books) {
			b.sent("a", noon).answered("a", noon, refused).sent("a", later).answered("a", later, unknown).absent("a", later, 1)
			require.Equal(b, ledger.Permit{Send: true}, b.resend("a", later.Add(time.Hour), 1, 1))
		}, ledger.Begun, 3, 0, "100/100", "begin resend 3"},
		{"is repeated after enough readings", resent,
			ledger.Begun, 2, 0, "100/100", "begin resend 2"},
		{"is not repeated after too few readings", func(b books) {
			inDoubt(b)
			b.absent("a", noon, 1)
			require.Equal(b, ledger.Permit{Doubt: true}, b.resend("a", later, 2, 1))
		}, ledger.Begun, 1, 1, "100/100", "absent 1.1"},
		{"is not repeated twice by a replay", func(b books) {
			resent(b)
			require.Equal(b, ledger.Permit{Doubt: true}, b.resend("a", later, 2, 9))
		}, ledger.Begun, 2, 0, "100/100", "begin resend 2"},
		{"is not repeated more often than permitted", func(b books) {
			resent(b)
			b.absent("a", later, 2)
			require.Equal(b, ledger.Permit{Exhausted: true}, b.resend("a", later.Add(time.Hour), 2, 1))
		}, ledger.Begun, 2, 2, "100/100", "absent 2.2"},
		{"stays in doubt when the repetition was not sent", func(b books) {
			resent(b)
			b.absent("a", later, 1).answered("a", later.Add(2*time.Minute), notSent)
		}, ledger.Begun, 1, 0, "100/100", "not sent 2"},
		{"stays in doubt when the repetition was refused", func(b books) {
			resent(b)
			b.absent("a", later, 1).answered("a", later.Add(2*time.Minute), refused)
		}, ledger.Begun, 2, 0, "100/100", "refused 2"},
		{"stays in doubt when the repetition was answered twice", func(b books) {
			resent(b)
			b.answered("a", later, notSent).answered("a", later.Add(time.Minute), refused)
		}, ledger.Begun, 1, 0, "100/100", "not sent 2"},
		{"keeps its readings when an answer is replayed", func(b books) {
			resent(b)
			b.answered("a", later, notSent).absent("a", later, 1).answered("a", later, notSent)
		}, ledger.Begun, 1, 1, "100/100", "absent 2.1"},
		{"is accepted after a doubt", func(b books) { resent(b); b.answered("a", later, accepted1) },
			ledger.Done, 2, 0, "100/100", "accepted 2"},
		{"is accepted against a belief that nothing was sent", func(b books) {
			b.sent("a", noon).answered("a", noon, notSent).answered("a", later, accepted1)
		}, ledger.Done, 1, 0, "100/100", "accepted 1"},
		{"learns the platform's number later", func(b books) {
			b.sent("a", noon).answered("a", noon, ledger.Answer{Receipt: &providers.Receipt{}, Text: "ok"}).answered("a", later, accepted1)
			require.Equal(b, "P1", b.record("a").PlatformRefundID)
			require.EqualValues(b, 100, b.record("a").Receipt)
		}, ledger.Done, 1, 0, "100/100", "accepted 1"},
		{"counts a reading once", func(b books) {
			inDoubt(b)
			for range 3 {
				b.absent("a", noon, 1)
			}
		}, ledger.Begun, 1, 1, "100/100", "absent 1.1"},
		{"does not count a reading from before the repetition", func(b books) { resent(b); b.absent("a", noon, 3) },
			ledger.Begun, 2, 0, "100/100", "begin resend 2"},
		{"counts no reading when nothing is in doubt", func(b books) { b.absent("a", noon, 3) },
			ledger.NotBegun, 0, 0, "0/0", "open"},
		{"counts no reading once accepted", func(b books) { b.sent("a", noon).answered("a", noon, accepted1).absent("a", noon, 3) },
			ledger.Done, 1, 0, "100/100", "accepted 1"},
		{"ignores a late answer that nothing arrived", func(b books) {
			b.sent("a", noon).answered("a", noon, accepted1).answered("a", later, notSent).answered("a", later, refused).answered("a", later, unknown)
		}, ledger.Done, 1, 0, "100/100", "accepted 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100)
			c.do(b)
			r := b.record("a")
			require.Equal(t, c.sending, r.Sending)
			require.Equal(t, c.sends, r.Sends)
			require.Equal(t, c.reads, r.AbsentReads)
			require.Equal(t, c.used, b.used(noon))
			steps := b.steps("a")
			require.Equal(t, c.last, steps[len(steps)-1])
			b.balanced()
		})
	}
}

func TestBeginSendTellsWhyThereIsNoBudget(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).opened("b", 100)
	b.held("a", noon, noLimits).held("b", noon.Add(day), noLimits)
	p, err := b.BeginSend(t.Context(), key("a"), noon.Add(day), limits(150, 0))
	require.NoError(t, err)
	require.False(t, p.Send)
	require.Equal(t, ledger.ObstacleCap, p.Hold.Obstacle)
	require.Equal(t, ledger.NotBegun, b.record("a").Sending)

	require.NoError(t, b.Flag(t.Context(), "shop", noon.Add(day), "bad key"))
	require.Equal(t, ledger.ObstacleFlag, b.beginSend("b", noon.Add(day)).Hold.Obstacle, "a flagged account sends nothing, hold or not")
	b.balanced()
}

func TestASecondAcceptanceThatDiffersIsJournaledAndTheFirstKept(t *testing.T) {
	for name, second := range map[string]providers.Receipt{
		"another number": {PlatformRefundID: "P2", Amount: 100},
		"another amount": {PlatformRefundID: "P1", Amount: 99},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).sent("a", noon).answered("a", noon, accepted1)
			first := b.record("a")
			for range 2 {
				b.contradicted(b.EndSend(t.Context(), key("a"), noon, ledger.Answer{Receipt: &second}), ledger.Open, ledger.Open)
				require.Equal(t, first, b.record("a"))
			}
			require.Len(t, b.steps("a"), 5, "open, hold, begin, accepted and one contradiction")
			b.balanced()
		})
	}
}

func TestAnAcceptanceAfterTheEnd(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon).settled("a", 0).answered("a", noon, accepted1)
	require.Equal(t, "P1", b.record("a").PlatformRefundID, "fits a success")

	b = newBooks(t, memory).opened("a", 100).sent("a", noon).finished("a", ledger.Failed)
	b.contradicted(b.EndSend(t.Context(), key("a"), noon, accepted1), ledger.Failed, ledger.Open)
	require.Equal(t, ledger.Failed, b.record("a").Status)
	b.balanced()
}

func TestSendingTellsAProgramItsMistakes(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	_, err := b.BeginResend(t.Context(), key("a"), noon, noLimits, 1, 1)
	require.ErrorContains(t, err, "call BeginSend")
	_, err = b.BeginResend(t.Context(), key("a"), noon, noLimits, 0, 1)
	require.ErrorContains(t, err, "absenceReads")
	require.ErrorContains(t, b.EndSend(t.Context(), key("a"), noon, ledger.Answer{NotSent: true, Refused: true}), "one of")
	require.ErrorContains(t, b.EndSend(t.Context(), key("a"), noon, ledger.Answer{Receipt: &providers.Receipt{Amount: -1}}), "Receipt.Amount")
	_, err = b.BeginSend(t.Context(), key("a"), time.Time{}, noLimits)
	require.ErrorContains(t, err, "has no time")
	_, err = b.BeginSend(t.Context(), key("nobody"), noon, noLimits)
	require.ErrorIs(t, err, ledger.ErrUnknown)
	require.Equal(t, []string{"open"}, b.steps("a"), "nothing of it was written")
}

func TestARepetitionCountsInTheCapOfItsDay(t *testing.T) {
	tomorrow := noon.Add(day)
	for _, c := range []struct {
		name       string
		at         time.Time
		limits     ledger.Limits
		want       ledger.Obstacle // empty: it may leave
		used, next string          // of the first day, and of the day after, as cap/reserve
	}{
		{"on the same day it counts once", noon.Add(time.Hour), limits(1, 1), "", "100/100", "0/100"},
		{"on another day it counts on both, in the reserve once", tomorrow, limits(100, 100), "", "100/100", "100/100"},
		{"in another payout period the reserve moves along", noon.Add(2 * day), limits(100, 100), "", "100/0", "0/0"},
		{"without room in the new day it waits", tomorrow, limits(149, 0), ledger.ObstacleCap, "100/150", "50/150"},
		{"without room in the reserve it waits", noon.Add(2 * day), limits(0, 149), ledger.ObstacleReserve, "100/100", "0/100"},
		{"larger than the new cap it waits for a person", tomorrow, limits(99, 0), ledger.ObstacleTooBig, "100/100", "0/100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).opened("a", 100).opened("b", 50).sent("a", noon).absent("a", noon, 2)
			if c.want == ledger.ObstacleCap || c.want == ledger.ObstacleReserve {
				b.held("b", c.at, noLimits)
			}
			before := b.booked()
			p, err := b.BeginResend(t.Context(), key("a"), c.at, c.limits, 2, 1)
			require.NoError(t, err)
			require.Equal(t, c.want, p.Hold.Obstacle)
			require.Equal(t, c.want == "", p.Send)
			require.False(t, p.Doubt || p.Exhausted)
			if !p.Send {
				require.NotEmpty(t, p.Hold.Why)
				require.Equal(t, before, b.booked(), "its place in the line is written, and the readings stay")
			}
			require.Equal(t, c.used, b.used(noon))
			require.Equal(t, c.next, b.used(tomorrow))
			b.balanced()
			b.finished("a", ledger.Failed).balanced()
		})
	}
}

func TestReadingsOfAbsenceArePartedByTheInterval(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).sent("a", noon)
	read := func(second, want int, why string) {
		t.Helper()
		n, err := b.NoteAbsent(t.Context(), key("a"), noon.Add(time.Duration(second)*time.Second), 30*time.Second)
		require.NoError(t, err)
		require.Equal(t, want, n, why)
	}
	read(0, 0, "not later than the sending")
	read(1, 1, "the first after a sending counts at once")
	read(2, 1, "in the same breath")
	read(30, 1, "a second too early")
	read(31, 2, "an interval after the last counted one")
	read(60, 2, "the interval counts from the last counted one")
	read(31, 2, "replayed")
	require.True(t, b.resend("a", noon.Add(62*time.Second), 2, 1).Send)
	read(62, 0, "not later than the repetition")
	read(63, 1, "the first after a repetition counts at once")
	b.answered("a", noon.Add(70*time.Second), notSent)
	read(71, 1, "and so does the first after its answer")
	read(72, 1, "but not the second")
}
