package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// said is one thing that somebody did about a refund, or was told.
type said struct{ who, text string }

// saga is who answers people.
const saga = "the saga"

func (c *course) say(who, format string, args ...any) {
	c.talk = append(c.talk, said{who, fmt.Sprintf(format, args...)})
}

// approveOwn is what must not work: who asks for a refund approves it.
func approveOwn(ctx context.Context, w *world, c *course) error {
	if err := w.until(ctx, c, refund.StatusAwaitingApproval); err != nil {
		return err
	}
	c.say(requester, "approves by update, as a backend would")
	_, err := w.refunds.Approve(ctx, c.request.Account, c.request.ID, refund.Decision{By: requester})
	var refused *client.RefusedError
	switch {
	case err == nil:
		return fmt.Errorf("%s approved their own request", requester)
	case !errors.As(err, &refused):
		return err
	}
	c.say(saga, "refuses: %s", refused.Reason)
	return nil
}

// approveBySignal approves as people do from the Web UI, and sees that it counts.
func approveBySignal(by string) act {
	return func(ctx context.Context, w *world, c *course) error {
		if err := w.until(ctx, c, refund.StatusAwaitingApproval); err != nil {
			return err
		}
		c.say(by, "approves by signal, as from the Web UI")
		decision := refund.Decision{By: by, Note: "saw the return"}
		if err := w.refunds.Signal(ctx, c.request.Account, c.request.ID, workflows.SignalApprove, decision); err != nil {
			return err
		}
		return w.follow(ctx, c, func(view refund.View) (bool, error) {
			if stands(view) {
				return false, fmt.Errorf("it came to %s (%s) after the signal of %s", view.Status, view.Sentence, by)
			}
			counts := view.Waiting != nil && slices.Contains(view.Waiting.ApprovedBy, by)
			return counts || view.Status != refund.StatusAwaitingApproval, nil
		})
	}
}

// approveByUpdate approves as a backend does, and is answered at once.
func approveByUpdate(by string) act {
	return func(ctx context.Context, w *world, c *course) error {
		if err := w.until(ctx, c, refund.StatusAwaitingApproval); err != nil {
			return err
		}
		c.say(by, "approves by update, as a backend would")
		answer, err := w.refunds.Approve(ctx, c.request.Account, c.request.ID, refund.Decision{By: by, Note: "called the customer"})
		if err != nil {
			return err
		}
		c.say(saga, "answers: %s", answer.Sentence)
		return nil
	}
}

// resolveByHand is what a person does about a refund of which no program can find
// out what became: it is looked for at the platform, under the number that the refund
// shows, and closed with what is found as evidence.
func resolveByHand(ctx context.Context, w *world, c *course) error {
	const by = "ops-1"
	if err := w.until(ctx, c, refund.StatusNeedsAttention); err != nil {
		return err
	}
	asks, number := c.view.Attention, c.view.ProviderNumber
	if asks == nil || !strings.Contains(asks.LookFor, number) {
		return fmt.Errorf("it needs attention, but does not say to look for its number %s", number)
	}
	c.say(saga, "asks a person to look for %s", asks.LookFor)
	platform := c.account.Platform()
	found, err := w.lookUp(ctx, c, number)
	if err != nil {
		return err
	}
	c.say(by, "finds it in %s's books under that number: %s, %s, as %s's refund %s",
		platform, refund.Fen(found.Amount), found.Status, platform, found.PlatformRefundID)
	decision := refund.Resolution{Action: refund.ResolveSucceeded, By: by, Evidence: platform + "'s refund " + found.PlatformRefundID}
	c.say(by, "resolves with %s, evidence: %s", decision.Action, decision.Evidence)
	answer, err := w.refunds.Resolve(ctx, c.request.Account, c.request.ID, decision)
	if err != nil {
		return err
	}
	c.say(saga, "answers: %s", answer.Sentence)
	return nil
}

// lookUp waits until the platform's books show the refund of that number as paid.
func (w *world) lookUp(ctx context.Context, c *course, number string) (control.PlacedRefund, error) {
	var book merchants.Book
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		var err error
		if book, err = c.account.Book(ctx, c.account.stand(w).Client, c.request.Order); err != nil {
			return control.PlacedRefund{}, err
		}
		paid := func(r control.PlacedRefund) bool { return r.Number == number && r.Status == control.Success }
		if i := slices.IndexFunc(book.Refunds, paid); i >= 0 {
			return book.Refunds[i], nil
		}
		select {
		case <-ctx.Done():
			return control.PlacedRefund{}, fmt.Errorf("%s's books never showed refund %s as paid: %w", c.account.Platform(), number, ctx.Err())
		case <-ticker.C:
		}
	}
}
