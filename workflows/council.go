package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// council is a question to people: what they are asked, on which terms, and who
// has approved.
type council struct {
	terms refund.Approval
	// since is when the deadline and the reminders begin to count.
	since time.Time
	// paused is since when nobody is asked, for another obstacle; zero: people are.
	paused time.Time
	// limit is the one over which the refund may go; empty: whether it may be made.
	limit      ledger.Obstacle
	approvedBy []string
	rejection  *refund.Verdict
	// reminded counts the reminders, late: the deadline has passed.
	reminded int
	late     bool
}

// goOn asks again after a pause, which counts in no deadline.
func (c *council) goOn(now time.Time) {
	if !c.paused.IsZero() {
		c.since, c.paused = c.since.Add(now.Sub(c.paused)), time.Time{}
	}
}

// missing is how many more must approve.
func (c *council) missing() int { return max(c.terms.Approvers-len(c.approvedBy), 0) }

func (c *council) approved() bool { return c.missing() == 0 }

// decided: nothing that is said later counts. Where nobody is asked, a rejection
// that came early still does.
func (c *council) decided() bool {
	return c.rejection != nil || c.terms.Approvers > 0 && c.approved()
}

// convene reminds, and ends what nobody decided in time, as the terms say. It
// returns when it must be called next; zero for never.
func (s *saga) convene(ctx workflow.Context, c *council) (time.Time, error) {
	deadline := c.deadline()
	if !c.late && reached(ctx, deadline) {
		if c.terms.AtDeadline == refund.DeadlineReject && !s.Irreversible {
			return time.Time{}, &ending{status: refund.StatusRejected,
				reason: fmt.Sprintf("nobody decided within %s: %s", c.terms.Deadline, c.terms.Why)}
		}
		c.late = true
		s.remark(ctx, fmt.Sprintf("late: nobody decided within %s; it goes on waiting", c.terms.Deadline))
		workflow.GetLogger(ctx).Warn("approval is late", "since", c.since)
	}
	if c.late {
		return time.Time{}, nil
	}
	if c.terms.RemindEvery <= 0 || c.reminded >= maxReminders {
		return deadline, nil
	}
	for ; reached(ctx, c.reminder()); c.reminded++ {
		if reached(ctx, c.reminder().Add(c.terms.RemindEvery)) {
			continue // several are due, as after a long outage: the last one will do
		}
		s.remark(ctx, fmt.Sprintf("reminder: waits for approval since %s", clock(c.since)))
		workflow.GetLogger(ctx).Warn("approval is awaited", "since", c.since)
	}
	return earliest(c.reminder(), deadline), nil
}

// maxReminders bounds them: each costs half a dozen events, and who has not heard
// thirty does not hear another one.
const maxReminders = 30

// deadline is when the terms end the question; zero for never.
func (c *council) deadline() time.Time {
	if c.terms.Deadline <= 0 {
		return time.Time{}
	}
	return c.since.Add(c.terms.Deadline)
}

// reminder is when the next one is due.
func (c *council) reminder() time.Time {
	return c.since.Add(time.Duration(c.reminded+1) * c.terms.RemindEvery)
}

// waitsForPeople shows who is asked for what.
func (s *saga) waitsForPeople(ctx workflow.Context, c *council, next time.Time) {
	sentence := "waits for the signal approve or reject: " + c.terms.Why
	switch missing := c.missing(); {
	case s.Irreversible && len(c.approvedBy) == 0: // too late to reject
		sentence = fmt.Sprintf("waits for %s to approve: %s", people(missing), c.terms.Why)
	case len(c.approvedBy) > 0:
		sentence = fmt.Sprintf("waits for %s more to approve, after %s: %s", people(missing), strings.Join(c.approvedBy, ", "), c.terms.Why)
	case missing > 1:
		sentence = fmt.Sprintf("waits for %s to approve, or one to reject: %s", people(missing), c.terms.Why)
	}
	if c.late {
		sentence = "late: " + sentence
	}
	until, answers := time.Time{}, []string{SignalApprove, SignalReject}
	if s.Irreversible {
		answers = answers[:1]
	}
	if c.limit != "" {
		answers = append(answers, SignalLimitsChanged)
	}
	if c.terms.AtDeadline == refund.DeadlineReject && !s.Irreversible {
		until = c.deadline()
	}
	s.waits(ctx, refund.StatusAwaitingApproval, sentence, next, refund.Waiting{
		For: refund.WaitApproval, Why: c.terms.Why, Until: until, Due: c.deadline(), Accepts: s.accepting(answers...),
		Approvers: c.terms.Approvers, ApprovedBy: slices.Clone(c.approvedBy),
	})
}

func people(n int) string {
	if n == 1 {
		return "one"
	}
	return fmt.Sprintf("%d people", n)
}
