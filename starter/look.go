package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

func (c *cli) lookCommand() *cobra.Command {
	var all bool
	var account string
	cmd := &cobra.Command{
		Use:   "look ACCOUNT/ID | look --all [--account ACCOUNT]",
		Short: "Make refunds that wait for budget, balance, their turn or their result look again now",
		Long: `Make a refund that waits for budget, balance, its order's turn or its result look
again now. With --all, every refund at awaiting_budget is told, and every one at
awaiting_approval, since people may be asked there to let it over a limit; to one
that only waits for approval it does nothing. The oldest is told first. Which ones
they are is read from the list, which follows the refunds within a second or so.

It is left in Temporal for the worker: it looks when one runs.`,
		Example: `  starter look shop-baidu/R20261121-0001     # after topping up the balance
  starter look --all --account shop-baidu    # after raising a limit`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return usageError{errors.New("--all names the refunds already: give --account to narrow it down")}
			case !all && account != "":
				return usageError{errors.New("--account belongs to --all")}
			case all:
				return nil
			}
			return exactly(1, "one refund, ACCOUNT/ID, or --all")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			refunds, err := c.refunds(cmd.Context())
			if err != nil {
				return err
			}
			if !all {
				account, id, err := name(args[0])
				if err != nil {
					return err
				}
				if err := refunds.LookAgain(cmd.Context(), account, id); err != nil {
					return err
				}
				view, err := look(cmd.Context(), refunds, account, id)
				if err != nil {
					return err
				}
				return c.printView(view)
			}
			waiting, err := limited(cmd.Context(), refunds, account)
			if err != nil {
				return err
			}
			told := []string{}
			for _, l := range waiting {
				err := refunds.LookAgain(cmd.Context(), l.Account, l.ID)
				var ended *client.EndedError
				var missing *client.NotFoundError
				switch {
				case errors.As(err, &ended), errors.As(err, &missing): // the list is a moment old
					continue
				case err != nil:
					return fmt.Errorf("%d of %d were told, then: %w", len(told), len(waiting), err)
				}
				told = append(told, l.Account+"/"+l.ID)
			}
			return c.printTold(told)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all refunds that wait for budget, balance, their order's turn or approval")
	cmd.Flags().StringVar(&account, "account", "", "with --all: only those of this account")
	return cmd
}

// limited lists the refunds that another limit may let go on, the oldest first.
func limited(ctx context.Context, refunds *client.Client, account string) ([]client.Listed, error) {
	var all []client.Listed
	for _, status := range []refund.Status{refund.StatusAwaitingBudget, refund.StatusAwaitingApproval} {
		some, err := refunds.List(ctx, client.Filter{Account: account, Status: status, Open: true, Limit: math.MaxInt32})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortStableFunc(all, func(a, b client.Listed) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.Account, b.Account), strings.Compare(a.ID, b.ID))
	})
	// One that changes its status between the two lists is in both.
	return slices.CompactFunc(all, func(a, b client.Listed) bool { return a.Account == b.Account && a.ID == b.ID }), nil
}
