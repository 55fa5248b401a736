package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/sandbox/control"
)

// gatherFor bounds the gathering of what everybody says.
const gatherFor = 5 * time.Minute

// gather asks everybody about every refund.
func (s *site) gather(ctx context.Context, p *plan, sh *shop) (*facts, error) {
	ctx, cancel := context.WithTimeout(ctx, gatherFor)
	defer cancel()
	books, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = books.Close() }()
	f := &facts{refunds: make([]fact, len(p.wishes)), caps: map[string]int64{}}
	for _, a := range accounts {
		if a.capped {
			f.caps[a.name] = p.cap
		}
	}
	for i, w := range p.wishes {
		f.refunds[i] = fact{wish: w, answers: sh.answers[w.key()]}
	}
	listed, err := s.refunds.List(ctx, client.Filter{Open: true, Limit: len(p.wishes) + 1})
	if err != nil {
		return nil, err
	}
	open := map[ledger.Key]bool{}
	for _, l := range listed {
		open[ledger.Key{Account: l.Account, ID: l.ID}] = true
	}
	err = process.Each(16, indexes(f.refunds), func(i int) error {
		r := &f.refunds[i]
		s.told(ctx, r, open[r.wish.key()])
		record, err := books.Refund(ctx, r.wish.key())
		if errors.Is(err, ledger.ErrUnknown) {
			return nil
		}
		r.record = &record
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.audit, err = books.Audit(ctx); err != nil {
		return nil, err
	}
	f.books, err = s.books(ctx)
	return f, err
}

func indexes[T any](all []T) []int {
	found := make([]int, len(all))
	for i := range found {
		found[i] = i
	}
	return found
}

// told asks as a caller does: for the outcome, or where the refund stands. It asks a few
// times, since the last kill may have been a moment ago.
func (s *site) told(ctx context.Context, r *fact, open bool) {
	for try := 0; ; try++ {
		r.lost = s.asked(ctx, r, open)
		var unknown *client.NotFoundError
		if r.lost == nil || errors.As(r.lost, &unknown) || try == 5 || !process.Rest(ctx, retryPause) {
			return
		}
	}
}

// asked asks once. Where a refund stands is asked for only of those that have not ended: it
// takes a worker, which reads a whole history for the answer.
func (s *site) asked(ctx context.Context, r *fact, open bool) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	key := r.wish.key()
	if open {
		view, err := s.refunds.Status(ctx, key.Account, key.ID)
		if err != nil {
			return err
		}
		if r.view = &view; !view.Status.Final() {
			return nil
		}
	}
	out, err := s.refunds.Wait(ctx, key.Account, key.ID)
	if err == nil {
		r.outcome = &out
	}
	return err
}

// books reads the platforms'.
func (s *site) books(ctx context.Context) (map[string]placed, error) {
	owner := map[string]string{}
	for _, a := range accounts {
		owner[a.platform+"/"+a.number] = a.name
	}
	all := map[string]placed{}
	for _, c := range []*control.Client{s.asking, s.prompt} {
		baidu, err := c.Baidu().Books(ctx)
		if err != nil {
			return nil, fmt.Errorf("the books of Baidu: %w", err)
		}
		for _, o := range baidu.Orders {
			p := placed{account: owner["baidu/"+o.AppKey], total: o.Total}
			for _, r := range o.Refunds {
				p.refunds = append(p.refunds, control.PlacedRefund{
					Number: r.BizRefundBatchID, PlatformRefundID: r.RefundBatchID, Amount: r.Amount, Status: r.Status, Elsewhere: r.Elsewhere, AppliedAt: r.AppliedAt,
				})
			}
			all[orderKey(p.account, o.OrderID)] = p
		}
	}
	for _, name := range []string{"wechat", "xlife", "shengpay"} {
		orders, err := s.prompt.Platform(name).Orders(ctx)
		if err != nil {
			return nil, fmt.Errorf("the books of %s: %w", name, err)
		}
		for _, o := range orders {
			account := owner[name+"/"+o.Merchant]
			all[orderKey(account, o.PlatformID)] = placed{account: account, total: o.Total, refunds: o.Refunds}
		}
	}
	return all, nil
}
