package ledger

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// Notices is the part of the books that the platforms' own messages reach.
// merchant is [providers.Rules.Merchant] throughout.
type Notices interface {
	// FindByNumber returns the refund with this merchant's refund number, or
	// [ErrUnknown].
	FindByNumber(ctx context.Context, merchant, number string) (Record, error)
	// FindByPlatformRefund returns the refund that the platform accepted under its
	// number, or [ErrUnknown].
	FindByPlatformRefund(ctx context.Context, merchant, platformRefundID string) (Record, error)
	// FindInFlight returns the order's refund that was sent, or may have been, and
	// has not ended, or [ErrUnknown]. There is at most one.
	FindInFlight(ctx context.Context, merchant, orderKey string) (Record, error)
	// Testify writes down the platform's proven word about the end of a refund. The
	// first word stands; the same again changes nothing; another one is journaled
	// as a [*ContradictionError], and from then on the evidence is Contradicted.
	Testify(ctx context.Context, key Key, evidence Evidence) error
	// NoteForeign writes down a refund that was not made here; it counts in the
	// order's remainder unless it failed. A later word about the same refund
	// updates it. It reports whether anything changed.
	NoteForeign(ctx context.Context, f ForeignRefund) (bool, error)
	// ForeignRefunds lists them, newest first; "" means those of all merchants.
	ForeignRefunds(ctx context.Context, merchant string) ([]ForeignRefund, error)
	// DecideAudit answers the platform's question whether a refund is wanted, and
	// remembers it: a question that was decided gets the same answer for ever.
	DecideAudit(ctx context.Context, question AuditQuestion) (AuditAnswer, error)
	// SettleAudit is a person's decision on a question that was left undecided.
	SettleAudit(ctx context.Context, merchant, platformRefundID string, decision providers.AuditDecision, by, note string, at time.Time) error
	// Audits lists the questions, newest first; "" means those of all merchants.
	Audits(ctx context.Context, merchant string) ([]AuditEntry, error)
}

// Evidence is the platform's proven word about the end of a refund.
type Evidence struct {
	// State is [providers.ResultSucceeded] or [providers.ResultFailed].
	State            providers.ResultState
	PlatformRefundID string
	// Amount in fen; 0 when the platform named none.
	Amount refund.Fen
	At     time.Time
	// Source says how it came: "notification" or "answer".
	Source string
	// Contradicted: the platform has said two different things. Nobody may believe
	// either without a person.
	Contradicted bool
}

// Result is the evidence in the words of an answer.
func (e Evidence) Result() providers.Result {
	return providers.Result{State: e.State, PlatformRefundID: e.PlatformRefundID, Amount: e.Amount}
}

// ForeignRefund is a refund that the platform shows and nobody asked for here: made
// in its console, by its service desk, or by the platform itself.
type ForeignRefund struct {
	Merchant string `json:"merchant"`
	Account  string `json:"account"`
	// PlatformRefundID identifies it.
	PlatformRefundID string     `json:"platform_refund_id"`
	OrderKey         string     `json:"order_key"`
	Number           string     `json:"number,omitempty"`
	Amount           refund.Fen `json:"amount"`
	// State is what the platform last said.
	State providers.ResultState `json:"state"`
	First time.Time             `json:"first"`
	Last  time.Time             `json:"last"`
}

// AuditQuestion is [providers.AuditQuestion] as the ledger needs it.
type AuditQuestion struct {
	Merchant         string
	Account          string
	PlatformRefundID string
	OrderKey         string
	Amount           refund.Fen
	At               time.Time
}

// AuditAnswer is the ledger's answer to it.
type AuditAnswer struct {
	Verdict providers.AuditVerdict
	// Why is the reason in a sentence.
	Why string
	// Alert: a person must look.
	Alert bool
}

// AuditEntry is one question as it is remembered.
type AuditEntry struct {
	AuditQuestion
	// Key of the refund it belongs to; zero while it is not known.
	Key      Key
	Decision providers.AuditDecision
	Why      string
	By       string
	// Asked counts how often, Last says when it was asked last.
	Asked int
	Last  time.Time
}
