package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/refundflow/refundflow/refund"
)

// Ledger is the system of record. It is safe for concurrent use by any number
// of processes. Times are given by the caller, from the workflow's clock where
// a business day depends on them: the ledger has no clock of its own. What
// contradicts the books is a [*ContradictionError], journaled where it may mean
// money; a step of an ended refund is one as well.
type Ledger interface {
	// Open writes the refund down, or finds what is written. The order's
	// remainder is taken here: the sum of an order's open and succeeded refunds
	// never exceeds its total, and what the platform gave back by itself, see
	// [Notices.NoteForeign], is taken off first. What is proven only later is looked at
	// again before anything is sent, see [ObstacleSpent].
	Open(context.Context, Opening) (Opened, error)
	// Hold takes the amount from the day's cap and the reserve, and the order's
	// turn, all or nothing. Who is not granted waits in a line, first come first
	// served: a later one passes only where it takes nothing that one before it would
	// get now. Who does not look again until long after its RetryAt is passed over, and
	// keeps its place for when it does. Limits of 0 ask nobody, and what is drawn
	// counts all the same. The turn comes [providers.Rules.OrderGap] after the last
	// sending of another refund of the order. Held before, Hold confirms, and moves the
	// hold when the day has changed.
	Hold(context.Context, Key, time.Time, Limits) (Hold, error)
	// BeginCancel confirms the hold for this very day and writes down that the
	// order's verification is about to be cancelled; a hold that is not granted
	// leaves everything as it was, but for a place in the line. What is begun or done
	// already is granted.
	BeginCancel(context.Context, Key, time.Time, Limits) (Hold, error)
	// EndCancel writes down that the verification was cancelled, or certainly was
	// not. What is unknown stays begun: EndCancel is not called.
	EndCancel(ctx context.Context, key Key, at time.Time, done bool, text string) error
	// BeginSend confirms the hold for the day of the sending and writes the
	// intent, before the first byte leaves.
	BeginSend(context.Context, Key, time.Time, Limits) (Permit, error)
	// BeginResend permits one identical repetition of a request whose absence is
	// proven: it is granted only while the refund is Sending, after
	// absenceReads readings (1 or more), and at most maxResends times. On another
	// day it counts in that day's cap as well; without room there, the Permit's
	// Hold says why, and it waits in the line. An order that is spent permits none.
	BeginResend(ctx context.Context, key Key, at time.Time, limits Limits, absenceReads, maxResends int) (Permit, error)
	// EndSend writes down what came of a sending. An acceptance takes the account's
	// flag away; one that names the end already is evidence too, see
	// [Notices.Testify]. The first answer to a sending counts, but for an acceptance, which
	// always does. What is accepted, or succeeds, after its hold was given up draws again, on
	// the day it was sent and without asking for room: the money has left.
	EndSend(context.Context, Key, time.Time, Answer) error
	// NoteAbsent counts a reading in which the platform showed no such refund and
	// returns how many there were since the last sending. The first one counts at
	// once, each further one when it is at least interval later than the last
	// counted one; two readings at the same time are one.
	NoteAbsent(ctx context.Context, key Key, at time.Time, interval time.Duration) (int, error)
	// Settle books the provider's final word that the money is back. Where the
	// refund ended otherwise, the books keep its end, but what was given back
	// counts in the order's remainder. Where the platform has reported something
	// else, the success is booked, and its evidence is Contradicted.
	Settle(context.Context, Key, Settlement) error
	// Finish ends the refund in any other way: it gives back what may be given
	// back, and frees the order's turn. What is being sent or was accepted, or
	// whose verification was or may have been cancelled, can be neither rejected
	// nor cancelled; a success needs the name of who vouches. Against evidence of a
	// success only a person books a failure, and the money counts all the same, unless
	// the platform has reported a failure after its last success.
	Finish(context.Context, Key, Ending) error
	// Approve remembers who has approved an open refund, for a workflow that has to be
	// begun anew; twice is once.
	Approve(ctx context.Context, key Key, at time.Time, by string) error
	// SpendSeal uses a signature up, and reports whether it was unused, or used by the
	// same claim: a claim names one use of it, however often that is repeated.
	SpendSeal(ctx context.Context, key Key, at time.Time, signature, claim string) (bool, error)
	// Amend is a person's word about a refund that has ended and has an Alert: it
	// ends as succeeded or failed from now on, with a new EndedAt, and the alert goes.
	// What the platform said until then raises none again. A success draws on cap and
	// reserve of the day it was sent, without asking for room: the money has left. A
	// failure leaves in the order's remainder what the platform has proven as given
	// back, unless the platform has reported a failure after its last success: its last
	// word counts, and of two at the same time the success. The same word twice is no
	// error; without an alert it is a [*ContradictionError].
	Amend(context.Context, Key, Ending) error
	// Waiting lists those who wait for budget or for a turn, first come first; "" means
	// those of all accounts.
	Waiting(ctx context.Context, account string) ([]Waiter, error)
	// Ready lists those of the account's line who would get on now if all looked in
	// order, at most 100: who would be granted the budget that is left, and who waits for a
	// turn that is free. Nobody tells those who wait when room is given back; whoever
	// wakes these does. Nothing is written.
	Ready(ctx context.Context, account string, at time.Time, limits Limits) ([]Key, error)
	// InFlight sums up what [Ledger.Unfinished] lists, by account, how far it came and
	// for what it waits; in the order of these.
	InFlight(context.Context) ([]InFlight, error)
	// Unfinished lists refunds that are open or have an Alert, in the order of their
	// keys, those after a key, at most limit.
	Unfinished(ctx context.Context, after Key, limit int) ([]Record, error)
	// Ended lists refunds that were sent and have ended since a moment, in the order of
	// their keys, those after a key, at most limit.
	Ended(ctx context.Context, since time.Time, after Key, limit int) ([]Record, error)
	// Restored says that the books were restored from a backup at a moment, and so may
	// have forgotten what was sent. Refunds that are open and, by the books, not being
	// sent are asked about before they are sent, and so are those that are opened until a
	// later moment: their ids may have been used before. It returns how many are open so.
	Restored(ctx context.Context, at, until time.Time) (int, error)
	// Rebook books again how a refund ended, as Temporal has kept it, where restored books
	// have forgotten that: they do not know it, show it as open, or have an earlier end that
	// was amended later. The Opening's Number is the one that the provider was told. What
	// was paid draws on cap and reserve without asking for room, and counts in the order's
	// remainder whatever is left there. It reports whether there was anything to book; an
	// id that is in use for other content is a [*ContradictionError].
	Rebook(context.Context, Opening, Past) (bool, error)
	// Note adds a line to the journal; the same step and text are written once.
	Note(ctx context.Context, key Key, at time.Time, step, text string) error
	// Flag marks the account's lane as misconfigured: no hold is granted until
	// Unflag, or until a refund of the account is accepted. So that no flag holds an
	// account for ever, one refund goes on as a trial when the flag is an hour old,
	// and one more each hour after that.
	Flag(ctx context.Context, account string, at time.Time, reason string) error
	// Unflag opens the lane again.
	Unflag(ctx context.Context, account string, at time.Time, by string) error
	// Refund returns what is written of one refund, or [ErrUnknown].
	Refund(context.Context, Key) (Record, error)
	// Journal returns the lines of one refund, oldest first; those of the account
	// itself for a key without an ID.
	Journal(context.Context, Key) ([]Entry, error)
	// Usage tells how much of an account's cap and reserve is in use.
	Usage(ctx context.Context, account string, now time.Time, limits Limits) (Usage, error)
	// Audit recomputes every sum from its parts and returns what disagrees.
	Audit(context.Context) ([]string, error)
	// Notices is what the platforms' own messages reach.
	Notices
	// Close closes the store.
	Close() error
}

// ErrUnknown is returned for a refund that was never opened.
var ErrUnknown = errors.New("ledger: no such refund")

// Key names a refund.
type Key struct {
	Account string `json:"account"`
	ID      string `json:"id"`
}

func (k Key) String() string { return k.Account + "/" + k.ID }

// KeyOf names the refund of a request.
func KeyOf(r refund.Request) Key { return Key{Account: r.Account, ID: r.ID} }
