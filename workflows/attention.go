package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
)

// stands shows that the refund needs a person, and all that the person must know.
func (s *saga) stands(ctx workflow.Context, a *attention) {
	reason := a.reason
	choices := s.choices()
	var actions []string
	for _, c := range choices {
		actions = append(actions, string(c.Action))
	}
	s.move(ctx, refund.StatusNeedsAttention, reason+" — waits for the signal resolve: "+orList(actions))
	accepts := []string{SignalResolve}
	if a.byLimit {
		accepts = append(accepts, SignalLimitsChanged)
	}
	if s.opened {
		accepts = s.accepting(accepts...)
	}
	s.Waiting = &refund.Waiting{For: refund.WaitPerson, Why: reason, Accepts: accepts}
	s.Attention = &refund.Attention{
		Reason: reason, MaySent: s.sent, VerificationCancelled: s.cancelled, LookFor: s.lookFor(), Choices: choices,
	}
	if s.Failure != nil {
		s.Attention.Hint = s.Failure.Hint
	}
	s.show(ctx)
}

// lookFor says what a person looks for in the platform's console. There is nothing to
// find before anything was sent.
func (s *saga) lookFor() string {
	if !s.sent && !s.amends {
		return ""
	}
	text := fmt.Sprintf("refund %s of %s at %s", s.ProviderNumber, s.Request.Amount, s.Provider)
	if s.PlatformRefundID != "" {
		text += ", the platform's number " + s.PlatformRefundID
	}
	order := s.Request.Order
	if order.PlatformID != "" {
		text += ", order " + order.PlatformID
	}
	if order.MerchantID != "" {
		text += ", the merchant's order " + order.MerchantID
	}
	return text
}

// choices are the ways to resolve it, and what each means as it stands.
func (s *saga) choices() []refund.Choice {
	if !s.opened {
		return []refund.Choice{{Action: refund.ResolveRetry, Means: "tries again to write it down"}}
	}
	retry := "goes on from the check of the order; nothing was sent yet"
	failed := fmt.Sprintf("closes it: no money moved and none will; %s of the order can be given back by another refund", s.Request.Amount)
	if s.sent {
		retry = "asks the platform what became of it; sends it again only where it shows none and another repetition is permitted"
		failed += "; be sure that the platform neither paid it nor will"
	}
	if s.cancelled {
		failed += "; the order stays without its verification"
	}
	choices := []refund.Choice{
		{Action: refund.ResolveRetry, Means: retry},
		{Action: refund.ResolveSucceeded, Means: fmt.Sprintf("books %s as given back", s.Request.Amount)},
		{Action: refund.ResolveFailed, Means: failed},
	}
	if s.amends { // it has ended: there is nothing to try again
		return choices[1:]
	}
	return choices
}

// orList joins words as in "retry, succeeded or failed".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
