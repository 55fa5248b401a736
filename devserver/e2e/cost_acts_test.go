package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// source is from where it becomes known how a refund ended.
type source string

const (
	fromAnswer  source = "the platform's answer"
	fromMessage source = "its message"
	fromPerson  source = "a person"
)

// habits are what a path may depend on.
type habits struct {
	providers.Rules
	// notified: it sends messages; hints: which prove nothing; unpaid: it shows when an order is not paid.
	notified, hints, unpaid bool
	// rejected is an answer that refuses a refund for good, nil where none is documented.
	rejected *control.Fault
}

func habitsOf(t *testing.T, b *providertest.Bench) habits {
	t.Helper()
	_, notified := b.Provider.(providers.Notified)
	h := habits{Rules: b.Provider.Rules(), notified: notified, hints: b.Hints}
	state, err := b.Provider.OrderState(t.Context(), b.NewOrder(t, control.NewOrder{Total: orderTotal, Paid: new(false)}))
	h.unpaid = err == nil && state.Asked && !state.Paid // others refuse the question, and leave it to a person
	for _, c := range b.Codes(t) {
		if h.rejected == nil && c.Want == refund.ClassRejected && (c.Op == "" || c.Op == b.Ops.Apply) {
			h.rejected = &c.Fault
		}
	}
	return h
}

// source is the one that the platform leaves, as long as nothing goes wrong.
func (h habits) source() source {
	switch {
	case h.Query == providers.QueryByNumber || h.Query == providers.QueryNone:
		return fromAnswer
	case h.hints:
		return fromPerson
	}
	return fromMessage
}

func both(a, b func(habits) bool) func(habits) bool {
	return func(h habits) bool { return a(h) && b(h) }
}

func not(a func(habits) bool) func(habits) bool { return func(h habits) bool { return !a(h) } }

func unwinds(h habits) bool    { return h.FullWantsUnverified }
func tells(h habits) bool      { return h.notified }
func proves(h habits) bool     { return !h.hints }
func answers(h habits) bool    { return h.source() == fromAnswer }
func finds(h habits) bool      { return h.Query != providers.QueryByOrder }
func seesUnpaid(h habits) bool { return h.unpaid }
func canRefuse(h habits) bool  { return h.rejected != nil }

func late(o *control.NewOrder)    { *o.SettleAfter = control.Duration(settles) }
func notPaid(o *control.NewOrder) { o.Paid = new(false) }
func doomed(o *control.NewOrder)  { o.Outcome = control.Failed }

func asksOne(a *activities.Account) { a.Approval.Always = true }
func asksTwo(a *activities.Account) { a.Approval.TwiceAbove = new(refund.Fen(1)) }
func capped(a *activities.Account)  { a.Limits.DailyCap = orderTotal }

// acts are what the ways of the recorded histories do, too.
func acts(all ...act) (during []func(*turn, refund.Request)) {
	for _, do := range all {
		during = append(during, func(n *turn, r refund.Request) { do(n.world, r) })
	}
	return during
}

// approvedByOne waits until the first approval counts, so that the next one is heard by itself.
func approvedByOne(w *world, r refund.Request) {
	eventually(w.t, w.ctx, "the first approval is heard", func() (bool, string) {
		view := w.reach(r, refund.StatusAwaitingApproval)
		return len(view.Waiting.ApprovedBy) == 1, view.Sentence
	})
}

// onTheTwentieth lets the platform have its result after nineteen questions.
func onTheTwentieth(n *turn, _ refund.Request) {
	n.pace.set(func(nth int) time.Duration {
		if nth == 19 {
			n.pass(settles)
		}
		return time.Millisecond
	})
}

// usesUp takes the whole cap for a refund that is not sent.
func usesUp(n *turn, r refund.Request) {
	r.ID, r.Order, r.Amount = r.ID+"-before", n.paid(control.NewOrder{Total: orderTotal}), orderTotal
	n.writesDown(r)
	account, err := n.accounts.Account(r.Account)
	require.NoError(n.t, err)
	hold, err := n.books.Hold(n.ctx, ledger.KeyOf(r), time.Now(), account.Limits)
	require.NoError(n.t, err)
	require.True(n.t, hold.Granted, hold.Why)
}

// nextDay moves the refund's clock to just before its next look, so that the jump is over when it looks: what a jump does to
// a refund that works is no cost of the refund's.
func nextDay(w *world, r refund.Request) {
	view := w.reach(r, refund.StatusAwaitingBudget)
	clock, err := shared.TimeSkip().State(w.ctx, refund.WorkflowID(r.Account, r.ID))
	require.NoError(w.t, err)
	pass(view.NextLook.Sub(clock.Now)-time.Second/2)(w, r)
}

func raises(n *turn, r refund.Request) {
	n.open(nil)
	require.NoError(n.t, n.refunds.LookAgain(n.ctx, r.Account, r.ID))
}

// otherwise lets the books know the id, where Temporal does not any more.
func otherwise(n *turn, r refund.Request) {
	r.Reason = "something else"
	n.writesDown(r)
}

func spends(n *turn, r refund.Request) {
	r.ID, r.Amount = r.ID+"-before", orderTotal
	n.writesDown(r)
}

// losesTheAnswer lets the request arrive and its answer not.
func losesTheAnswer(n *turn, _ refund.Request) {
	n.fault(control.Fault{Kind: control.FaultDisconnect, Phase: control.After})
}

func refuses(n *turn, _ refund.Request) {
	fault := *n.habits.rejected
	fault.Kind = control.FaultAnswer
	n.fault(fault)
}
