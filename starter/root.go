package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/codec"
	"github.com/refundflow/refundflow/internal/connection"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/telemetry"
	"github.com/refundflow/refundflow/workflows"
)

// cli is what all commands share.
type cli struct {
	server            connection.Wanted
	taskQueue, output string
	encryption        encryption

	in       io.Reader
	out      io.Writer
	code     int // the exit code of a command that was carried out
	temporal temporalclient.Client
	codec    *codec.Codec

	telemetry *telemetry.Telemetry // nil: nobody wants traces
	errs      io.Writer
}

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	c := &cli{in: in, out: out, errs: errs}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if c.temporal != nil {
		c.temporal.Close()
	}
	c.traced()
	if err != nil {
		fmt.Fprintln(errs, "starter: "+explain(err))
		return codeOf(err)
	}
	return c.code
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "starter",
		Short: "Start, decide and follow refunds",
		Long: `Start, decide and follow refunds.

A refund is named ACCOUNT/ID, as in shop-baidu/R20261121-0001. The commands
speak to a Temporal server; a worker of refundflow must run for it.

Where the server is, and with what TLS certificates or API key it is spoken to, is
found as every Temporal program finds it: flags, then the variables TEMPORAL_*, then
the profile of temporal.toml. With --address and no profile named, the profiles
of temporal.toml are left alone.

` + exitHelp,
		Example: `  starter start refund.json --wait
  starter start --account shop-baidu --amount 9800 --total 9800 --reason "not delivered" \
      --platform-order 800200451 --merchant-order 10000234 --user-id 2250333905 --wait
  starter watch shop-baidu/R20261121-0001
  starter list --status awaiting_approval
  starter approve shop-baidu/R20261121-0001 --by finance-2 --note "checked the parcel"
  starter look --all --account shop-baidu      # after raising a limit`,
		SilenceErrors: true, SilenceUsage: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; --help shows the commands", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if c.output != "text" && c.output != "json" {
				return usageError{fmt.Errorf("-o %s: want text or json", c.output)}
			}
			return nil
		},
	}
	flags := root.PersistentFlags()
	c.server.Flags = true
	flags.StringVar(&c.server.Address, "address", "", "Temporal server (default $TEMPORAL_ADDRESS, the profile's, 127.0.0.1:7233)")
	flags.StringVar(&c.server.Namespace, "namespace", "", "Temporal namespace (default $TEMPORAL_NAMESPACE, the profile's, default)")
	flags.StringVar(&c.server.ConfigFile, "config-file", "", "file of connection profiles, with TLS and API keys (default $TEMPORAL_CONFIG_FILE, temporal.toml)")
	flags.StringVar(&c.server.Profile, "profile", "", "profile of that file (default $TEMPORAL_PROFILE, default)")
	flags.StringVar(&c.taskQueue, "task-queue", workflows.TaskQueue, "task queue of the worker")
	c.encryption.register(flags)
	flags.StringVarP(&c.output, "output", "o", "text", "text for people, json for programs")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; --help shows the flags", err)}
	})
	root.AddCommand(c.startCommand(), c.statusCommand(), c.watchCommand(), c.listCommand(), c.resolveCommand(), c.lookCommand(), c.signCommand())
	root.AddCommand(c.decisionCommands()...)
	return root
}

// refunds connects to Temporal on first use.
func (c *cli) refunds(ctx context.Context) (*client.Client, error) {
	if c.temporal == nil {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := connection.CheckAddress("--address", c.server.Address); err != nil {
			return nil, usageError{err}
		}
		server, err := connection.Find(c.server)
		if err != nil {
			return nil, usageError{err}
		}
		if c.codec, err = c.encryption.open(); err != nil {
			return nil, err
		}
		options := temporalclient.Options{Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}
		server.ClientOptions(&options)
		c.codec.ClientOptions(&options)
		c.trace()
		c.telemetry.ClientOptions(&options)
		t, err := temporalclient.DialContext(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("cannot reach Temporal at %s: start it (make demo runs one), or name another with --address: %s",
				server.Address, firstLine(err))
		}
		c.temporal = t
	}
	return client.New(c.temporal).WithTaskQueue(c.taskQueue).WithDataConverter(c.codec.DataConverter()), nil
}

// exactly demands n arguments, naming what is wanted.
func exactly(n int, want string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("want %s, got %d arguments", want, len(args))}
		}
		return nil
	}
}

// name parses ACCOUNT/ID, or a whole workflow id copied from the Web UI.
func name(arg string) (account, id string, err error) {
	account, id, ok := refund.ParseWorkflowID("refund/" + strings.TrimPrefix(arg, "refund/"))
	if !ok {
		return "", "", usageError{fmt.Errorf("%q names no refund: want ACCOUNT/ID, as in shop-baidu/R20261121-0001", arg)}
	}
	return account, id, nil
}

// explain lists the fields of an invalid request or decision one a line, and says how a
// missing key is given.
func explain(err error) string {
	var invalid *refund.InvalidError
	if !errors.As(err, &invalid) {
		return err.Error() + missingKey(err)
	}
	var b strings.Builder
	b.WriteString("nothing was done, the input is not valid:")
	for _, f := range invalid.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", f.Field, f.Problem)
	}
	return b.String()
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
