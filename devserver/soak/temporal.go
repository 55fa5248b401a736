package main

import (
	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/devserver/process"
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
			process.Leashed(cmd.Context())
			return server.Stop()
		},
	}
	cmd.Flags().StringVar(&o.DBFile, "db", "", "its file")
	cmd.Flags().IntVar(&o.FrontendPort, "port", 0, "its port")
	return cmd
}
