package ledger

import (
	"time"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// Opening is what is needed to write a refund down.
type Opening struct {
	Request     refund.Request
	Fingerprint string
	// Number is the refund number the provider will be told, derived by
	// [refund.ProviderNumber].
	Number string
	Rules  providers.Rules
	At     time.Time
	// Limits as they are configured now, for the Outlook.
	Limits Limits
	// Approval is what the account's policy demands; it is kept with the refund.
	Approval refund.Approval
	// Sent: it may have been sent already, though the books do not know: they were
	// restored. The platform is asked before it is sent, and neither the provider's rules
	// nor the order's remainder refuse it: it may be what is missing there.
	Sent bool
}

// Opened is the ledger's answer to an opening: exactly one of Refused and
// Record is set.
type Opened struct {
	// Refused says in a sentence why the refund cannot be opened: its id was used
	// for other content, the order has not enough left, the number is taken, ...
	// Nothing was written.
	Refused string `json:"refused,omitempty"`
	// Conflict marks a refusal because the id was used for other content.
	Conflict bool    `json:"conflict,omitempty"`
	Record   *Record `json:"record,omitempty"`
	// ApprovedBy are those who have approved it before, see [Ledger.Approve].
	ApprovedBy []string `json:"approved_by,omitempty"`
	// Outlook is what would keep the refund from its budget at this moment; nil when
	// nothing would. Nothing is taken, and it may be otherwise when it is.
	Outlook *Hold `json:"outlook,omitempty"`
}

// Record is what the ledger knows of one refund.
type Record struct {
	Key         Key    `json:"key"`
	Fingerprint string `json:"fingerprint"`
	// Request is the refund as it was opened; it is left out of the JSON, since
	// who holds a Record in a workflow's history has the request there already.
	Request refund.Request `json:"-"`
	// Provider and Merchant are those of [providers.Rules] as they were when the refund
	// was opened.
	Provider string     `json:"-"`
	Merchant string     `json:"-"`
	Number   string     `json:"number"`
	Amount   refund.Fen `json:"amount"`
	// Status is open, or how the refund ended.
	Status Status `json:"status"`
	// Reason says why it ended so.
	Reason  string    `json:"reason,omitempty"`
	Opened  time.Time `json:"opened"`
	EndedAt time.Time `json:"ended_at,omitzero"`
	// Verification says how far the cancelling of the verification went.
	Verification Progress `json:"verification"`
	// Sending says how far the sending of the refund went, and Sends how often it
	// was sent.
	Sending Progress `json:"sending"`
	Sends   int      `json:"sends"`
	// Attempted: a sending was begun at some time, even if it was taken back as
	// certainly not processed.
	Attempted bool `json:"-"`
	// AskFirst: restored books may have forgotten a sending of it, see
	// [Ledger.Restored].
	AskFirst bool `json:"-"`
	// AbsentReads counts readings without the refund since the last sending.
	AbsentReads int `json:"absent_reads"`
	// PlatformRefundID and Receipt are from the provider's acceptance.
	PlatformRefundID string     `json:"platform_refund_id,omitempty"`
	Receipt          refund.Fen `json:"receipt,omitempty"`
	// Refunded is what the end in the books gave back: what was named when it succeeded,
	// or, of any other end, what the platform has proven against it. Proven is the sum over
	// the platform's numbers of the largest success heard under each. In the order's
	// remainder a success counts with whichever is more, this or what is proven.
	Refunded refund.Fen `json:"refunded,omitempty"`
	// Evidence is the platform's proven word about the end, nil while there is none.
	Evidence *Evidence `json:"-"`
	// Alert says which proven word about the money does not fit the refund's end; empty
	// when none does. A person takes it away, see [Ledger.Amend].
	Alert string `json:"alert,omitempty"`
	// Approval is what was demanded when it was opened; nil for refunds that are older
	// than the keeping of it.
	Approval *refund.Approval `json:"-"`
}

// Status is a refund's state in the books.
type Status string

// The states of a refund in the books.
const (
	Open      Status = "open"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Rejected  Status = "rejected"
	Cancelled Status = "cancelled"
)

// Progress is how far an irreversible call went.
type Progress string

// The progress of an irreversible call.
const (
	// NotBegun: no byte left, or what left was certainly not processed.
	NotBegun Progress = "none"
	// Begun: it may have happened. Ask before repeating.
	Begun Progress = "begun"
	// Done: the provider confirmed it.
	Done Progress = "done"
)

// Limits of an account as they are configured now.
type Limits struct {
	// DailyCap (每日退款上限) in fen; 0 means none.
	DailyCap refund.Fen
	// Reserve (打款预留) in fen; 0 means none.
	Reserve refund.Fen
	// Zone is the time zone of the business day; nil means UTC.
	Zone *time.Location
	// Payout is how often the platform pays out and the reserve starts anew.
	Payout Payout
}

// Payout is the rhythm of the platform's payouts.
type Payout string

// The rhythms of payouts: each begins at midnight in the account's zone.
const (
	PayoutDaily   Payout = "daily"
	PayoutWeekly  Payout = "weekly"  // Monday
	PayoutMonthly Payout = "monthly" // the first
)

// Hold is the answer to a wish for budget.
type Hold struct {
	Granted bool `json:"granted"`
	// Obstacle says what stands in the way when it is not granted.
	Obstacle Obstacle `json:"obstacle,omitempty"`
	// Of names the limit, ObstacleCap or ObstacleReserve, than which a refund is too big.
	Of Obstacle `json:"of,omitempty"`
	// Why is the obstacle in a sentence with its figures.
	Why string `json:"why,omitempty"`
	// RetryAt is when to look again: when the obstacle ends by itself, or after a
	// pause where somebody else ends it. Zero when only a person removes it.
	RetryAt time.Time `json:"retry_at,omitzero"`
	// Before counts those who wait for the same and come first.
	Before int `json:"before,omitempty"`
}

// Waiter is a refund that waits for budget or for its order's turn.
type Waiter struct {
	Key    Key        `json:"key"`
	For    Obstacle   `json:"for"`
	Amount refund.Fen `json:"amount"`
	Since  time.Time  `json:"since"`
	// RetryAt is when it was told to look again.
	RetryAt time.Time `json:"retry_at"`
}

// InFlight sums up the unfinished refunds that have so much in common.
type InFlight struct {
	Account string `json:"account"`
	// Provider as it was when they were opened.
	Provider string `json:"provider"`
	Stage    Stage  `json:"stage"`
	// For is what they wait for in the line, "" for those that do not wait.
	For     Obstacle `json:"for,omitempty"`
	Refunds int      `json:"refunds"`
	// Amount is the sum of what was asked for.
	Amount refund.Fen `json:"amount"`
	// Since is the oldest one's: when it was first sent while it is in doubt, else when
	// it was opened.
	Since time.Time `json:"since"`
}

// Stage is how far an unfinished refund came.
type Stage string

// The stages of unfinished refunds.
const (
	StageUnsent   Stage = "unsent"   // open, and certainly not processed by the platform
	StageInDoubt  Stage = "in_doubt" // sent, or being sent right now: no answer yet that counts
	StageAccepted Stage = "accepted" // the platform has it, its result is awaited
	StageAlert    Stage = "alert"    // ended, and contradicted: see [Record.Alert]
)

// Obstacle is what keeps a refund from its budget.
type Obstacle string

// The obstacles.
const (
	ObstacleCap     Obstacle = "daily_cap"  // would cross today's cap
	ObstacleReserve Obstacle = "reserve"    // would cross the reserve
	ObstacleOrder   Obstacle = "order_turn" // another refund of the order is in flight, or was sent just now
	ObstacleFlag    Obstacle = "account_flagged"
	ObstacleTooBig  Obstacle = "too_big" // larger than the whole cap or reserve
	// ObstacleSpent: since the refund was opened, so much of its order was proven as
	// given back that it does not fit any more. No limit, and no permission to go over
	// one, has to do with it; only a person removes it, see [Ledger.Amend].
	ObstacleSpent Obstacle = "order_spent"
)

// Permit is the answer to the wish to send.
type Permit struct {
	// Send: the intent is written; send now.
	Send bool `json:"send"`
	// Doubt: an earlier sending may have arrived; ask before repeating.
	Doubt bool `json:"doubt,omitempty"`
	// Accepted: the provider already accepted it; do not send.
	Accepted *providers.Receipt `json:"accepted,omitempty"`
	// Hold tells why not, when the budget is gone.
	Hold Hold `json:"hold,omitzero"`
	// Exhausted: a repetition was wished for, but a person is next: all permitted ones
	// are used up, or, when the Hold says so, its order has nothing left for it.
	Exhausted bool `json:"exhausted,omitempty"`
}

// Answer is what came of a sending.
type Answer struct {
	// Receipt: accepted.
	Receipt *providers.Receipt
	// NotSent: it did not arrive or was turned away unread; the intent is taken
	// back, and the day's cap with it when nothing else was ever sent.
	NotSent bool
	// Refused: it arrived and was refused; the intent is taken back, but it counts
	// in the day's cap.
	Refused bool
	// Text for the journal. None of the three: the outcome is unknown.
	Text string
}

// Settlement is the provider's final word that the money is back.
type Settlement struct {
	Result providers.Result
	At     time.Time
	Reason string
}

// Ending is any other end of a refund.
type Ending struct {
	Status Status
	Reason string
	At     time.Time
	// By names the person, when one decided.
	By string
	// Refunded is what was given back, for a success that a person vouches for.
	Refunded refund.Fen
}

// Past is how a refund ended before the books forgot it, see [Ledger.Rebook].
type Past struct {
	// Ending says how and when; By is not known any more.
	Ending
	// PlatformRefundID is the provider's own number, where it named one.
	PlatformRefundID string
	// Now is when it is booked again.
	Now time.Time
}

// Entry is one line of the journal.
type Entry struct {
	Seq  int64     `json:"seq"`
	Key  Key       `json:"key"`
	At   time.Time `json:"at"`
	Step string    `json:"step"`
	Text string    `json:"text"`
}

// Usage tells how much of an account's limits is in use.
type Usage struct {
	Day        string     `json:"day"`
	DayUsed    refund.Fen `json:"day_used"`
	Period     string     `json:"period"`
	PeriodUsed refund.Fen `json:"period_used"`
	Flagged    string     `json:"flagged,omitempty"`
}

// ContradictionError says that what is being booked does not fit what is booked:
// another end, another receipt, a step of a refund that has ended. The books
// keep the first; a person must look.
type ContradictionError struct {
	Key    Key
	Booked Status
	Wanted Status
	// Detail names the figures or the step.
	Detail string
}

func (e *ContradictionError) Error() string {
	text := "ledger: refund " + e.Key.String() + " is booked as " + string(e.Booked)
	if e.Wanted != e.Booked {
		text += " and cannot become " + string(e.Wanted)
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}
