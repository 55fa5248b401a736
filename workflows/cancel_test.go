package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Cancelling works at every moment before the point of no return and at none
// after it. Temporal's own request to cancel is heard in the same way.
func TestCancelling(t *testing.T) {
	type moment struct {
		name    string
		s       situation
		stopped bool
		act     func(refundtest.Do) refundtest.Act
	}
	before := func(step string, nth int) func(refundtest.Do) refundtest.Act {
		return func(do refundtest.Do) refundtest.Act { return refundtest.Before(step, nth, do) }
	}
	after := func(step string, nth int) func(refundtest.Do) refundtest.Act {
		return func(do refundtest.Do) refundtest.Act { return refundtest.After(step, nth, do) }
	}
	at := func(d time.Duration) func(refundtest.Do) refundtest.Act {
		return func(do refundtest.Do) refundtest.Act { return refundtest.At(d, do) }
	}
	full, part := situation{}, situation{part: true}
	moments := []moment{
		{"before it is opened", full, true, before(activities.Open, 1)},
		{"while it is opened", full, true, after(activities.Open, 1)},
		{"while it waits for approval", situation{world: approved}, true, at(time.Hour)},
		{"while the order is checked", full, true, before(check, 1)},
		{"when the order has been checked", part, true, after(check, 1)},
		{"while the check is repeated", situation{faults: []control.Fault{status(opCheck, 503, 30)}}, true, before(check, 20)},
		{"while the budget is taken", full, true, before(activities.Hold, 1)},
		{"when the budget was taken, full", full, true, after(activities.Hold, 1)},
		{"when the budget was taken, part", part, true, after(activities.Hold, 1)},
		{"while it waits for its turn", situation{part: true, acts: []refundtest.Act{refundtest.Before(check, 1, rival("Rival", true))}}, true, at(time.Hour)},
		{"while it waits for the balance", situation{world: refundtest.Options{Merchant: poor}}, true, at(time.Hour)},
		{"while it needs attention and nothing was sent", situation{faults: []control.Fault{answer(opCheck, 77777, "?", forEver)}}, true, at(time.Hour)},
		{"while the verification is cancelled", full, false, before(cancelling, 1)},
		{"when the verification was cancelled", full, false, after(cancelling, 1)},
		{"while it is sent", part, false, before(apply, 1)},
		{"when it was sent", part, false, after(apply, 1)},
		{"while it is in doubt", situation{part: true, faults: []control.Fault{lost(opApply, control.After, 1)}}, false, before(findOut, 1)},
		{"while the result is awaited", situation{order: []order{refundtest.SettlesAfter(day)}}, false, at(time.Hour)},
		{"when the result is known", full, false, after(await, 1)},
	}
	var situations []situation
	for _, m := range moments {
		for who, do := range map[string]refundtest.Do{"by signal": refundtest.Cancel("agent-17"), "by Temporal": refundtest.CancelWorkflow} {
			s := m.s
			s.name = m.name + ", " + who
			s.acts = append(slices.Clone(s.acts), m.act(do))
			s.ends = refund.StatusSucceeded
			s.also = func(t *testing.T, r *run) {
				require.NotEmpty(t, r.Said("refused: the"), "a cancellation that comes too late is answered")
			}
			if m.stopped {
				s.ends = refund.StatusCancelled
				s.also = func(t *testing.T, r *run) {
					require.Zero(t, r.Sent(r.Request.Order), "nothing was sent")
					require.True(t, r.Book.Verified)
					require.Empty(t, r.Held(), "its budget is given back")
					require.NotEmpty(t, r.Said("cancellation asked for"))
				}
			}
			situations = append(situations, s)
		}
	}
	prove(t, situations)
}

func TestCancellingTwiceIsAnswered(t *testing.T) {
	prove(t, []situation{{name: "the first counts", world: approved,
		acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Cancel("agent-17"), refundtest.Cancel("agent-18"), refundtest.CancelWorkflow)},
		ends: refund.StatusCancelled, also: said("cancellation asked for by agent-17", "cancellation by agent-18: already asked for", "cancellation by temporal: already asked for")}})
}

// A cancellation that the books refuse, as when the refund was sent behind the
// workflow's back, needs a person and does not turn in circles.
func TestACancellationThatTheBooksRefuseNeedsAPerson(t *testing.T) {
	prove(t, []situation{{name: "sent by somebody else", world: refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(0))}}, part: true,
		acts: []refundtest.Act{
			refundtest.At(time.Hour, func(r *run) {
				account, err := r.Account(refundtest.AccountName)
				require.NoError(r, err)
				_, err = r.Ledger.Hold(r.Context(), key(r), r.Now(), account.Limits)
				require.NoError(r, err)
				intentOnly(r)
			}, refundtest.Cancel("agent-17")),
		},
		stands: "could not be booked", ends: refund.StatusFailed,
		also: func(t *testing.T, r *run) { require.Less(t, r.Attempts(activities.Finish), 4) }}})
}
