package workflows

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/refund"
)

// Names by which callers and people reach a refund. They appear in histories
// and in other people's programs: never rename one.
const (
	// TypeRefund is the workflow type; its input is a [refund.Request], its result
	// a [refund.Outcome].
	TypeRefund = "RefundWorkflow"
	// TaskQueue is the default task queue.
	TaskQueue = "refunds"

	// SignalApprove and SignalReject decide a refund that waits for approval;
	// SignalCancel stops it before the point of no return. Their payload is a
	// [refund.Decision].
	SignalApprove = "approve"
	SignalReject  = "reject"
	SignalCancel  = "cancel"
	// SignalResolve ends or repeats a refund that needs attention; its payload is a
	// [refund.Resolution].
	SignalResolve = "resolve"
	// SignalLimitsChanged and SignalNotification make a refund that waits for budget,
	// for its order's turn or for its result look now. The first is sent by people
	// who changed a limit, the second by whoever heard from the provider; it proves
	// nothing by itself. Any payload is ignored.
	SignalLimitsChanged = "limits-changed"
	SignalNotification  = "provider-notification"

	// UpdateDecide, UpdateCancel and UpdateResolve are the signals' comfort: answered
	// at once, and refused with the reason when they would change nothing. Their
	// payloads are a [refund.Verdict], a [refund.Decision] and a [refund.Resolution];
	// their result is a [refund.Answer].
	UpdateDecide  = "decide"
	UpdateCancel  = "cancel"
	UpdateResolve = "resolve"
	// UpdateSubmit is sent together with the start, with the same [refund.Request]. It
	// answers once the refund is written down: accepted, waiting for whom or what, or
	// refused and why. Its result is a [refund.Answer].
	UpdateSubmit = "submit"

	// QueryStatus answers with a [refund.View].
	QueryStatus = "status"

	// TypeReconcile is the type of the workflow that compares the books with Temporal
	// and the platforms, ScheduleReconcile the id of its schedule on the default task
	// queue; for others see [ReconcileSchedule].
	TypeReconcile     = "ReconcileWorkflow"
	ScheduleReconcile = "refundflow-reconcile"
)

// signals are all that a refund understands.
var signals = []string{SignalApprove, SignalReject, SignalCancel, SignalResolve, SignalLimitsChanged, SignalNotification}

// Types of the application errors with which an update is refused. None of them
// has changed anything.
const (
	// RefusedInvalid: the payload is wrong; the message names the fields.
	RefusedInvalid = "invalid"
	// RefusedConflict: the refund of this id has other content.
	RefusedConflict = "conflict"
	// RefusedNow: it would change nothing as the refund stands; the message says why.
	RefusedNow = "refused"
)

// Search attributes of every refund, for the lists of the Web UI.
var (
	AttributeProvider = temporal.NewSearchAttributeKeyKeyword("RefundProvider")
	AttributeAccount  = temporal.NewSearchAttributeKeyKeyword("RefundAccount")
	AttributeStatus   = temporal.NewSearchAttributeKeyKeyword("RefundStatus")
	AttributeOrder    = temporal.NewSearchAttributeKeyKeyword("RefundOrder")
	AttributeAmount   = temporal.NewSearchAttributeKeyInt64("RefundAmount")
)

// OrderOf is the value of [AttributeOrder]: the merchant's own number of the
// order where it is known, else the platform's.
func OrderOf(r refund.Request) string {
	if r.Order.MerchantID != "" {
		return r.Order.MerchantID
	}
	return r.Order.PlatformID
}

// SearchAttributes are the attributes a namespace must know before a refund
// can run: an unknown one blocks every workflow task without a word. The
// worker registers them when it starts.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	all := map[string]enumspb.IndexedValueType{}
	for _, key := range []temporal.SearchAttributeKey{
		AttributeProvider, AttributeAccount, AttributeStatus, AttributeOrder, AttributeAmount,
	} {
		all[key.GetName()] = key.GetValueType()
	}
	return all
}
