package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
)

// askAfterRestore is for how long callers may still repeat what was forgotten.
const askAfterRestore = 7 * 24 * time.Hour

func restoredCommand(out io.Writer, file *string) *cobra.Command {
	var askFor time.Duration
	cmd := &cobra.Command{
		Use:   "restored",
		Short: "Say that the ledger was restored from a backup, before any worker uses it",
		Long: `Say that the ledger was restored from a backup, before any worker uses it.

A restored ledger has forgotten what happened after the backup; the platforms have
not. From now on each platform is asked before anything is sent that the ledger may
have forgotten: every refund that is open and by the books not sent, and every one
that is opened within --ask-for, since its id may have been used before.

Then start the workers, and let every caller repeat what it has started since the
backup, with the same ids. Saying it again, or for longer, does no harm.`,
		Example: `  worker ledger restored
  worker ledger restored --ask-for 720h`,
		Args: cobra.NoArgs,
		RunE: onBooks(func(cmd *cobra.Command, books ledger.Ledger, _ *config.Config, _ []string) error {
			if askFor <= 0 {
				return fmt.Errorf("--ask-for: want a time such as 168h, got %s", askFor)
			}
			now := time.Now()
			open, err := books.Restored(cmd.Context(), now, now.Add(askFor))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "%d open refunds are asked about before they are sent, and all that are opened until %s\n",
				open, now.Add(askFor).Format(time.RFC3339))
			return err
		}).run(file),
	}
	cmd.Flags().DurationVar(&askFor, "ask-for", askAfterRestore, "for how long new refunds are asked about before they are sent")
	return cmd
}
