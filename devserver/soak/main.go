package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// errWrong ends the program with exit code 1 after everything was told.
var errWrong = errors.New("not everything holds")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(os.Stdout).ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func command(out io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "soak",
		Short: "Kill the processes and burden them, and see whether a refund is lost or paid twice",
		Long: `Kill the processes and burden them, and see whether a refund is lost or paid twice.

Everything runs as separate processes on this machine: the Temporal server on its
file, the program "worker", several times on one ledger file, and the program "sandbox"
with stand-ins for Baidu, WeChat, xlife and Shengpay. Build them first:

  make soak                 builds everything and runs both commands in full size
  make soak SIZE=small      the same in a minute or two

The exit code is 0 when every check holds. Otherwise the checks that do not are told
with the command that repeats the run, the course of each refund concerned in the
order of time, and the folder with all logs and databases, which is kept.

A seed fixes the plan: the orders, amounts, faults, who is killed, after how many
starts, and for how long. How the processes meet is the machine's affair, so a seed
that found something may need several runs to find it again.`,
		Example:       "  bin/soak crash --refunds 200 --kills 10 --server-kills 2 --seed 7\n  bin/soak load --refunds 2000",
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(crashCommand(out), loadCommand(out), temporalCommand())
	return root
}

// options are what both runs have in common.
type options struct {
	refunds         int
	seed            uint64
	within          time.Duration
	worker, sandbox string
	folder          string
	keep            bool
	out             io.Writer
}

func (o *options) flags(cmd *cobra.Command, refunds int, within time.Duration) {
	flags := cmd.Flags()
	flags.IntVar(&o.refunds, "refunds", refunds, "how many refunds are made")
	flags.Uint64Var(&o.seed, "seed", 0, "fixes the plan; 0 takes one by chance and says which")
	flags.DurationVar(&o.within, "within", within, "how long the refunds may take altogether; who has not ended by then is named, with what it waits for")
	flags.StringVar(&o.worker, "worker", "bin/worker", "the program worker")
	flags.StringVar(&o.sandbox, "sandbox", "bin/sandbox", "the program sandbox")
	flags.StringVar(&o.folder, "folder", "", "where everything is kept, an empty folder; default: a temporary one, removed when all is well")
	flags.BoolVar(&o.keep, "keep", false, "keep the folder when all is well, too")
}

// prepare settles what was left open and refuses what makes no sense.
func (o *options) prepare() error {
	if o.refunds < 1 || o.within <= 0 {
		return fmt.Errorf("--refunds %d --within %s: want at least one refund and some time", o.refunds, o.within)
	}
	for _, p := range []struct{ flag, file string }{{"--worker", o.worker}, {"--sandbox", o.sandbox}} {
		if _, err := os.Stat(p.file); err != nil {
			return fmt.Errorf("%s: %w; make soak builds it, or: go build -o bin/ ./worker ./sandbox/cmd/sandbox", p.flag, err)
		}
	}
	for o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000) // short enough to be typed
	}
	if o.folder == "" {
		var err error
		o.folder, err = os.MkdirTemp("", "refundflow-soak-")
		return err
	}
	if err := os.MkdirAll(o.folder, 0o700); err != nil {
		return err
	}
	if found, err := os.ReadDir(o.folder); err != nil || len(found) > 0 {
		return errors.Join(err, fmt.Errorf("--folder %s: want an empty folder, it holds %d files", o.folder, len(found)))
	}
	return nil
}

// leave keeps or removes the folder, and says where it is when something is to be seen there.
func (o *options) leave(err error) {
	if err == nil && !o.keep {
		os.RemoveAll(o.folder)
		return
	}
	fmt.Fprintf(o.out, "\nlogs, ledger, Temporal's database and the stand-ins' books: %s\n", o.folder)
}

func (o *options) say(format string, args ...any) { fmt.Fprintf(o.out, format+"\n", args...) }

func (o *options) greet(repeat string) {
	o.say("seed %d, %s/%s with %d processors; again: %s", o.seed, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), repeat)
}
