package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

const (
	// callFor bounds one call: a caller's own patience with a server that is being killed.
	callFor = 10 * time.Second
	// retryPause is the caller's pause before the same again.
	retryPause = 300 * time.Millisecond
)

// shop is the shop's backend: it starts refunds and, for as long as that takes, starts them
// again with the same id.
type shop struct {
	refunds *client.Client
	started atomic.Int64 // refunds that a caller was told of
	retries atomic.Int64
	mu      sync.Mutex
	answers map[ledger.Key][]answer
}

// answer is what one caller was told.
type answer struct {
	client.Started
	asked time.Time
	err   error
}

func newShop(c *client.Client) *shop { return &shop{refunds: c, answers: map[ledger.Key][]answer{}} }

// open starts all wishes, so many at once and no faster than the pace allows (0 = none),
// and has those approved that need it.
func (s *shop) open(ctx context.Context, wishes []*wish, atOnce int, pace time.Duration) {
	next := time.NewTicker(max(pace, 1))
	defer next.Stop()
	var approving sync.WaitGroup
	_ = process.Each(atOnce, wishes, func(w *wish) error {
		if pace > 0 {
			select {
			case <-next.C:
			case <-ctx.Done():
				return nil
			}
		}
		var callers sync.WaitGroup
		for range w.callers {
			callers.Go(func() { s.start(ctx, w) })
		}
		callers.Wait()
		s.started.Add(1)
		if w.approvers() > 0 {
			approving.Go(func() { s.approve(ctx, w) })
		}
		return nil
	})
	approving.Wait()
}

// start is one caller.
func (s *shop) start(ctx context.Context, w *wish) {
	a := answer{asked: time.Now()}
	a.err = s.insist(ctx, func(ctx context.Context) (err error) {
		a.Started, err = s.refunds.Start(ctx, w.request())
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[w.key()] = append(s.answers[w.key()], a)
}

// approve is what one or two people do, each until it has counted.
func (s *shop) approve(ctx context.Context, w *wish) {
	r, people := w.request(), []string{"finance-1", "finance-2"}
	for _, by := range people[:w.approvers()] {
		d := refund.Decision{By: by}
		_ = s.insist(ctx, func(ctx context.Context) error { // who was not heard is found waiting in the end
			if w.bySignal {
				return s.refunds.Signal(ctx, r.Account, r.ID, workflows.SignalApprove, d)
			}
			_, err := s.refunds.Approve(ctx, r.Account, r.ID, d)
			var refused *client.RefusedError
			if !errors.As(err, &refused) {
				return err
			}
			view, lost := s.refunds.Status(ctx, r.Account, r.ID)
			if lost == nil && view.Status != refund.StatusReceived && !waitsFor(view, by) {
				return nil // an answer was lost: it has counted before
			}
			return err
		})
	}
}

// waitsFor reports whether this person's approval is still missing.
func waitsFor(v refund.View, by string) bool {
	if v.Waiting == nil || v.Waiting.For != refund.WaitApproval {
		return false
	}
	for _, has := range v.Waiting.ApprovedBy {
		if has == by {
			return false
		}
	}
	return true
}

// insist calls again after every error that another call may not meet, until ctx ends.
func (s *shop) insist(ctx context.Context, call func(context.Context) error) error {
	for {
		short, cancel := context.WithTimeout(ctx, callFor)
		err := call(short)
		cancel()
		var conflict *client.ConflictError
		var invalid *refund.InvalidError
		var ended *client.EndedError
		switch {
		case err == nil, errors.As(err, &conflict), errors.As(err, &invalid), errors.As(err, &ended):
			return err
		}
		s.retries.Add(1)
		if !process.Rest(ctx, retryPause) {
			return err
		}
	}
}
