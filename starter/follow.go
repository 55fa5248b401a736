package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

// lookEvery is how often a refund that is followed is asked where it stands.
const lookEvery = 400 * time.Millisecond

func (c *cli) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status ACCOUNT/ID",
		Short: "Show where a refund stands, for what it waits, and how it came there",
		Long:  "Show where a refund stands, for what it waits, and how it came there.\n\nThe exit code is 0 for a refund that succeeded and for one that is under way.\n\n" + exitHelp,
		Args:  exactly(1, "one refund, ACCOUNT/ID"),
		RunE: c.about(func(ctx context.Context, refunds *client.Client, account, id string) error {
			view, err := look(ctx, refunds, account, id)
			if err != nil {
				return err
			}
			c.code = codeNow(view.Status)
			return c.printView(view)
		}),
	}
}

func (c *cli) watchCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "watch ACCOUNT/ID",
		Short: "Follow a refund line by line until it has ended or needs a person",
		Long:  "Follow a refund line by line until it has ended or needs a person.\n\n" + exitHelp,
		Args:  exactly(1, "one refund, ACCOUNT/ID"),
		RunE: c.about(func(ctx context.Context, refunds *client.Client, account, id string) error {
			return c.follow(ctx, refunds, account, id, timeout, true)
		}),
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "give up following after this long, as in 5m; the refund goes on")
	return cmd
}

// about runs what a command does with the one refund that its argument names.
func (c *cli) about(do func(ctx context.Context, refunds *client.Client, account, id string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		account, id, err := name(args[0])
		if err != nil {
			return err
		}
		refunds, err := c.refunds(cmd.Context())
		if err != nil {
			return err
		}
		return do(cmd.Context(), refunds, account, id)
	}
}

// follow prints each step as it happens, when live, and the outcome at the end.
// The exit code is that of the status.
func (c *cli) follow(ctx context.Context, refunds *client.Client, account, id string, timeout time.Duration, live bool) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var last refund.View
	for {
		view, err := look(ctx, refunds, account, id)
		if err == nil {
			if live {
				if err := errors.Join(c.printNewSteps(last, view), c.printNewWait(last, view)); err != nil {
					return err
				}
			}
			last = view
			if view.Status.Final() || view.Status == refund.StatusNeedsAttention {
				c.code = codeOfStatus(view.Status)
				return c.printEnd(view)
			}
		} else if ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			c.code = exitNotYet
			return stillUnderWay(ctx, last, account, id, timeout)
		case <-ticker.C:
		}
	}
}

func stillUnderWay(ctx context.Context, last refund.View, account, id string, timeout time.Duration) error {
	where := "its state is not known yet"
	if last.Status != "" {
		where = fmt.Sprintf("%s, %s", last.Status, last.Sentence)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("after %s the refund is still under way (%s); it goes on, follow it with: starter watch %s/%s: %w",
			timeout, where, account, id, context.DeadlineExceeded)
	}
	return fmt.Errorf("stopped following; the refund goes on (%s): %w", where, ctx.Err())
}

// look asks for the view. Where no worker answers in time the message says so:
// it is the first thing a newcomer forgets.
func look(ctx context.Context, refunds *client.Client, account, id string) (refund.View, error) {
	bounded, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	view, err := refunds.Status(bounded, account, id)
	var late *serviceerror.DeadlineExceeded
	if err != nil && ctx.Err() == nil && (errors.As(err, &late) || bounded.Err() != nil) {
		return view, fmt.Errorf("no worker answered for %s/%s within %s: is one running on this task queue?", account, id, answersWithin)
	}
	return view, err
}
