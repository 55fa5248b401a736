package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

var (
	approved = refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(5000))}}
	day      = 24 * time.Hour
)

// turnedDown: the lines that answer signals which changed nothing, in order.
func turnedDown(texts ...string) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		var got []refund.Step
		for _, step := range r.View.Steps {
			if step.Refused {
				got = append(got, step)
			}
		}
		require.Len(t, got, len(texts))
		for i, text := range texts {
			require.Contains(t, got[i].Text, text)
		}
	}
}

func said(texts ...string) func(*testing.T, *run) {
	return func(t *testing.T, r *run) {
		for _, text := range texts {
			require.Len(t, r.Said(text), 1, text)
		}
	}
}

func never(t *testing.T, r *run) { require.Empty(t, r.Book.Calls, "the platform was never called") }

func TestWhoeverDecides(t *testing.T) {
	prove(t, []situation{
		{name: "up to the limit nobody is asked", world: refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(9800))}},
			ends: refund.StatusSucceeded, also: took(0, time.Minute)},
		{name: "approved after three days", world: approved,
			acts: []refundtest.Act{refundtest.At(3*day, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: both(took(3*day, 3*day+time.Minute), said("approved by finance-2"))},
		{name: "rejected: nothing was asked and nothing is held", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Reject("finance-2"))},
			ends: refund.StatusRejected, also: both(never, givenBack, said("said 1 in run"))},
		{name: "nobody approves their own request", world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, refundtest.Approve("agent-17")),
				refundtest.At(2*time.Hour, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: both(took(2*time.Hour, 3*time.Hour), said("agent-17 asked for this refund and cannot approve it"),
				turnedDown("cannot approve it"))},
		{name: "approved twice: counts once", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, also: both(said("approved by finance-2", "approval by finance-3 came"), turnedDown("approval by finance-3"))},
		{name: "approved, then rejected: the first counts", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"), refundtest.Reject("finance-3"))},
			ends: refund.StatusSucceeded, also: said("rejection by finance-3 came")},
		{name: "rejected, then approved: the first counts", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Reject("finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusRejected, also: both(never, said("approval by finance-3 came"))},
		{name: "approved before anybody waits", world: approved,
			acts: []refundtest.Act{refundtest.Before(activities.Open, 1, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: both(took(0, time.Minute), said("approved by finance-2"))},
		{name: "rejected before anybody waits", world: approved,
			acts: []refundtest.Act{refundtest.Before(activities.Open, 1, refundtest.Reject("finance-2"))},
			ends: refund.StatusRejected, also: never},
		{name: "approved late: answered", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2")),
				refundtest.Before(apply, 1, refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, also: said("approval by finance-3 came when none was awaited")},
		{name: "cancelled while it waits", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled, also: both(never, givenBack)},
		{name: "limits-changed approves nothing", world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Look), refundtest.At(2*time.Hour, refundtest.Reject("finance-2"))},
			ends: refund.StatusRejected, also: never},
	})
}

func TestAWrongPayloadChangesNothingAndIsAnswered(t *testing.T) {
	var situations []situation
	for name, payload := range map[string]string{
		"nothing": ``, "half a document": `{"by":`, "a list": `[]`, "a string": `"finance-2"`, "null": `null`,
		"nobody": `{}`, "a note only": `{"note":"yes"}`, "an empty name": `{"by":""}`, "a number": `{"by":2}`,
		"a field too many": `{"by":"finance-2","ok":true}`, "more text after it": `{"by":"finance-2"} please`,
		"a name twice": `{"by":"finance-2","by":"finance-3"}`, "no text at all": "\xff\xfe", "white space": `{"by":" finance-2"}`,
	} {
		situations = append(situations, situation{name: name, world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, refundtest.Typed(workflows.SignalApprove, payload),
					refundtest.Typed(workflows.SignalReject, payload), refundtest.Typed(workflows.SignalCancel, payload),
					refundtest.Typed(workflows.SignalResolve, payload)),
				refundtest.At(2*time.Hour, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, refund.StatusAwaitingApproval, v.Status)
				}), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: said("signal approve ignored, its payload is wrong",
				"signal reject ignored", "signal cancel ignored", "signal resolve ignored")})
	}
	situations = append(situations, situation{name: "no payload", world: approved,
		acts: []refundtest.Act{
			refundtest.At(time.Hour, refundtest.Signal(workflows.SignalApprove, nil)),
			refundtest.At(2*time.Hour, refundtest.Reject("finance-2"))},
		ends: refund.StatusRejected, also: said("signal approve ignored")})
	prove(t, situations)
}

func TestASignalThatNoRefundKnowsIsAnswered(t *testing.T) {
	slip := func(name string) refundtest.Do { return refundtest.Signal(name, refund.Decision{By: "finance-2"}) }
	prove(t, []situation{
		{name: "while somebody waits for it", world: approved,
			acts: []refundtest.Act{
				refundtest.At(time.Hour, slip("aprove"), slip("Approve"), slip("aprove")),
				refundtest.At(2*time.Hour, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, refund.StatusAwaitingApproval, v.Status)
					require.Equal(r, 0, len(v.Waiting.ApprovedBy))
				}), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: func(t *testing.T, r *run) {
				require.Len(t, r.Said(`signal "aprove" ignored: a refund knows approve, reject`), 2)
				require.Len(t, r.Said(`signal "Approve" ignored`), 1)
			}},
		{name: "before the books are open", acts: []refundtest.Act{refundtest.Before(activities.Open, 1, slip("aprove"))},
			ends: refund.StatusSucceeded, also: said(`signal "aprove" ignored`)},
	})
}
