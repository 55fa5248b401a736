package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/devserver/timeskip"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// scenario is one refund of the demo: what is set up, what is done while it
// runs, and how it must end.
type scenario struct {
	name     string
	what     string
	merchant merchant
	total    refund.Fen
	amount   refund.Fen
	order    func(*control.NewBaiduOrder)
	// before disturbs the stand-in; during acts while the refund runs.
	before func(ctx context.Context, w *world, r refund.Request) error
	during func(ctx context.Context, w *world, r refund.Request) error
	// ends is the status it must end in, paid how many refunds Baidu's books must
	// show for the order.
	ends refund.Status
	paid int
	// passed are statuses it must have gone through, in this order.
	passed []refund.Status
}

var scenarios = []scenario{
	{
		name: "full", what: "a verified order in full: its verification is cancelled first",
		merchant: merchants[0], total: 9800, amount: 9800, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusCancellingVerification, refund.StatusApplying, refund.StatusProcessing},
	},
	{
		name: "part", what: "a verified order in part: it stays verified",
		merchant: merchants[0], total: 12000, amount: 3050, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusApplying, refund.StatusProcessing},
	},
	{
		name: "lost", what: "Baidu pays, but its answer is lost: asked for by number and found",
		merchant: merchants[0], total: 4500, amount: 4500, ends: refund.StatusSucceeded, paid: 1,
		before: func(ctx context.Context, w *world, r refund.Request) error {
			_, err := w.sandbox.AddFault(ctx, control.Fault{
				Op: "applyOrderRefund", OrderID: r.Order.PlatformID, Kind: control.FaultDisconnect, Phase: control.After,
			})
			return err
		},
		passed: []refund.Status{refund.StatusApplying, refund.StatusInDoubt, refund.StatusProcessing},
	},
	{
		name: "large", what: "¥899.00 wants a person: approved by signal",
		merchant: merchants[0], total: 89900, amount: 89900, ends: refund.StatusSucceeded, paid: 1,
		during: approve,
		passed: []refund.Status{refund.StatusAwaitingApproval, refund.StatusApplying},
	},
	{
		name: "unpaid", what: "the order was never paid: refused for good",
		merchant: merchants[0], total: 6600, amount: 6600, ends: refund.StatusFailed, paid: 0,
		order: func(o *control.NewBaiduOrder) { o.Paid = new(false); o.Verified = new(false) },
	},
	{
		name: "today", what: "¥60.00 of today's ¥100.00 budget",
		merchant: merchants[1], total: 6000, amount: 6000, ends: refund.StatusSucceeded, paid: 1,
	},
	{
		name: "tomorrow", what: "another ¥60.00: waits for the next business day (the clock is moved on)",
		merchant: merchants[1], total: 6000, amount: 6000, ends: refund.StatusSucceeded, paid: 1,
		during: nextDay,
		passed: []refund.Status{refund.StatusAwaitingBudget, refund.StatusApplying},
	},
}

// approve waits until the refund waits for it, and sends the signal a person
// would send from the Web UI.
func approve(ctx context.Context, w *world, r refund.Request) error {
	if _, err := w.until(ctx, r, refund.StatusAwaitingApproval); err != nil {
		return err
	}
	return w.refunds.Approve(ctx, r.Account, r.ID, refund.Decision{By: "finance-2", Note: "called the customer"})
}

// nextDay waits until the refund waits for tomorrow's budget, lets the night
// pass at the stand-in, and moves the workflow's clock to the morning: a real
// server with a truthful history, a night in milliseconds.
func nextDay(ctx context.Context, w *world, r refund.Request) error {
	view, err := w.until(ctx, r, refund.StatusAwaitingBudget)
	if err != nil {
		return err
	}
	if _, err := w.sandbox.NextDay(ctx); err != nil {
		return err
	}
	err = w.server.TimeSkip().FastForward(ctx, refund.WorkflowID(r.Account, r.ID), time.Until(view.NextLook)+time.Minute)
	if errors.Is(err, timeskip.ErrEnded) || errors.Is(err, timeskip.ErrInterrupted) {
		return nil // usually it is paid on the way; how it ended is compared in any case
	}
	return err
}

// until follows the refund to a status; any end on the way is an error.
func (w *world) until(ctx context.Context, r refund.Request, status refund.Status) (refund.View, error) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		view, err := w.refunds.Status(ctx, r.Account, r.ID)
		switch {
		case err != nil:
			return view, err
		case view.Status == status && (status != refund.StatusAwaitingBudget || !view.NextLook.IsZero()):
			return view, nil
		case view.Status.Final(), view.Status == refund.StatusNeedsAttention:
			return view, fmt.Errorf("it came to %s (%s) instead of %s", view.Status, view.Sentence, status)
		}
		select {
		case <-ctx.Done():
			return view, fmt.Errorf("it stands at %s (%s): %w", view.Status, view.Sentence, ctx.Err())
		case <-ticker.C:
		}
	}
}
