package main

import (
	"context"
	"errors"
	"time"

	"github.com/refundflow/refundflow/devserver/timeskip"
	"github.com/refundflow/refundflow/refund"
)

// playInLine plays scenarios whose account has budget for one of them a day. Each is
// begun when the one before has ended or waits; only then the nights pass.
func (w *world) playInLine(ctx context.Context, line []*course) {
	for _, c := range line {
		if c.err = w.begin(ctx, c); c.err == nil {
			c.err = w.untilItRests(ctx, c, time.Time{})
		}
	}
	w.passNights(ctx, line)
	for _, c := range line {
		w.end(ctx, c)
	}
}

// passNights lets nights pass until no refund of the line waits for one: a night is one
// at the stand-in for all of them, and one by the clock of each workflow: a real
// server with a truthful history, a night in milliseconds. For runs of the same day
// with the same database there are more nights than for the first.
func (w *world) passNights(ctx context.Context, line []*course) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var waiting []*course
		for _, c := range line {
			if c.err == nil && c.view.Status == refund.StatusAwaitingBudget {
				waiting = append(waiting, c)
			}
		}
		if len(waiting) == 0 {
			return
		}
		_, err := waiting[0].account.stand(w).NextDay(ctx)
		for _, c := range waiting { // in the order of the line, as in life
			if c.err = err; err == nil {
				c.err = w.sleepOver(ctx, c)
			}
		}
	}
}

// sleepOver moves the clock of one refund on to its next look, and follows it until it
// has ended or waits for another night.
func (w *world) sleepOver(ctx context.Context, c *course) error {
	skip, id, look := w.server.TimeSkip(), refund.WorkflowID(c.request.Account, c.request.ID), c.view.NextLook
	clock, err := skip.State(ctx, id)
	if err != nil {
		return err
	}
	err = skip.FastForward(ctx, id, max(look.Sub(clock.Now), 0)+time.Minute)
	// Usually it is paid on the way; how it ended is compared in any case.
	if err != nil && !errors.Is(err, timeskip.ErrEnded) && !errors.Is(err, timeskip.ErrInterrupted) {
		return err
	}
	return w.untilItRests(ctx, c, look)
}

// untilItRests follows a refund until it has ended, or waits for budget with its next
// look after that of before.
func (w *world) untilItRests(ctx context.Context, c *course, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return w.follow(ctx, c, func(view refund.View) (bool, error) {
		return stands(view) || view.Status == refund.StatusAwaitingBudget && view.NextLook.After(before), nil
	})
}
