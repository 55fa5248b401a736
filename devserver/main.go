package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/worker/service"
)

// errNotAsItShould ends the program with exit code 1 after the table was shown.
var errNotAsItShould = errors.New("not every refund ended as it should")

func main() {
	service.TuneMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "devserver",
		Short: "Run Temporal, its Web UI, stand-ins for the platforms and a worker, and watch refunds go through",
		Long: `Run Temporal, its Web UI, stand-ins for Baidu, WeChat, xlife and Shengpay and a
worker in one process, on loopback, and watch refunds go through: in full, in
part, with answers that are lost or unreadable, with one or two people who must
approve, a balance that has to be topped up, a budget that is used up for two
days, one that a person has to resolve, and one that is refused. The stand-ins
send the platforms' own messages, and the worker receives them.

Afterwards it stays up, so that you can look at them in the Web UI and start
your own with the command line. With --once it ends: exit code 0 means that
every refund ended as it should, that the platforms' books agree, and that the
messages that must come were taken.`,
		Example: `  devserver                     stay up; everything in memory
  devserver --once              run the refunds, print what happened, end
  devserver --db demo/demo.db   keep everything in this folder, and go on from it next time`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.out = cmd.OutOrStdout()
			return serve(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.once, "once", false, "run the refunds, print what happened, and end")
	flags.StringVar(&o.db, "db", "", "keep Temporal's data in this file, and ledger, books, keys and configuration beside it")
	flags.IntVar(&o.port, "port", 7233, "Temporal's port; 0 takes a free one")
	flags.IntVar(&o.uiPort, "ui-port", 8233, "the Web UI's port; 0 takes a free one")
	flags.IntVar(&o.sandboxPort, "sandbox-port", 9300, "the stand-ins' port; 0 takes a free one")
	flags.IntVar(&o.callbackPort, "callback-port", 8088, "the port where the worker takes the platforms' messages; 0 takes a free one")
	flags.BoolVar(&o.quiet, "no-refunds", false, "start everything, but make no refunds")
	flags.BoolVar(&o.noWorker, "no-worker", false, "leave the worker to you: go run ./worker --config FILE; implies --no-refunds")
	flags.StringVar(&o.logLevel, "log", "error", "how much the worker and the server log: debug, info, warning or error")
	return cmd
}
