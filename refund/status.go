package refund

// Status says where a refund stands. The order in which they are listed is the
// order of the happy path; [StatusNeedsAttention] can follow any of them.
type Status string

// The statuses of a refund.
const (
	StatusReceived               Status = "received"                // not yet written down
	StatusAwaitingApproval       Status = "awaiting_approval"       // a person must decide
	StatusCheckingOrder          Status = "checking_order"          // asking what the order looks like
	StatusAwaitingBudget         Status = "awaiting_budget"         // cap, reserve, balance or the order's turn
	StatusCancellingVerification Status = "cancelling_verification" // the irreversible step of verified orders
	StatusApplying               Status = "applying"                // the request is being sent
	StatusInDoubt                Status = "in_doubt"                // sent, outcome unknown, being found out
	StatusProcessing             Status = "processing"              // accepted, result awaited
	StatusSucceeded              Status = "succeeded"               // the money is back
	StatusFailed                 Status = "failed"                  // refused for good, no money moved
	StatusRejected               Status = "rejected"                // a person said no
	StatusCancelled              Status = "cancelled"               // stopped in time
	StatusNeedsAttention         Status = "needs_attention"         // a person must resolve it
)

// Statuses lists all of them in the order above.
var Statuses = []Status{
	StatusReceived, StatusAwaitingApproval, StatusCheckingOrder, StatusAwaitingBudget,
	StatusCancellingVerification, StatusApplying, StatusInDoubt, StatusProcessing,
	StatusSucceeded, StatusFailed, StatusRejected, StatusCancelled, StatusNeedsAttention,
}

// Final reports whether nothing more will happen to the refund.
func (s Status) Final() bool {
	switch s {
	case StatusSucceeded, StatusFailed, StatusRejected, StatusCancelled:
		return true
	case StatusReceived, StatusAwaitingApproval, StatusCheckingOrder, StatusAwaitingBudget,
		StatusCancellingVerification, StatusApplying, StatusInDoubt, StatusProcessing, StatusNeedsAttention:
		return false
	}
	return false
}
