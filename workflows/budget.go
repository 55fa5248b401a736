package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// hold takes the amount from the day's cap and the reserve, and the order's
// turn, waiting for as long as that takes.
func (s *saga) hold(ctx workflow.Context) error {
	for !s.sent || s.forgotten {
		if err := s.stopped(ctx); err != nil {
			return err
		}
		s.looked = s.inbox.looks
		hold, err := record[ledger.Hold](ctx, activities.Hold, s.step(ctx))
		if err != nil {
			f := failureOf(err)
			stuck := &attention{reason: "the budget could not be taken: " + f.Error(), failure: f}
			if f.Code == activities.TypeContradiction && s.since(versionRestored) {
				return s.readAgain(ctx, stuck)
			}
			return stuck
		}
		s.plan.Outlook = nil // it was of the opening
		if hold.Granted {
			s.askNobody(ctx)
			return nil
		}
		if err := s.without(ctx, hold, s.looked); err != nil && !errors.Is(err, errLookAgain) {
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
		return s.refuse(nil, hold.Why)
	case refund.ExhaustedAsk:
		return s.askOver(ctx, hold, looks)
	case refund.ExhaustedWait:
	}
	s.pauseQuestion(ctx)
	if hold.RetryAt.IsZero() {
		return &attention{reason: hold.Why, byLimit: hold.Obstacle == ledger.ObstacleTooBig}
	}
	next := hold.RetryAt
	if s.Status == refund.StatusAwaitingBudget {
		next = patient(workflow.Now(ctx), s.Since, next)
	}
	s.waits(ctx, refund.StatusAwaitingBudget, hold.Why, next, refund.Waiting{
		For: waitsFor[hold.Obstacle], Why: hold.Why, Accepts: s.accepting(SignalLimitsChanged),
	})
	return s.sleep(ctx, next, beside(hold), looks)
}

// beside is what the timeline shows beside the timer of a wait. A flag's reason repeats the
// platform's own words, which may name a person: they stay in the details.
func beside(hold ledger.Hold) string {
	if hold.Obstacle == ledger.ObstacleFlag {
		return "waits until the account is repaired"
	}
	return hold.Why
}

// exhausted is the account's policy for an obstacle. What is no limit is waited for.
func (s *saga) exhausted(hold ledger.Hold) refund.Exhausted {
	switch limitOf(hold) {
	case ledger.ObstacleCap:
		return s.plan.Budget.DailyCap
	case ledger.ObstacleReserve:
		return s.plan.Budget.Reserve
	case ledger.ObstacleOrder, ledger.ObstacleFlag, ledger.ObstacleTooBig, ledger.ObstacleSpent:
	}
	return refund.ExhaustedWait
}

// limitOf is the limit that has no room.
func limitOf(hold ledger.Hold) ledger.Obstacle {
	if hold.Obstacle == ledger.ObstacleTooBig {
		return hold.Of
	}
	return hold.Obstacle
}

// askOver asks people whether the refund may go over a limit, until it finds room by
// itself. Each limit is a question of its own.
func (s *saga) askOver(ctx workflow.Context, hold ledger.Hold, looks int) error {
	limit := limitOf(hold)
	if s.over == nil || s.over.limit != limit {
		s.askNobody(ctx)
		terms := s.plan.Approval
		terms.Approvers = max(terms.Approvers, 1)
		s.over = &council{terms: terms, since: workflow.Now(ctx), limit: limit}
	}
	s.over.goOn(workflow.Now(ctx))
	s.over.terms.Why = hold.Why + "; approved, it goes over the limit"
	again := hold.RetryAt
	if again.IsZero() { // more than the whole limit, which may have been raised since
		again = workflow.Now(ctx).Add(tooBigPause)
	}
	if err := s.consult(ctx, s.over, again, looks); err != nil {
		return err
	}
	s.letOver = append(s.letOver, limit)
	s.tryingSince = time.Time{}
	return nil
}

// pauseQuestion lets the question over a limit rest while something else is in the
// way. Who has let it over need not say so again, and its deadline waits.
func (s *saga) pauseQuestion(ctx workflow.Context) {
	if s.over != nil && s.over.paused.IsZero() {
		s.over.paused = workflow.Now(ctx)
	}
	s.hearRest(ctx, nil)
}

// askNobody ends the question whether the refund may go over a limit; who answers it
// now is told so.
func (s *saga) askNobody(ctx workflow.Context) {
	s.over = nil
	s.hearRest(ctx, nil)
}

// waitsFor is what a refund waits for behind an obstacle.
var waitsFor = map[ledger.Obstacle]refund.WaitFor{
	ledger.ObstacleCap: refund.WaitBudget, ledger.ObstacleReserve: refund.WaitBudget, ledger.ObstacleTooBig: refund.WaitBudget,
	ledger.ObstacleOrder: refund.WaitOrderTurn, ledger.ObstacleFlag: refund.WaitAccount,
}
