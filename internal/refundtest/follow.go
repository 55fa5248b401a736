package refundtest

import (
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// Follows is which statuses may come right after one; nothing comes after an end. The
// table in docs/contract.md is this table, and every run is held to it. Only an end
// that the books already have may come after any besides, as the page says below its table.
var Follows = map[refund.Status][]refund.Status{
	// Begun anew, a refund goes on where its books are, or repeats the end it had.
	refund.StatusReceived: {
		refund.StatusAwaitingApproval, refund.StatusCheckingOrder, refund.StatusInDoubt, refund.StatusProcessing,
		refund.StatusSucceeded, refund.StatusFailed, refund.StatusRejected, refund.StatusCancelled, refund.StatusNeedsAttention,
	},
	// Asked whether it may be made, the order comes next; over a limit, it was looked at.
	refund.StatusAwaitingApproval: {
		refund.StatusCheckingOrder, refund.StatusAwaitingBudget, refund.StatusCancellingVerification, refund.StatusApplying,
		refund.StatusFailed, refund.StatusRejected, refund.StatusCancelled, refund.StatusNeedsAttention,
	},
	refund.StatusCheckingOrder: {
		refund.StatusAwaitingApproval, refund.StatusAwaitingBudget, refund.StatusCancellingVerification, refund.StatusApplying,
		refund.StatusFailed, refund.StatusCancelled, refund.StatusNeedsAttention,
	},
	// After the merchant's balance the order is looked at again.
	refund.StatusAwaitingBudget: {
		refund.StatusAwaitingApproval, refund.StatusCheckingOrder, refund.StatusCancellingVerification, refund.StatusApplying,
		refund.StatusFailed, refund.StatusCancelled, refund.StatusNeedsAttention,
	},
	refund.StatusCancellingVerification: {
		refund.StatusCheckingOrder, refund.StatusAwaitingBudget, refund.StatusApplying,
		refund.StatusFailed, refund.StatusNeedsAttention,
	},
	refund.StatusApplying: {
		refund.StatusCheckingOrder, refund.StatusAwaitingBudget, refund.StatusInDoubt, refund.StatusProcessing,
		refund.StatusFailed, refund.StatusNeedsAttention,
	},
	// Repeating the request is part of finding out; what never left is begun again.
	refund.StatusInDoubt: {
		refund.StatusCheckingOrder, refund.StatusProcessing, refund.StatusNeedsAttention,
	},
	refund.StatusProcessing: {
		refund.StatusSucceeded, refund.StatusFailed, refund.StatusNeedsAttention,
	},
	// Tried again, it goes through the steps from the first that is not done for good. What
	// restored books have forgotten takes its budget and is booked as sent anew.
	refund.StatusNeedsAttention: {
		refund.StatusAwaitingApproval, refund.StatusCheckingOrder, refund.StatusAwaitingBudget, refund.StatusApplying, refund.StatusInDoubt, refund.StatusProcessing,
		refund.StatusSucceeded, refund.StatusFailed, refund.StatusRejected, refund.StatusCancelled,
	},
}

// checkSteps: each status follows the one before it as [Follows] allows. Of a long
// story the steps after the first one are gone, and the first proves nothing.
func (r *Run) checkSteps() {
	r.Helper()
	steps := r.View.Steps
	if len(steps) == refund.MaxSteps {
		steps = steps[1:]
	}
	for i, step := range steps[1:] {
		if before := steps[i].Status; before != step.Status {
			require.Contains(r, Follows[before], step.Status, "after %s: %s", before, step.Text)
		}
	}
}
