package main

import (
	"context"
	"time"

	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/sandbox/control"
)

// lookPause is between two looks at whether it is time to kill.
const lookPause = 50 * time.Millisecond

// kill carries out the planned deaths, in their order. A victim that is down just then is
// waited for, so that as many are killed as were planned.
func (s *site) kill(ctx context.Context, deaths []death, started func() int64) {
	for _, d := range deaths {
		victim := s.server
		if !d.server {
			victim = s.workers[d.worker]
		}
		for started() < int64(d.after) {
			if !process.Rest(ctx, lookPause) {
				return
			}
		}
		if !process.Rest(ctx, d.delay) {
			return
		}
		for !victim.Kill(d.pause) {
			if !process.Rest(ctx, lookPause) {
				return
			}
		}
	}
}

// askAgain lets Baidu's five minutes pass whenever a refund waits for its question to be
// repeated: it asks so soon that the worker may not have heard yet that the refund was
// accepted, or while nobody listens (protocol notes, docs/protocols/baidu.md §6.1). Its
// stand-in's clock runs ahead by that.
func (s *site) askAgain(ctx context.Context) {
	for process.Rest(ctx, 2*time.Second) {
		books, err := s.asking.Baidu().Books(ctx)
		if err != nil {
			continue // the run is over, or the next look tells
		}
		if waitsForQuestion(books) {
			if moved, err := s.asking.Advance(ctx, 5*time.Minute); err == nil {
				s.moved.Lock()
				s.moves = append(s.moves, moved)
				s.moved.Unlock()
			}
		}
	}
}

// real is when something happened by everybody else's clock.
func (s *site) real(c *control.Client, at time.Time) time.Time {
	if c != s.asking {
		return at
	}
	s.moved.Lock()
	defer s.moved.Unlock()
	ahead := time.Duration(0)
	for _, m := range s.moves {
		if !m.Now.After(at) {
			ahead = m.Offset.Std()
		}
	}
	return at.Add(-ahead)
}

// waitsForQuestion reports whether a refund waits longer than the first question takes.
func waitsForQuestion(books control.BaiduBooks) bool {
	for _, o := range books.Orders {
		for _, r := range o.Refunds {
			if r.Audit == control.AuditWaiting && books.Now.Sub(r.AppliedAt) > 3*time.Second {
				return true
			}
		}
	}
	return false
}
