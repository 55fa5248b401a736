package workflows

import (
	"errors"
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
		activities.Opening{Request: s.Request, Now: workflow.Now(ctx), Version: int(versionNow)})
	if err != nil {
		return &attention{reason: "the refund could not be written down", failure: failureOf(err)}
	}
	if plan.Refused != "" {
		return &ending{status: refund.StatusFailed, reason: plan.Refused, conflict: plan.Conflict}
	}
	r := plan.Record
	s.plan, s.opened = plan, true
	s.refuseNewer()
	s.Provider, s.ProviderNumber, s.PlatformRefundID = plan.Rules.Provider, r.Number, r.PlatformRefundID
	s.sent, s.accepted = r.Sending != ledger.NotBegun, r.Sending == ledger.Done
	s.cancelled = r.Verification != ledger.NotBegun
	s.Irreversible = s.sent || s.cancelled
	if r.Status != ledger.Open {
		return s.endedBefore(r)
	}
	return nil
}

// endedBefore repeats the outcome of a refund that Temporal no longer knows. When
// the platform has contradicted it since, a person must say which is true.
func (s *saga) endedBefore(r *ledger.Record) error {
	s.Refunded = r.Refunded
	if r.Alert != "" {
		s.amends = true
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
	s.move(ctx, refund.StatusCheckingOrder, "asks "+s.Provider+" whether the order is paid and verified")
	state, err := s.askUnlessStopped(ctx)
	if stop := s.stopped(ctx); stop != nil {
		return stop
	}
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

// askUnlessStopped asks about the order, for as long as nobody wants to cancel: a
// platform that cannot be reached must not hold that up.
func (s *saga) askUnlessStopped(ctx workflow.Context) (state providers.OrderState, err error) {
	asking, stop := workflow.WithCancel(asking(ctx, s.plan.Queue, unreachableFor, summaries[activities.CheckOrder]))
	defer stop()
	asked := workflow.ExecuteActivity(asking, activities.CheckOrder, s.step(ctx))
	if err := workflow.Await(ctx, func() bool { return asked.IsReady() || s.inbox.cancel != nil && !s.Irreversible }); err != nil {
		return state, err
	}
	if asked.IsReady() {
		err = asked.Get(ctx, &state)
	}
	return state, err
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
		if err != nil {
			return &attention{reason: "the budget could not be taken", failure: failureOf(err)}
		}
		if hold.Granted {
			s.over, s.council = nil, nil
			return nil
		}
		if err := s.without(ctx, hold, looks); err != nil && !errors.Is(err, errLookAgain) {
			return err
		}
	}
	return nil
}

// without is what a refund does that has no budget: by the account's policy for
// limits, and waiting in every other case. It returns when it is time to try again.
func (s *saga) without(ctx workflow.Context, hold ledger.Hold, looks int) error {
	switch s.exhausted(hold) {
	case refund.ExhaustedFail:
		return &ending{status: refund.StatusFailed, reason: hold.Why}
	case refund.ExhaustedAsk:
		return s.askOver(ctx, hold)
	case refund.ExhaustedWait:
	}
	if hold.RetryAt.IsZero() {
		return &attention{reason: hold.Why}
	}
	next := hold.RetryAt
	if s.Status == refund.StatusAwaitingBudget {
		next = patient(workflow.Now(ctx), s.Since, next)
	}
	s.waits(ctx, refund.StatusAwaitingBudget, hold.Why, next, refund.Waiting{
		For: waitsFor[hold.Obstacle], Why: hold.Why, Accepts: []string{SignalCancel, SignalLimitsChanged},
	})
	return s.sleep(ctx, next, hold.Why, looks)
}

// exhausted is the account's policy for an obstacle. What is no limit is waited for.
func (s *saga) exhausted(hold ledger.Hold) refund.Exhausted {
	obstacle := hold.Obstacle
	if obstacle == ledger.ObstacleTooBig {
		obstacle = hold.Of
	}
	switch obstacle {
	case ledger.ObstacleCap:
		return s.plan.Budget.DailyCap
	case ledger.ObstacleReserve:
		return s.plan.Budget.Reserve
	case ledger.ObstacleOrder, ledger.ObstacleFlag, ledger.ObstacleTooBig:
	}
	return refund.ExhaustedWait
}

// askOver asks people whether the refund may go over its limits, until it finds room
// by itself.
func (s *saga) askOver(ctx workflow.Context, hold ledger.Hold) error {
	if s.over == nil {
		terms := s.plan.Approval
		terms.Approvers = max(terms.Approvers, 1)
		s.over = &council{terms: terms, since: workflow.Now(ctx)}
	}
	s.over.terms.Why = hold.Why + "; approved, it goes over the limit"
	if err := s.consult(ctx, s.over, hold.RetryAt); err != nil {
		return err
	}
	s.overLimits = true
	s.tryingSince = time.Time{}
	return nil
}

// waitsFor is what a refund waits for behind an obstacle.
var waitsFor = map[ledger.Obstacle]refund.WaitFor{
	ledger.ObstacleCap: refund.WaitBudget, ledger.ObstacleReserve: refund.WaitBudget, ledger.ObstacleTooBig: refund.WaitBudget,
	ledger.ObstacleOrder: refund.WaitOrderTurn, ledger.ObstacleFlag: refund.WaitAccount,
}

// sleep waits until t, or until something asks to look again.
func (s *saga) sleep(ctx workflow.Context, t time.Time, why string, looks int) error {
	s.tryingSince = time.Time{} // waiting for budget is not trying in vain
	return s.rest(ctx, t, why, func() bool {
		return s.inbox.looks != looks || s.inbox.cancel != nil && !s.Irreversible
	})
}

// rest waits for something to happen, or until t; the zero time never comes. Why is
// what the timeline of the Web UI shows beside the timer.
func (s *saga) rest(ctx workflow.Context, t time.Time, why string, happened func() bool) error {
	if t.IsZero() {
		return workflow.Await(ctx, happened)
	}
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: until(ctx, t), TimerOptions: workflow.TimerOptions{Summary: refund.CleanText(why)},
	}, happened)
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
