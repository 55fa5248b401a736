package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
)

// sleep waits until t, or until something asks to look again.
func (s *saga) sleep(ctx workflow.Context, t time.Time, why string, looks int) error {
	s.tryingSince = time.Time{} // waiting for budget is not trying in vain
	cancelled := func() bool { return s.inbox.cancel != nil && !s.Irreversible }
	if !s.mayWake(ctx) {
		if err := s.rest(ctx, earliest(s.quietUntil(), t), wokenTooOften, cancelled); err != nil || cancelled() || reached(ctx, t) {
			return err
		}
	}
	err := s.rest(ctx, t, why, func() bool { return s.inbox.looks != looks || cancelled() })
	if s.inbox.looks != looks {
		s.woken(ctx)
	}
	return err
}

// woken counts a wait that was cut short.
func (s *saga) woken(ctx workflow.Context) {
	s.wakes++
	s.wokenAt = workflow.Now(ctx)
}

// mayWake reports whether a wait may be cut short now: often at first, and then once
// in wakeGap.
func (s *saga) mayWake(ctx workflow.Context) bool {
	return s.wakes < freeWakes || reached(ctx, s.quietUntil())
}

// quietUntil is when the next signal may cut a wait short that was cut short often.
func (s *saga) quietUntil() time.Time { return s.wokenAt.Add(wakeGap) }

const wokenTooOften = "was woken too often"

// rest waits for something to happen, or until t; the zero time never comes. Why is
// what the timeline of the Web UI shows beside the timer: the program's own words, no person's
// and no platform's.
func (s *saga) rest(ctx workflow.Context, t time.Time, why string, happened func() bool) error {
	if t.IsZero() {
		return workflow.Await(ctx, happened)
	}
	_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
		Timeout: until(ctx, t), TimerOptions: workflow.TimerOptions{Summary: refund.CleanText(why)},
	}, happened)
	return err
}

// stopped ends the refund when somebody asked to cancel it in time. Every wait
// ends in it, and the steps of no return begin with it.
func (s *saga) stopped(ctx workflow.Context) error {
	s.hear(ctx)
	if err := s.writeRemarks(ctx); err != nil {
		return err
	}
	if c := s.inbox.cancel; c != nil && !s.Irreversible {
		return &ending{status: refund.StatusCancelled, reason: said("cancelled", c.By, c.Note), by: c.By}
	}
	return nil
}

// reached reports whether a moment has come; the zero time never comes.
func reached(ctx workflow.Context, t time.Time) bool {
	return !t.IsZero() && !workflow.Now(ctx).Before(t)
}

// earliest of two moments, of which the zero time is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// until is the time from now to t, at least a moment.
func until(ctx workflow.Context, t time.Time) time.Duration {
	return max(t.Sub(workflow.Now(ctx)), time.Millisecond)
}

// patient puts the next look of a long wait off by a sixteenth of what was
// waited, at most an hour. Each look costs half a dozen events: a refund that
// looked every minute for its turn would fill its history within days, and the
// server would end it.
func patient(now, since, next time.Time) time.Time {
	later := now.Add(min(now.Sub(since)/16, time.Hour))
	if later.After(next) {
		return later
	}
	return next
}
