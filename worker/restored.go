package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/worker/service"
)

const (
	// askAfterRestore is for how long callers may still repeat what was forgotten.
	askAfterRestore = 7 * 24 * time.Hour
	// recalledEvery is after how many workflows a person hears of them again.
	recalledEvery = 1000
)

// restore is what is known about a restored ledger.
type restore struct {
	since      string
	noTemporal bool
	askFor     time.Duration
}

func restoredCommand(out io.Writer, file *string) *cobra.Command {
	var r restore
	cmd := &cobra.Command{
		Use:   "restored --since TIME",
		Short: "Say that the ledger was restored from a backup, before any worker uses it",
		Long: `Say that the ledger was restored from a backup, before any worker uses it.

A restored ledger has forgotten what happened after the backup; the platforms and
Temporal have not. From now on each platform is asked before anything is sent that the
ledger may have forgotten: every refund that is open and by the books not sent, and
every one that is opened within --ask-for, since its id may have been used before.

Then it reads from Temporal how refunds have ended since the backup, --since, and books
that again: what was paid counts in its order and in the day's cap, and what people
cancelled or resolved by hand stays as they left it. Refunds that run write themselves
down as soon as workers do. With --no-temporal, for when Temporal was lost as well, this
is left out.

Then start the workers, and let every caller repeat what it has started since the
backup, with the same ids. Saying it again, or for longer, does no harm.`,
		Example: `  worker ledger restored --since 2026-11-21T03:00:00+08:00
  worker ledger restored --no-temporal --ask-for 720h`,
		Args: cobra.NoArgs,
		RunE: onBooks(func(cmd *cobra.Command, books ledger.Ledger, c *config.Config, _ []string) error {
			return r.run(cmd, out, books, c)
		}).run(file),
	}
	cmd.Flags().StringVar(&r.since, "since", "", "the moment of the backup, as in 2026-11-21T03:00:00+08:00: rather too early than too late (required, but for --no-temporal)")
	cmd.Flags().BoolVar(&r.noTemporal, "no-temporal", false, "ask nothing of Temporal, which was lost as well")
	cmd.Flags().DurationVar(&r.askFor, "ask-for", askAfterRestore, "for how long new refunds are asked about before they are sent")
	return cmd
}

// backup is the moment from which on the books have forgotten everything.
func (r *restore) backup(now time.Time) (time.Time, error) {
	switch {
	case r.askFor <= 0:
		return time.Time{}, fmt.Errorf("--ask-for: want a time such as 168h, got %s", r.askFor)
	case r.noTemporal && r.since != "":
		return time.Time{}, errors.New("--since is the moment from which on Temporal is read, and --no-temporal says that it is not: give one of them")
	case r.noTemporal:
		return time.Time{}, nil
	case r.since == "":
		return time.Time{}, errors.New("--since: give the moment of the backup, as in 2026-11-21T03:00:00+08:00, or --no-temporal when Temporal was lost as well")
	}
	since, err := time.Parse(time.RFC3339, r.since)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since: want a time such as 2026-11-21T03:00:00+08:00, with its time zone: %w", err)
	}
	if since.After(now) {
		return time.Time{}, fmt.Errorf("--since: %s has not come yet: give the moment of the backup", r.since)
	}
	return since, nil
}

func (r *restore) run(cmd *cobra.Command, out io.Writer, books ledger.Ledger, c *config.Config) error {
	now := time.Now()
	since, err := r.backup(now)
	if err != nil {
		return err
	}
	open, err := books.Restored(cmd.Context(), now, now.Add(r.askFor))
	if err != nil {
		return err
	}
	if !r.noTemporal { // the ends first: they leave fewer open
		if err := recall(cmd.Context(), out, cmd.ErrOrStderr(), books, c, since); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%d refunds were open and not sent: those that still are, and all that are opened until %s, are asked about before they are sent\n",
		open, now.Add(r.askFor).Format(time.RFC3339))
	return err
}

// recall takes from Temporal what the books have forgotten.
func recall(ctx context.Context, out, progress io.Writer, books ledger.Ledger, c *config.Config, since time.Time) error {
	logger, err := service.NewLogger(c.Log)
	if err != nil {
		return err
	}
	sum, err := service.Recall(ctx, c, logger, books, since, func(so service.Recalled) {
		if so.Read%recalledEvery == 0 {
			fmt.Fprintf(progress, "%d workflows ...\n", so.Read)
		}
	})
	if err != nil {
		return fmt.Errorf("what happened since the backup is not taken over from Temporal: start no worker, and run this again "+
			"(with --no-temporal only when Temporal was lost as well): %w", err)
	}
	if err := printRecalled(out, sum, since); err != nil {
		return err
	}
	if sum.Failed > 0 {
		return fmt.Errorf("%d refunds could not be taken over from Temporal: put that right and run this again, "+
			"or look each up at its platform, before you start a worker:\n%w",
			sum.Failed, errors.Join(sum.Why...))
	}
	return nil
}

func printRecalled(out io.Writer, sum service.Recalled, since time.Time) error {
	booked, by := 0, make([]string, 0, len(sum.Booked))
	for _, status := range slices.Sorted(maps.Keys(sum.Booked)) {
		booked += sum.Booked[status]
		by = append(by, fmt.Sprintf("%d %s", sum.Booked[status], status))
	}
	if booked == 0 {
		by = []string{"none"}
	}
	_, err := fmt.Fprintf(out, "%d workflows have ended since %s: %d booked again (%s), %d known to the books, %d begun anew, %d never written down, %d failed\n",
		sum.Read, since.Format(time.RFC3339), booked, strings.Join(by, ", "), sum.Known, sum.Resumed, sum.Never, sum.Failed)
	return err
}
