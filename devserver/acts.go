package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/devserver/timeskip"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// spoil plans a misfortune for the refund's order.
func spoil(f control.Fault) act {
	return func(ctx context.Context, w *world, a *account, r refund.Request) error {
		f.OrderID = r.Order.PlatformID
		_, err := a.stand(w).AddFault(ctx, f)
		return err
	}
}

// approve waits until the refund waits for it, and sends the signal a person
// would send from the Web UI.
func approve(ctx context.Context, w *world, _ *account, r refund.Request) error {
	if err := w.until(ctx, r, refund.StatusAwaitingApproval); err != nil {
		return err
	}
	return w.refunds.Approve(ctx, r.Account, r.ID, refund.Decision{By: "finance-2", Note: "called the customer"})
}

// balance sets what the refunds of the WeChat merchant may draw on, in fen.
func balance(fen int64) act {
	return func(ctx context.Context, w *world, a *account, _ refund.Request) error {
		_, err := a.stand(w).WeChat().PatchMerchant(ctx, wechatMchID, control.WeChatMerchantPatch{Balance: &fen})
		return err
	}
}

// topUp waits until the balance has proven too low, fills it, and sends the signal
// that whoever filled it would send.
func topUp(ctx context.Context, w *world, a *account, r refund.Request) error {
	if err := w.until(ctx, r, refund.StatusAwaitingBudget); err != nil {
		return err
	}
	if err := balance(1_000_000_00)(ctx, w, a, r); err != nil {
		return err
	}
	return w.refunds.LookAgain(ctx, r.Account, r.ID)
}

// nextDay lets the nights pass that the refund waits for the budget, at the
// stand-in and by the workflow's clock: a real server with a truthful history, a
// night in milliseconds. It is one night, but for runs of the same day with the
// same database.
func nextDay(ctx context.Context, w *world, a *account, r refund.Request) error {
	var last time.Time
	return w.follow(ctx, r, func(view refund.View) (bool, error) {
		switch {
		case view.Status.Final() || view.Status == refund.StatusNeedsAttention || view.Status == refund.StatusProcessing:
			return true, nil
		case view.Status != refund.StatusAwaitingBudget || !view.NextLook.After(last):
			return false, nil
		}
		last = view.NextLook
		if _, err := a.stand(w).NextDay(ctx); err != nil {
			return false, err
		}
		err := w.server.TimeSkip().FastForward(ctx, refund.WorkflowID(r.Account, r.ID), time.Until(view.NextLook)+time.Minute)
		if errors.Is(err, timeskip.ErrEnded) || errors.Is(err, timeskip.ErrInterrupted) {
			err = nil // usually it is paid on the way; how it ended is compared in any case
		}
		return false, err
	})
}

// enough bounds how often Baidu asks again about one order. A refund that nobody
// here has asked for is never approved, and its clock shall not run away.
const enough = 10

// attend lets five minutes pass at Baidu's stand-in whenever it has asked too soon
// whether a refund is wanted, be it one of the demo's or of whoever tries it out.
// See [merchants.AskAgain].
func (w *world) attend(ctx context.Context) {
	ticker := time.NewTicker(300 * time.Millisecond)
	defer ticker.Stop()
	asked := map[string]*int{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		books, err := w.baidu.Baidu().Books(ctx)
		if err != nil {
			continue // it is about to end, or will answer the next time
		}
		for _, o := range books.Orders {
			if asked[o.OrderID] == nil {
				asked[o.OrderID] = new(int)
			}
			if n := asked[o.OrderID]; *n < enough && waiting(o) {
				_, _ = merchants.AskAgain(ctx, w.baidu.Client, refund.Order{PlatformID: o.OrderID}, n)
			}
		}
	}
}

func waiting(o control.BaiduOrder) bool {
	return slices.ContainsFunc(o.Refunds, func(r control.BaiduRefund) bool { return r.Audit == control.AuditWaiting })
}

// until follows the refund to a status; any end on the way is an error.
func (w *world) until(ctx context.Context, r refund.Request, status refund.Status) error {
	return w.follow(ctx, r, func(view refund.View) (bool, error) {
		switch {
		case view.Status == status:
			return true, nil
		case view.Status.Final(), view.Status == refund.StatusNeedsAttention:
			return false, fmt.Errorf("it came to %s (%s) instead of %s", view.Status, view.Sentence, status)
		}
		return false, nil
	})
}

// follow looks where the refund stands until look is satisfied.
func (w *world) follow(ctx context.Context, r refund.Request, look func(refund.View) (done bool, err error)) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		view, err := w.refunds.Status(ctx, r.Account, r.ID)
		if err != nil {
			return err
		}
		if done, err := look(view); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it stands at %s (%s): %w", view.Status, view.Sentence, ctx.Err())
		case <-ticker.C:
		}
	}
}
