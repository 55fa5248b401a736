package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

const decideHelp = `

It is answered at once, and refused with the reason when it would change nothing
(exit code 9). With --signal it is left in Temporal for the worker, which need not
run now; its answer is a line of the refund's history then.`

const keptHelp = `

Where the refund's books cannot be read it is kept, and obeyed once they can be, if
nothing was sent: the exit code is 6 then.`

const signHelp = `

An account may take signed decisions only: give the file of its decision key with
--key-file. What is signed is the decision about the amount that the refund shows,
and the evidence; "starter sign" makes a decision to paste into the Web UI.`

// statement is what somebody says about one refund.
type statement struct {
	signal  string
	payload func() interface{ Validate() error }
	update  func(ctx context.Context, refunds *client.Client, account, id string) (refund.Answer, error)
	// obeyed is the status that the answer comes with when it was obeyed; empty for any.
	obeyed refund.Status

	// sealed is what is signed of it, but for the refund and the time, and seal the
	// place of the signature.
	sealed func() refund.Sealed
	seal   *refund.Seal
}

// manner is how it is said.
type manner struct {
	signal bool
	signing
}

func (c *cli) decisionCommands() []*cobra.Command {
	type send = func(*client.Client, context.Context, string, string, refund.Decision) (refund.Answer, error)
	var commands []*cobra.Command
	for _, d := range []struct {
		name, short string
		send        send
		signed      bool
		obeyed      refund.Status
		more        string
	}{
		{workflows.SignalApprove, "Approve a refund that waits for it; nobody approves their own request", (*client.Client).Approve, true, "", ""},
		{workflows.SignalReject, "Reject a refund that waits for approval", (*client.Client).Reject, true, "", ""},
		{workflows.SignalCancel, "Stop a refund before the point of no return", (*client.Client).Cancel, false, refund.StatusCancelled, keptHelp},
	} {
		var decision refund.Decision
		var how manner
		long, example := d.short+"."+decideHelp+d.more, "  starter "+d.name+` shop-baidu/R20261121-0001 --by finance-2 --note "checked the parcel"`
		if d.signed {
			long += signHelp
			example += "\n  starter " + d.name + " shop-baidu/R20261121-0001 --by finance-2 --key-file decision.key --valid 10m"
		}
		s := statement{
			signal: d.name, obeyed: d.obeyed,
			payload: func() interface{ Validate() error } { return decision },
			update: func(ctx context.Context, refunds *client.Client, account, id string) (refund.Answer, error) {
				return d.send(refunds, ctx, account, id, decision)
			},
			sealed: func() refund.Sealed { return refund.Sealed{Decision: d.name, By: decision.By} }, seal: &decision.Seal,
		}
		cmd := &cobra.Command{
			Use: d.name + " ACCOUNT/ID", Short: d.short, Long: long + "\n\n" + exitHelp, Args: exactly(1, "one refund, ACCOUNT/ID"), Example: example,
			RunE: func(cmd *cobra.Command, args []string) error { return c.tell(cmd.Context(), args[0], s, how) },
		}
		cmd.Flags().StringVar(&decision.By, "by", whoami(), "who decides")
		cmd.Flags().StringVar(&decision.Note, "note", "", "why")
		cmd.Flags().BoolVar(&how.signal, "signal", false, "leave it for the worker, which need not run now")
		if d.signed {
			how.register(cmd.Flags())
		}
		commands = append(commands, cmd)
	}
	return commands
}

func (c *cli) resolveCommand() *cobra.Command {
	var r refund.Resolution
	var action string
	var how manner
	s := statement{
		signal:  workflows.SignalResolve,
		payload: func() interface{ Validate() error } { return r },
		update: func(ctx context.Context, refunds *client.Client, account, id string) (refund.Answer, error) {
			return refunds.Resolve(ctx, account, id, r)
		},
		sealed: func() refund.Sealed {
			return refund.Sealed{Decision: refund.SealedResolve(r.Action), By: r.By, Evidence: r.Evidence}
		},
		seal: &r.Seal,
	}
	cmd := &cobra.Command{
		Use:   "resolve ACCOUNT/ID --action retry|succeeded|failed",
		Short: "Decide about a refund that needs attention",
		Long: `Decide about a refund that needs attention. "starter status" shows what to look
for at the platform, and what each choice means for this refund.

  retry      the cause is repaired: go on. What may have been sent is asked for
             before anything is sent again.
  succeeded  the money is known to be back: book it. Needs --evidence.
  failed     no money moved and none will: close it. Needs --evidence.` + decideHelp + signHelp + "\n\n" + exitHelp,
		Example: `  starter resolve shop-baidu/R1 --action retry --note "key replaced"
  starter resolve shop-baidu/R1 --action succeeded --evidence "console receipt 152713835"`,
		Args: exactly(1, "one refund, ACCOUNT/ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Action = refund.ResolveAction(action)
			return c.tell(cmd.Context(), args[0], s, how)
		},
	}
	cmd.Flags().StringVar(&action, "action", "", "retry, succeeded or failed")
	cmd.Flags().StringVar(&r.By, "by", whoami(), "who decides")
	cmd.Flags().StringVar(&r.Note, "note", "", "why")
	cmd.Flags().StringVar(&r.Evidence, "evidence", "", "how it is known, such as the platform's receipt number")
	cmd.Flags().BoolVar(&how.signal, "signal", false, "leave it for the worker, which need not run now")
	how.register(cmd.Flags())
	return cmd
}

// tell says it and shows the answer. What is wrong with it is told before anybody is
// asked.
func (c *cli) tell(ctx context.Context, arg string, s statement, how manner) error {
	account, id, err := name(arg)
	if err != nil {
		return err
	}
	if err := s.payload().Validate(); err != nil {
		return err
	}
	key, err := how.key()
	if err != nil {
		return err
	}
	refunds, err := c.refunds(ctx)
	if err != nil {
		return err
	}
	if key != nil {
		view, err := look(ctx, refunds, account, id)
		if err != nil {
			return fmt.Errorf("the amount to sign is not known: %w", err)
		}
		sealed := s.sealed()
		sealed.Account, sealed.ID, sealed.Amount = account, id, view.Request.Amount
		*s.seal = how.seal(key, sealed)
	}
	if how.signal {
		if err := refunds.Signal(ctx, account, id, s.signal, s.payload()); err != nil {
			return err
		}
		return c.printLeft(account, id, s.signal)
	}
	bounded, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	answer, err := s.update(bounded, refunds, account, id)
	var silent *client.NoAnswerError
	switch {
	case errors.As(err, &silent) && ctx.Err() == nil:
		return fmt.Errorf("no worker answered for %s/%s within %s: is one running on this task queue? It may still be taken: look with "+
			"starter status %s/%s before you repeat it, or leave it for the worker with --signal", account, id, answersWithin, account, id)
	case err != nil:
		return err
	case s.obeyed != "" && answer.Status != s.obeyed:
		c.code = codeOfStatus(answer.Status) // it is kept, and may be obeyed later
	}
	return c.printAnswer(account, id, answer)
}
