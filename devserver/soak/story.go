package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/sandbox/control"
)

// mostStories is how many refunds' courses are told: the first ones say it all.
const mostStories = 5

// event is one line of a refund's course.
type event struct {
	at   time.Time
	who  string
	what string
}

// story is what happened to a refund, by everybody's account in the order of time.
func (s *site) story(ctx context.Context, r *fact) string {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var all []event
	var missing []string
	for _, a := range r.answers {
		all = append(all, event{a.asked, "caller", fmt.Sprintf("started, existing %t, run %s %s", a.Existing, a.RunID, told(a.err))})
	}
	view := r.view
	if view == nil { // it has ended, and was not asked
		found, err := s.refunds.Status(ctx, r.wish.order.account.name, r.wish.id)
		if err != nil {
			missing = append(missing, err.Error())
		}
		view = &found
	}
	for _, step := range view.Steps {
		all = append(all, event{step.At, "workflow", string(step.Status) + ": " + step.Text})
	}
	if books, err := s.ledger(ctx); err != nil {
		missing = append(missing, err.Error())
	} else {
		defer func() { _ = books.Close() }()
		lines, err := books.Journal(ctx, r.wish.key())
		if err != nil {
			missing = append(missing, err.Error())
		}
		for _, line := range lines {
			all = append(all, event{line.At, "ledger", line.Step + " " + line.Text})
		}
	}
	heard, err := s.heard(ctx, s.stand(r.wish.order.account), r.wish.order.made.PlatformID)
	if err != nil {
		missing = append(missing, err.Error())
	}
	return tell(r.wish.key(), append(all, heard...), missing)
}

// heard is what the platform saw of an order and said about it, by everybody else's clock.
func (s *site) heard(ctx context.Context, c *control.Client, order string) ([]event, error) {
	var all []event
	calls, err := c.Calls(ctx, control.CallFilter{OrderID: order})
	if err != nil {
		return nil, err
	}
	for _, call := range calls {
		text := fmt.Sprintf("%s %s: %s", call.Op, call.RefundNo, call.Outcome)
		if !call.Processed {
			text = fmt.Sprintf("%s %s: not processed", call.Op, call.RefundNo)
		}
		for _, f := range call.Faults {
			text += fmt.Sprintf(" [%s %s]", f.Kind, f.Phase)
		}
		all = append(all, event{s.real(c, call.At), "platform", text})
	}
	letters, err := c.Deliveries(ctx, order)
	for _, d := range letters {
		all = append(all, event{s.real(c, d.At), "message", fmt.Sprintf("%s %s, attempt %d: taken %t %s", d.Kind, d.RefundNo, d.Attempt, d.Taken, d.Problem)})
	}
	return all, err
}

func told(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// tell puts the course in order.
func tell(key ledger.Key, all []event, missing []string) string {
	slices.SortStableFunc(all, func(a, b event) int { return a.at.Compare(b.at) })
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", key)
	for _, e := range all {
		fmt.Fprintf(&b, "  %s  %-8s  %s\n", e.at.UTC().Format("15:04:05.000"), e.who, strings.TrimSpace(e.what))
	}
	for _, m := range missing {
		fmt.Fprintf(&b, "  (could not be read: %s)\n", m)
	}
	return b.String()
}
