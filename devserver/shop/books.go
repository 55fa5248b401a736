package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func booksCommand(out io.Writer, stands func() *control.Client) *cobra.Command {
	return &cobra.Command{
		Use:   "books DOCUMENT...",
		Short: "Compare the platforms' books with documents: each refund must have been paid once, and with its amount",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "REFUND\tASKED FEN\tPAID FEN\tTIMES\tMESSAGES TAKEN")
			wrong := 0
			for _, file := range args {
				var r refund.Request
				data, err := os.ReadFile(file)
				if err == nil {
					err = json.Unmarshal(data, &r)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				m, err := merchant(r.Account)
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				book, err := m.Book(cmd.Context(), stands(), r.Order)
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				paid, times := paid(book.Refunds)
				if paid != int64(r.Amount) || times != 1 {
					wrong++
				}
				fmt.Fprintf(table, "%s/%s\t%d\t%d\t%d\t%d\n", r.Account, r.ID, r.Amount, paid, times, len(book.Taken()))
			}
			if err := table.Flush(); err != nil {
				return err
			}
			if wrong > 0 {
				return fmt.Errorf("%d of %d refunds were not paid exactly once with their amount", wrong, len(args))
			}
			return nil
		},
	}
}

// paid sums what really went back of an order.
func paid(refunds []control.PlacedRefund) (sum int64, times int) {
	for _, r := range refunds {
		if r.Status == control.Success {
			sum += r.Amount
			times++
		}
	}
	return sum, times
}
