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

// cancelVerification is the point of no return of a verified order: nobody can
// verify it again. Amount, order, cap, reserve and approval are settled.
func (s *saga) cancelVerification(ctx workflow.Context) error {
	if !s.wantsCancelling || s.sent {
		return nil
	}
	if err := s.stopped(ctx); err != nil {
		return err
	}
	s.Irreversible = true
	s.move(ctx, refund.StatusCancellingVerification, "cancels the order's verification; there is no way back from here")
	cancelled, err := ask[activities.Cancelled](ctx, s.plan, activities.CancelVerification, unreachableFor, s.step(ctx))
	if err == nil && cancelled.Hold != nil {
		s.Irreversible = s.cancelled
		if cancelled.Hold.Obstacle == ledger.ObstacleSpent && s.since(versionRestored) {
			return &attention{reason: cancelled.Hold.Why}
		}
		return errLookAgain // the day has changed and its budget is gone: hold waits for it
	}
	if err != nil {
		f := failureOf(err)
		if f.MayHaveHappened() {
			s.cancelled = true
		}
		s.Irreversible = s.cancelled // what was certainly not processed leaves the order verified
		return s.afterFailure(ctx, f)
	}
	s.cancelled, s.Failure = true, nil
	return nil
}

// apply sends the refund, and finds out what became of it when no clear answer
// came. After it the provider has accepted the refund.
func (s *saga) apply(ctx workflow.Context) error {
	switch {
	case s.accepted:
		return nil
	case s.sent && !s.forgotten:
		return s.findOut(ctx)
	}
	if err := s.stopped(ctx); err != nil {
		return err
	}
	s.Irreversible = true
	if s.tryingSince.IsZero() {
		s.tryingSince = workflow.Now(ctx)
	}
	doing := fmt.Sprintf("sends %s as refund %s", s.Request.Amount, s.ProviderNumber)
	if s.forgotten {
		doing = fmt.Sprintf("writes down anew that refund %s was sent, and asks before it is sent again", s.ProviderNumber)
	}
	s.move(ctx, refund.StatusApplying, doing)
	applied, err := ask[activities.Applied](ctx, s.plan, activities.Apply, applyFor, s.step(ctx))
	if err == nil && applied.Hold != nil {
		s.Irreversible = s.cancelled || s.sent
		return errLookAgain // the day has changed and its budget is gone: hold waits for it
	}
	if err == nil {
		return s.onAccepted(applied)
	}
	f := failureOf(err)
	waits := f.Class == refund.ClassTransient || f.Class == refund.ClassThrottled
	if f.MayHaveHappened() {
		s.sent = true // never send again without asking
		s.Failure = f
		if waits || f.Class == refund.ClassAmbiguous {
			return s.findOut(ctx)
		}
		return s.afterFailure(ctx, f)
	}
	s.Irreversible = s.cancelled || s.sent // certainly not processed, this time
	if waits && !f.Recheck && s.stillTrying(ctx) {
		s.Failure = f
		return errLookAgain
	}
	return s.afterFailure(ctx, f)
}

// findOut asks what became of a refund that was sent and not clearly answered.
// Its money stays reserved all the while.
func (s *saga) findOut(ctx workflow.Context) error {
	why, deadline := "was sent, but no clear answer came: "+s.asking(), workflow.Now(ctx).Add(doubtFor)
	s.waits(ctx, refund.StatusInDoubt, why, deadline, refund.Waiting{For: refund.WaitAnswer, Why: why, Until: deadline, Accepts: s.whileAsking()})
	applied, stopped, err := askUntil[activities.Applied](finishing(asking(ctx, s.plan.Queue, doubtFor, summaries[activities.FindOut])),
		s.plan.Inline, activities.FindOut, s.step(ctx), s.interrupted)
	if err == nil && applied.NotSent {
		s.hear(ctx) // who resolves it in this very moment is heard before it goes on to send
	}
	switch {
	case (err != nil || applied.NotSent) && (stopped || s.interrupted()):
		return s.attended // nothing is sent any more about which a person has decided
	case err == nil && applied.NotSent && s.forgotten:
		return &attention{reason: "the books do not know yet that it was sent", failure: s.Failure}
	case err == nil && applied.NotSent: // only the ledger was in the way
		s.sent, s.Irreversible, s.attended = false, s.cancelled, nil
		if s.stillTrying(ctx) {
			return errLookAgain
		}
		return &attention{reason: "the refund could not be sent for a day", failure: s.Failure}
	case err == nil:
		s.answered(ctx)
		return s.onAccepted(applied)
	}
	f := failureOf(err)
	s.Failure = f
	if flags(f) || f.Code == activities.TypeContradiction {
		return s.afterFailure(ctx, f)
	}
	return &attention{reason: "nobody could find out whether the refund was made: " + f.Error(), failure: f}
}

// asking is how the doubt is settled, by what the provider is able to tell.
func (s *saga) asking() string {
	switch rules := s.plan.Rules; {
	case rules.RepeatAnswers:
		return "repeating the same request, which " + s.Provider + " answers with the first one's result"
	case rules.Query == providers.QueryNone:
		return s.Provider + " cannot be asked: waiting for its message"
	case rules.Query == providers.QueryByOrder:
		return "asking " + s.Provider + " what the order looks like"
	case rules.Query == providers.QueryByNumber, rules.Query == providers.QueryPresence:
	}
	return "asking " + s.Provider + " for refund " + s.ProviderNumber
}

// stillTrying reports whether a sending that certainly did not happen may be
// tried again without a person.
func (s *saga) stillTrying(ctx workflow.Context) bool {
	return workflow.Now(ctx).Sub(s.tryingSince) < unreachableFor || s.tryingSince.IsZero()
}

func (s *saga) onAccepted(applied activities.Applied) error {
	s.sent, s.accepted, s.forgotten, s.Failure = true, true, false, nil
	s.told = applied.Receipt.State != "" && s.plan.Rules.Query == providers.QueryNone && s.since(versionUnasked)
	s.PlatformRefundID = applied.Receipt.PlatformRefundID
	return nil
}

// await asks for the result on the provider's schedule; a notification makes
// it ask now. The repeats live in the server, not in the history.
func (s *saga) await(ctx workflow.Context) error {
	why, rules := "accepted by "+s.Provider+s.known()+": waits for the result", s.plan.Rules
	if s.attended != nil { // a hint, which proves nothing, must not hide for long what needs a person
		rules.PollFor = min(rules.PollFor, doubtFor)
	}
	s.waits(ctx, refund.StatusProcessing, why, time.Time{}, refund.Waiting{
		For: refund.WaitResult, Why: why, Until: workflow.Now(ctx).Add(rules.PollFor), Accepts: s.whileAsking(SignalLimitsChanged),
	})
	for {
		looks := s.inbox.looks
		attempt, wake := workflow.WithCancel(ctx)
		asked := begin(awaiting(attempt, s.plan.Queue, rules), s.asks(), activities.AwaitResult, s.step(ctx))
		if err := workflow.Await(ctx, func() bool {
			return asked.IsReady() || s.inbox.looks != looks || s.interrupted()
		}); err != nil {
			return err
		}
		woken := !asked.IsReady()
		if woken && !s.mayWake(ctx) {
			err := s.rest(ctx, s.quietUntil(), wokenTooOften, func() bool { return asked.IsReady() || s.interrupted() })
			if err != nil {
				return err
			}
		}
		if woken {
			s.woken(ctx)
			wake()
		}
		var result activities.Awaited
		err := asked.Get(ctx, &result)
		switch {
		case err == nil:
			s.answered(ctx)
			return s.settle(result)
		case s.interrupted():
			return s.attended
		case woken || s.inbox.looks != looks:
			continue
		}
		f := failureOf(err)
		if f.Class == refund.ClassRejected || f.Class == refund.ClassInsufficientFunds {
			// A refused question says nothing of the refund, which was accepted.
			return &attention{failure: f, reason: "the question about the result was refused: " + f.Error()}
		}
		return s.afterFailure(ctx, f)
	}
}

// asks is in which lane the result is asked for. Where the acceptance told it, the question
// ends in the books and calls nobody.
func (s *saga) asks() activities.Inline {
	if s.told {
		return activities.InlineReads
	}
	return s.plan.Inline
}

// answered ends what a person was needed for: the platform has answered. Who resolves
// it in this moment knew less, and is told so.
func (s *saga) answered(ctx workflow.Context) {
	s.hear(ctx)
	s.attended = nil
	s.turnAway(ctx)
}

// known is the platform's number of the refund, in a sentence, where it has one.
func (s *saga) known() string {
	if s.PlatformRefundID == "" {
		return ""
	}
	return " as " + s.PlatformRefundID
}

// settle believes the result only when its numbers are those of the refund.
func (s *saga) settle(a activities.Awaited) error {
	if id := a.Result.PlatformRefundID; id != "" && s.PlatformRefundID == "" {
		s.PlatformRefundID = id
	}
	switch {
	case a.Settled:
		s.Refunded = s.Request.Amount
		return &ending{status: refund.StatusSucceeded, reason: activities.SettledReason(s.Provider), booked: true}
	case a.Mismatch != "":
		return &attention{reason: "the refund succeeded, but " + a.Mismatch}
	case a.Result.State == providers.ResultFailed && a.Result.Weak:
		return &attention{reason: s.Provider + " shows a failed refund of the order, but cannot say whether it is this one"}
	case a.Result.State == providers.ResultFailed:
		return s.refuse(nil, s.Provider+" accepted the refund and then reported it as failed")
	}
	return &attention{reason: fmt.Sprintf("%s gave a result that is none: %q", s.Provider, a.Result.State)}
}

// refuse ends a refund that is refused for good. Once the verification is
// cancelled there is no simple failure any more: the order stands without its
// verification and a person must see to it.
func (s *saga) refuse(f *refund.Failure, reason string) error {
	if s.forgotten {
		return &attention{failure: f, reason: reason + "; it may have been sent before the books were restored"}
	}
	if s.cancelled {
		return &attention{failure: f, reason: reason + "; the order's verification is cancelled and cannot be restored"}
	}
	return &ending{status: refund.StatusFailed, reason: reason, failure: f}
}

// afterFailure is the table of failure classes: what follows when a step gave
// up. Repeating is the steps' own business, so what comes here is an answer or
// a deadline.
func (s *saga) afterFailure(ctx workflow.Context, f *refund.Failure) error {
	s.Failure = f
	switch {
	case f.Code == activities.TypeContradiction:
		return s.readAgain(ctx, &attention{failure: f, reason: f.Error()})
	case f.Recheck && s.rechecks < 2:
		s.rechecks++
		s.line(ctx, "the order is not in the state it was believed to be in, looks at it again: "+f.Error())
		pause := workflow.TimerOptions{Summary: "gives the platform time to show what it has done"}
		if err := workflow.NewTimerWithOptions(ctx, recheckPause, pause).Get(ctx, nil); err != nil {
			return err
		}
		return errLookAgain
	case f.Class == refund.ClassRejected:
		return s.refuse(f, "refused for good: "+f.Error())
	case f.Class == refund.ClassInsufficientFunds:
		return s.awaitFunds(ctx, f)
	case flags(f):
		line := activities.Line{Key: s.key(), Now: workflow.Now(ctx), Step: "flag", Text: f.Error()}
		if _, err := record[any](ctx, activities.Flag, line); err != nil {
			s.line(ctx, "the account could not be flagged: "+refund.CleanText(err.Error()))
		}
		return &attention{failure: f, reason: "the account is misconfigured, its refunds are held back: " + f.Error()}
	case f.Recheck:
		return &attention{failure: f, reason: "the order's state and the platform's answer do not fit together: " + f.Error()}
	case f.Class == refund.ClassTransient, f.Class == refund.ClassThrottled, f.Class == refund.ClassAmbiguous:
		return &attention{failure: f, reason: "no answer for too long: " + f.Error()}
	}
	return &attention{failure: f, reason: f.Error()}
}

// flags reports whether a failure concerns the whole account.
func flags(f *refund.Failure) bool {
	return f != nil && f.Class == refund.ClassMisconfigured && !f.RequestOnly
}

// awaitFunds waits for the merchant's balance to be topped up, longer each
// time. The refund keeps its number and its hold.
func (s *saga) awaitFunds(ctx workflow.Context, f *refund.Failure) error {
	s.shortages++
	pause := min(fundsPause+time.Duration(s.shortages-1)*fundsPause/8, longestFundsPause)
	next, why := workflow.Now(ctx).Add(pause), "the merchant's balance is too low: "+f.Error()
	s.waits(ctx, refund.StatusAwaitingBudget, why, next, refund.Waiting{
		For: refund.WaitBalance, Why: why, Accepts: s.accepting(SignalLimitsChanged),
	})
	// Not why: the platform's own words may name a person, and stay in the details.
	if err := s.sleep(ctx, next, "waits for the merchant's balance", s.looked); err != nil {
		return err
	}
	return errLookAgain
}
