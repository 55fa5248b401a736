package main

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func orderCommand(out io.Writer, stands func() *control.Client) *cobra.Command {
	var id string
	var total, amount int64
	cmd := &cobra.Command{
		Use:   "order ACCOUNT",
		Short: "Make a paid order, and print the document of a refund of it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := merchant(args[0])
			if err != nil {
				return err
			}
			if amount == 0 {
				amount = total
			}
			if id == "" {
				id = strings.ReplaceAll(uuid.NewString(), "-", "")
			}
			paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second)
			order, err := m.Order(cmd.Context(), stands(), control.NewOrder{Total: total, PaidAt: &paidAt})
			if err != nil {
				return err
			}
			request := refund.Request{
				ID: id, Account: args[0], Amount: refund.Fen(amount), Reason: "parcel never arrived",
				Initiator: refund.InitiatorUser, RequestedBy: "shop", Order: order,
			}
			if err := request.Validate(); err != nil {
				return err
			}
			return json.NewEncoder(out).Encode(request)
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "the refund's id; default: a new one")
	cmd.Flags().Int64Var(&total, "total", 9800, "what was paid, in fen")
	cmd.Flags().Int64Var(&amount, "amount", 0, "what is to be given back, in fen; default: all")
	return cmd
}
