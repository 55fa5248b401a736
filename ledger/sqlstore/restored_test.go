package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

// What restored books may have forgotten is asked about before it is sent, once: from
// then on the intent is written, and makes everybody ask.
func TestRestoredBooksAskBeforeTheySend(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(books) (id string)
		asks bool
	}{
		"a refund that was open":                     {func(b books) string { return "open" }, true},
		"one that is opened soon after":              {func(b books) string { b.opened("soon", 100); return "soon" }, true},
		"one that is opened a day after":             {func(b books) string { b.later("next", noon.Add(day)); return "next" }, true},
		"one that is opened long after":              {func(b books) string { b.later("late", noon.Add(8*day)); return "late" }, false},
		"one that the workflow knows to have sent":   {func(b books) string { b.known("known", noon.Add(8*day)); return "known" }, true},
		"one found again that the workflow has sent": {func(b books) string { b.later("x", noon.Add(8*day)).known("x", noon.Add(8*day)); return "x" }, true},
		"not twice: what is known not to have arrived": {func(b books) string {
			require.Equal(b, ledger.Permit{Doubt: true}, b.beginSend("open", noon))
			b.answered("open", noon, notSent)
			return "open"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, ":memory:").opened("open", 100).opened("done", 100).sent("done", noon)
			asked, err := b.Restored(t.Context(), noon, noon.Add(7*day))
			require.NoError(t, err)
			require.Equal(t, 1, asked, "what is being sent asks anyhow")
			for _, until := range []time.Time{noon.Add(7 * day), noon.Add(time.Hour)} {
				again, err := b.Restored(t.Context(), noon, until)
				require.NoError(t, err)
				require.Equal(t, asked, again, "said twice is said once, for the longer time")
			}

			id := c.do(b)
			permit := b.beginSend(id, noon.Add(8*day))
			require.Equal(t, ledger.Permit{Doubt: c.asks, Send: !c.asks}, permit)
			require.Equal(t, ledger.Begun, b.record(id).Sending)
			require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend(id, noon.Add(8*day)))
		})
	}
}

// The platform may speak of a refund before restored books know of it again. What it said is
// no reason to refuse the refund, nor to send it once more without asking.
func TestWhatThePlatformSaidOfAForgottenRefundIsNotHeldAgainstIt(t *testing.T) {
	for name, c := range map[string]struct {
		number   string // in the platform's message
		restored bool
		sent     bool // the workflow knows
		state    providers.ResultState
		refused  bool
		adopted  bool
		resent   bool // when it is absent all the same
	}{
		"its own number":                                   {number: "Na", state: succeeded, adopted: true, resent: true},
		"its own number, on its way":                       {number: "Na", state: processing, adopted: true, resent: true},
		"its own number, of a failure":                     {number: "Na", state: failed, adopted: true, resent: true},
		"its own number, soon after the restore":           {number: "Na", restored: true, state: succeeded, adopted: true, resent: true},
		"no number, soon after the restore":                {restored: true, state: succeeded},
		"no number, of what the workflow knows":            {sent: true, state: succeeded},
		"no number, long after":                            {state: succeeded, refused: true},
		"another number":                                   {number: "Nb", restored: true, state: succeeded, refused: true},
		"another number, and the workflow knows better":    {number: "Nb", sent: true, state: succeeded},
		"nothing that counts: a failure without a number":  {restored: true, state: failed, resent: true},
		"nothing that counts: a failure of another number": {number: "Nb", restored: true, state: failed, resent: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory)
			f := foreign(c.state, 100, noon)
			f.Number, f.OrderKey = c.number, "order-a"
			_, err := b.NoteForeign(t.Context(), f)
			require.NoError(t, err)
			if c.restored {
				_, err := b.Restored(t.Context(), noon, noon.Add(7*day))
				require.NoError(t, err)
			}
			o := opening("a", "order-a", 100, 100)
			o.Sent, o.Limits = c.sent, noLimits
			opened, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			if require.Equal(t, c.refused, opened.Refused != "", opened.Refused); c.refused {
				b.balanced()
				return
			}
			require.Nil(t, opened.Outlook)
			require.Equal(t, c.adopted, len(b.foreigns()) == 0)
			if c.adopted {
				require.Equal(t, "F1", b.record("a").PlatformRefundID)
				require.Equal(t, final(c.state), b.record("a").Evidence != nil)
			}
			b.held("a", noon, noLimits).balanced()
			require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend("a", noon), "it is asked about first, whatever the order has left")
			b.balanced()

			permit := b.absent("a", noon, 2).resend("a", noon.Add(time.Hour), 2, 3)
			require.Equal(t, c.resent, permit.Send)
			require.Equal(t, !c.resent, permit.Exhausted, "the order is spent: a person is next")
			b.balanced()
		})
	}
}

// A refusal would end it as failed.
func TestARefundThatTheWorkflowHasSentIsNotRefusedByBooksThatForgotIt(t *testing.T) {
	for name, change := range map[string]func(books, *ledger.Opening){
		"for the order's remainder":  func(b books, _ *ledger.Opening) { b.openedOf("b", "order-a", 100, 100) },
		"for the order's total":      func(b books, _ *ledger.Opening) { b.openedOf("b", "order-a", 10, 30) },
		"for the window":             func(_ books, o *ledger.Opening) { o.Rules.Window = time.Hour },
		"for being a part":           func(_ books, o *ledger.Opening) { o.Rules.Partial, o.Request.Amount = false, 50 },
		"for the number of refunds":  func(b books, o *ledger.Opening) { b.openedOf("b", "order-a", 10, 100); o.Rules.MaxRefundsPerOrder = 1 },
		"for one that has succeeded": func(b books, _ *ledger.Opening) { b.openedOf("b", "order-a", 100, 100).settled("b", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory)
			o := opening("a", "order-a", 100, 100)
			change(b, &o)
			o.Fingerprint = o.Request.Fingerprint()
			opened, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			require.NotEmpty(t, opened.Refused)
			o.Sent = true
			opened, err = b.Open(t.Context(), o)
			require.NoError(t, err)
			require.Empty(t, opened.Refused)
			require.Contains(t, b.steps("a"), stepForgotten)
			require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend("a", noon))
			b.answered("a", noon, answeredAtOnce("P1", succeeded)).settled("a", 0).balanced()
			again, err := b.Open(t.Context(), opening("c", "order-a", 100, 100))
			require.NoError(t, err)
			require.NotEmpty(t, again.Refused, "what it gave back counts for the next one")
		})
	}
}

// The question comes with the sending, and the verification is cancelled before.
func TestNoVerificationIsCancelledForAnOrderThatMayBeSpent(t *testing.T) {
	b := newBooks(t, memory)
	_, err := b.Restored(t.Context(), noon, noon.Add(7*day))
	require.NoError(t, err)
	b.opened("a", 100).held("a", noon, noLimits)
	f := foreign(succeeded, 100, noon)
	f.OrderKey = "order-a"
	_, err = b.NoteForeign(t.Context(), f)
	require.NoError(t, err)
	require.Equal(t, ledger.ObstacleSpent, b.beginCancel("a", noon, noLimits).Obstacle)
	require.Equal(t, ledger.NotBegun, b.record("a").Verification)
	require.Equal(t, ledger.Permit{Doubt: true}, b.beginSend("a", noon))
	b.balanced()
}

func TestARestoreNamesATimeAfterItself(t *testing.T) {
	b := newBooks(t, ":memory:")
	_, err := b.Restored(t.Context(), noon, noon.Add(-time.Second))
	require.ErrorContains(t, err, "give a later one")
	_, err = b.Restored(t.Context(), time.Time{}, noon)
	require.Error(t, err)
}

// later opens a refund at another time, and known one of which the workflow knows more.
func (b books) later(id string, at time.Time) books { return b.reopened(id, at, false) }
func (b books) known(id string, at time.Time) books { return b.reopened(id, at, true) }

func (b books) reopened(id string, at time.Time, sent bool) books {
	b.Helper()
	o := opening(id, "order-"+id, 100, 100)
	o.At, o.Sent = at, sent
	opened, err := b.Open(b.Context(), o)
	require.NoError(b, err)
	require.Empty(b, opened.Refused)
	return b
}
