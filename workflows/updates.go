package workflows

import (
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// serve answers the updates. Each has a validator, which refuses what would change
// nothing, with the reason and without a trace in the history. What passes may still
// be refused, when it came too late by a moment or its signature is wrong: then it is
// in the journal like a signal.
func (s *saga) serve(ctx workflow.Context) error {
	for _, update := range []struct {
		name, description string
		objection         func(document []byte) error
		answer            func(workflow.Context, []byte) (refund.Answer, error)
	}{
		{UpdateDecide, `approve or reject, answered: {"decision":"approve","by":"who","note":"why"}`,
			possible(func(v refund.Verdict) string { return s.undecidable(v) }), s.onDecide},
		{UpdateCancel, `stop it in time, answered: {"by":"who","note":"why"}`,
			possible(func(d refund.Decision) string { return s.uncancellable(d) }), s.onCancelling},
		{UpdateResolve, `decide what needs attention, answered: {"action":"retry","by":"who","note":"why"}`,
			possible(func(r refund.Resolution) string { return s.unresolvable(r) }), s.onResolving},
		{UpdateSubmit, "sent with the start and the same document: accepted, or refused and why", s.differs, s.onSubmit},
	} {
		err := workflow.SetUpdateHandlerWithOptions(ctx, update.name,
			func(ctx workflow.Context, document converter.RawValue) (refund.Answer, error) {
				ctx, _ = workflow.NewDisconnectedContext(ctx) // to cancel the workflow is not to cancel what is said to it
				return update.answer(ctx, document.Payload().GetData())
			},
			workflow.UpdateHandlerOptions{
				Description: update.description,
				Validator: func(_ workflow.Context, document converter.RawValue) error {
					return update.objection(document.Payload().GetData())
				},
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// possible makes a validator of what can be said against a decision.
func possible[T interface{ Validate() error }](objection func(T) string) func([]byte) error {
	return func(document []byte) error {
		v, err := refund.Parse[T](document)
		if err != nil {
			return temporal.NewApplicationError(err.Error(), RefusedInvalid)
		}
		if why := objection(v); why != "" {
			return refusal(why)
		}
		return nil
	}
}

func refusal(why string) error { return temporal.NewApplicationError(why, RefusedNow) }

// undecidable is why an update with a verdict would change nothing, or would have no
// answer at once.
func (s *saga) undecidable(v refund.Verdict) string {
	if s.Status == refund.StatusNeedsAttention && (!s.opened || s.council != nil) {
		return named(v) + " cannot be judged now: the books could not be read or written; resolve it with retry first"
	}
	return s.objection(v)
}

func (s *saga) onDecide(ctx workflow.Context, document []byte) (refund.Answer, error) {
	v, err := refund.Parse[refund.Verdict](document)
	if err != nil {
		return refund.Answer{}, err // the validator has read it before
	}
	return sayAndWait(ctx, v, s.onVerdict)
}

func (s *saga) onResolving(ctx workflow.Context, document []byte) (refund.Answer, error) {
	r, err := refund.Parse[refund.Resolution](document)
	if err != nil {
		return refund.Answer{}, err
	}
	return sayAndWait(ctx, r, s.resolve)
}

// sayAndWait says something to the saga and waits for its answer.
func sayAndWait[T any](ctx workflow.Context, what T, say func(workflow.Context, *spoken[T])) (answer refund.Answer, err error) {
	future, reply := workflow.NewFuture(ctx)
	say(ctx, &spoken[T]{what: what, reply: reply})
	err = future.Get(ctx, &answer)
	return answer, err
}

// onCancelling answers when the refund has obeyed, or has passed the point of no
// return in the same moment.
func (s *saga) onCancelling(ctx workflow.Context, document []byte) (refund.Answer, error) {
	d, err := refund.Parse[refund.Decision](document)
	if err != nil {
		return refund.Answer{}, err
	}
	if why := s.uncancellable(d); why != "" {
		return refund.Answer{}, refusal(why)
	}
	s.onCancel(ctx, d)
	unread := func() bool { return s.Status == refund.StatusNeedsAttention && !s.opened }
	if err := workflow.Await(ctx, func() bool {
		return s.Status.Final() || s.inbox.cancel == nil || s.Irreversible || unread()
	}); err != nil {
		return refund.Answer{}, err
	}
	switch {
	case s.Status == refund.StatusCancelled:
		return s.stand(), nil
	case s.inbox.cancel != nil && unread():
		return refund.Answer{Status: s.Status, Sentence: "kept until the books can be read, and obeyed then if nothing was sent: resolve it with retry"}, nil
	case s.opened && s.inbox.cancel == nil && !s.Irreversible && !s.amends && s.Status == refund.StatusNeedsAttention:
		return refund.Answer{Status: s.Status, Sentence: "asked for, and not booked yet: " + s.Sentence}, nil
	case s.Status.Final(), s.amends, s.opened && s.plan.Record.Status != ledger.Open:
		return refund.Answer{}, refusal("cancellation by " + d.By + " refused: the refund has ended")
	}
	return refund.Answer{}, refusal("cancellation by " + d.By + " refused: the point of no return has passed")
}

// differs refuses to submit another refund under the id of this one.
func (s *saga) differs(document []byte) error {
	r, err := refund.ParseRequest(document)
	switch {
	case err != nil:
		return temporal.NewApplicationError(err.Error(), RefusedInvalid)
	case s.wrong == nil && r.Fingerprint() != s.Request.Fingerprint():
		return temporal.NewApplicationError(fmt.Sprintf("refund id %s of account %s is in use for other content: "+
			"send the same content, or choose a new id", s.Request.ID, s.Request.Account), RefusedConflict)
	}
	return nil
}

// onSubmit answers as soon as the refund is written down. What it will meet is told
// by the books' outlook: nobody waits for the platform here.
func (s *saga) onSubmit(ctx workflow.Context, _ []byte) (refund.Answer, error) {
	err := workflow.Await(ctx, func() bool { return s.Status != refund.StatusReceived })
	outlook := s.plan.Outlook
	switch {
	case s.Outcome != nil && s.Outcome.Conflict:
		return refund.Answer{}, temporal.NewApplicationError(s.Outcome.Reason, RefusedConflict)
	case s.Status != refund.StatusCheckingOrder:
		return s.stand(), err
	case outlook == nil:
		return refund.Answer{Status: s.Status, Sentence: "accepted as refund " + s.ProviderNumber}, err
	case s.exhausted(*outlook) == refund.ExhaustedFail:
		return refund.Answer{Status: s.Status, Sentence: "accepted, but without room it fails: " + outlook.Why}, err
	case s.exhausted(*outlook) == refund.ExhaustedAsk:
		return refund.Answer{Status: refund.StatusAwaitingApproval, Sentence: "accepted, and people will be asked to let it over the limit: " + outlook.Why}, err
	}
	return refund.Answer{Status: refund.StatusAwaitingBudget, Sentence: "accepted, and will have to wait: " + outlook.Why}, err
}

// stand is where the refund stands, as an answer.
func (s *saga) stand() refund.Answer { return refund.Answer{Status: s.Status, Sentence: s.Sentence} }
