package refund

import (
	"fmt"
	"slices"
	"time"
)

// ApprovalPolicy says which refunds of an account a person must approve, and
// what becomes of those that nobody decides.
type ApprovalPolicy struct {
	// Always asks for every refund.
	Always bool
	// Above asks for refunds of more than this; nil asks for none. TwiceAbove asks two
	// different people.
	Above, TwiceAbove *Fen
	// Initiators asks for refunds that were made on their behalf.
	Initiators []Initiator
	// RemindEvery is the pause between reminders; 0 means none. Deadline is how long a
	// decision may take; 0 means for ever.
	RemindEvery, Deadline time.Duration
	AtDeadline            AtDeadline
	// Signed: decisions must carry a [Seal].
	Signed bool
}

// AtDeadline says what becomes of a refund that nobody has decided in time.
type AtDeadline string

// The ends of a wait for approval.
const (
	// DeadlineStay: it goes on waiting, and says that it is late.
	DeadlineStay AtDeadline = "stay"
	// DeadlineReject: it is rejected.
	DeadlineReject AtDeadline = "reject"
)

// Approval is what a policy demands of one refund, as a snapshot: a policy that
// changes later changes nothing for it.
type Approval struct {
	// Why says in a sentence why somebody must approve.
	Why string `json:"why"`
	// Approvers is how many different people.
	Approvers   int           `json:"approvers"`
	RemindEvery time.Duration `json:"remind_every,omitempty"`
	Deadline    time.Duration `json:"deadline,omitempty"`
	AtDeadline  AtDeadline    `json:"at_deadline,omitempty"`
	Signed      bool          `json:"signed,omitempty"`
}

// For is what the policy demands of a request; nobody must approve when the
// Approvers are 0. The account is that of the request.
func (p ApprovalPolicy) For(r Request) Approval {
	a := Approval{RemindEvery: p.RemindEvery, Deadline: p.Deadline, AtDeadline: p.AtDeadline, Signed: p.Signed}
	switch {
	case p.TwiceAbove != nil && r.Amount > *p.TwiceAbove:
		a.Approvers, a.Why = 2, fmt.Sprintf("%s is above the %s that one person may approve for account %s", r.Amount, *p.TwiceAbove, r.Account)
	case p.Above != nil && r.Amount > *p.Above:
		a.Approvers, a.Why = 1, fmt.Sprintf("%s is above the %s that account %s pays without asking", r.Amount, *p.Above, r.Account)
	case slices.Contains(p.Initiators, r.Initiator):
		a.Approvers, a.Why = 1, fmt.Sprintf("account %s asks about every refund on behalf of %q", r.Account, string(r.Initiator))
	case p.Always:
		a.Approvers, a.Why = 1, fmt.Sprintf("account %s asks about every refund", r.Account)
	}
	return a
}

// Exhausted says what a refund does for which a limit has no room.
type Exhausted string

// The ways to go on without room.
const (
	// ExhaustedWait: for the next business day or payout, or until limits change.
	ExhaustedWait Exhausted = "wait"
	// ExhaustedAsk: the same, and a person may let it through over the limit.
	ExhaustedAsk Exhausted = "ask"
	// ExhaustedFail: it fails.
	ExhaustedFail Exhausted = "fail"
)

// BudgetPolicy says what happens when a limit has no room; empty means wait.
type BudgetPolicy struct {
	DailyCap Exhausted `json:"daily_cap,omitempty"`
	Reserve  Exhausted `json:"reserve,omitempty"`
}
