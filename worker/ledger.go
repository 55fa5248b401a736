package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/worker/service"
)

// ledgerCommand looks after the books themselves.
func ledgerCommand(out io.Writer, file *string) *cobra.Command {
	root := &cobra.Command{
		Use:   "ledger",
		Short: "Audit the ledger, take it back from a backup, or move it to another place",
		Example: `  worker ledger audit
  worker ledger restored
  worker ledger copy --from sqlite:refundflow.db`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(auditCommand(out, file), restoredCommand(out, file), copyCommand(out, file), unlockCommand(out, file))
	return root
}

func auditCommand(out io.Writer, file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "Recompute every sum of the ledger from its parts",
		Long: `Recompute every sum of the ledger from its parts, all at one moment, and say what
disagrees. Exit code 1 means that something does. Run it after a restore, and by
night: it reads everything. Workers may go on meanwhile.`,
		Args: cobra.NoArgs,
		RunE: onBooks(func(cmd *cobra.Command, books ledger.Ledger, _ *config.Config, _ []string) error {
			wrong, err := books.Audit(cmd.Context())
			if err != nil {
				return err
			}
			for _, sentence := range wrong {
				fmt.Fprintln(out, sentence)
			}
			if len(wrong) > 0 {
				return fmt.Errorf("the sums do not agree: %d of the above; stop the workers, and restore a backup or ask for help before you start them again", len(wrong))
			}
			_, err = fmt.Fprintln(out, "the sums agree")
			return err
		}).run(file),
	}
}

// origin says where the old ledger is.
type origin struct{ dsn, passwordFile string }

func (o *origin) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dsn, "from", "", "the ledger that is left: sqlite:FILE or postgres://USER@HOST:PORT/DATABASE (required)")
	cmd.Flags().StringVar(&o.passwordFile, "from-password-file", "", "holds the password of a PostgreSQL ledger that is left")
	_ = cmd.MarkFlagRequired("from") // fails only for a flag that does not exist
}

func (o *origin) address() (sqlstore.Address, error) {
	at := sqlstore.Address{DSN: o.dsn}
	if parts, err := url.Parse(o.dsn); err == nil && config.HoldsPassword(parts) {
		return at, errors.New("--from: a password stands in the address, where others on this machine can read it: put it into a file and name that with --from-password-file")
	}
	if o.passwordFile == "" {
		return at, nil
	}
	read := func() (string, error) {
		password, err := wire.SecretFile(o.passwordFile)
		if err != nil {
			return "", fmt.Errorf("--from-password-file: %w", err)
		}
		return password, nil
	}
	_, err := read()
	at.Options = append(at.Options, sqlstore.Password(read))
	return at, err
}

// ends are the old ledger and the one that the configuration names.
func (o *origin) ends(file string) (from, to sqlstore.Address, err error) {
	c, err := config.Load(file)
	if err != nil {
		return from, to, err
	}
	if from, err = o.address(); err != nil {
		return from, to, err
	}
	to, err = service.LedgerAddress(c)
	return from, to, err
}

func copyCommand(out io.Writer, file *string) *cobra.Command {
	var from origin
	cmd := &cobra.Command{
		Use:   "copy --from ADDRESS",
		Short: "Move another ledger, all of it, into the empty one that the configuration names",
		Long: `Move another ledger, all of it, into the empty one that the configuration names:
from SQLite to PostgreSQL, or back. A FILE counts from the working directory.

Stop every worker first, and everything else that has the old ledger open. Everything
is read at one moment, written in one transaction, read back and compared, and the
sums are recomputed, before any of it counts. What was left is unchanged but locked for
ever: a worker that still points at it is told where the ledger went.

When it fails, it says so and changes nothing. When it is killed, the old ledger stays
locked, so that never two are in use: run the same command again, which goes on, or
"worker ledger unlock", which goes back where nothing was copied.`,
		Example: `  worker ledger copy --from sqlite:refundflow.db --config postgres.yaml
  worker ledger copy --from postgres://refunds@db/refunds --from-password-file db-password --config sqlite.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			old, next, err := from.ends(*file)
			if err != nil {
				return err
			}
			copied, err := sqlstore.Copy(cmd.Context(), old, next, tells(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			if copied.Before {
				_, err = fmt.Fprintln(out, "everything had been copied before; the old ledger is marked as moved now")
				return err
			}
			_, err = fmt.Fprintf(out, "copied and compared: %d refunds, %d lines in all; the sums agree. The old ledger is locked: start the workers with this configuration.\n",
				copied.Refunds, copied.Lines)
			return err
		},
	}
	from.flags(cmd)
	return cmd
}

// tellEvery is after how many lines of one table a person hears of it again.
const tellEvery = 100_000

// tells a person how far a copy is.
func tells(to io.Writer) sqlstore.Progress {
	table, heard := "", int64(0)
	return func(now string, lines int64) {
		if now != table || lines-heard >= tellEvery {
			table, heard = now, lines
			fmt.Fprintf(to, "%s: %d lines ...\n", table, lines)
		}
	}
}

func unlockCommand(out io.Writer, file *string) *cobra.Command {
	var from origin
	cmd := &cobra.Command{
		Use:   "unlock --from ADDRESS",
		Short: "Take back a copying that was killed before it had copied anything",
		Long: `Take back a copying that was killed before it had copied anything. The ledger that
the configuration names, to which was copied, must be there and empty: that is what
proves that the old one can be used again without two being in use. An empty one of the
same name, on another machine or volume, proves nothing: a copy leaves its mark before
it locks the old ledger, and without it nothing is taken back.`,
		Example: `  worker ledger unlock --from sqlite:refundflow.db --config postgres.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			old, next, err := from.ends(*file)
			if err != nil {
				return err
			}
			if err := sqlstore.Unlock(cmd.Context(), old, next); err != nil {
				return err
			}
			_, err = fmt.Fprintln(out, "the old ledger can be used again: start the workers with a configuration that names it")
			return err
		},
	}
	from.flags(cmd)
	return cmd
}
