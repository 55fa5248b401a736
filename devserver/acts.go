package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// spoil plans a misfortune for the refund's order.
func spoil(f control.Fault) act {
	return func(ctx context.Context, w *world, c *course) error {
		f.OrderID = c.request.Order.PlatformID
		_, err := c.account.stand(w).AddFault(ctx, f)
		return err
	}
}

// balance sets what the refunds of the WeChat merchant may draw on, in fen.
func balance(fen int64) act {
	return func(ctx context.Context, w *world, c *course) error {
		_, err := c.account.stand(w).WeChat().PatchMerchant(ctx, wechatMchID, control.WeChatMerchantPatch{Balance: &fen})
		return err
	}
}

// topUp waits until the balance has proven too low, fills it, and sends the signal
// that whoever filled it would send.
func topUp(ctx context.Context, w *world, c *course) error {
	if err := w.until(ctx, c, refund.StatusAwaitingBudget); err != nil {
		return err
	}
	if err := balance(1_000_000_00)(ctx, w, c); err != nil {
		return err
	}
	return w.refunds.LookAgain(ctx, c.request.Account, c.request.ID)
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
func (w *world) until(ctx context.Context, c *course, status refund.Status) error {
	return w.follow(ctx, c, func(view refund.View) (bool, error) {
		switch {
		case view.Status == status:
			return true, nil
		case stands(view):
			return false, fmt.Errorf("it came to %s (%s) instead of %s", view.Status, view.Sentence, status)
		}
		return false, nil
	})
}

// stands reports that the refund goes on no more, or not by itself.
func stands(view refund.View) bool {
	return view.Status.Final() || view.Status == refund.StatusNeedsAttention
}

// follow looks where the refund stands until look is satisfied.
func (w *world) follow(ctx context.Context, c *course, look func(refund.View) (done bool, err error)) (err error) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if c.view, err = w.refunds.Status(ctx, c.request.Account, c.request.ID); err != nil {
			return err
		}
		if done, err := look(c.view); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it stands at %s (%s): %w", c.view.Status, c.view.Sentence, ctx.Err())
		case <-ticker.C:
		}
	}
}
