package activities

import (
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// Shelf names a part of the books that is compared.
type Shelf string

// The shelves: refunds that are open or have an alert, and those that have ended.
const (
	ShelfUnfinished Shelf = "unfinished"
	ShelfEnded      Shelf = "ended"
)

// Page is the input of [Reconcile].
type Page struct {
	Of Shelf `json:"of"`
	// After is the last refund of the page before; zero for the first page.
	After ledger.Key `json:"after,omitzero"`
	Now   time.Time  `json:"now"`
	// OpenedBefore is when an open refund was opened at the latest that is missed when
	// it has no workflow.
	OpenedBefore time.Time `json:"opened_before,omitzero"`
	// Since is how far back ended refunds are compared.
	Since time.Time `json:"since,omitzero"`
	// Questions is how many refunds may be named in the answer's Ask, and AskAfter the
	// refund behind which they begin.
	Questions int        `json:"questions"`
	AskAfter  ledger.Key `json:"ask_after,omitzero"`
}

// Paged is the answer of [Reconcile].
type Paged struct {
	Reconciled
	// Next is the page's last refund; nil when no page follows.
	Next *ledger.Key `json:"next,omitempty"`
	// Ask are the refunds about which the platform is to be asked by [Compare], by the
	// task queue of their account; LastAsked is the last of them.
	Ask       []Lane      `json:"ask,omitempty"`
	LastAsked *ledger.Key `json:"last_asked,omitempty"`
}

// Lane is a task queue of provider calls and what is to be asked through it, so that
// an account's rate limit, and its kill switch, hold for the reconciler too.
type Lane struct {
	// Queue is empty for the workflow's own.
	Queue string       `json:"queue,omitempty"`
	Keys  []ledger.Key `json:"keys"`
}

// Questions is the input of [Compare]; its answer is a [Reconciled].
type Questions struct {
	Keys []ledger.Key `json:"keys"`
	Now  time.Time    `json:"now"`
}

// MaxFindings bounds [Reconciled.Odd].
const MaxFindings = 50

// Reconciled counts what came of comparing the books with Temporal and the platforms.
type Reconciled struct {
	// Looked counts the refunds that were looked at, Running those of them that are
	// unfinished and have their workflow.
	Looked  int `json:"looked"`
	Running int `json:"running"`
	// Resumed counts the unfinished ones that had none, and have one again.
	Resumed int `json:"resumed"`
	// Rebooked counts those whose end restored books had forgotten, and have again.
	Rebooked int `json:"rebooked,omitempty"`
	// Offered counts those in line that were told that budget, or their turn, is free.
	Offered int `json:"offered,omitempty"`
	// Compared counts the platform's answers, Woken the refunds that were told of one.
	Compared int `json:"compared"`
	Woken    int `json:"woken"`
	// Failures counts refunds that could not be looked at or asked about, and lines that
	// could not be read; the log says why. Left counts questions that were not asked, since the account is to be spared.
	Failures int `json:"failures"`
	Left     int `json:"left,omitempty"`
	// Odd is what a person should know, at most [MaxFindings]; LeftOff counts the rest.
	Odd     []Finding `json:"odd,omitempty"`
	LeftOff int       `json:"left_off,omitempty"`
	// UnfinishedFrom and EndedFrom are where the questions of the next comparison
	// begin; zero when all were asked.
	UnfinishedFrom ledger.Key `json:"unfinished_from,omitzero"`
	EndedFrom      ledger.Key `json:"ended_from,omitzero"`
}

// Finding is something odd about a refund.
type Finding struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	What    string `json:"what"`
}

// Add counts the other's counts and takes its findings over.
func (r *Reconciled) Add(other Reconciled) {
	r.Looked += other.Looked
	r.Running += other.Running
	r.Resumed += other.Resumed
	r.Rebooked += other.Rebooked
	r.Offered += other.Offered
	r.Compared += other.Compared
	r.Woken += other.Woken
	r.Failures += other.Failures
	r.Left += other.Left
	r.LeftOff += other.LeftOff
	for _, f := range other.Odd {
		r.Find(ledger.Key{Account: f.Account, ID: f.ID}, f.What)
	}
}

// Find adds a finding, or counts it where there are enough.
func (r *Reconciled) Find(key ledger.Key, what string) {
	if len(r.Odd) == MaxFindings {
		r.LeftOff++
		return
	}
	r.Odd = append(r.Odd, Finding{Account: key.Account, ID: key.ID, What: what})
}
