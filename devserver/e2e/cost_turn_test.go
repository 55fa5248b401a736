package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// What every refund at the till is about, in fen.
const (
	orderTotal = 9800
	orderPart  = 3050
)

// turn is one refund at the till, of an account and a merchant of its own.
type turn struct {
	*till
	bench  *providertest.Bench
	habits habits
}

// next opens them. The platform sends its messages where the result comes from them, and nowhere else: whether one comes
// before the answer to the first question is up to chance.
func (l *till) next(t *testing.T, from source) *turn {
	t.Helper()
	own := l.with(t, t.Context(), patience)
	own.account = fmt.Sprintf("%s-%d", l.account, worlds.Add(1))
	g := providertest.Ground{Server: own.stand, Address: own.url, Now: own.now}
	if from == fromMessage {
		g.NotifyURL = own.receiver + "/callbacks/" + own.account + "/refund"
	}
	require.NoError(t, own.sandbox.ClearFaults(own.ctx))
	bench := own.transport.Open(t, g)
	return &turn{own, bench, habitsOf(t, bench)}
}

// with is the same till for a while of a test.
func (l *till) with(t *testing.T, ctx context.Context, d time.Duration) *till {
	own, w := *l, *l.world
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithTimeout(ctx, d)
	t.Cleanup(cancel)
	w.t, own.world = t, &w
	return &own
}

// open makes the account known, or known anew.
func (n *turn) open(change func(*activities.Account)) {
	a := activities.Account{Name: n.account, Provider: n.bench.Provider, Limits: ledger.Limits{Zone: time.UTC}}
	if change != nil {
		change(&a)
	}
	n.accounts.set(a)
}

// takes one refund down the path, and tells what it cost.
func (n *turn) takes(p path) cost {
	n.t.Helper()
	n.open(p.account)
	from := p.source(n.habits)
	wanted := control.NewOrder{Total: orderTotal, SettleAfter: new(control.Duration(0))}
	if from == fromMessage {
		late(&wanted)
	}
	if p.order != nil {
		p.order(&wanted)
	}
	amount := refund.Fen(orderTotal)
	if n.habits.Partial && !p.whole {
		amount = orderPart
	}
	r := refund.Request{
		ID: n.account, Account: n.account, Amount: amount, Reason: "parcel never arrived", Initiator: refund.InitiatorUser,
		RequestedBy: "agent-17", Order: n.paid(wanted),
	}
	n.asksAgain(from)
	if p.before != nil {
		p.before(n, r)
	}
	before := n.meter.snapshot()
	defer func() {
		if n.t.Failed() { // perhaps since its time is up
			n.till = n.with(n.t, context.WithoutCancel(n.ctx), 10*time.Second)
			n.t.Logf("until now it cost %s", n.spent(r, before))
		}
	}()
	if p.begin != nil {
		p.begin(n.world, r)
	} else {
		n.start(r)
	}
	for _, do := range p.during {
		do(n, r)
	}
	if !p.refused {
		n.becomesKnown(r, from)
	}
	out := n.wait(r)
	require.Equal(n.t, p.ends(), out.Status, out.Reason)
	return n.spent(r, before)
}

// asksAgain sets the pace. Who waits for a message waits long after the first question; where only a person can tell, the
// time for asking is over at once. More questions than there should be come soon, so that they show in the price.
func (n *turn) asksAgain(from source) {
	n.pace.set(func(nth int) time.Duration {
		switch {
		case from == fromPerson:
			return n.habits.PollFor + time.Hour
		case from == fromMessage && nth == 1:
			return time.Hour
		}
		return 10 * time.Millisecond
	})
}

// becomesKnown brings the result.
func (n *turn) becomesKnown(r refund.Request, from source) {
	n.t.Helper()
	switch from {
	case fromAnswer: // to the first question
	case fromMessage:
		n.resting(r)
		n.pass(settles)
	case fromPerson:
		n.reach(r, refund.StatusNeedsAttention)
		resolves(refund.ResolveSucceeded)(n.world, r)
	}
}

// resting waits until the one question for the result is answered with "not yet", and the server waits to have it asked
// again: what wakes the refund then meets it at the same point each time.
func (n *turn) resting(r refund.Request) {
	n.t.Helper()
	eventually(n.t, n.ctx, r.ID+" waits for the next question", func() (bool, string) {
		d, err := n.temporal.DescribeWorkflowExecution(n.ctx, refund.WorkflowID(r.Account, r.ID), "")
		require.NoError(n.t, err)
		p := d.GetPendingActivities()
		return len(p) == 1 && p[0].GetActivityType().GetName() == activities.AwaitResult &&
			p[0].GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED && p[0].GetAttempt() > 1, fmt.Sprint(p)
	})
}

// spent is what the refund has cost since the meter was read before. What moving its clock left in the history is the
// test's doing.
func (n *turn) spent(r refund.Request, before actions) cost {
	n.t.Helper()
	eventually(n.t, n.ctx, "the last calls are counted", func() (bool, string) { return n.meter.Quiet(), "calls under way" })
	events := slices.DeleteFunc(n.lines(refund.WorkflowID(r.Account, r.ID), ""), func(line string) bool {
		return line == "WorkflowExecutionOptionsUpdated" || line == "WorkflowExecutionTimeSkippingTransitioned"
	})
	return cost{events: events, actions: n.meter.snapshot().plus(-1, before)}
}

// paid makes a paid order.
func (n *turn) paid(wanted control.NewOrder) refund.Order {
	n.t.Helper()
	order := n.bench.NewOrder(n.t, wanted)
	order.PaidAt = time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC()
	return order
}

// writesDown opens a refund in the books that has no workflow.
func (n *turn) writesDown(r refund.Request) {
	n.t.Helper()
	_, err := n.books.Open(n.ctx, ledger.Opening{
		Request: r, Fingerprint: r.Fingerprint(), Rules: n.habits.Rules, At: time.Now(),
		Number: refund.ProviderNumber(r.Account, "", r.ID, n.habits.Number),
	})
	require.NoError(n.t, err)
}

// fault strikes the sending of the refund.
func (n *turn) fault(f control.Fault) {
	n.t.Helper()
	f.Op = n.bench.Ops.Apply
	if n.bench.Ops.Order == f.Op {
		f.Nth = 2 // all calls come under one name, and the first asks about the order
	}
	_, err := n.sandbox.AddFault(n.ctx, f)
	require.NoError(n.t, err)
}
