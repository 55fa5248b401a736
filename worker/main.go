// Command worker runs the refunds: workflows, provider calls and ledger in one
// process, or each in processes of its own. Run as many as you like on one server; each
// refund is still made once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/worker/service"
)

// version is set when a release is built: -ldflags "-X main.version=v1.4.0".
var version = "dev"

func main() {
	service.TuneMemory()
	signal.Ignore(syscall.SIGHUP) // it is sent to every process of this name; what reads no file again goes on
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal is not caught: it ends the process at once
	if err := command(os.Stdout).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// settings name the configuration, as the flags that all commands share do.
type settings struct {
	file    string
	roles   []string
	monitor string
}

func (s *settings) load() (*config.Config, error) {
	c, err := config.Load(s.file, s.as()...)
	if err != nil {
		return nil, err
	}
	return c, s.elsewhere(c)
}

// elsewhere puts the flag in the place of the file's monitor.
func (s *settings) elsewhere(c *config.Config) error {
	if s.monitor == "" {
		return nil
	}
	if err := c.MonitorOn(s.monitor); err != nil {
		return fmt.Errorf("--monitor, as monitor.listen of configuration %s:\n%w", s.file, err)
	}
	return nil
}

func (s *settings) as() []config.Role {
	var all []config.Role
	for _, r := range s.roles {
		all = append(all, config.Role(r))
	}
	return all
}

func command(out io.Writer) *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:     "worker",
		Version: version,
		Short:   "Run refunds from a Temporal task queue",
		Long: `Run refunds from a Temporal task queue.

The worker reads one YAML file: where Temporal and the ledger are, and the
merchant accounts with their limits and keys. It registers the search
attributes it needs, and receives the platforms' messages where
callbacks.listen says so. One process does everything, or what --role names:
workflows, callbacks, or the calls to one provider.

Asked to stop (SIGTERM, Ctrl-C), it says that it is not ready any more, answers the
callbacks that have come, takes no new work, lets running provider calls finish
(up to half a minute), and ends with exit code 0. A second signal ends it at once. Killed,
it loses nothing: another worker goes on.

On SIGHUP it reads the file again. Accounts, their limits, approval, keys and
provider settings change without a restart, and refunds that wait for budget
look again. A file with mistakes changes nothing; what needs a restart is named
in the log. Key files that change are taken over by themselves within some seconds.`,
		Example: `  worker --config refundflow.yaml
  worker --config refundflow.yaml --role baidu --monitor 127.0.0.1:9465
  worker check --config refundflow.yaml
  worker health --config refundflow.yaml
  worker platform refunds
  worker ledger audit
  kill -HUP $(pidof worker)`,
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), s) },
	}
	root.PersistentFlags().StringVarP(&s.file, "config", "c", "refundflow.yaml", "the configuration file")
	root.PersistentFlags().StringArrayVar(&s.roles, "role", nil, "what this process does, instead of the file's roles; several may be given")
	root.PersistentFlags().StringVar(&s.monitor, "monitor", "", "where this process tells of itself, HOST:PORT, instead of the file's monitor.listen")
	root.AddCommand(checkCommand(out, s), setupCommand(out, s), healthCommand(out, s), codecCommand(s, codecHealthCommand(s)), platformCommand(out, &s.file), ledgerCommand(out, &s.file))
	return root
}

// checkCommand looks for mistakes in everything that the configuration names.
func checkCommand(out io.Writer, s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and every file it names, and stop",
		Long: `Check the configuration and every file it names: keys, passwords, certificates and
connection profiles, the ledger's file. It opens no connection and changes nothing. Every mistake is
listed at once, without the value; what the process would do is told when there is
none.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, bad := config.LoadAll(s.file, s.as()...)
			if c == nil {
				return bad
			}
			if bad == nil {
				bad = s.elsewhere(c)
			}
			if err := service.Check(c); err != nil {
				bad = errors.Join(bad, fmt.Errorf("files that configuration %s names:\n%w", s.file, err))
			}
			if bad != nil {
				return bad
			}
			if err := service.Describe(out, c); err != nil {
				return err
			}
			_, err := fmt.Fprintf(out, "%s is fine\n", s.file)
			return err
		},
	}
}

func serve(ctx context.Context, from *settings) error {
	c, err := from.load()
	if err != nil {
		return err
	}
	logger, err := service.NewLogger(c.Log)
	if err != nil {
		return err
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP) // before there is a service; never given back, since it would kill one that stops
	s, err := service.Start(ctx, service.Options{Config: c, Logger: logger})
	switch {
	case err != nil && ctx.Err() != nil: // what failed is what was asked to stop
		logger.Info("stopped before it had started")
		return nil
	case err != nil:
		return err
	}
	defer logger.Info("stopped")
	defer s.Stop()
	for {
		select {
		case <-ctx.Done():
			logger.Info("stopping: running steps finish first; a second signal ends them")
			return nil
		case err := <-s.Fatal():
			return fmt.Errorf("cannot go on: %w", err)
		case <-again:
			if err := reload(ctx, s, from); err != nil {
				logger.WithError(err).Error("the configuration stays as it was: correct the file and send SIGHUP again")
			}
		}
	}
}

// reload reads the file again. An error means that nothing has changed.
func reload(ctx context.Context, s *service.Service, from *settings) error {
	c, err := from.load()
	if err != nil {
		return err
	}
	if err := s.Reload(ctx, c); err != nil {
		return fmt.Errorf("configuration %s:\n%w", from.file, err)
	}
	return nil
}
