package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

func (c *cli) listCommand() *cobra.Command {
	var f client.Filter
	var status string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List refunds, the newest first",
		Long: `List refunds, the newest first.

A list follows the refunds within a second or so, and shows the statuses one
filters on: awaiting_approval, awaiting_budget, in_doubt, needs_attention and
the ends; a refund on its quiet way stays "received". For the truth about one
refund use: starter status.`,
		Example: `  starter list --open
  starter list --status needs_attention -o json`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Status = refund.Status(status)
			if f.Limit < 1 {
				return usageError{fmt.Errorf("--limit %d: want 1 or more", f.Limit)}
			}
			if status != "" && !slices.Contains(refund.Statuses, f.Status) {
				return usageError{fmt.Errorf("--status %q: want one of %v", status, refund.Statuses)}
			}
			refunds, err := c.refunds(cmd.Context())
			if err != nil {
				return err
			}
			shown := f.Limit
			f.Limit++ // whether there are more
			all, err := refunds.List(cmd.Context(), f)
			if err != nil {
				return err
			}
			if len(all) > shown {
				all = all[:shown]
				fmt.Fprintf(cmd.ErrOrStderr(), "there are more than these %d: --limit shows them\n", shown)
			}
			return c.printList(all)
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only refunds in this status")
	cmd.Flags().StringVar(&f.Account, "account", "", "only refunds of this account")
	cmd.Flags().StringVar(&f.Order, "order", "", "only refunds of this order")
	cmd.Flags().BoolVar(&f.Open, "open", false, "only refunds that have not ended")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "at most this many")
	return cmd
}

func (c *cli) printList(all []client.Listed) error {
	if c.output == "json" {
		if all == nil {
			all = []client.Listed{}
		}
		return c.printJSON(all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(c.out, "no refunds")
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REFUND\tSTATUS\tAMOUNT\tORDER\tSTARTED")
	for _, l := range all {
		fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\t%s\n", l.Account, l.ID, l.Status, l.Amount, l.Order, l.Started.Local().Format(time.DateTime))
	}
	return w.Flush()
}
