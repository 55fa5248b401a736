package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// asks is a world whose account has an approval policy; the refunds are of ¥98.00.
func asks(p refund.ApprovalPolicy) refundtest.Options { return refundtest.Options{Approval: p} }

// twoPeople wants two for the refunds here.
var twoPeople = refund.ApprovalPolicy{Above: new(refund.Fen(1000)), TwiceAbove: new(refund.Fen(5000))}

// awaits demands who is still asked for at a moment.
func awaits(approvers int, by ...string) refundtest.Do {
	return refundtest.See(func(r *run, v refund.View) {
		require.Equal(r, refund.StatusAwaitingApproval, v.Status)
		require.Equal(r, refund.WaitApproval, v.Waiting.For)
		require.Equal(r, approvers, v.Waiting.Approvers)
		require.Equal(r, by, v.Waiting.ApprovedBy)
		require.Subset(r, v.Waiting.Accepts, []string{workflows.SignalApprove, workflows.SignalReject, workflows.SignalCancel})
	})
}

func TestThePolicySaysWhoMustApprove(t *testing.T) {
	support := refund.ApprovalPolicy{Initiators: []refund.Initiator{refund.InitiatorUser}}
	prove(t, []situation{
		{name: "above the second amount two different people", world: asks(twoPeople),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, awaits(2), refundtest.Approve("finance-2")),
				refundtest.At(2*time.Hour, awaits(2, "finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, also: both(took(2*time.Hour, 3*time.Hour), said("approved by finance-2", "approved by finance-3"))},
		{name: "between the two amounts one", world: asks(twoPeople), part: true,
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(1), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)},
		{name: "the same person twice is one, however the name is written", world: asks(twoPeople),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, refundtest.Approve("finance-2"), refundtest.Approve("Finance-2")),
				refundtest.At(2*time.Hour, awaits(2, "finance-2"), refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, also: turnedDown("approval by Finance-2 came twice and counts once")},
		{name: "the requester is nobody, however the name is written", world: asks(twoPeople),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, refundtest.Approve("Agent-17"), refundtest.Approve("finance-2")),
				refundtest.At(2*time.Hour, refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, also: turnedDown("Agent-17 asked for this refund and cannot approve it")},
		{name: "one of two may still reject", world: asks(twoPeople),
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2")), refundtest.At(2*time.Hour, refundtest.Reject("finance-3"))},
			ends: refund.StatusRejected, also: both(never, givenBack)},
		{name: "who has approved may think better of it", world: asks(twoPeople),
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2")), refundtest.At(2*time.Hour, refundtest.Reject("finance-2"))},
			ends: refund.StatusRejected, also: never},
		{name: "both before anybody waits", world: asks(twoPeople),
			acts: []refundtest.Act{refundtest.Before(activities.Open, 1, refundtest.Approve("finance-2")),
				refundtest.Before(activities.Open, 1, refundtest.Approve("finance-3"))},
			ends: refund.StatusSucceeded, also: took(0, time.Minute)},
		{name: "on behalf of whom it is made", world: asks(support),
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(1), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)},
		{name: "always", world: asks(refund.ApprovalPolicy{Always: true}),
			acts: []refundtest.Act{refundtest.At(time.Hour, awaits(1), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)},
		{name: "who has approved stays so when a person was needed in between", world: asks(twoPeople), faults: []control.Fault{answer(opCheck, 77777, "?", 1)},
			acts: []refundtest.Act{
				refundtest.At(time.Minute, refundtest.Approve("finance-2"), refundtest.Approve("finance-3")),
				refundtest.At(time.Hour, stays(refund.StatusNeedsAttention), refundtest.Resolve(refund.ResolveRetry))},
			ends: refund.StatusSucceeded, also: took(time.Hour, 2*time.Hour)},
		{name: "where nobody is asked an early rejection counts, and an early approval is answered", world: refundtest.Options{},
			acts: []refundtest.Act{refundtest.Before(activities.Open, 1, refundtest.Approve("finance-2")),
				refundtest.Before(activities.Open, 1, refundtest.Reject("finance-3"))},
			ends: refund.StatusRejected, also: both(never, turnedDown("approval by finance-2 came when none was awaited"))},
	})
}

// TestTheRequesterIsNobodyHoweverTheNameIsWritten, or one person could make two.
func TestTheRequesterIsNobodyHoweverTheNameIsWritten(t *testing.T) {
	var situations []situation
	const itself, unseen = "asked for this refund and cannot approve it", "by: want printable characters only"
	for _, c := range []struct{ name, by, says string }{
		{"in capitals", "AGENT-17", itself},
		{"in full-width letters", "\uff41gent-17", itself},
		{"with a variation selector", "agent-17\ufe0f", itself},
		{"with a grapheme joiner", "agent\u034f-17", itself},
		{"with a filler", "agent-17\u3164", itself},
		{"with a soft hyphen it is no name", "agent-17\u00ad", unseen},
		{"with a space of no width it is no name", "agent-17\u200b", unseen},
	} {
		situations = append(situations, situation{name: c.name, world: approved,
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve(c.by)), refundtest.At(2*time.Hour, awaits(1), refundtest.Reject("finance-2"))},
			ends: refund.StatusRejected, also: both(never, turnedDown(c.says))})
	}
	// Nobody can tell an impostor from a colleague by letters that only look alike.
	situations = append(situations, situation{name: "in another alphabet it is another name: signed decisions help", world: approved,
		acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("\u0430gent-17"))},
		ends: refund.StatusSucceeded, also: both(took(time.Hour, 2*time.Hour), said("approved by \u0430gent-17"))})
	prove(t, situations)
}

func TestTheDeadlineOfADecision(t *testing.T) {
	policy := func(end refund.AtDeadline) refund.ApprovalPolicy {
		return refund.ApprovalPolicy{Always: true, RemindEvery: day, Deadline: 3 * day, AtDeadline: end}
	}
	reminded := func(times int) func(*testing.T, *run) {
		return func(t *testing.T, r *run) { require.Len(t, r.Said("reminder: waits for approval since"), times) }
	}
	prove(t, []situation{
		{name: "rejected when the policy says so, after its reminders", world: asks(policy(refund.DeadlineReject)),
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, 3*day, v.Waiting.Until.Sub(r.Opened()))
			}))},
			ends: refund.StatusRejected, also: both(never, givenBack, took(3*day, 3*day+time.Minute), reminded(2),
				func(t *testing.T, r *run) {
					require.Contains(t, r.Outcome.Reason, "nobody decided within 72h0m0s")
				})},
		{name: "goes on waiting when the policy says so, and is late", world: asks(policy(refund.DeadlineStay)),
			acts: []refundtest.Act{
				refundtest.At(day+time.Hour, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, 3*day, v.Waiting.Due.Sub(r.Opened()))
					require.True(r, v.Waiting.Until.IsZero(), "nothing ends it by itself")
					require.Equal(r, 2*day, v.NextLook.Sub(r.Opened()))
				})),
				refundtest.At(30*day, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, refund.StatusAwaitingApproval, v.Status)
					require.Contains(r, v.Sentence, "late: ")
					require.True(r, v.NextLook.IsZero())
				}), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: both(took(30*day, 30*day+time.Minute), reminded(2), said("late: nobody decided within 72h0m0s"))},
		{name: "decided in time it reminds no more", world: asks(policy(refund.DeadlineReject)),
			acts: []refundtest.Act{refundtest.At(day+time.Hour, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: reminded(1)},
		{name: "decided at the last moment it is decided", world: asks(policy(refund.DeadlineReject)),
			acts: []refundtest.Act{refundtest.At(3*day-time.Second, refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: reminded(2)},
		{name: "without a deadline it reminds thirty times at most", world: asks(refund.ApprovalPolicy{Always: true, RemindEvery: day}),
			acts: []refundtest.Act{refundtest.At(50*day, awaits(1), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: reminded(30)},
		{name: "no deadline, no reminder", world: asks(refund.ApprovalPolicy{Always: true}),
			acts: []refundtest.Act{refundtest.At(50*day, awaits(1), refundtest.Approve("finance-2"))},
			ends: refund.StatusSucceeded, also: reminded(0)},
	})
}

// deskKey signs decisions; made up for these tests.
var deskKey = []byte("a key that only these tests know, 32+")

// sealed is a decision signed for the run's refund, changed before or after that.
func sealed(signal, word, by string, valid time.Duration, change func(*refund.Sealed), key []byte) refundtest.Do {
	return func(r *run) {
		s := refund.Sealed{Account: r.Request.Account, ID: r.Request.ID, Amount: r.Request.Amount, Decision: word, By: by,
			Expires: r.Now().Add(valid).Truncate(time.Second)}
		expires := s.Expires
		if signal == workflows.SignalResolve {
			s.Evidence = "the platform's console"
		}
		if change != nil {
			change(&s)
		}
		seal := refund.Seal{Expires: expires, Signature: s.Sign(key)}
		if signal == workflows.SignalResolve {
			action := refund.ResolveAction(word[len("resolve-"):])
			refundtest.Signal(signal, refund.Resolution{Action: action, By: by, Evidence: "the platform's console", Seal: seal})(r)
			return
		}
		refundtest.Signal(signal, refund.Decision{By: by, Seal: seal})(r)
	}
}

func TestAnAccountMayDemandSignedDecisions(t *testing.T) {
	world := refundtest.Options{Approval: refund.ApprovalPolicy{Always: true, Signed: true},
		DecisionKeys: [][]byte{[]byte("the key of before, which is still good"), deskKey}}
	approve := func(change func(*refund.Sealed), key []byte) refundtest.Do {
		return sealed(workflows.SignalApprove, "approve", "finance-2", time.Hour, change, key)
	}
	end := refundtest.At(5*time.Hour, sealed(workflows.SignalReject, "reject", "finance-3", time.Hour, nil, deskKey))
	situations := []situation{
		{name: "a genuine one is taken, with either key", world: world,
			acts: []refundtest.Act{refundtest.At(time.Hour, approve(nil, world.DecisionKeys[0]))},
			ends: refund.StatusSucceeded, also: both(took(time.Hour, 2*time.Hour), said("approved by finance-2"))},
		{name: "a genuine one that came before anybody waits", world: world,
			acts: []refundtest.Act{refundtest.Before(activities.Open, 1, approve(nil, deskKey))},
			ends: refund.StatusSucceeded, also: took(0, time.Minute)},
		{name: "none at all", world: world, acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2")), end},
			ends: refund.StatusRejected, also: turnedDown("approval by finance-2 is not taken: the account takes signed decisions only")},
		{name: "an unsigned rejection", world: world, acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Reject("finance-2")), end},
			ends: refund.StatusRejected, also: both(took(5*time.Hour, 6*time.Hour), turnedDown("rejection by finance-2 is not taken"))},
		{name: "expired", world: world,
			acts: []refundtest.Act{refundtest.At(time.Hour, sealed(workflows.SignalApprove, "approve", "finance-2", -time.Minute, nil, deskKey)), end},
			ends: refund.StatusRejected, also: turnedDown("its signature expired at")},
		{name: "good for too long", world: world,
			acts: []refundtest.Act{refundtest.At(time.Hour, sealed(workflows.SignalApprove, "approve", "finance-2", 40*day, nil, deskKey)), end},
			ends: refund.StatusRejected, also: turnedDown("expires in more than 31 days")},
		{name: "without the keys in the configuration nothing is taken", world: refundtest.Options{Approval: world.Approval},
			acts: []refundtest.Act{refundtest.At(time.Hour, approve(nil, deskKey)), refundtest.At(2*time.Hour, refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled, also: turnedDown("its signature is not that of")},
		{name: "a resolution must be signed too", world: refundtest.Options{Approval: refund.ApprovalPolicy{Signed: true}, DecisionKeys: [][]byte{deskKey}},
			part: true,
			acts: []refundtest.Act{
				refundtest.Before(check, 1, func(r *run) { r.Fault(answer(opApply, 10000, badSignature, 1)) }),
				refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveFailed)),
				refundtest.At(2*time.Hour, sealed(workflows.SignalResolve, "resolve-failed", "finance-2", time.Hour, nil, deskKey))},
			ends: refund.StatusFailed, also: both(took(2*time.Hour, 3*time.Hour), turnedDown("resolve by finance-2 is not taken: the account takes signed"))},
	}
	for name, change := range map[string]func(*refund.Sealed){
		"another refund's":    func(s *refund.Sealed) { s.ID = "R2" },
		"another account's":   func(s *refund.Sealed) { s.Account = "shop-other" },
		"of another amount":   func(s *refund.Sealed) { s.Amount-- },
		"another decision":    func(s *refund.Sealed) { s.Decision = "reject" },
		"somebody else's":     func(s *refund.Sealed) { s.By = "finance-3" },
		"with another expiry": func(s *refund.Sealed) { s.Expires = s.Expires.Add(-time.Second) },
		"with another key":    nil,
	} {
		key := deskKey
		if change == nil {
			key = []byte("a key that nobody has configured here")
		}
		situations = append(situations, situation{name: name, world: world, acts: []refundtest.Act{refundtest.At(time.Hour, approve(change, key)), end},
			ends: refund.StatusRejected, also: turnedDown("its signature is not that of")})
	}
	prove(t, situations)
}
