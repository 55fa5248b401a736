package e2e

import (
	"time"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

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
	capTiny  = `limits: {daily_cap: 9000}`
	// capLate waits for room, and lets the clock be moved before it begins.
	capLate = "limits: {daily_cap: 10000}\n    approval: {above: 9000}"
	// keysOnly asks nobody, and takes nobody's word without a signature.
	keysOnly = `approval: {above: 20000, decision_key_files: [decision.key]}`
)

// inline makes first attempts in the workflow's own task.
func inline(which string) string { return "inline: " + which }

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
	{name: "woken-by-callback", own: calledBack, says: "waits for the result", ends: succeeds},

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
	{name: "not-known-signal", account: askOne, says: `signal "aprove" ignored`, ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), types("aprove", refund.Decision{By: "finance-2"}), approves("finance-2")}},

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
	{name: "bigger-than-the-limit", own: raised(way{account: capTiny}, refund.StatusNeedsAttention), says: "looks again", ends: succeeds},
	{name: "asked-over-a-limit-that-was-raised", own: raised(way{account: capAsks, before: another}, refund.StatusAwaitingApproval),
		says: "goes over the limit", ends: succeeds},
	{name: "day-changed-before-the-verification", account: capLate, faults: []control.Fault{busyCancelling}, says: "daily cap", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), lateInTheDay, approves("finance-2"), reach(refund.StatusCancellingVerification),
			nextDayUsedUp, pass(15 * time.Minute), reach(refund.StatusAwaitingBudget), nights}},
	{name: "day-changed-before-the-sending", account: capLate, faults: []control.Fault{busy}, says: "daily cap", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), lateInTheDay, approves("finance-2"), reach(refund.StatusApplying),
			nextDayUsedUp, pass(15 * time.Minute), reach(refund.StatusAwaitingBudget), nights}},

	// Doubt.
	{name: "found-and-adopted", faults: []control.Fault{lost}, says: "no clear answer came", ends: succeeds},
	{name: "absent-and-repeated", amount: 3050, faults: []control.Fault{neverArrived}, says: "no clear answer came", ends: succeeds},
	{name: "never-answered", amount: 3050, faults: []control.Fault{neverArrived, silence}, says: "nobody could find out", ends: fails,
		during: []act{reach(refund.StatusInDoubt), pass(25 * time.Hour), reach(refund.StatusNeedsAttention), resolves(refund.ResolveFailed)}},
	{name: "waiting-in-doubt", amount: 3050, faults: []control.Fault{lost, silence}, says: "no clear answer came", ends: stillWaits,
		during: []act{reach(refund.StatusInDoubt)}},
	{name: "woken-while-it-needs-attention", amount: 3050, faults: []control.Fault{lost, unclear, unclear}, says: "resolved with succeeded", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), notifies, says("looks again", 1), reach(refund.StatusNeedsAttention), resolves(refund.ResolveSucceeded)}},
	{name: "resolved-while-asked-again", amount: 3050, faults: []control.Fault{lost, unclear, silence}, says: "resolved with succeeded", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), notifies, reach(refund.StatusInDoubt), resolves(refund.ResolveSucceeded)}},

	// Trouble.
	{name: "refused", amount: 3050, order: unpaid, says: "not paid", ends: fails},
	{name: "rechecked", faults: []control.Fault{stillVerified}, says: "looks at it again", ends: succeeds},
	{name: "tried-again-certainly-not-sent", amount: 3050, faults: []control.Fault{busyForAnHour}, ends: succeeds,
		during: []act{reach(refund.StatusApplying), pass(61 * time.Minute), ended, says("sends ¥30.50", 2)}},
	{name: "resolved-by-retry", faults: []control.Fault{lost, unclear}, says: "resolved with retry", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), (*world).retry}},
	{name: "resolved-as-succeeded", faults: []control.Fault{lost, unclear}, says: "resolved with succeeded", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveSucceeded)}},
	{name: "resolved-as-failed", order: failing, says: "reported it as failed", ends: fails,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveFailed)}},
	{name: "resolved-with-a-wrong-signature-first", account: keysOnly, order: failing, says: "resolve by finance-2 is not taken: its signature", ends: fails,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveFailed), sealsFailed("another key"), sealsFailed(decisionKey)}},
	{name: "misconfigured", amount: 3050, faults: []control.Fault{badSignature}, says: "is misconfigured", ends: succeeds,
		during: []act{repair}},
	{name: "other-amount-reported", faults: []control.Fault{acceptedLess}, says: "accepted ¥97.99, asked for were ¥98.00", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveSucceeded)}},
	{name: "waiting-for-a-person", faults: []control.Fault{lost, unclear}, says: "nobody could find out", ends: stillWaits,
		during: []act{reach(refund.StatusNeedsAttention)}},
	{name: "contradicted-and-amended", amount: 3050, faults: []control.Fault{lost, unclear}, says: "then the platform said otherwise", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), contradict, reach(refund.StatusNeedsAttention), resolves(refund.ResolveSucceeded)}},
	{name: "continued-after-termination", order: slow, ends: succeeds,
		during: []act{reach(refund.StatusProcessing), terminate, (*world).again, settle}},

	// In the workflow's own task.
	{name: "inline-reads", account: inline("reads"), ends: succeeds},
	{name: "inline-all", account: inline("all"), amount: 3050, ends: succeeds},
	{name: "inline-refused", account: inline("all"), amount: 3050, order: unpaid, says: "not paid", ends: fails},
	{name: "inline-misconfigured", account: inline("all"), amount: 3050, faults: []control.Fault{badSignature}, says: "is misconfigured", ends: succeeds,
		during: []act{repair}},
	{name: "inline-handed-over", account: inline("all"), amount: 3050, order: slow, faults: []control.Fault{unreachableOnce, busyOnce}, ends: succeeds,
		during: []act{reach(refund.StatusProcessing), settle}},
	{name: "inline-in-doubt", account: inline("all"), amount: 3050, faults: []control.Fault{lost}, says: "no clear answer came", ends: succeeds},
	{name: "inline-waiting-for-the-result", account: inline("all"), order: slow, says: "waits for the result", ends: stillWaits,
		during: []act{reach(refund.StatusProcessing)}},

	// A platform that nobody can ask.
	{name: "unasked", own: unasked(way{}), says: "the stored order is believed", ends: succeeds},
	{name: "unasked-inline", own: unasked(way{account: inline("all")}), says: "the stored order is believed", ends: succeeds},
	{name: "unasked-in-doubt", own: unasked(way{faults: []control.Fault{{Op: "alibaba.xlife.onsite.trade.refund", Kind: control.FaultDisconnect, Phase: control.After}}}),
		says: "no clear answer came", ends: succeeds},
	{name: "unasked-and-approved", own: unasked(way{account: askOne}), says: "approved by finance-2", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), approves("finance-2")}},

	// Books that were lost.
	{name: "forgotten-while-waiting-for-approval", own: forgotten(way{account: askOne, amount: 3050}, refund.StatusAwaitingApproval),
		says: "the books do not know this refund", ends: succeeds,
		during: []act{approves("finance-2"), reach(refund.StatusNeedsAttention), resolves(refund.ResolveRetry)}},
	{name: "forgotten-while-processing", own: forgotten(way{amount: 3050, order: slow}, refund.StatusProcessing),
		says: "the books do not know this refund", ends: succeeds,
		during: []act{reach(refund.StatusNeedsAttention), resolves(refund.ResolveRetry), reach(refund.StatusProcessing), settle}},

	// Ends.
	{name: "cancelled", account: askOne, says: "found the parcel", ends: cancelled,
		during: []act{reach(refund.StatusAwaitingApproval), signal(workflows.SignalCancel, refund.Decision{By: "agent-17", Note: "found the parcel"})}},
	{name: "cancelled-by-temporal", account: askOne, says: "by temporal", ends: cancelled,
		during: []act{reach(refund.StatusAwaitingApproval), cancelRequest}},
	{name: "cancelled-while-unreachable", faults: []control.Fault{unreachable}, says: "cancelled by agent-17", ends: cancelled,
		during: []act{reach(refund.StatusCheckingOrder), (*world).cancel}},
	{name: "cancelled-while-it-needs-attention", faults: []control.Fault{riddle}, says: "cancelled by agent-17", ends: cancelled,
		during: []act{reach(refund.StatusNeedsAttention), (*world).cancel}},
	{name: "cancelled-before-the-books-were-open", order: slow, says: "cancellation by agent-17 refused: the point of no return has passed", ends: succeeds,
		during: []act{reach(refund.StatusProcessing), terminate, againAndCancel, settle}},
	{name: "end-not-booked-then-resolved", account: askOne, amount: 3050, says: "the end (cancelled) could not be booked", ends: succeeds,
		during: []act{reach(refund.StatusAwaitingApproval), behindItsBack, signal(workflows.SignalCancel, refund.Decision{By: "agent-17"}),
			reach(refund.StatusNeedsAttention), (*world).retry}},
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
