package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
)

// council is a question to people: what they are asked, on which terms, and who
// has approved.
type council struct {
	terms refund.Approval
	// since is when the deadline and the reminders begin to count.
	since      time.Time
	approvedBy []string
	rejection  *refund.Verdict
	// reminded counts the reminders, late: the deadline has passed.
	reminded int
	late     bool
}

// missing is how many more must approve.
func (c *council) missing() int { return max(c.terms.Approvers-len(c.approvedBy), 0) }

func (c *council) approved() bool { return c.missing() == 0 }

// decided: nothing that is said later counts. Where nobody is asked, a rejection
// that came early still does.
func (c *council) decided() bool {
	return c.rejection != nil || c.terms.Approvers > 0 && c.approved()
}

// approve waits for people when the account's policy wants them. Days are normal.
// A refund that passed the point of no return under an earlier run was approved
// there: asked again, a rejection could not be obeyed.
func (s *saga) approve(ctx workflow.Context) error {
	if s.approved {
		return nil
	}
	if s.Irreversible {
		s.approved = true
		s.hearRest(ctx, nil)
		return nil
	}
	if s.approval == nil { // who has approved stays so, whatever stops the question
		s.approval = &council{terms: s.plan.Approval, since: s.plan.Record.Opened}
	}
	if err := s.consult(ctx, s.approval, time.Time{}); err != nil {
		return err
	}
	s.approved, s.council = true, nil
	return nil
}

// consult asks people until enough have approved, or a moment has come at which the
// caller wants to look again (errLookAgain); any other end of it is an ending.
func (s *saga) consult(ctx workflow.Context, c *council, again time.Time) error {
	looks := s.inbox.looks
	for {
		s.hearRest(ctx, c)
		if r := c.rejection; r != nil {
			return &ending{status: refund.StatusRejected, reason: said("rejected", r.By, r.Note), by: r.By}
		}
		if err := s.stopped(ctx); err != nil || c.approved() {
			return err
		}
		if s.inbox.looks != looks && !again.IsZero() || reached(ctx, again) {
			return errLookAgain
		}
		next, end := s.convene(ctx, c)
		if end != nil {
			return end
		}
		if err := s.writeRemarks(ctx); err != nil {
			return err
		}
		next = earliest(next, again)
		s.waitsForPeople(ctx, c, next)
		if err := s.rest(ctx, next, "waits for people to decide", func() bool {
			return len(s.inbox.verdicts) > 0 || s.inbox.cancel != nil || s.inbox.looks != looks && !again.IsZero()
		}); err != nil {
			return err
		}
	}
}

// convene reminds, and ends what nobody decided in time, as the terms say. It
// returns when it must be called next; zero for never.
func (s *saga) convene(ctx workflow.Context, c *council) (time.Time, error) {
	deadline := c.deadline()
	if !c.late && reached(ctx, deadline) {
		if c.terms.AtDeadline == refund.DeadlineReject {
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
	if c.terms.RemindEvery <= 0 {
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
	case len(c.approvedBy) > 0:
		sentence = fmt.Sprintf("waits for %s more to approve, after %s: %s", people(missing), strings.Join(c.approvedBy, ", "), c.terms.Why)
	case missing > 1:
		sentence = fmt.Sprintf("waits for %s to approve, or one to reject: %s", people(missing), c.terms.Why)
	}
	if c.late {
		sentence = "late: " + sentence
	}
	var until time.Time
	if c.terms.AtDeadline == refund.DeadlineReject {
		until = c.deadline()
	}
	s.waits(ctx, refund.StatusAwaitingApproval, sentence, next, refund.Waiting{
		For: refund.WaitApproval, Why: c.terms.Why, Until: until, Due: c.deadline(), Accepts: []string{SignalApprove, SignalReject, SignalCancel},
		Approvers: c.terms.Approvers, ApprovedBy: slices.Clone(c.approvedBy),
	})
}

func people(n int) string {
	if n == 1 {
		return "one"
	}
	return fmt.Sprintf("%d people", n)
}

// hearRest judges every verdict that has come, in the order in which they came. The
// council is nil when nobody is asked.
func (s *saga) hearRest(ctx workflow.Context, c *council) {
	s.council = c
	for s.hear(ctx); len(s.inbox.verdicts) > 0; s.hear(ctx) {
		v := s.inbox.verdicts[0]
		s.inbox.verdicts = s.inbox.verdicts[1:]
		s.weigh(ctx, c, v)
	}
	if c == nil || c.decided() {
		s.council = nil
	}
}

// weigh takes one verdict into account, or says why not.
func (s *saga) weigh(ctx workflow.Context, c *council, v *spoken[refund.Verdict]) {
	why := s.objection(v.what)
	if why == "" && s.plan.Approval.Signed {
		if flaw := s.unsealed(ctx, string(v.what.Verb), v.what.By, v.what.Seal); flaw != "" {
			why = named(v.what) + " is not taken: " + flaw
		}
	}
	switch {
	case why != "":
		s.turnDown(ctx, why)
		v.refuse(why)
		return
	case v.what.Verb == refund.VerbReject:
		c.rejection = &v.what
		why = said("rejected", v.what.By, v.what.Note)
	default:
		c.approvedBy = append(c.approvedBy, v.what.By)
		why = said("approved", v.what.By, v.what.Note)
	}
	s.remark(ctx, why)
	if missing := c.missing(); missing > 0 && c.rejection == nil {
		why += "; " + people(missing) + " more must approve"
	}
	v.answer(why, s.Status)
}

// objection is why a verdict changes nothing as the refund stands, or "". A name is
// the same person however it is written.
func (s *saga) objection(v refund.Verdict) string {
	c := s.council
	reject := v.Verb == refund.VerbReject
	switch {
	case !reject && strings.EqualFold(v.By, s.Request.RequestedBy):
		return v.By + " asked for this refund and cannot approve it; somebody else must"
	case reject && (s.Status.Final() || c == nil && s.opened):
		return named(v) + " came when no decision was awaited any more; send cancel to stop the refund"
	case s.Status.Final(), c == nil && s.opened:
		return named(v) + " came when none was awaited any more"
	case c == nil: // early: it is judged when the books are open
		return ""
	case !reject && c.terms.Approvers == 0:
		return named(v) + " came when none was awaited"
	case reject && c.decided():
		return named(v) + " came after the decision was made; send cancel to stop the refund"
	case c.decided():
		return named(v) + " came after the decision was made"
	case !reject && slices.ContainsFunc(c.approvedBy, func(by string) bool { return strings.EqualFold(by, v.By) }):
		return named(v) + " came twice and counts once; another person must approve"
	}
	return ""
}

func named(v refund.Verdict) string {
	if v.Verb == refund.VerbReject {
		return "rejection by " + v.By
	}
	return "approval by " + v.By
}

// unsealed is what is wrong with the signature of a decision, or "". It is checked
// outside of the workflow: the keys must not come near the history.
func (s *saga) unsealed(ctx workflow.Context, decision, by string, seal refund.Seal) string {
	flaw, err := record[string](ctx, activities.VerifySeal, activities.Seal{
		Sealed: refund.Sealed{
			Account: s.Request.Account, ID: s.Request.ID, Amount: s.Request.Amount,
			Decision: decision, By: by, Expires: seal.Expires,
		},
		Signature: seal.Signature, Now: workflow.Now(ctx),
	})
	if err != nil {
		return "its signature could not be checked: " + refund.CleanText(err.Error())
	}
	return flaw
}

// reached reports whether a moment has come; the zero time never comes.
func reached(ctx workflow.Context, t time.Time) bool {
	return !t.IsZero() && !workflow.Now(ctx).Before(t)
}

// earliest of two moments, of which the zero time is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
