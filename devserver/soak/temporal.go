package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/devserver/engine"
)

// temporalCommand is the Temporal server as a process of its own: this program again.
func temporalCommand() *cobra.Command {
	var o engine.Options
	cmd := &cobra.Command{
		Use: "temporal", Hidden: true, Args: cobra.NoArgs,
		Short: "Run the Temporal server until standard input ends, so that it never outlives who started it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := engine.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			gone := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, os.Stdin)
				close(gone)
			}()
			select {
			case <-gone:
			case <-cmd.Context().Done():
			}
			return server.Stop()
		},
	}
	cmd.Flags().StringVar(&o.DBFile, "db", "", "its file")
	cmd.Flags().IntVar(&o.FrontendPort, "port", 0, "its port")
	return cmd
}
