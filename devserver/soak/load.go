package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/refundflow/refundflow/devserver/process"
)

// loadRun is a run with many refunds at once.
type loadRun struct {
	options
	atOnce int
}

func loadCommand(out io.Writer) *cobra.Command {
	r := &loadRun{options: options{out: out}}
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Start ten thousand refunds in one batch and look at the worker's memory",
		Long: `Start ten thousand refunds in one batch and look at the worker's memory.

One worker does them all, for accounts at Baidu, WeChat, xlife and Shengpay, undisturbed.
Once a second its memory is read: what the system counts as resident, and what Go's heap
has in use. Flat means that the median of the readings while the last third of the
refunds ends is at most 1.3 times that of the stretch from the first tenth to the first
third; medians, because one reading says no more than when garbage was collected last.

Every refund must have ended as succeeded, and be paid once with its amount by the
platforms' own books, the ledger and what its caller is told. How long all takes is told
and never judged. Memory is read from /proc, so this needs Linux.`,
		Example: "  bin/soak load\n  bin/soak load --refunds 300 --within 5m",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if r.atOnce < 1 {
				return fmt.Errorf("--at-once %d: want at least 1", r.atOnce)
			}
			if err := r.prepare(); err != nil {
				return err
			}
			defer func() { r.leave(err) }()
			return r.run(cmd.Context())
		},
	}
	r.flags(cmd, 10_000, 25*time.Minute)
	cmd.Flags().IntVar(&r.atOnce, "at-once", 64, "how many starts are under way at a time")
	return cmd
}

func (r *loadRun) again() string {
	return fmt.Sprintf("bin/soak load --refunds %d --at-once %d --within %s --seed %d", r.refunds, r.atOnce, r.within, r.seed)
}

func (r *loadRun) run(ctx context.Context) (err error) {
	r.greet(r.again())
	begun := time.Now()
	p := loadPlan(r.seed, r.refunds)
	s, err := open(ctx, &r.options, manner{workers: 1, poll: "[1s, 2s, 5s]", absence: "2s", reconcile: "every: 0s", log: "warning"})
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	if err := s.order(ctx, p); err != nil {
		return err
	}
	r.say("%4d s  everything is up: one worker; %d orders are made", int(time.Since(begun).Seconds()), len(p.orders))
	shop := newShop(s.refunds)
	opening := time.Now()
	samples, started, err := r.burdened(ctx, s, p, shop)
	if err != nil {
		return err
	}
	return r.judge(ctx, s, p, shop, samples, opening, started)
}

// burdened starts everything in one batch and reads the memory until all have ended.
func (r *loadRun) burdened(ctx context.Context, s *site, p *plan, shop *shop) (samples []sample, started time.Duration, err error) {
	ctx, done := context.WithTimeout(ctx, r.within)
	var all sync.WaitGroup
	begun := time.Now()
	var opened atomic.Bool
	all.Go(func() {
		shop.open(ctx, p.wishes, r.atOnce, 0)
		started = time.Since(begun)
		opened.Store(true)
	})
	var unread error
	thousands := int64(0)
	err = s.watch(ctx, len(p.wishes), func() string {
		if opened.Load() {
			return ""
		}
		return fmt.Sprintf("started %d", shop.started.Load())
	}, func(now census) {
		read, err := s.read(ctx, now.closed)
		if err != nil {
			unread = err
			return
		}
		samples = append(samples, read)
		if now.closed/1000 > thousands {
			thousands = now.closed / 1000
			server, _ := process.Resident(s.server.PID())
			r.say("%d ended after %d s: the worker takes %d MiB, its heap %d MiB; the server %d MiB",
				now.closed, int(time.Since(begun).Seconds()), read.rss>>20, read.heap>>20, server>>20)
		}
	})
	done()
	all.Wait()
	if len(samples) == 0 {
		err = errors.Join(err, fmt.Errorf("the worker's memory could not be read: %w", unread))
	}
	return samples, started, err
}

func (s *site) read(ctx context.Context, ended int64) (sample, error) {
	rss, err := process.Resident(s.workers[0].PID())
	if err != nil {
		return sample{}, err
	}
	inUse, err := heap(ctx, s.monitors[0])
	return sample{ended: ended, rss: rss, heap: inUse}, err
}

func (r *loadRun) judge(ctx context.Context, s *site, p *plan, shop *shop, samples []sample, opening time.Time, started time.Duration) error {
	r.say("%4d s  asking everybody what became of them", int(time.Since(opening).Seconds()))
	f, err := s.gather(ctx, p, shop)
	if err != nil {
		return err
	}
	wrong := f.wrong()
	if r.refunds < judgedFrom {
		r.say("the worker's memory is told and not judged: that takes --refunds %d", judgedFrom)
	} else if grown := flat(samples, int64(r.refunds)); grown != "" {
		wrong = append(wrong, finding{text: grown})
	}
	s.courses(ctx, f, wrong)
	left, err := s.atRest(ctx)
	if err != nil {
		return err
	}
	s.report(f, shop, time.Since(opening))
	r.pace(f, samples, opening, started)
	return r.verdict(append(wrong, left...), r.again())
}

// pace tells how fast it went.
func (r *loadRun) pace(f *facts, samples []sample, opening time.Time, started time.Duration) {
	var lasted []time.Duration
	var last time.Time
	for i := range f.refunds {
		fact := &f.refunds[i]
		if fact.outcome == nil || len(fact.answers) == 0 {
			continue
		}
		lasted = append(lasted, fact.outcome.EndedAt.Sub(fact.answers[0].asked))
		if fact.outcome.EndedAt.After(last) {
			last = fact.outcome.EndedAt
		}
	}
	if len(lasted) == 0 {
		return
	}
	slices.Sort(lasted)
	took := last.Sub(opening)
	r.say("%d starts in %.0f s; all ended after %.0f s: %.1f refunds a second; from start to end p50 %.1f s, p95 %.1f s",
		len(f.refunds), started.Seconds(), took.Seconds(), float64(len(lasted))/took.Seconds(),
		lasted[len(lasted)/2].Seconds(), lasted[len(lasted)*95/100].Seconds())
	rss, inUse := func(s sample) int64 { return s.rss }, func(s sample) int64 { return s.heap }
	if early, late := stretch(samples, int64(r.refunds)); len(early) > 0 && len(late) > 0 {
		r.say("the worker's memory, median from the first tenth to the first third, and in the last third: resident %d and %d MiB, heap %d and %d MiB",
			median(early, rss)>>20, median(late, rss)>>20, median(early, inUse)>>20, median(late, inUse)>>20)
	}
}
