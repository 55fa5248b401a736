package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
)

// crashRun is a run with faults and kills.
type crashRun struct {
	options
	size
	pace time.Duration
}

func crashCommand(out io.Writer) *cobra.Command {
	r := &crashRun{options: options{out: out}}
	cmd := &cobra.Command{
		Use:   "crash",
		Short: "Kill workers and the Temporal server while refunds with faults are under way",
		Long: `Kill workers and the Temporal server while refunds with faults are under way.

Refunds of every kind are started on accounts at all four platforms: in full and in
part, several at once of one order (together more than was paid), above the amounts
that one or two people must approve, of orders that were never paid, never verified, or
whose refunds the platform will fail, and on an account whose daily cap has no room for
all. Every tenth is started by eight callers at once. A share of the orders meets
faults: a connection that breaks before or after the money has moved, 502, 503 and 429
with and without Retry-After, pages of HTML, answers that are cut off or without a code,
delays, messages that are lost, late, or come twice.

Meanwhile processes are killed with SIGKILL, workers and the Temporal server, and
started again after a pause. A killed worker costs its step the 25 s after which the
server gives it up, so the last refunds end half a minute after the last kill.

Then, for every refund: what its callers are told is what the ledger says and what the
platform's own books say; it was paid once if it succeeded, else not at all; with its
amount; under a number that no other refund has. No order gave back more than was paid,
no account more than its cap on any day in Shanghai; the ledger's sums agree, by
"worker ledger audit", too; no key is in a log, in the ledger or in Temporal's database.
Whoever has not ended stands in "needs attention", and only where the platform cannot be
asked what became of a refund, or after all permitted sendings went without a clear answer:
these are listed, and who waits behind one of them.`,
		Example: "  bin/soak crash --refunds 1000 --kills 30 --server-kills 5\n  bin/soak crash --refunds 60 --kills 4 --server-kills 1 --seed 42 --keep",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := r.sizes(); err != nil {
				return err
			}
			if err := r.prepare(); err != nil {
				return err
			}
			defer func() { r.leave(err) }()
			return r.run(cmd.Context())
		},
	}
	r.flags(cmd, 1000, 20*time.Minute)
	flags := cmd.Flags()
	flags.IntVar(&r.faults, "faults", 20, "of a hundred orders, so many meet faults")
	flags.IntVar(&r.workers, "workers", 3, "how many workers run; the first hears the platforms")
	flags.IntVar(&r.kills, "kills", 30, "how often a worker is killed")
	flags.IntVar(&r.serverKills, "server-kills", 5, "how often the Temporal server is killed")
	flags.DurationVar(&r.pace, "pace", 100*time.Millisecond, "the pause between two starts")
	return cmd
}

func (r *crashRun) sizes() error {
	r.size.refunds = r.options.refunds
	switch {
	case r.faults < 0 || r.faults > 100:
		return fmt.Errorf("--faults %d: want a number from 0 to 100", r.faults)
	case r.workers < 1 || r.kills < 0 || r.serverKills < 0 || r.pace < 0:
		return errors.New("want at least one worker, and neither kills nor pace below 0")
	}
	return nil
}

func (r *crashRun) again() string {
	return fmt.Sprintf("bin/soak crash --refunds %d --faults %d --workers %d --kills %d --server-kills %d --pace %s --within %s --seed %d",
		r.options.refunds, r.faults, r.workers, r.kills, r.serverKills, r.pace, r.within, r.seed)
}

func (r *crashRun) run(ctx context.Context) (err error) {
	r.greet(r.again())
	begun := time.Now()
	p := crashPlan(r.seed, r.size)
	s, err := open(ctx, &r.options, manner{
		// Few questions: one that a kill cuts short is repeated after a pause that grows with
		// how many there were, up to five minutes.
		workers: r.workers, poll: "[1s, 3s, 5s]", absence: "500ms", reconcile: "every: 20s, ended_within: 0s", log: "info", books: true, cap: p.cap,
	})
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	if err := s.order(ctx, p); err != nil {
		return err
	}
	r.say("%4d s  everything is up: %d workers; %d refunds of %d orders are planned", int(time.Since(begun).Seconds()), r.workers, len(p.wishes), len(p.orders))
	shop := newShop(s.refunds)
	if err := r.disturbed(ctx, s, p, shop); err != nil {
		return err
	}
	return r.judge(ctx, s, p, shop, begun)
}

// disturbed makes the refunds, with all that happens to them, and returns when they have ended
// or time is up.
func (r *crashRun) disturbed(ctx context.Context, s *site, p *plan, shop *shop) error {
	ctx, done := context.WithTimeout(ctx, r.within)
	var all sync.WaitGroup
	defer all.Wait()
	defer done()
	var opened, killed atomic.Bool
	all.Go(func() {
		shop.open(ctx, p.wishes, 16, r.pace)
		opened.Store(true)
	})
	all.Go(func() {
		s.kill(ctx, p.deaths, shop.started.Load)
		killed.Store(true)
	})
	all.Go(func() { s.askAgain(ctx) })
	return s.watch(ctx, len(p.wishes), func() string {
		if opened.Load() && killed.Load() {
			return ""
		}
		workers, server := s.kills()
		return fmt.Sprintf("started %d, kills %d of workers, %d of the server", shop.started.Load(), workers, server)
	}, nil)
}

func (s *site) kills() (workers, server int) {
	for _, w := range s.workers {
		n, _ := w.Fate()
		workers += n
	}
	server, _ = s.server.Fate()
	return workers, server
}

// judge gathers and checks, and tells.
func (r *crashRun) judge(ctx context.Context, s *site, p *plan, shop *shop, begun time.Time) error {
	r.say("%4d s  asking everybody what became of them", int(time.Since(begun).Seconds()))
	f, err := s.gather(ctx, p, shop)
	if err != nil {
		return err
	}
	wrong := f.wrong()
	if workers, server := s.kills(); workers != r.kills || server != r.serverKills {
		wrong = append(wrong, finding{text: fmt.Sprintf("only %d workers and %d servers were killed in time: give it more with --within", workers, server)})
	}
	s.courses(ctx, f, wrong)
	left, err := s.atRest(ctx)
	if err != nil {
		return err
	}
	s.report(f, shop, time.Since(begun))
	return r.verdict(append(wrong, left...), r.again())
}
