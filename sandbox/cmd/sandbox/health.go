package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/sandbox/control"
)

// healthCommand is for a container's health check: the image holds no other program
// that could ask.
func healthCommand() *cobra.Command {
	var addr string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running sandbox whether it answers; the exit code tells",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, done := context.WithTimeout(cmd.Context(), timeout)
			defer done()
			if _, err := control.New("http://" + addr).Clock(ctx); err != nil {
				return fmt.Errorf("no sandbox answers at %s: %w", addr, err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:9300", "host:port where it listens")
	cmd.Flags().DurationVar(&timeout, "timeout", 2*time.Second, "how long it may take to answer")
	return cmd
}
