package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func command(ctx context.Context) error {
	only := flag.String("only", "", "the mutants whose name contains this text")
	list := flag.Bool("list", false, "print the mutants, and what each would cost, and end")
	within := flag.Duration("within", 2*time.Minute, "how long the matrix looks for one mutant; longer is not caught")
	seed := flag.Uint64("seed", 1, "the order in which mishaps are tried")
	atOnce := flag.Int("at-once", 2, "how many mutants are worked on at once: one compiles while another one runs")
	control := flag.Bool("control", true, "run a sample of the matrix on the code as it is first; without it a mutant that is caught proves less")
	flag.Parse()

	mutants, err := chosen(*only)
	if err != nil {
		return err
	}
	if *list {
		for _, m := range mutants {
			fmt.Printf("%s\n    %s: %s\n", m.name, m.breaks, m.costs)
		}
		return nil
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "refundflow-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	began, lab := time.Now(), laboratory{root: root, scratch: scratch, seed: *seed, within: *within}
	if *control {
		if err := lab.control(ctx); err != nil {
			return err
		}
		fmt.Printf("the code as it is: a sample of the matrix holds (%.0f s)\n\n", time.Since(began).Seconds())
	}
	verdicts := lab.tryAll(ctx, mutants, *atOnce)
	return summary(verdicts, time.Since(began))
}

// tryAll tries some at once, and prints each verdict as it comes.
func (l laboratory) tryAll(ctx context.Context, mutants []mutant, atOnce int) []verdict {
	verdicts := make([]verdict, len(mutants))
	next := make(chan int)
	var printing sync.Mutex
	var wait sync.WaitGroup
	for range max(atOnce, 1) {
		wait.Go(func() {
			for i := range next {
				v := l.try(ctx, mutants[i])
				verdicts[i] = v
				printing.Lock()
				fmt.Printf("%5.1f s  %s\n         %s\n", v.took.Seconds(), v.name, v.words)
				printing.Unlock()
			}
		})
	}
	for i := range mutants {
		next <- i
	}
	close(next)
	wait.Wait()
	return verdicts
}

// summary prints how many were caught; its error says that it was not all of them.
func summary(verdicts []verdict, took time.Duration) error {
	type row struct{ caught, of int }
	rows, order, total := map[invariant]*row{}, []invariant(nil), row{}
	var missed []string
	for _, v := range verdicts {
		r := rows[v.breaks]
		if r == nil {
			r = &row{}
			rows[v.breaks], order = r, append(order, v.breaks)
		}
		r.of++
		total.of++
		if v.caught {
			r.caught++
			total.caught++
			continue
		}
		missed = append(missed, v.name)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nINVARIANT\tCAUGHT\tOF")
	for _, breaks := range order {
		fmt.Fprintf(w, "%s\t%d\t%d\n", breaks, rows[breaks].caught, rows[breaks].of)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("\ncaught %d of %d in %.0f s\n", total.caught, total.of, took.Seconds())
	if len(missed) > 0 {
		return fmt.Errorf("not caught: %q", missed)
	}
	return nil
}
