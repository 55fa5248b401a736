package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

// answersWithin is how long a worker may take to answer a command. It answers within
// moments, unless there is none.
const answersWithin = 10 * time.Second

func (c *cli) startCommand() *cobra.Command {
	var f requestFlags
	var wait, detach bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "start [FILE]",
		Short: "Start a refund from a JSON file, from - (standard input), or from flags",
		Long: `Start a refund from a JSON file, from - (standard input), or from flags.

It answers as soon as the refund is written down: accepted, for whom or what it
waits, or why it is refused. The rest goes on by itself; --wait follows it. With
--detach nobody answers, and no worker needs to run: the refund begins when one
does.

The same id with the same content is the same refund: starting it again finds
it and starts nothing. With other content it is a conflict (exit code 8).

The exit code is 0 for a refund that is under way or succeeded, and 7 when no
worker has answered: the refund is started then all the same.

` + exitHelp,
		Example: `  starter start refund.json --wait --timeout 5m
  starter start refund.json --detach       # no worker needs to run
  echo '{"id":"R1","account":"shop-baidu","amount":9800,...}' | starter start -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("want one file, got %d", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := c.requestFrom(args, &f, cmd.Flags())
			if err != nil {
				return err
			}
			refunds, err := c.refunds(cmd.Context())
			if err != nil {
				return err
			}
			if detach {
				return c.detached(cmd.Context(), refunds, request, wait, timeout)
			}
			submitted, err := c.submit(cmd.Context(), refunds, request)
			if err != nil {
				return err
			}
			if !wait {
				c.code = codeNow(submitted.Answer.Status)
				return c.printSubmitted(request, submitted)
			}
			return c.startedAndFollow(cmd.Context(), refunds, request, submitted.Started, timeout)
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().BoolVar(&wait, "wait", false, "follow the refund until it has ended or needs a person")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "with --wait: give up following after this long, as in 5m; the refund goes on")
	cmd.Flags().BoolVar(&detach, "detach", false, "start it and ask for no answer: no worker needs to run")
	return cmd
}

func (c *cli) detached(ctx context.Context, refunds *client.Client, r refund.Request, wait bool, timeout time.Duration) error {
	started, err := refunds.Start(ctx, r)
	switch {
	case err != nil:
		return err
	case wait:
		return c.startedAndFollow(ctx, refunds, r, started, timeout)
	}
	return c.printStarted(r, started)
}

func (c *cli) startedAndFollow(ctx context.Context, refunds *client.Client, r refund.Request, s client.Started, timeout time.Duration) error {
	if c.output == "text" {
		if err := c.printStarted(r, s); err != nil {
			return err
		}
	}
	return c.follow(ctx, refunds, r.Account, r.ID, timeout, c.output == "text")
}

// submit asks for an answer, and makes sure that the refund is started when nobody
// gives one.
func (c *cli) submit(ctx context.Context, refunds *client.Client, r refund.Request) (client.Submitted, error) {
	bounded, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	submitted, err := refunds.Submit(bounded, r)
	var silent *client.NoAnswerError
	if !errors.As(err, &silent) || ctx.Err() != nil {
		return submitted, err
	}
	started, err := refunds.Start(ctx, r)
	if err != nil {
		return submitted, err
	}
	return submitted, errors.Join(c.printStarted(r, started), fmt.Errorf("no worker has answered within %s: the refund is started, and goes on "+
		"as soon as one runs on this task queue; look with: starter status %s/%s: %w", answersWithin, r.Account, r.ID, context.DeadlineExceeded))
}
