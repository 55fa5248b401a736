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

func (c *cli) decisionCommands() []*cobra.Command {
	type send = func(*client.Client, context.Context, string, string, refund.Decision) error
	var commands []*cobra.Command
	for _, d := range []struct {
		use, short string
		send       send
	}{
		{"approve", "Approve a refund that waits for it; nobody approves their own request", (*client.Client).Approve},
		{"reject", "Reject a refund that waits for approval", (*client.Client).Reject},
		{"cancel", "Stop a refund before the point of no return", (*client.Client).Cancel},
	} {
		var decision refund.Decision
		cmd := &cobra.Command{
			Use: d.use + " ACCOUNT/ID", Short: d.short, Args: exactly(1, "one refund, ACCOUNT/ID"),
			Example: "  starter " + d.use + ` shop-baidu/R20261121-0001 --by finance-2 --note "checked the parcel"`,
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.tell(cmd.Context(), args[0], decision, func(refunds *client.Client, account, id string) error {
					return d.send(refunds, cmd.Context(), account, id, decision)
				})
			},
		}
		cmd.Flags().StringVar(&decision.By, "by", whoami(), "who decides")
		cmd.Flags().StringVar(&decision.Note, "note", "", "why")
		commands = append(commands, cmd)
	}
	return commands
}

func (c *cli) lookCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "look ACCOUNT/ID",
		Short:   "Make a refund that waits for budget, balance, its turn or its result look again now",
		Example: `  starter look shop-baidu/R20261121-0001   # after raising a limit or topping up the balance`,
		Args:    exactly(1, "one refund, ACCOUNT/ID"),
		RunE: c.about(func(ctx context.Context, refunds *client.Client, account, id string) error {
			if err := refunds.LookAgain(ctx, account, id); err != nil {
				return err
			}
			view, err := look(ctx, refunds, account, id)
			if err != nil {
				return err
			}
			return c.printView(view)
		}),
	}
}

func (c *cli) resolveCommand() *cobra.Command {
	var r refund.Resolution
	var action string
	cmd := &cobra.Command{
		Use:   "resolve ACCOUNT/ID --action retry|succeeded|failed",
		Short: "Decide about a refund that needs attention",
		Long: `Decide about a refund that needs attention.

  retry      the cause is repaired: go on. What may have been sent is asked for
             before anything is sent again.
  succeeded  the money is known to be back: book it. Needs --evidence.
  failed     no money moved and none will: close it. Needs --evidence.`,
		Example: `  starter resolve shop-baidu/R1 --action retry --note "key replaced"
  starter resolve shop-baidu/R1 --action succeeded --evidence "console receipt 152713835"`,
		Args: exactly(1, "one refund, ACCOUNT/ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Action = refund.ResolveAction(action)
			return c.tell(cmd.Context(), args[0], r, func(refunds *client.Client, account, id string) error {
				return refunds.Resolve(cmd.Context(), account, id, r)
			})
		},
	}
	cmd.Flags().StringVar(&action, "action", "", "retry, succeeded or failed")
	cmd.Flags().StringVar(&r.By, "by", whoami(), "who decides")
	cmd.Flags().StringVar(&r.Note, "note", "", "why")
	cmd.Flags().StringVar(&r.Evidence, "evidence", "", "how it is known, such as the platform's receipt number")
	return cmd
}

// tell sends a decision and shows what the refund made of it. What is wrong with
// the decision is said before anybody is asked.
func (c *cli) tell(ctx context.Context, arg string, decision interface{ Validate() error },
	send func(refunds *client.Client, account, id string) error,
) error {
	account, id, err := name(arg)
	if err != nil {
		return err
	}
	if err := decision.Validate(); err != nil {
		return err
	}
	refunds, err := c.refunds(ctx)
	if err != nil {
		return err
	}
	before, err := look(ctx, refunds, account, id)
	if err != nil {
		return err
	}
	if before.Status.Final() {
		return fmt.Errorf("refund %s/%s has ended as %s: %s", account, id, before.Status, before.Sentence)
	}
	if err := send(refunds, account, id); err != nil {
		return err
	}
	after := before
	ticker := time.NewTicker(lookEvery / 4)
	defer ticker.Stop()
	for range 40 { // the answer is a line of the refund's history, within moments
		if after, err = look(ctx, refunds, account, id); err != nil {
			return err
		}
		if len(newSteps(before, after)) > 0 {
			break
		}
		<-ticker.C
	}
	if c.output == "json" {
		err = c.printJSON(after)
	} else {
		err = c.printNewSteps(before, after)
	}
	for _, step := range newSteps(before, after) {
		if step.Refused {
			return errors.Join(err, errors.New("this changed nothing: "+step.Text))
		}
	}
	return err
}
