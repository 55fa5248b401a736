package workflows

import (
	"fmt"

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
		activities.Opening{Request: s.Request, Now: workflow.Now(ctx), Version: int(versionNow), Sent: s.sent})
	if err != nil {
		return &attention{reason: "the refund could not be written down", failure: failureOf(err)}
	}
	restored := version(plan.Version) >= versionRestored
	if plan.Refused != "" && restored && (s.sent || s.cancelled) { // an end would say that no money moved
		return &attention{reason: "it may have been paid, and the books, which forgot it, do not take it: " + plan.Refused}
	}
	if plan.Refused != "" {
		return &ending{status: refund.StatusFailed, reason: plan.Refused, conflict: plan.Conflict}
	}
	r := plan.Record
	s.plan, s.opened = plan, true
	s.refuseNewer()
	s.Provider, s.ProviderNumber, s.PlatformRefundID = plan.Rules.Provider, r.Number, r.PlatformRefundID
	sent, cancelled := r.Sending != ledger.NotBegun, r.Verification != ledger.NotBegun
	if restored && r.Status == ledger.Open { // what was sent was sent all the same
		s.forgotten, s.amends = s.sent && !sent, false
		sent, cancelled = sent || s.sent, cancelled || s.cancelled
	}
	s.sent, s.accepted, s.cancelled = sent, r.Sending == ledger.Done, cancelled
	s.Irreversible = s.sent || s.cancelled
	if r.Status != ledger.Open {
		return s.endedBefore(ctx, r)
	}
	s.tooLateToCancel(ctx)
	return nil
}

// tooLateToCancel answers who wanted to cancel before the books told that it is too
// late.
func (s *saga) tooLateToCancel(ctx workflow.Context) {
	if c := s.inbox.cancel; c != nil && (s.Irreversible || s.amends || s.plan.Record.Status != ledger.Open) {
		s.inbox.cancel = nil
		why := "the refund has ended"
		if s.plan.Record.Status == ledger.Open {
			why = "the point of no return has passed"
		}
		s.turnDown(ctx, "cancellation by "+c.By+" refused: "+why)
	}
}

// endedBefore repeats the outcome of a refund that Temporal no longer knows. When
// the platform has contradicted it since, a person must say which is true.
func (s *saga) endedBefore(ctx workflow.Context, r *ledger.Record) error {
	s.Refunded = r.Refunded
	s.amends = r.Alert != ""
	s.tooLateToCancel(ctx)
	s.hearRest(ctx, nil)
	if s.amends {
		return &attention{reason: fmt.Sprintf("it ended as %s on %s (%s), and then the platform said otherwise: %s",
			r.Status, clock(r.EndedAt), r.Reason, r.Alert)}
	}
	reason := fmt.Sprintf("%s (ended on %s)", r.Reason, clock(r.EndedAt))
	return &ending{status: refund.Status(r.Status), reason: reason, booked: true, at: r.EndedAt}
}

// check asks whether the order is as the request believes it to be. It is the
// last step that costs nothing.
func (s *saga) check(ctx workflow.Context) error {
	if s.sent {
		return nil
	}
	believed := s.Provider + " cannot be asked about orders: the stored order is believed"
	if s.plan.Rules.NoOrderQuery && s.since(versionUnasked) {
		s.Failure = nil
		s.move(ctx, refund.StatusCheckingOrder, believed)
		return nil
	}
	s.move(ctx, refund.StatusCheckingOrder, "asks "+s.Provider+" whether the order is paid and verified")
	// A platform that cannot be reached must not hold up who wants to cancel.
	state, _, err := askUntil[providers.OrderState](asking(ctx, s.plan.Queue, unreachableFor, summaries[activities.CheckOrder]),
		s.plan.Inline, activities.CheckOrder, s.step(ctx), func() bool { return s.inbox.cancel != nil && !s.Irreversible })
	if stop := s.stopped(ctx); stop != nil {
		return stop
	}
	if err != nil {
		return s.afterFailure(ctx, failureOf(err))
	}
	s.Failure = nil
	if !state.Asked {
		s.line(ctx, believed)
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
