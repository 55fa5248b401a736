package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// open writes the refund down, or finds how far it came under an earlier run.
func (s *saga) open(ctx workflow.Context) error {
	if s.opened {
		return nil
	}
	if s.wrong != nil {
		return &ending{status: refund.StatusFailed, reason: "the request is not valid: " + s.wrong.Error()}
	}
	plan, err := record[activities.Plan](ctx, activities.Open,
		activities.Opening{Request: s.Request, Now: workflow.Now(ctx)})
	if err != nil {
		return &attention{reason: "the refund could not be written down", failure: failureOf(err)}
	}
	if plan.Refused != "" {
		return &ending{status: refund.StatusFailed, reason: plan.Refused}
	}
	r := plan.Record
	s.plan, s.opened = plan, true
	s.Provider, s.ProviderNumber, s.PlatformRefundID = plan.Rules.Provider, r.Number, r.PlatformRefundID
	s.sent, s.accepted = r.Sending != ledger.NotBegun, r.Sending == ledger.Done
	s.cancelled = r.Verification != ledger.NotBegun
	s.Irreversible = s.sent || s.cancelled
	if r.Status != ledger.Open {
		return s.endedBefore(r)
	}
	return nil
}

// endedBefore repeats the outcome of a refund that Temporal no longer knows.
func (s *saga) endedBefore(r *ledger.Record) error {
	s.Refunded = r.Refunded
	reason := fmt.Sprintf("%s (ended on %s)", r.Reason, clock(r.EndedAt))
	return &ending{status: refund.Status(r.Status), reason: reason, booked: true, at: r.EndedAt}
}

// approve waits for a person when the account's policy wants one. Days are
// normal. A refund that passed the point of no return under an earlier run was
// approved there: asked again, a rejection could not be obeyed.
func (s *saga) approve(ctx workflow.Context) error {
	if s.approved || s.Irreversible {
		s.approved = true
		return nil
	}
	if s.plan.Approval != "" {
		s.waits(ctx, refund.StatusAwaitingApproval,
			fmt.Sprintf("waits for the signal approve or reject: %s", s.plan.Approval), time.Time{})
		err := workflow.Await(ctx, func() bool {
			return s.inbox.approval != nil || s.inbox.rejection != nil || s.inbox.cancel != nil
		})
		if err != nil {
			return err
		}
	}
	if r := s.inbox.rejection; r != nil {
		return &ending{status: refund.StatusRejected, reason: said("rejected", r.By, r.Note), by: r.By}
	}
	if err := s.stopped(ctx); err != nil {
		return err
	}
	s.approved = true
	return nil
}

// check asks whether the order is as the request believes it to be. It is the
// last step that costs nothing.
func (s *saga) check(ctx workflow.Context) error {
	if s.sent {
		return nil
	}
	s.move(ctx, refund.StatusCheckingOrder, "asks "+s.Provider+" whether the order is paid and verified")
	state, err := ask[providers.OrderState](ctx, s.plan.Queue, activities.CheckOrder, unreachableFor, s.step(ctx))
	if err != nil {
		return s.afterFailure(ctx, failureOf(err))
	}
	s.Failure = nil
	if !state.Asked {
		s.line(ctx, s.Provider+" cannot be asked about orders: the stored order is believed")
		return nil
	}
	rules, total := s.plan.Rules, s.Request.Order.Total
	full := s.Request.Full()
	switch {
	case !state.Paid:
		return s.refuse(nil, s.Provider+" shows the order as not paid")
	case state.Total != 0 && state.Total != total:
		return s.refuse(nil, fmt.Sprintf("%s says that %s was paid, the request says %s", s.Provider, state.Total, total))
	case full && (state.Refund == providers.ResultProcessing || state.Refund == providers.ResultSucceeded):
		return &attention{reason: s.Provider + " shows a refund of this order that was not made here: giving it back again could pay twice"}
	case !full && rules.PartialWantsVerified && !state.Verified:
		return s.refuse(nil, s.Provider+" refunds in part only a verified order, and this one is not")
	}
	s.wantsCancelling = full && rules.FullWantsUnverified && state.Verified
	return nil
}

// hold takes the amount from the day's cap and the reserve, and the order's
// turn, waiting for as long as that takes.
func (s *saga) hold(ctx workflow.Context) error {
	for !s.sent {
		if err := s.stopped(ctx); err != nil {
			return err
		}
		looks := s.inbox.looks
		hold, err := record[ledger.Hold](ctx, activities.Hold, s.step(ctx))
		switch {
		case err != nil:
			return &attention{reason: "the budget could not be taken", failure: failureOf(err)}
		case hold.Granted:
			return nil
		case hold.RetryAt.IsZero():
			return &attention{reason: hold.Why}
		}
		next := hold.RetryAt
		if s.Status == refund.StatusAwaitingBudget {
			next = patient(workflow.Now(ctx), s.Since, next)
		}
		s.waits(ctx, refund.StatusAwaitingBudget, hold.Why, next)
		if err := s.sleep(ctx, next, hold.Why, looks); err != nil {
			return err
		}
	}
	return nil
}

// sleep waits until t, or until something asks to look again. Why is what the
// timeline of the Web UI shows beside the timer.
func (s *saga) sleep(ctx workflow.Context, t time.Time, why string, looks int) error {
	s.tryingSince = time.Time{} // waiting for budget is not trying in vain
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: until(ctx, t), TimerOptions: workflow.TimerOptions{Summary: refund.CleanText(why)},
	}, func() bool { return s.inbox.looks != looks || s.inbox.cancel != nil && !s.Irreversible })
	return err
}

// stopped ends the refund when somebody asked to cancel it in time. Every wait
// ends in it, and the steps of no return begin with it.
func (s *saga) stopped(ctx workflow.Context) error {
	s.hear(ctx)
	if err := s.writeRemarks(ctx); err != nil {
		return err
	}
	if c := s.inbox.cancel; c != nil && !s.Irreversible {
		return &ending{status: refund.StatusCancelled, reason: said("cancelled", c.By, c.Note), by: c.By}
	}
	return nil
}
