package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// ask has the platforms asked, each through the queue of its accounts, side by side:
// a queue that is slow, or stopped, holds up no other.
func (c *Comparison) ask(ctx workflow.Context, lanes []activities.Lane) error {
	cancelled := error(nil)
	all := workflow.NewWaitGroup(ctx)
	for _, lane := range lanes {
		if slices.Contains(c.Silent, lane.Queue) {
			c.Sum.Left += len(lane.Keys)
			continue
		}
		all.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer all.Done()
			if err := c.askLane(ctx, lane); err != nil {
				cancelled = err
			}
		})
	}
	all.Wait(ctx)
	return cancelled
}

// askLane asks a few at a time, until the queue does not answer.
func (c *Comparison) askLane(ctx workflow.Context, lane activities.Lane) error {
	for left := lane.Keys; len(left) > 0; {
		few := left[:min(questionsPerStep, len(left))]
		left = left[len(few):]
		in := activities.Questions{Keys: few, Now: workflow.Now(ctx)}
		var sum activities.Reconciled
		err := workflow.ExecuteActivity(comparing(ctx, lane.Queue), activities.Compare, in).Get(ctx, &sum)
		switch {
		case temporal.IsCanceledError(err):
			return err
		case err != nil:
			c.Silent = append(c.Silent, lane.Queue)
			c.Sum.Left += len(left)
			c.missed(len(few), few[0], fmt.Sprintf("this refund and %d more could not be asked about: %s", len(few)+len(left)-1, cause(err)))
			return nil
		}
		c.Sum.Add(sum)
	}
	return nil
}

func (c *Comparison) missed(refunds int, key ledger.Key, what string) {
	c.Sum.Failures += refunds
	c.Sum.Find(key, what)
}

// cause is the innermost reason why a step failed.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return refund.CleanText(err.Error())
}

// show renders the current details of the Web UI.
func (c *Comparison) show(ctx workflow.Context) {
	var b strings.Builder
	b.WriteString("| looked at | running | resumed | booked again | told to look | asked about | woken | failures | not asked |\n|---|---|---|---|---|---|---|---|---|\n")
	s := c.Sum
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", s.Looked, s.Running, s.Resumed, s.Rebooked, s.Offered, s.Compared, s.Woken, s.Failures, s.Left)
	if len(s.Odd) > 0 {
		b.WriteString("\n| account | refund | what a person should know |\n|---|---|---|\n")
	}
	for _, f := range s.Odd {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(f.Account), cell(f.ID), cell(f.What))
	}
	if s.LeftOff > 0 {
		fmt.Fprintf(&b, "\nand %d more\n", s.LeftOff)
	}
	workflow.SetCurrentDetails(ctx, b.String())
}

// reading is for a page of the books: a hundred refunds, a second or two. The page
// is the same when it is read again. A ledger that is away for longer than ten
// minutes is for the next comparison.
func reading(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             "compare the books with Temporal",
		StartToCloseTimeout: 2 * time.Minute, HeartbeatTimeout: 30 * time.Second, ScheduleToCloseTimeout: 10 * time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: tries,
		},
	})
}

// comparing is for a few questions of at most 25 s each. A queue that nobody serves,
// or that is stopped on purpose, is not waited for: the next comparison asks again.
func comparing(ctx workflow.Context, queue string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: queue, Summary: "compare the books with the platform",
		ScheduleToStartTimeout: 2 * time.Minute, StartToCloseTimeout: 5 * time.Minute, HeartbeatTimeout: time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumAttempts: 3,
		},
	})
}
