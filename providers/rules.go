package providers

import (
	"time"

	"github.com/refundflow/refundflow/refund"
)

// Rules describes a platform's habits as data. The saga and the ledger ask
// these instead of the provider's name; they are written down with the refund
// when it is opened.
type Rules struct {
	// Provider is the platform's name: "baidu".
	Provider string `json:"provider"`
	// Merchant is the scope in which order and refund numbers are unique, such as
	// "baidu/MMM4hG". Accounts that share it share orders and refund numbers.
	Merchant string `json:"merchant"`
	// OrderKey says which of the order's numbers identifies it at the platform.
	OrderKey OrderKey `json:"order_key"`
	// Number is the format of the merchant's refund number.
	Number refund.NumberFormat `json:"number"`

	// Partial: less than the whole order can be given back.
	Partial bool `json:"partial"`
	// PartialWantsVerified: only a verified order can be refunded in part.
	PartialWantsVerified bool `json:"partial_wants_verified,omitempty"`
	// FullWantsUnverified: a verified order is refunded in full only after its
	// verification was cancelled, which needs a [VerificationCanceller].
	FullWantsUnverified bool `json:"full_wants_unverified,omitempty"`
	// MaxRefundsPerOrder bounds the refunds of one order; 0 means no known bound.
	MaxRefundsPerOrder int `json:"max_refunds_per_order,omitempty"`
	// OrderGap is the least time between two refunds of one order; 0 means none.
	OrderGap time.Duration `json:"order_gap,omitempty"`
	// Window is how long after payment a refund is possible; 0 means unknown.
	Window time.Duration `json:"window,omitempty"`

	// NoOrderQuery: the platform cannot be asked about orders, and the stored one stands
	// in: [Provider].OrderState would answer so without a call.
	NoOrderQuery bool `json:"no_order_query,omitempty"`
	// Query says how well the platform can be asked about a refund.
	Query QueryAbility `json:"query"`
	// AbsenceReads is in how many readings, AbsenceInterval apart, a refund
	// must be absent before an unanswered request is believed not to have
	// arrived and may be repeated; MaxResends bounds the repeats.
	AbsenceReads    int           `json:"absence_reads"`
	AbsenceInterval time.Duration `json:"absence_interval"`
	MaxResends      int           `json:"max_resends"`
	// RepeatAnswers: the platform promises to answer a repeated number with what
	// became of the first request, and never to pay it twice. Then a reading that
	// says nothing counts like one without the refund.
	RepeatAnswers bool `json:"repeat_answers,omitempty"`
	// Poll is how long to pause after each question about the result, the last
	// one repeated; the first question follows the acceptance at once.
	Poll []time.Duration `json:"poll"`
	// PollFor ends asking; then a person looks.
	PollFor time.Duration `json:"poll_for"`
}

// OrderKey names the field that identifies an order at a platform.
type OrderKey string

// The fields that may identify an order.
const (
	OrderKeyPlatform OrderKey = "platform_id"
	OrderKeyMerchant OrderKey = "merchant_id"
)

// Of returns the identifying number of an order.
func (k OrderKey) Of(o refund.Order) string {
	switch k {
	case OrderKeyPlatform:
		return o.PlatformID
	case OrderKeyMerchant:
		return o.MerchantID
	}
	return ""
}

// QueryAbility says how well a platform can be asked about a refund.
type QueryAbility string

// The abilities to ask.
const (
	// QueryByNumber: by the merchant's refund number; the answer is evidence.
	QueryByNumber QueryAbility = "by_number"
	// QueryByOrder: only what the order as a whole looks like.
	QueryByOrder QueryAbility = "by_order"
	// QueryPresence: by the number, but the answer tells only that the refund is
	// known, not what became of it.
	QueryPresence QueryAbility = "presence"
	// QueryNone: not at all; the answer to the refund and the platform's own
	// messages are all there is.
	QueryNone QueryAbility = "none"
)

// PollDelay is the pause after question n, counted from 1.
func (r Rules) PollDelay(n int) time.Duration {
	if len(r.Poll) == 0 {
		return time.Minute
	}
	return r.Poll[min(max(n, 1), len(r.Poll))-1]
}
