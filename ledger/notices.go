package ledger

import (
	"context"
	"fmt"
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
	// has not ended, or [ErrUnknown]. There is at most one; where there is none, one
	// whose sending was taken back stands in, for a platform may have done all the
	// same what it said it had not.
	FindInFlight(ctx context.Context, merchant, orderKey string) (Record, error)
	// FindNameless returns the order's one refund that has ended after it was sent, or
	// may have been, and without the platform's number ever being told, which platformRefundID may be, or
	// [ErrUnknown]. A number that is listed as foreign is nobody's here.
	FindNameless(ctx context.Context, merchant, orderKey, platformRefundID string) (Record, error)
	// Testify writes down the platform's proven word about the end of a refund. The
	// first word stands; the same again changes nothing but fills in an amount or a
	// number that was not told; another one is journaled as a [*ContradictionError],
	// and from then on the evidence is Contradicted. An ended refund keeps its end: a
	// word that agrees changes nothing, and one that does not is a contradiction, but
	// what it says is given back counts in the order's remainder.
	Testify(ctx context.Context, key Key, evidence Evidence) error
	// NoteForeign writes down a refund that was not made here; it counts in the
	// order's remainder unless it failed; an amount that was not told counts as
	// nothing. A later word about the same refund updates it, but nothing undoes a
	// success. When a refund of the books turns out to have its number, it goes from
	// the list. It reports whether anything but the time of the last word changed. Of
	// two different ends it writes what counts, and returns a [*ForeignEndsError].
	NoteForeign(ctx context.Context, f ForeignRefund) (bool, error)
	// ForeignRefunds lists them, newest first; "" means those of all merchants.
	ForeignRefunds(ctx context.Context, merchant string) ([]ForeignRefund, error)
	// DecideAudit answers the platform's question whether a refund is wanted, and
	// remembers it: a question that was decided gets the same answer for ever, one
	// that was not is judged anew. One refund approves one question. It never refuses.
	DecideAudit(ctx context.Context, question AuditQuestion) (AuditAnswer, error)
	// SettleAudit is a person's decision on a question that was left undecided. The
	// question about a refund of the books can only be refused, once it has ended.
	// Decided twice alike is no error, otherwise it is an [*AuditDecidedError].
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

// ForeignEndsError says that the platform reported two different ends of a refund
// that was not made here. A success counts, whichever came first; a person must look.
type ForeignEndsError struct {
	Merchant         string
	PlatformRefundID string
	Booked           providers.ResultState
	Reported         providers.ResultState
}

func (e *ForeignEndsError) Error() string {
	return fmt.Sprintf("ledger: foreign refund %q of merchant %s was reported %s before and is reported %s now: look for it in the platform's console",
		e.PlatformRefundID, e.Merchant, e.Booked, e.Reported)
}

// AuditQuestion is [providers.AuditQuestion] as the ledger needs it.
type AuditQuestion struct {
	Merchant         string     `json:"merchant"`
	Account          string     `json:"account"`
	PlatformRefundID string     `json:"platform_refund_id"`
	OrderKey         string     `json:"order_key"`
	Amount           refund.Fen `json:"amount"`
	At               time.Time  `json:"at"`
	// MerchantOrder is the merchant's order number and Payer the paying user, as the
	// question tells them; "" when it does not. They are compared with the refund's
	// own and not remembered.
	MerchantOrder string `json:"-"`
	Payer         string `json:"-"`
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
	Key      Key                     `json:"key,omitzero"`
	Decision providers.AuditDecision `json:"decision"`
	Why      string                  `json:"why"`
	By       string                  `json:"by,omitempty"`
	// Asked counts how often, Last says when it was asked last.
	Asked int       `json:"asked"`
	Last  time.Time `json:"last"`
}

// AuditDecidedError says that a question was decided otherwise before: the platform
// has, or may have, the first answer.
type AuditDecidedError struct {
	Merchant         string
	PlatformRefundID string
	Booked           providers.AuditDecision
	Wanted           providers.AuditDecision
}

func (e *AuditDecidedError) Error() string {
	return fmt.Sprintf("ledger: audit %q of merchant %s is answered %q and cannot become %q: settle it in the platform's console",
		e.PlatformRefundID, e.Merchant, e.Booked, e.Wanted)
}
