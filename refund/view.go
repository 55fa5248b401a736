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
