package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := program(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func program(ctx context.Context, args []string) error {
	if len(args) > 0 && slices.Contains([]string{roleTemporal, roleWorker, roleNaive, roleStub}, args[0]) {
		return play(ctx, args[0], args[1:])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	found, err := o.results(ctx)
	if err != nil {
		return err
	}
	return o.tell(found)
}

// options are what is asked for.
type options struct {
	levels, marks []int
	rounds        int
	only          []string
	json, disk    bool
	bin           string
	from, plot    string
	out           io.Writer // results
	news          io.Writer // progress
}

const usage = `bench measures what a refund takes beside what Temporal takes for as many steps.

Everything runs as processes of this machine: a Temporal server with the settings of
this project and one with stock settings, the worker, stand-ins for the platforms that
answer at once, and a stub. Lanes are measured turn by turn, each time in another order:

  wechat      a refund in part: check, apply, poll
  baidu-full  a refund in full, whose verification is cancelled: one step more
  xlife       a refund whose result is in the platform's answer
  wechat-reads, wechat-all
              the first, with its first attempts made in the workflow's own task
              (the account's setting "inline")
  bare-1, -3, -4
              a workflow with as many regular activities, each an HTTP call to the
              stub, on the same server and in the same worker process
  naive       a refund as it is written in an afternoon, on a server with stock
              settings: every step an activity, every status written for lists, a
              timer between questions; its steps only call the stub

What counts are ratios within one round, of which medians and ranges are told. Close
what else runs; a whole run takes some ten minutes on two processors.

  make bench                                        all of it
  make bench ARGS=-json >result.json                everything that was measured
  make bench ARGS="-rounds 1 -levels 1,40"          two minutes
  make bench ARGS="-growth 100,1000,10000 -rounds 0"  what refunds take after many others
  bin/bench -from result.json -plot speed.svg       tables and picture of an earlier run

`

func parse(args []string) (options, error) {
	o := options{out: os.Stdout, news: os.Stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage); flags.PrintDefaults() }
	levels := flags.String("levels", "1,10,40,100", "how many are in flight at once, `numbers` from 1 to 1000")
	marks := flags.String("growth", "", "look at what refunds take after so many others, `numbers` that grow")
	only := flags.String("only", "", "measure these `lanes` only, such as wechat,bare-3")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each lane is measured at each level; 0 leaves that out")
	flags.BoolVar(&o.json, "json", false, "tell everything that was measured, for machines")
	flags.BoolVar(&o.disk, "disk", false, "the Temporal servers keep what they store in files, as in production, not in memory")
	flags.StringVar(&o.bin, "bin", "bin", "the `folder` with the programs sandbox, worker, starter and devserver")
	flags.StringVar(&o.from, "from", "", "measure nothing: the results are in this `file`, written with -json")
	flags.StringVar(&o.plot, "plot", "", "draw rate and latency into this `file`, an SVG")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; bench -help explains", flags.Arg(0))
	}
	var err error
	if o.levels, err = numbers("-levels", *levels, 1000); err != nil {
		return o, err
	}
	if *marks != "" {
		if o.marks, err = numbers("-growth", *marks, 1_000_000); err != nil {
			return o, err
		}
	}
	if o.rounds < 0 || o.rounds > 100 {
		return o, fmt.Errorf("-rounds %d: want 0 to 100", o.rounds)
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(laneNames(), name) {
			return o, fmt.Errorf("-only %s: no such lane; there are %s", name, strings.Join(laneNames(), ", "))
		}
	}
	return o, nil
}

func numbers(flag, text string, most int) (all []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("%s %s: want numbers from 1 to %d, such as 1,10,40", flag, text, most)
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// results are measured, or read.
func (o *options) results(ctx context.Context) (*result, error) {
	if o.from == "" {
		return o.measure(ctx)
	}
	text, err := os.ReadFile(o.from)
	if err != nil {
		return nil, fmt.Errorf("-from: %w", err)
	}
	found := &result{}
	if err := json.Unmarshal(text, found); err != nil {
		return nil, fmt.Errorf("-from %s: %w; want what -json has written", o.from, err)
	}
	return found, nil
}

func (o *options) tell(found *result) error {
	if o.plot != "" {
		if err := found.draw(o.plot); err != nil {
			return fmt.Errorf("-plot: %w", err)
		}
	}
	if o.json {
		out := json.NewEncoder(o.out)
		out.SetIndent("", " ")
		return out.Encode(found)
	}
	found.write(o.out)
	return nil
}

// measure starts everything, and stops it whatever happens. Of a run that failed the logs are kept.
func (o *options) measure(ctx context.Context) (_ *result, err error) {
	for _, name := range []string{"sandbox", "worker", "starter", "devserver"} {
		if _, err := os.Stat(filepath.Join(o.bin, name)); err != nil {
			return nil, fmt.Errorf("-bin: %w; make bench builds it", err)
		}
	}
	folder, err := os.MkdirTemp("", "refundflow-bench-")
	if err != nil {
		return nil, err
	}
	s := &site{folder: folder, onDisk: o.disk}
	defer func() {
		err = errors.Join(err, s.close())
		if err == nil {
			err = os.RemoveAll(folder)
		} else {
			err = fmt.Errorf("%w\nthe logs are in %s", err, folder)
		}
	}()
	if err := s.open(ctx, filepath.Join(o.bin, "sandbox")); err != nil {
		return nil, err
	}
	lanes := s.lanes()
	found := &result{Machine: here(o.disk)}
	fmt.Fprintln(o.news, "counting what one of each leaves behind")
	if found.Expenses, err = s.expenses(ctx, lanes); err != nil {
		return nil, err
	}
	if err := s.hire(ctx); err != nil {
		return nil, err
	}
	if found.IdleMS, err = s.idle(ctx); err != nil {
		return nil, err
	}
	if o.rounds > 0 {
		wanted := slices.DeleteFunc(slices.Clone(lanes), func(l lane) bool { return o.only != nil && !slices.Contains(o.only, l.name()) })
		if found.Cells, err = rounds(ctx, wanted, o.levels, o.rounds, o.news); err != nil {
			return nil, err
		}
		if err := s.deeper(ctx, found, o.news); err != nil {
			return nil, err
		}
	}
	if o.marks != nil {
		if found.Growth, err = s.growing(ctx, named(lanes, "wechat"), named(lanes, "bare-3"), 40, o.marks, o.news); err != nil {
			return nil, err
		}
	}
	fmt.Fprintln(o.news, "starting programs")
	found.StartUp, err = s.startUps(ctx, o.bin)
	return found, err
}
