package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
)

// awaitResolution stands visibly until a person decides; nil means to try
// again. What can still be cancelled, can be cancelled here too, and what the
// platform says in the meantime is asked for.
func (s *saga) awaitResolution(ctx workflow.Context, a *attention) *ending {
	if a.failure != nil {
		s.Failure = a.failure
	}
	s.inbox.resolver, s.attended = "", nil
	s.stands(ctx, a)
	s.putOff(ctx)
	opened := s.opened
	news := s.news(a)
	// Until the books were read nobody knows whether it can still be stopped: a
	// request to cancel is kept, and obeyed once retry has opened them.
	cancelled := func() bool { return s.inbox.cancel != nil && !s.Irreversible && s.opened && !s.amends }
	for {
		var quiet time.Time
		if news() && !s.mayWake(ctx) {
			quiet = s.quietUntil()
		}
		err := s.rest(ctx, quiet, wokenTooOften, func() bool {
			return len(s.inbox.resolutions) > 0 || cancelled() || news() && (quiet.IsZero() || s.mayWake(ctx))
		})
		if err != nil {
			return nil // the context is never cancelled
		}
		resolution := s.judge(ctx)
		if err := s.writeRemarks(ctx); err != nil {
			s.line(ctx, err.Error())
		}
		switch {
		case !s.opened && opened: // the books forgot it, and do not take it: no end could be booked
			return nil
		case resolution != nil:
			s.liftFlag(ctx, resolution.By)
			return s.resolved(resolution)
		case cancelled():
			c := s.inbox.cancel
			s.liftFlag(ctx, c.By)
			return &ending{status: refund.StatusCancelled, reason: said("cancelled", c.By, c.Note), by: c.By}
		case len(s.inbox.resolutions) == 0 && news() && s.mayWake(ctx): // otherwise a person was heard meanwhile
			s.woken(ctx)
			if s.sent {
				s.attended = a
			}
			s.line(ctx, "something was heard that may change this: looks again")
			return nil
		}
	}
}

// putOff answers the verdicts that nobody can judge before a person has resolved what
// stands; those that came as signals wait for that.
func (s *saga) putOff(ctx workflow.Context) {
	waiting := s.inbox.verdicts
	s.inbox.verdicts = nil
	for _, v := range waiting {
		if why := s.undecidable(v.what); v.reply != nil && why != "" {
			s.turnDown(ctx, why)
			v.refuse(why)
			continue
		}
		s.inbox.verdicts = append(s.inbox.verdicts, v)
	}
}

// news tells whether something was heard since now that may end the need for a person:
// the platform's word about what was sent, or another limit where that was the reason.
func (s *saga) news(a *attention) func() bool {
	looks, notices := s.inbox.looks, s.inbox.notices
	return func() bool {
		return !s.amends && (s.sent && s.inbox.notices != notices || a.byLimit && s.inbox.looks != looks)
	}
}

// interrupted: a person resolves what needed one, while the saga asks once more.
func (s *saga) interrupted() bool { return s.attended != nil && len(s.inbox.resolutions) > 0 }

// judge takes the first resolution that counts; nil when there is none yet.
func (s *saga) judge(ctx workflow.Context) *refund.Resolution {
	for len(s.inbox.resolutions) > 0 {
		r := s.inbox.resolutions[0]
		s.inbox.resolutions = s.inbox.resolutions[1:]
		if s.plan.Approval.Signed {
			sealed := refund.Sealed{Decision: refund.SealedResolve(r.what.Action), By: r.what.By, Evidence: r.what.Evidence}
			if flaw := s.unsealed(ctx, sealed, r.what.Seal); flaw != "" {
				flaw = "resolve by " + r.what.By + " is not taken: " + flaw
				s.turnDown(ctx, flaw)
				r.refuse(flaw)
				continue
			}
		}
		text := said("resolved with "+string(r.what.Action), r.what.By, r.what.Note)
		s.remark(ctx, text)
		r.answer(text, s.Status)
		s.inbox.resolver = r.what.By
		s.turnAway(ctx)
		return &r.what
	}
	return nil
}

// turnAway answers the resolutions that count no more.
func (s *saga) turnAway(ctx workflow.Context) {
	late := s.inbox.resolutions
	s.inbox.resolutions = nil
	for _, r := range late {
		s.resolve(ctx, r)
	}
}

// resolved is what a resolution leads to; nil means to try again.
func (s *saga) resolved(r *refund.Resolution) *ending {
	switch r.Action {
	case refund.ResolveSucceeded:
		return s.byHand(refund.StatusSucceeded, r)
	case refund.ResolveFailed:
		return s.byHand(refund.StatusFailed, r)
	case refund.ResolveRetry:
		s.Failure, s.rechecks, s.tryingSince = nil, 0, time.Time{}
	}
	return nil
}

func (s *saga) byHand(status refund.Status, r *refund.Resolution) *ending {
	reason := fmt.Sprintf("%s; evidence: %s", said("resolved as "+string(status), r.By, r.Note), r.Evidence)
	s.Refunded = 0
	if status == refund.StatusSucceeded {
		s.Refunded, s.Failure = s.Request.Amount, nil
	}
	return &ending{status: status, reason: reason, by: r.By, failure: s.Failure}
}

// liftFlag lets the account's other refunds go on, whatever was decided about
// the one that flagged it: a flag that outlived it would hold them for ever, and
// an account that is still misconfigured is flagged by the next one.
func (s *saga) liftFlag(ctx workflow.Context, by string) {
	if !flags(s.Failure) {
		return
	}
	line := activities.Line{Key: s.key(), Now: workflow.Now(ctx), Text: by}
	if _, err := record[any](ctx, activities.Unflag, line); err != nil {
		s.line(ctx, "the account is still flagged: "+refund.CleanText(err.Error()))
	}
}

// finish closes the books and tells the outcome. It never drops what was said
// in the meantime. It is not over when the books would not be closed like that, and
// somebody wants to try again.
func (s *saga) finish(ctx workflow.Context, end *ending) (_ refund.Outcome, over bool, _ error) {
	for s.opened && !end.booked {
		err := s.book(ctx, end)
		if err == nil {
			break
		}
		stuck := &attention{reason: "the end (" + string(end.status) + ") could not be booked", failure: failureOf(err)}
		contradicted := stuck.failure.Code == activities.TypeContradiction
		if contradicted {
			known := s.readAgain(ctx, stuck)
			if errors.As(known, &end) || !errors.As(known, &stuck) {
				continue
			}
		}
		again := s.awaitResolution(ctx, stuck)
		s.inbox.cancel = nil // heard: it must not end in the same wall for ever
		switch {
		case again != nil:
			end = again
		case contradicted || !s.opened:
			return refund.Outcome{}, false, nil
		}
	}
	s.Outcome = &refund.Outcome{
		ID: s.Request.ID, Account: s.Request.Account, Status: end.status, Reason: end.reason, Amount: s.Refunded,
		ProviderNumber: s.ProviderNumber, PlatformRefundID: s.PlatformRefundID, Failure: end.failure,
		EndedAt: end.at, Conflict: end.conflict,
	}
	if end.at.IsZero() {
		s.Outcome.EndedAt = workflow.Now(ctx)
	}
	s.attended = nil
	s.move(ctx, end.status, end.reason)
	err := s.hearOut(ctx)
	return *s.Outcome, true, err
}

// readAgain reads the books anew when they contradict the saga: they know something
// that it does not. What they say is an ending, or a need for a person with the reason
// that is nearest to the truth. Books that know less than has happened were restored
// from a backup: the refund is written down anew, and what was sent stays sent.
func (s *saga) readAgain(ctx workflow.Context, otherwise *attention) error {
	s.opened = false
	if err := s.open(ctx); err != nil {
		return err
	}
	return otherwise
}

// book writes an end down that the books do not have yet.
func (s *saga) book(ctx workflow.Context, end *ending) error {
	in := activities.Ending{Key: s.key(), Now: workflow.Now(ctx), Status: end.status, Reason: end.reason, By: end.by}
	if end.status == refund.StatusSucceeded {
		in.Refunded = s.Refunded
	}
	step := activities.Finish
	if s.amends {
		step = activities.Amend
	}
	_, err := record[any](ctx, step, in)
	return err
}

// hearOut answers all that was said and came too late, and lets every update finish.
func (s *saga) hearOut(ctx workflow.Context) error {
	for {
		s.hearRest(ctx, nil)
		s.turnAway(ctx)
		if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
			return err
		}
		if len(s.inbox.journal) == 0 || !s.opened {
			return nil
		}
		if err := s.writeRemarks(ctx); err != nil {
			return nil // they stay visible in the view
		}
	}
}
