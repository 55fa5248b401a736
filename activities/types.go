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
	// Version of the saga's decisions; it comes back in the [Plan].
	Version int `json:"version"`
	// Sent: the workflow knows that the refund may have been sent, whatever the books
	// say.
	Sent bool `json:"sent,omitempty"`
}

// Plan is the answer of [Open]: what the workflow needs to know to decide, as a
// snapshot taken once. Exactly one of Refused and Record is set.
type Plan struct {
	// Refused says why the refund cannot be opened; nothing was written. Conflict: its
	// id was used before for other content.
	Refused  string         `json:"refused,omitempty"`
	Conflict bool           `json:"conflict,omitempty"`
	Record   *ledger.Record `json:"record,omitempty"`
	// Version is that of the Opening.
	Version int `json:"version"`
	// Rules of the provider.
	Rules providers.Rules `json:"rules"`
	// Queue is the task queue of the account's provider calls; empty means the
	// workflow's own.
	Queue string `json:"queue,omitempty"`
	// Inline says which first attempts are made in the workflow's own task; empty means
	// none.
	Inline Inline `json:"inline,omitempty"`
	// Approval is what the account demands of decisions about this refund, and how many
	// people must approve it.
	Approval refund.Approval `json:"approval"`
	// ApprovedBy are those who have approved it under an earlier run.
	ApprovedBy []string `json:"approved_by,omitempty"`
	// Budget says what happens when a limit has no room.
	Budget refund.BudgetPolicy `json:"budget,omitzero"`
	// Outlook is what would keep it from its budget right now; nil when nothing would.
	Outlook *ledger.Hold `json:"outlook,omitempty"`
}

// Step is the input of every activity after [Open]: which refund, and the
// workflow's time. The rest is in the ledger, so that a history does not
// repeat the request with every step.
type Step struct {
	Key ledger.Key `json:"key"`
	Now time.Time  `json:"now"`
	// Pause is for how long after Now no attempt does anything: the step was tried in the
	// workflow's own task just before, and the platform is owed that pause.
	Pause time.Duration `json:"pause,omitempty"`
	// Over are the limits over which people have let the refund.
	Over []ledger.Obstacle `json:"over,omitempty"`
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

// Ending is the input of [Finish] and [Amend].
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
	// ApprovedBy names who has approved the refund by what [Note] writes down.
	ApprovedBy string `json:"approved_by,omitempty"`
}

// Seal is the input of [VerifySeal]; its answer is why the decision is not to be
// taken, or "".
type Seal struct {
	refund.Sealed
	Signature string    `json:"signature"`
	Now       time.Time `json:"now"`
	// Claim names this use of it: a signature counts once.
	Claim string `json:"claim"`
}
