package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// way is one way a refund of ¥98.00 can go. Package workflows lists the same names, and demands each of them in
// every folder of its corpus.
type way struct {
	name string
	// account is a line of the account's configuration.
	account string
	amount  refund.Fen // 0 = all of it
	order   func(*control.NewBaiduOrder)
	faults  []control.Fault
	// before acts while nothing is begun, begin begins (default: the client's Start), during goes on from there.
	before, begin act
	during        []act
	// says is a fragment of what the refund's own history tells, by which it is known that it went this way.
	says string
	// ends is the status of the outcome, or stillWaits for a way that is recorded where the refund waits.
	ends string
	// of is the workflow that is recorded; default the refund's.
	of func(*world) string
	// shop: it begins in a world that takes callbacks, and the fields from account to begin do not count.
	shop func(*testing.T) (*world, refund.Request)
}

// Policies of accounts.
const (
	askOne   = `approval: {above: 1000}`
	askTwo   = `approval: {above: 1000, twice_above: 5000}`
	askKeys  = `approval: {above: 1000, decision_key_files: [decision.key]}`
	rejects  = `approval: {above: 1000, remind_every: 12h, deadline: 48h, at_deadline: reject}`
	stays    = `approval: {above: 1000, remind_every: 12h, deadline: 48h, at_deadline: stay}`
	capWaits = `limits: {daily_cap: 10000}`
	capAsks  = `limits: {daily_cap: 10000, on_daily_cap: ask}`
	capFails = `limits: {daily_cap: 10000, on_daily_cap: fail}`
)

// Ends of ways.
const (
	succeeds  = string(refund.StatusSucceeded)
	fails     = string(refund.StatusFailed)
	rejected  = string(refund.StatusRejected)
	cancelled = string(refund.StatusCancelled)
)

var ways = []way{
	// Quiet ways.
	{name: "full", says: "cancels the order's verification", ends: succeeds},
	{name: "part", amount: 3050, ends: succeeds},
	{name: "submitted", amount: 3050, begin: submit, ends: succeeds},
	{name: "woken-by-callback", shop: calledBack, says: "waits for the result", ends: succeeds},

	// People.
	{name: "approved", account: askOne, says: "approved by finance-2", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), approves("finance-2")}},
	{name: "approved-by-two", account: askTwo, says: "approved by finance-3", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), approves("finance-2"), approves("finance-2"), approves("finance-3")}},
	{name: "rejected", account: askOne, says: "a duplicate", ends: rejected,
		during: []act{reach(refund.StatusAwaitingApproval), signal(workflows.SignalReject, refund.Decision{By: "finance-2", Note: "a duplicate"})}},
	{name: "deadline-rejected", account: rejects, says: "nobody decided within 48h", ends: rejected,
		during: []act{reach(refund.StatusAwaitingApproval), pass(49 * time.Hour)}},
	{name: "deadline-stays", account: stays, says: "late: nobody decided within 48h", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), pass(49 * time.Hour), approves("finance-2")}},
	{name: "signed", account: askKeys, says: "is not taken: its signature", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), approves("finance-2"), seals("another key"), seals(decisionKey)}},
	{name: "decided-by-update", account: askOne, says: "approved by finance-2", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), (*world).approve}},
	{name: "waiting-for-approval", account: stays, ends: stillWaits,
		during: []act{reach(refund.StatusAwaitingApproval)}},
	{name: "wrong-signals", account: askOne, order: slow, says: "its payload is wrong", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), mistypes, approves("finance-2"), reach(refund.StatusProcessing), tooLate, settle}},

	// Limits.
	{name: "waited-for-the-cap", account: capWaits, before: another, says: "daily cap", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingBudget), nights}},
	{name: "let-through-over-the-cap", account: capAsks, before: another, says: "goes over the limit", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), approves("finance-2")}},
	{name: "failed-for-the-cap", account: capFails, before: another, says: "daily cap", ends: fails},
	{name: "waiting-for-budget", account: capWaits, before: another, says: "daily cap", ends: stillWaits,
		during: []act{reach(refund.StatusAwaitingBudget)}},
	{name: "waited-for-its-turn", amount: 3050, order: slow, before: sameOrder, says: "in flight", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingBudget), pass(3 * time.Minute), settle, nights, reach(refund.StatusProcessing), settle}},
	{name: "waited-for-balance", before: poor, says: "balance is too low", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingBudget), pass(40 * time.Minute), topUp}},

	// Doubt.
	{name: "found-and-adopted", faults: []control.Fault{lost}, says: "no clear answer came", ends: succeeds},
	{name: "absent-and-repeated", amount: 3050, faults: []control.Fault{neverArrived}, says: "no clear answer came", ends: succeeds},
	{name: "never-answered", amount: 3050, faults: []control.Fault{neverArrived, silence}, says: "nobody could find out", ends: fails,
		during: []act{reach(refund.StatusInDoubt), pass(25 * time.Hour), reach(refund.StatusNeedsAttention), resolves(refund.ResolveFailed)}},
	{name: "waiting-in-doubt", amount: 3050, faults: []control.Fault{lost, silence}, says: "no clear answer came", ends: stillWaits,
		during: []act{reach(refund.StatusInDoubt)}},

	// Trouble.
	{name: "refused", amount: 3050, order: unpaid, says: "not paid", ends: fails},
	{name: "rechecked", faults: []control.Fault{stillVerified}, says: "looks at it again", ends: succeeds},
	{name: "resolved-by-retry", faults: []control.Fault{lost, unclear}, says: "resolved with retry", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), (*world).retry}},
	{name: "resolved-as-succeeded", faults: []control.Fault{lost, unclear}, says: "resolved with succeeded", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveSucceeded)}},
	{name: "resolved-as-failed", order: failing, says: "reported it as failed", ends: fails,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveFailed)}},
	{name: "misconfigured", amount: 3050, faults: []control.Fault{badSignature}, says: "is misconfigured", ends: succeeds,
		during: []act{repair}},
	{name: "waiting-for-a-person", faults: []control.Fault{lost, unclear}, says: "nobody could find out", ends: stillWaits,
		during: []act{reach(refund.StatusNeedsAttention)}},
	{name: "contradicted-and-amended", amount: 3050, faults: []control.Fault{lost, unclear}, says: "then the platform said otherwise", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), contradict, reach(refund.StatusNeedsAttention), resolves(refund.ResolveSucceeded)}},
	{name: "continued-after-termination", order: slow, ends: succeeds,
		during: []act{reach(refund.StatusProcessing), terminate, (*world).again, settle}},

	// Ends.
	{name: "cancelled", account: askOne, says: "found the parcel", ends: cancelled,
		during: []act{reach(refund.StatusAwaitingApproval), signal(workflows.SignalCancel, refund.Decision{By: "agent-17", Note: "found the parcel"})}},
	{name: "cancelled-by-temporal", account: askOne, says: "by temporal", ends: cancelled,
		during: []act{reach(refund.StatusAwaitingApproval), cancelRequest}},
	{name: "cancelled-while-unreachable", faults: []control.Fault{unreachable}, says: "cancelled by agent-17", ends: cancelled,
		during: []act{reach(refund.StatusCheckingOrder), (*world).cancel}},
	{name: "not-valid", begin: misspelt, says: "amout: unknown field", ends: fails},
	{name: "conflict", amount: 3050, says: "was first used", ends: fails,
		during: []act{ended, otherContent}},
	{name: "asked-again-after-its-end", amount: 3050, says: "ended on", ends: succeeds,
		during: []act{ended, sameContent}},
	{name: "waiting-for-the-result", order: slow, says: "waits for the result", ends: stillWaits,
		during: []act{reach(refund.StatusProcessing)}},

	// The reconciler.
	{name: "reconciled", amount: 3050, order: slow, before: another, of: (*world).reconciler, ends: "completed",
		during: []act{reach(refund.StatusProcessing), terminate, compares}},
}

// goes brings a refund down the way, to its end or to where it waits.
func (y way) goes(t *testing.T) (*world, refund.Request) {
	t.Helper()
	var w *world
	var r refund.Request
	if y.shop != nil {
		w, r = y.shop(t)
	} else {
		w = y.world(t)
		r = y.request(w)
		y.starts(w, r)
	}
	for _, do := range y.during {
		do(w, r)
	}
	if y.ends != stillWaits && y.of == nil {
		w.wait(r)
	}
	if y.says != "" {
		view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(view.Steps, func(s refund.Step) bool { return strings.Contains(s.Text, y.says) }),
			"it never said %q: %+v", y.says, view.Steps)
	}
	return w, r
}

// world is one with the way's account.
func (y way) world(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, shared.Address(), setting{})
	require.NoError(t, os.WriteFile(w.file("decision.key"), []byte(decisionKey), 0o600))
	if y.account != "" {
		w.edit("limits: {daily_cap: 0}", y.account)
	}
	w.work(nil)
	return w
}

func (y way) request(w *world) refund.Request {
	w.t.Helper()
	amount := y.amount
	if amount == 0 {
		amount = 9800
	}
	var change []func(*control.NewBaiduOrder)
	if y.order != nil {
		change = append(change, y.order)
	}
	return w.request(9800, amount, change...)
}

func (y way) starts(w *world, r refund.Request) {
	w.t.Helper()
	if y.before != nil {
		y.before(w, r)
	}
	for _, f := range y.faults {
		_, err := w.sandbox.AddFault(w.ctx, f)
		require.NoError(w.t, err)
	}
	if y.begin != nil {
		y.begin(w, r)
		return
	}
	w.start(r)
}

func (y way) workflow(w *world, r refund.Request) string {
	if y.of != nil {
		return y.of(w)
	}
	return refund.WorkflowID(r.Account, r.ID)
}
