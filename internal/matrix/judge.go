package matrix

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// judge holds the run against what must hold. refundtest does what concerns every refund.
func (p *play) judge(r *refundtest.Run, earlier []refund.Request, since int64) Result {
	w := p.world
	w.Helper()
	p.post.collect() // what the platform has sent by now counts, even if it is still on its way
	missed := p.missed()
	if !p.certain() {
		w.Ledger.Repair()
	}
	r.Finish()
	require.False(w, p.certain() && missed, "the mishap had no occasion")
	if r.Stood != nil {
		require.Equal(w, refund.StatusNeedsAttention, r.Stood.Status, "what does not end stands before a person")
		require.NotNil(w, r.Stood.Attention)
		require.NotEmpty(w, r.Stood.Attention.Reason)
		ours := slices.ContainsFunc(r.Placed, func(placed control.PlacedRefund) bool { return placed.Number == r.Outcome.ProviderNumber })
		require.False(w, !r.Stood.Irreversible && ours, "the platform has it, and who looks at it is told that it can still be cancelled")
	}
	if r.Record != nil {
		require.Empty(w, r.Record.Alert, "nobody contradicted how it ended")
	}
	p.paid(r)
	placed := r.Placed
	for _, other := range earlier {
		placed = append(placed, w.Bench().Refunds(w.T, other.Order)...)
	}
	if p.scenario.waits() {
		of := businessDay
		if p.scenario.Reserved {
			of = payoutPeriod
		}
		for from, sum := range sums(placed, of) {
			require.LessOrEqual(w, sum, total, "what may be drawn from %s", from.Format(time.DateOnly))
		}
	}
	for _, secret := range w.Bench().Secrets {
		require.NotContains(w, p.post.log.String(), secret, "secrets stay out of the receiver's log")
	}
	p.inOrder(r, since)
	p.kept(r)
	if len(p.scenario.Mishaps) == 0 {
		require.Subset(w, r.Passed(), p.scenario.passes(), "the flow is not about what its name says")
	}
	result := Result{Trace: traceOf(r, since, p.post), Status: r.Outcome.Status, Person: r.Stood != nil, Missed: missed}
	p.afterwards(r)
	return result
}

// afterwards brings what the platform says only when the refund has ended, true or forged: it
// contradicts nothing (I7).
func (p *play) afterwards(r *refundtest.Run) {
	w := p.world
	w.Helper()
	if r.Record == nil {
		return
	}
	w.Pass(lateness)
	p.post.round(lateness)
	record, err := w.Ledger.Ledger.Refund(w.Context(), r.Record.Key)
	require.NoError(w, err)
	require.Empty(w, record.Alert, "a message contradicts how it ended")
}

// paid: what is reported as paid is paid by then, not on its way (I3); the platform knows the refund
// under its one number alone (I1), and was told to pay it by the books (I7).
func (p *play) paid(r *refundtest.Run) {
	w, s := p.world, p.scenario
	w.Helper()
	succeeded := r.Outcome.Status == refund.StatusSucceeded && r.Stood == nil // of itself, and not by a person
	for _, placed := range r.Placed {
		if s.Elsewhere && placed.Number == "" {
			require.Equal(w, control.Processing, placed.Status, "the platform was told to pay what was not asked for here")
			continue
		}
		require.Equal(w, r.Outcome.ProviderNumber, placed.Number, "the order's refund has another number")
		require.False(w, succeeded && placed.Status == control.Processing, "it is reported as paid, and the platform has not decided yet")
	}
	if s.Messages && s.audits && succeeded {
		require.NotEmpty(w, r.Said("audit approved"), "the platform was told to pay, and the books do not know")
	}
}

// kept: a mishap that comes alone keeps its promise. Two may use up what one of them heals by.
func (p *play) kept(r *refundtest.Run) {
	w, s := p.world, p.scenario
	w.Helper()
	ends := heals
	if len(s.Mishaps) > 0 {
		ends = s.Mishaps[0].ends
	}
	switch {
	case s.Unpaid:
		require.NotEqual(w, refund.StatusSucceeded, r.Outcome.Status, "nothing was paid that could be given back")
	case ends == keeps, len(s.Mishaps) > 1:
	case ends == stops:
		require.True(w, r.Stood == nil || !s.proves(), "it needed a person: %s", attention(r))
		if at := s.Mishaps[0].At.Name; at == "Open" || at == "CheckOrder" {
			require.Equal(w, refund.StatusCancelled, r.Outcome.Status, r.Outcome.Reason)
		} else if r.Stood == nil {
			require.Contains(w, []refund.Status{refund.StatusCancelled, s.ends()}, r.Outcome.Status, r.Outcome.Reason)
		}
	case ends == refuses:
		require.True(w, r.Stood != nil || r.Outcome.Status == refund.StatusFailed, "it is %s", r.Outcome.Status)
	case len(s.Mishaps) > 0 && !s.heals() && !s.Mishaps[0].toldAgain(), !s.proves():
	default:
		require.Nil(w, r.Stood, "it needed a person: %s", attention(r))
		require.Equal(w, s.ends(), r.Outcome.Status, r.Outcome.Reason)
	}
}

// toldAgain: the message comes, or comes again when it was not taken, so that who can only be told still is.
func (m Mishap) toldAgain() bool {
	switch m.At.Room {
	case Books:
		return m.At.Name == "Testify" || strings.HasPrefix(m.At.Name, "FindBy") || m.At.Name == "FindInFlight"
	case Message:
		return m.At.Name == "refund" && m.Kind != string(lost)
	case Exchange, Step:
	}
	return false
}

// attention is why it stood before a person.
func attention(r *refundtest.Run) string {
	if r.Stood == nil || r.Stood.Attention == nil {
		return ""
	}
	return r.Stood.Attention.Reason
}

// missed reports whether a planned mishap had no occasion.
func (p *play) missed() bool {
	faults, err := p.world.Platform.Faults(p.world.Context())
	require.NoError(p.world, err)
	for _, f := range faults {
		if f.Used == 0 {
			return true
		}
	}
	return p.world.Ledger.Left() > 0 || p.post.left()
}

// cancelling is Baidu's name of the one call that cannot be undone.
const cancelling = "syncOrderStatus"

// inOrder: what costs something comes after what permits it (I4).
func (p *play) inOrder(r *refundtest.Run, since int64) {
	w, s := p.world, p.scenario
	w.Helper()
	var held time.Time
	for _, line := range r.Journal {
		if held.IsZero() && strings.HasPrefix(line.Step, "hold ") {
			held = line.At
		}
	}
	cancels, days := 0, map[string]bool{}
	for _, call := range r.Calls {
		acts := call.Op == cancelling || call.Op == w.Bench().Ops.Apply && call.Amount != 0
		if call.Seq <= since || !acts {
			continue
		}
		require.False(w, held.IsZero() || call.At.Before(held), "%s before budget and the order's turn were taken", call.Op)
		require.False(w, s.Approved && call.At.Before(r.Began().Add(approvedAfter)), "%s before the approval", call.Op)
		require.False(w, s.Part && call.Op == cancelling, "a partial refund never cancels the verification")
		require.False(w, s.Unpaid && call.Op == cancelling, "nothing was paid, and the verification is cancelled")
		require.False(w, s.Unverified && call.Op == cancelling, "an order that was never verified has nothing to cancel")
		if call.Op != cancelling && call.Processed && r.Stood == nil {
			days[call.At.In(refundtest.Shanghai).Format(time.DateOnly)] = true
		}
		if call.Op == cancelling && call.Processed {
			cancels++
		}
	}
	for day := range days {
		require.True(w, slices.ContainsFunc(r.Journal, func(l ledger.Entry) bool { return l.Step == "hold "+day }), "it was sent on %s, and counts in the budget of another day", day)
	}
	require.LessOrEqual(w, cancels, 1, "a verification is cancelled once: before that is asked for again, the order is looked at")
	cancelled := cancels > 0
	require.False(w, cancelled && r.Stood == nil && r.Outcome.Status != refund.StatusSucceeded,
		"the order stands without its verification, and nobody was told")
	require.False(w, !w.Forgot() && cancelled && r.Stood == nil && r.Record.Verification != ledger.Done, "the verification is gone, and the books do not know")
}
