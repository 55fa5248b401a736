// Command worker runs the refunds: workflows, provider calls and ledger in one
// process. Run as many as you like on one server; each refund is still made
// once.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/worker/service"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(os.Stdout).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func command(out io.Writer) *cobra.Command {
	var file string
	root := &cobra.Command{
		Use:   "worker",
		Short: "Run refunds from a Temporal task queue",
		Long: `Run refunds from a Temporal task queue.

The worker reads one YAML file: where Temporal and the ledger are, and the
merchant accounts with their limits and keys. It registers the search
attributes it needs, and receives the platforms' messages where
callbacks.listen says so. Asked to stop (SIGTERM, Ctrl-C), it lets running provider
calls finish; killed, it loses nothing: another worker goes on.

On SIGHUP it reads the file again. Accounts, their limits, approval, keys and
provider settings change without a restart, and refunds that wait for budget
look again. A file with mistakes changes nothing; what needs a restart is named
in the log.`,
		Example: `  worker --config refundflow.yaml
  worker check --config refundflow.yaml
  worker platform refunds
  kill -HUP $(pidof worker)`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), file) },
	}
	root.PersistentFlags().StringVarP(&file, "config", "c", "refundflow.yaml", "the configuration file")
	root.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Check the configuration and every key file it names, and stop",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(file)
			if err != nil {
				return err
			}
			if _, err := service.OpenAccounts(c); err != nil {
				return fmt.Errorf("configuration %s:\n%w", file, err)
			}
			fmt.Fprintf(out, "%s is fine; accounts: %s\n", file, strings.Join(c.Names(), ", "))
			return nil
		},
	})
	root.AddCommand(platformCommand(out, &file))
	return root
}

func serve(ctx context.Context, file string) error {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	logger, err := service.NewLogger(c.Log)
	if err != nil {
		return err
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP) // before there is a service: it would kill one that is starting
	defer signal.Stop(again)
	s, err := service.Start(ctx, service.Options{Config: c, Logger: logger})
	if err != nil {
		return err
	}
	defer s.Stop()
	for {
		select {
		case <-ctx.Done():
			logger.Info("stopping: running steps finish first")
			return nil
		case err := <-s.Fatal():
			return fmt.Errorf("cannot go on: %w", err)
		case <-again:
			if err := reload(ctx, s, file); err != nil {
				logger.WithError(err).Error("the configuration stays as it was: correct the file and send SIGHUP again")
			}
		}
	}
}

// reload reads the file again. An error means that nothing has changed.
func reload(ctx context.Context, s *service.Service, file string) error {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	if err := s.Reload(ctx, c); err != nil {
		return fmt.Errorf("configuration %s:\n%w", file, err)
	}
	return nil
}
