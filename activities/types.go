package activities

import (
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// Opening is the input of [Open].
type Opening struct {
	Request refund.Request `json:"request"`
	Now     time.Time      `json:"now"`
}

// Plan is the answer of [Open]: what the workflow needs to know to decide, as a
// snapshot taken once. Exactly one of Refused and Record is set.
type Plan struct {
	// Refused says why the refund cannot be opened; nothing was written.
	Refused string         `json:"refused,omitempty"`
	Record  *ledger.Record `json:"record,omitempty"`
	// Rules of the provider.
	Rules providers.Rules `json:"rules"`
	// Queue is the task queue of the account's provider calls; empty means the
	// workflow's own.
	Queue string `json:"queue,omitempty"`
	// Approval says why a person must approve; empty means nobody has to.
	Approval string `json:"approval,omitempty"`
}

// Step is the input of every activity after [Open]: which refund, and the
// workflow's time. The rest is in the ledger, so that a history does not
// repeat the request with every step.
type Step struct {
	Key ledger.Key `json:"key"`
	Now time.Time  `json:"now"`
}

// Applied is the answer of [Apply] and [FindOut]: exactly one field is set.
type Applied struct {
	// NotSent: the ledger knows of no sending, there is nothing to find out.
	NotSent bool `json:"not_sent,omitempty"`
	// Receipt: the provider accepted the refund.
	Receipt *providers.Receipt `json:"receipt,omitempty"`
	// Hold: nothing was sent, the day's budget is gone.
	Hold *ledger.Hold `json:"hold,omitempty"`
}

// Cancelled is the answer of [CancelVerification].
type Cancelled struct {
	// Hold: nothing was cancelled, the day's budget is gone.
	Hold *ledger.Hold `json:"hold,omitempty"`
}

// Awaited is the answer of [AwaitResult], given once the result is final.
type Awaited struct {
	Result providers.Result `json:"result"`
	// Settled: the result is a success whose numbers agree, and it is booked.
	Settled bool `json:"settled,omitempty"`
	// Mismatch says which numbers disagree when the provider reports a success.
	Mismatch string `json:"mismatch,omitempty"`
}

// SettledReason is why a refund succeeded: the books keep it, and the outcome
// says the same, now and whenever it is asked for again.
func SettledReason(provider string) string { return provider + " reports the money as given back" }

// Ending is the input of [Finish].
type Ending struct {
	Key      ledger.Key    `json:"key"`
	Now      time.Time     `json:"now"`
	Status   refund.Status `json:"status"`
	Reason   string        `json:"reason"`
	By       string        `json:"by,omitempty"`
	Refunded refund.Fen    `json:"refunded,omitempty"`
}

// Line is the input of [Note], [Flag] and [Unflag].
type Line struct {
	Key  ledger.Key `json:"key"`
	Now  time.Time  `json:"now"`
	Step string     `json:"step"`
	Text string     `json:"text"`
}
