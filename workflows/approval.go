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
		s.approval = &council{terms: s.plan.Approval, since: workflow.Now(ctx), approvedBy: s.plan.ApprovedBy}
		if len(s.plan.ApprovedBy) > 0 {
			s.line(ctx, "was approved before by "+strings.Join(s.plan.ApprovedBy, ", "))
		}
	}
	if err := s.consult(ctx, s.approval, time.Time{}, s.inbox.looks); err != nil {
		return err
	}
	s.approved = true
	if s.plan.Approval.Approvers > 0 {
		s.plan.Outlook = nil // it is as old as the question
	}
	s.hearRest(ctx, nil)
	return nil
}

// consult asks people until enough have approved, or a moment has come at which the
// caller wants to look again (errLookAgain); any other end of it is an ending.
func (s *saga) consult(ctx workflow.Context, c *council, again time.Time, looks int) error {
	heard := func() bool { return c.limit != "" && s.inbox.looks != looks }
	looked := func() bool { return heard() && s.mayWake(ctx) }
	for {
		s.hearRest(ctx, c)
		if r := c.rejection; r != nil {
			return &ending{status: refund.StatusRejected, reason: said("rejected", r.By, r.Note), by: r.By}
		}
		if err := s.stopped(ctx); err != nil || c.approved() {
			return err
		}
		if looked() {
			s.woken(ctx)
			return errLookAgain
		}
		if reached(ctx, again) {
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
		tooOften := heard() // and was woken too often to look at once
		if tooOften {
			next = earliest(next, s.quietUntil())
		}
		s.waitsForPeople(ctx, c, next)
		if err := s.rest(ctx, next, "waits for people to decide", func() bool {
			return len(s.inbox.verdicts) > 0 || s.inbox.cancel != nil && !s.Irreversible || looked() || !tooOften && heard()
		}); err != nil {
			return err
		}
	}
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
		if flaw := s.unsealed(ctx, refund.Sealed{Decision: string(v.what.Verb), By: v.what.By}, v.what.Seal); flaw != "" {
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
	if c == s.approval && c.rejection == nil {
		s.inbox.journal[len(s.inbox.journal)-1].approvedBy = v.what.By
	}
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
	case !reject && refund.SamePerson(v.By, s.Request.RequestedBy):
		return v.By + " asked for this refund and cannot approve it; somebody else must"
	case reject && (s.Status.Final() || c == nil && s.opened):
		return named(v) + " came when no decision was awaited any more; send cancel to stop the refund"
	case s.Status.Final(), c == nil && s.opened:
		return named(v) + " came when none was awaited any more"
	case c == nil: // early: it is judged when the books are open
		return ""
	case reject && s.Irreversible:
		return named(v) + " refused: the point of no return has passed"
	case !reject && c.terms.Approvers == 0:
		return named(v) + " came when none was awaited"
	case reject && c.decided():
		return named(v) + " came after the decision was made; send cancel to stop the refund"
	case c.decided():
		return named(v) + " came after the decision was made"
	case !reject && slices.ContainsFunc(c.approvedBy, func(by string) bool { return refund.SamePerson(by, v.By) }):
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
func (s *saga) unsealed(ctx workflow.Context, d refund.Sealed, seal refund.Seal) string {
	d.Account, d.ID, d.Amount, d.Expires = s.Request.Account, s.Request.ID, s.Request.Amount, seal.Expires
	s.inbox.seals++
	flaw, err := record[string](ctx, activities.VerifySeal, activities.Seal{
		Sealed: d, Signature: seal.Signature, Now: workflow.Now(ctx),
		Claim: fmt.Sprintf("%d in run %s", s.inbox.seals, workflow.GetInfo(ctx).WorkflowExecution.RunID),
	})
	if err != nil {
		return "its signature could not be checked: " + refund.CleanText(err.Error())
	}
	return flaw
}
