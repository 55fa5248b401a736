package matrix

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
)

var (
	whole    = flag.Bool("whole", false, "run every single mishap; without it every 100th, as a test among others")
	pairs    = flag.Int("pairs", 100, "how many pairs of mishaps are run")
	restores = flag.Int("restores", 0, "how many of the restores are run, drawn by the seed; 0 means all of those that -whole leaves")
	seed     = flag.Uint64("seed", 1, "chooses the pairs, and the order of -shuffle")
	shuffle  = flag.Bool("shuffle", false, "run the single mishaps in a random order, in which a defect shows sooner")
	ways     = flag.String("flows", "", "leave out the flows whose name does not contain this text")
	inline   = flag.String("inline", "", "let every account make first attempts in the workflow's own task: reads or all")
	only     = flag.String("only", "", "run the scenarios whose script contains this text")
	list     = flag.Bool("list", false, "print the scripts of the single mishaps and end")
	workers  = flag.Int("workers", 8, "how many scenarios run at once; most of their time they wait for the disk")
	within   = flag.Duration("within", 20*time.Minute, "no pair is begun after this time")
	most     = flag.Int("failures", 20, "end after so many failures")
)

// memory is where Linux keeps files that need not outlive the machine. What dies here is a program,
// never the machine, and a disk would be waited for at each of a million commits.
const memory = "/dev/shm"

// sampled is which part of the single mishaps is run among the other tests.
const sampled = 100

func TestMain(m *testing.M) {
	flag.Usage = usage
	flag.Parse()
	debug.SetGCPercent(150) // thousands of short-lived worlds, of each of which some 50 KB stay, see refundtest
	debug.SetMemoryLimit(4 << 30)
	if shm, err := os.Stat(memory); err == nil && shm.IsDir() && os.Getenv("TMPDIR") == "" {
		_ = os.Setenv("TMPDIR", memory) // without it the ledgers are on the disk, which takes longer
	}
	if inParts() {
		os.Exit(apart())
	}
	os.Exit(m.Run())
}

func usage() {
	out := flag.CommandLine.Output()
	fmt.Fprintln(out, `The fault matrix: for every provider, transport and flow, everything that can go wrong at every place
where it can, one at a time and in pairs. make matrix runs all of it; make matrix ARGS='...' takes

  -only 'wechat/v2 | full'   the scenarios whose script contains this text; a failing one prints its script
  -seed 7 -pairs 5000        other pairs, and more of them
  -list                      the scripts

All of its own:`)
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			fmt.Fprintf(out, "  -%-10s %s (default %q)\n", f.Name, f.Usage, f.DefValue)
		}
	})
}

// TestMatrix demands of every scenario that the invariants hold (docs/guarantees.md).
func TestMatrix(t *testing.T) {
	began := time.Now()
	flows := wanted(t)
	require.NotEmpty(t, flows, "no flow's name contains %q", *ways)
	crew := newCrew(t, *workers, *most)
	report := newReport(transportsOf(flows))
	t.Cleanup(func() { fmt.Println(report) })

	var fair []Scenario
	for _, f := range flows {
		fair = append(fair, Scenario{Flow: f})
	}
	traces := crew.run("fair weather", fair, report)
	if t.Failed() {
		return
	}
	var singles []Scenario
	for i, s := range fair {
		for _, at := range traces[i].Trace.points() {
			for _, m := range s.Flow.Mishaps(t, at) {
				singles = append(singles, Scenario{s.Flow, []Mishap{m}})
			}
		}
	}
	if *list {
		for _, s := range singles {
			fmt.Println(s)
		}
		return
	}
	first, second, both := strings.Cut(*only, " + ")
	chosen := choose(singles, first)
	if strings.Contains(first, " restored ") {
		return // a script of [TestRestoredBooks]
	}
	require.NotEmpty(t, chosen, "no script contains %q; -list shows them", first)
	if *shuffle {
		rand.New(rand.NewPCG(*seed, 1)).Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	}
	results := crew.run("single mishaps", chosen, report)
	if both && !t.Failed() {
		crew.run("the pair", pairsOf(t, chosen[0], results[0], second), report)
		return
	}
	if *only == "" {
		random := rand.New(rand.NewPCG(*seed, 0))
		fmt.Printf("pairs with -seed %d\n", *seed)
		for n := 0; n < *pairs && !t.Failed() && time.Since(began) < *within; n += batch {
			crew.run(fmt.Sprintf("pairs from %d", n), draw(t, random, chosen, results, min(batch, *pairs-n)), report)
		}
	}
}

// wanted are the flows that the flags leave, as they make them.
func wanted(t *testing.T) []Flow {
	t.Helper()
	flows := slices.DeleteFunc(Flows(t), func(f Flow) bool { return !strings.Contains(f.String(), *ways) })
	for i := range flows {
		flows[i].Inline = cmp.Or(activities.Inline(*inline), flows[i].Inline)
	}
	return flows
}

// batch is how many pairs are drawn at a time.
const batch = 250

// choose takes those that are wanted.
func choose(all []Scenario, text string) []Scenario {
	if text == "" && *whole {
		return all
	}
	var chosen []Scenario
	for i, s := range all {
		if text == "" && i%sampled == 0 || text != "" && strings.Contains(s.String(), text) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}
