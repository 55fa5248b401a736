package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
)

// awaitResolution stands visibly until a person decides; nil means to try
// again. What can still be cancelled, can be cancelled here too.
func (s *saga) awaitResolution(ctx workflow.Context, a *attention) *ending {
	if a.failure != nil {
		s.Failure = a.failure
	}
	s.inbox.resolution = nil
	s.move(ctx, refund.StatusNeedsAttention, a.reason+" — waits for the signal resolve: retry, succeeded or failed")
	looks := s.inbox.looks
	err := workflow.Await(ctx, func() bool {
		// Until the books were read nobody knows whether it can still be stopped: a
		// request to cancel is kept, and obeyed once retry has opened them.
		return s.inbox.resolution != nil || s.inbox.cancel != nil && !s.Irreversible && s.opened ||
			s.inbox.looks != looks && s.sent && s.wakes < freeWakes
	})
	if err != nil {
		return nil // the context is never cancelled
	}
	if err := s.writeRemarks(ctx); err != nil {
		s.line(ctx, err.Error())
	}
	r := s.inbox.resolution
	if r == nil && s.inbox.looks != looks && s.sent {
		s.wakes++
		s.line(ctx, "something was heard of the refund: asks what became of it")
		return nil
	}
	if r == nil {
		c := s.inbox.cancel
		s.liftFlag(ctx, c.By)
		return &ending{status: refund.StatusCancelled, reason: said("cancelled", c.By, c.Note), by: c.By}
	}
	s.liftFlag(ctx, r.By)
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
// in the meantime.
func (s *saga) finish(ctx workflow.Context, end *ending) (refund.Outcome, error) {
	for s.opened && !end.booked {
		in := activities.Ending{Key: s.key(), Now: workflow.Now(ctx), Status: end.status, Reason: end.reason, By: end.by}
		if end.status == refund.StatusSucceeded {
			in.Refunded = s.Refunded
		}
		if _, err := record[any](ctx, activities.Finish, in); err == nil {
			break
		} else if again := s.awaitResolution(ctx, &attention{
			reason: "the end (" + string(end.status) + ") could not be booked", failure: failureOf(err),
		}); again != nil {
			end = again
		}
		s.inbox.cancel = nil // heard: it must not end in the same wall for ever
	}
	s.Outcome = &refund.Outcome{
		ID: s.Request.ID, Account: s.Request.Account, Status: end.status, Reason: end.reason, Amount: s.Refunded,
		ProviderNumber: s.ProviderNumber, PlatformRefundID: s.PlatformRefundID, Failure: end.failure,
		EndedAt: end.at,
	}
	if end.at.IsZero() {
		s.Outcome.EndedAt = workflow.Now(ctx)
	}
	s.move(ctx, end.status, end.reason)
	for s.hear(ctx); len(s.inbox.journal) > 0 && s.opened; s.hear(ctx) {
		if err := s.writeRemarks(ctx); err != nil {
			break // they stay visible in the view
		}
	}
	return *s.Outcome, nil
}
