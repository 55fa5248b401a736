package providers

import (
	"context"
	"errors"
	"fmt"

	"github.com/refundflow/refundflow/refund"
)

// Provider gives money back through one merchant account of one platform. It
// is safe for concurrent use.
//
// Every method that calls the platform returns either an answer it can vouch
// for or an error that holds a [*refund.Failure]. What is not certain is
// [refund.ClassAmbiguous]: a provider never turns a timeout, an unreadable
// answer or an unlisted code into success or failure.
type Provider interface {
	// Rules describes the platform's habits for this account.
	Rules() Rules
	// Validate names what this platform misses in a request, without network;
	// the error is a [*refund.InvalidError].
	Validate(refund.Request) error
	// OrderState asks whether the order is paid and verified.
	OrderState(context.Context, refund.Order) (OrderState, error)
	// Apply sends the refund. The same instruction always produces the same
	// business content, so that it can be repeated.
	Apply(context.Context, Instruction) (Receipt, error)
	// Query asks what became of the refund, by its number where the platform
	// can, see [Rules.Query]. It only reads: a platform that can be asked in no
	// other way than by sending again answers [ResultUnknown], see
	// [Rules.RepeatAnswers].
	Query(context.Context, Instruction) (Result, error)
}

// VerificationCanceller is the ability to cancel an order's verification
// (取消核销). It has no inverse.
type VerificationCanceller interface {
	// CancelVerification returns nil once the order is no longer verified.
	CancelVerification(context.Context, refund.Order) error
}

// Instruction is the business content of one refund, bound to its number
// before the first call.
type Instruction struct {
	// Number is the merchant's refund number, from [refund.ProviderNumber].
	Number  string
	Request refund.Request
}

// Check says what no platform can send: an amount that the order cannot hold, or a
// number outside its format.
func (in Instruction) Check(format refund.NumberFormat) error {
	switch amount, total := in.Request.Amount, in.Request.Order.Total; {
	case amount <= 0 || amount > total || total > refund.MaxFen:
		return errors.New("amount: want more than 0 and at most the order's total")
	case !format.Accepts(in.Number):
		return fmt.Errorf("the refund number is not 1 to %d characters of the platform's alphabet", format.Max)
	}
	return nil
}

// OrderState is what the platform says of an order.
type OrderState struct {
	// Asked is false when the platform cannot be asked and the stored order
	// stands in; the other fields then mean nothing.
	Asked    bool `json:"asked"`
	Paid     bool `json:"paid"`
	Verified bool `json:"verified"`
	// Refund is the platform's view of refunds of the whole order. With several
	// partial refunds it cannot tell them apart.
	Refund ResultState `json:"refund"`
	// Total is what the platform says was paid, in fen; 0 when it does not tell.
	Total refund.Fen `json:"total,omitempty"`
}

// Receipt is the platform's acceptance of a refund. Accepted is not refunded.
type Receipt struct {
	// PlatformRefundID is the platform's own number; may be empty.
	PlatformRefundID string `json:"platform_refund_id,omitempty"`
	// Amount the platform names in its answer, in fen; 0 when it names none.
	Amount refund.Fen `json:"amount,omitempty"`
	// State is what the answer says of the result already: [ResultSucceeded] or
	// [ResultFailed] from a platform that answers at once, else empty.
	State ResultState `json:"state,omitempty"`
	// Parts is how the amount divides, nil where the platform does not tell.
	Parts *Parts `json:"parts,omitempty"`
	// Repeated: the platform says that an earlier copy of this request has done it,
	// and that this one changed nothing.
	Repeated bool `json:"repeated,omitempty"`
}

// Parts is how a refund divides, for the merchant's own books: what a buyer paid
// with coupons does not come back as money. Nothing is decided on it.
type Parts struct {
	// Settled is what the merchant really gives back, in fen; 0 when not told.
	Settled refund.Fen `json:"settled,omitempty"`
	// Coupon is the part that goes back as coupons and subsidies, in fen.
	Coupon refund.Fen `json:"coupon,omitempty"`
	// Coupons are the single ones, where the platform lists them.
	Coupons []Coupon `json:"coupons,omitempty"`
}

// Coupon is one coupon that goes back.
type Coupon struct {
	ID string `json:"id,omitempty"`
	// Type in the platform's own words.
	Type   string     `json:"type,omitempty"`
	Amount refund.Fen `json:"amount"`
}

// Result is what the platform says of one refund.
type Result struct {
	State ResultState `json:"state"`
	// PlatformRefundID is the platform's own number; may be empty. Beside an
	// unknown state it says that the platform has the refund all the same.
	PlatformRefundID string `json:"platform_refund_id,omitempty"`
	// Amount the platform names, in fen; 0 when it names none.
	Amount refund.Fen `json:"amount,omitempty"`
	// Weak marks an answer that speaks of the order rather than of this refund: a
	// weak failure is not believed without a person.
	Weak bool `json:"weak,omitempty"`
}

// ResultState is the state of a refund at the platform.
type ResultState string

// The states of a refund at the platform.
const (
	// ResultUnknown: the platform cannot be asked, or its answer says nothing.
	ResultUnknown ResultState = "unknown"
	// ResultAbsent: the platform shows no such refund now. It may lag; see
	// [Rules.AbsenceReads].
	ResultAbsent     ResultState = "absent"
	ResultProcessing ResultState = "processing"
	ResultSucceeded  ResultState = "succeeded"
	ResultFailed     ResultState = "failed"
)
