package providers

import (
	"net/http"
	"time"

	"github.com/refundflow/refundflow/refund"
)

// Callback is one HTTP POST that claims to come from the platform. Nothing in
// it is to be believed before the provider has verified it.
type Callback struct {
	Header http.Header
	// Body is complete and bounded by the receiver.
	Body []byte
}

// Reply is what the platform wants to hear, to the byte.
type Reply struct {
	Status      int
	ContentType string
	Body        []byte
}

// Notified is the ability to read the platform's word about a refund.
type Notified interface {
	// Notification verifies a callback and says what it means. An error means that
	// the message is not to be believed or cannot be read; it holds a
	// [*refund.Failure] whose text shows no part of the message.
	Notification(Callback) (Notification, error)
	// NotificationReply is the answer to a message that was taken, or that the
	// platform shall send again.
	NotificationReply(taken bool) Reply
}

// Notification is what a callback says of one refund.
type Notification struct {
	// Proven: only the platform can have written it. What is not proven is a hint
	// to ask, and its other fields are used for finding the refund alone.
	Proven bool
	// Number is the merchant's refund number; empty where the message has none.
	Number string
	// PlatformRefundID is the platform's own number; may be empty.
	PlatformRefundID string
	// Order holds the order's numbers as far as the message names them, and in
	// Total what was paid, 0 when it does not tell.
	Order refund.Order
	// State is final, or [ResultProcessing] or [ResultUnknown] when the message
	// only says that something happened.
	State ResultState
	// Amount of the refund, in fen; 0 when the message names none.
	Amount refund.Fen
	// Elsewhere: the message itself says that the refund was not asked for through
	// the interface but, for instance, in the platform's console.
	Elsewhere bool
}

// Auditor is the ability to be asked, before the platform pays, whether a refund
// is wanted.
type Auditor interface {
	// Audit verifies the question; for its errors see [Notified].
	Audit(Callback) (AuditQuestion, error)
	// AuditReply is the answer. A nil verdict makes the platform ask again later.
	AuditReply(*AuditVerdict) Reply
	// AuditDeadline is how long the platform waits for the reply.
	AuditDeadline() time.Duration
}

// AuditQuestion is the platform's question about one refund.
type AuditQuestion struct {
	// PlatformRefundID is the platform's number for the refund in question.
	PlatformRefundID string
	// Order holds the order's numbers as far as the question names them.
	Order refund.Order
	// Amount in fen; 0 when the question names none.
	Amount refund.Fen
}

// AuditVerdict is the answer to an [AuditQuestion].
type AuditVerdict struct {
	Decision AuditDecision
	// Amount to be given back, in fen; platforms want it whatever the decision.
	Amount refund.Fen
}

// AuditDecision is the heart of a verdict.
type AuditDecision string

// The decisions. A refusal may make an order non-refundable for ever: only a
// person makes it.
const (
	AuditApprove   AuditDecision = "approve"
	AuditRefuse    AuditDecision = "refuse"
	AuditUndecided AuditDecision = "undecided"
)
