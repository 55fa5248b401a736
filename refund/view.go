package refund

import "time"

// Outcome is how a refund ended: the result of its workflow. Refused, rejected
// and cancelled refunds are outcomes too; a workflow only fails when a program
// is wrong.
type Outcome struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Status  Status `json:"status"`
	// Reason says in a sentence why it ended so.
	Reason string `json:"reason"`
	// Amount that was given back, in fen; 0 unless Status is succeeded.
	Amount Fen `json:"amount"`
	// ProviderNumber is the refund number the provider was told.
	ProviderNumber string `json:"provider_number,omitempty"`
	// PlatformRefundID is the provider's own number for the refund.
	PlatformRefundID string `json:"platform_refund_id,omitempty"`
	// Failure is what the provider said when the refund was refused.
	Failure *Failure  `json:"failure,omitempty"`
	EndedAt time.Time `json:"ended_at"`
	// Conflict: the id was used before for other content. This workflow never was
	// the refund of that id.
	Conflict bool `json:"conflict,omitempty"`
}

// Answer is the result of an update: what came of it, and where the refund stands
// then. A refused update is an error instead, and changes nothing.
type Answer struct {
	Status Status `json:"status"`
	// Sentence says what was done, or for what the refund waits.
	Sentence string `json:"sentence"`
}

// View is the whole refund as the query status tells it.
type View struct {
	Request  Request `json:"request"`
	Status   Status  `json:"status"`
	Provider string  `json:"provider,omitempty"`
	// Since is when the refund came to Status.
	Since time.Time `json:"since"`
	// Sentence says where the refund stands and for what it waits.
	Sentence string `json:"sentence"`
	// NextLook is when the saga looks again by itself, when it waits for a time.
	NextLook time.Time `json:"next_look,omitzero"`
	// Irreversible is true once the order's verification was cancelled or the
	// refund was sent: from then on it cannot be stopped.
	Irreversible     bool   `json:"irreversible"`
	ProviderNumber   string `json:"provider_number,omitempty"`
	PlatformRefundID string `json:"platform_refund_id,omitempty"`
	// Refunded is what the provider gave back, in fen.
	Refunded Fen `json:"refunded"`
	// Failure is the provider's last refusal, kept until the step succeeds.
	Failure *Failure `json:"failure,omitempty"`
	// Waiting says for what it stands still, while it does.
	Waiting *Waiting `json:"waiting,omitempty"`
	// Attention is what a person needs to know to resolve it, while it needs one.
	Attention *Attention `json:"attention,omitempty"`
	// Steps is what happened so far, oldest first, at most [MaxSteps].
	Steps []Step `json:"steps"`
	// Outcome is set when the refund has ended.
	Outcome *Outcome `json:"outcome,omitempty"`
}

// Step is one line of a refund's history.
type Step struct {
	At     time.Time `json:"at"`
	Status Status    `json:"status"`
	Text   string    `json:"text"`
	// Refused marks the answer to a signal that changed nothing.
	Refused bool `json:"refused,omitempty"`
}

// MaxSteps bounds View.Steps: the first step and the newest ones are kept.
const MaxSteps = 60

// Waiting says for what a refund stands still, and what ends that.
type Waiting struct {
	For WaitFor `json:"for"`
	// Why in a sentence.
	Why string `json:"why"`
	// Until is when the wait ends by itself at the latest; zero when only somebody can
	// end it. The refund may look earlier: see View.NextLook.
	Until time.Time `json:"until,omitzero"`
	// Due is when people should have decided; the refund may go on waiting after it.
	Due time.Time `json:"due,omitzero"`
	// Accepts names the signals that mean something now.
	Accepts []string `json:"accepts,omitempty"`
	// Approvers is how many people must approve, and ApprovedBy who has.
	Approvers  int      `json:"approvers,omitempty"`
	ApprovedBy []string `json:"approved_by,omitempty"`
}

// WaitFor is what a refund waits for.
type WaitFor string

// What a refund may wait for.
const (
	WaitApproval  WaitFor = "approval"   // people
	WaitBudget    WaitFor = "budget"     // daily cap or reserve
	WaitOrderTurn WaitFor = "order_turn" // another refund of the order
	WaitAccount   WaitFor = "account"    // a misconfigured account
	WaitBalance   WaitFor = "balance"    // the merchant's balance at the platform
	WaitAnswer    WaitFor = "answer"     // in doubt: did it arrive?
	WaitResult    WaitFor = "result"     // accepted: is it paid?
	WaitPerson    WaitFor = "person"     // needs attention
)

// Attention is what a person needs to know to resolve a refund.
type Attention struct {
	Reason string `json:"reason"`
	// MaySent: the refund was sent or may have been; the platform may have paid.
	MaySent bool `json:"may_sent"`
	// VerificationCancelled: the order's verification is gone or may be, for good.
	VerificationCancelled bool `json:"verification_cancelled,omitempty"`
	// LookFor says what to look for at the platform, and under which numbers.
	LookFor string `json:"look_for,omitempty"`
	// Hint is what helps, where the failure says so.
	Hint string `json:"hint,omitempty"`
	// Choices are the actions that can be sent now with resolve.
	Choices []Choice `json:"choices"`
}

// Choice is one way to resolve a refund, and what it means for this one.
type Choice struct {
	Action ResolveAction `json:"action"`
	Means  string        `json:"means"`
}
