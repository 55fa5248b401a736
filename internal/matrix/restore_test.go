package matrix

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
)

// restoredPairs is which part of the pairs begins with a restore.
const restoredPairs = 4

// TestRestoredBooks restores the books of each moment of each flow at each later one, in
// the way of the runbook, alone and beside another mishap. The flags are those of [TestMatrix].
func TestRestoredBooks(t *testing.T) {
	flows := slices.DeleteFunc(wanted(t), func(f Flow) bool { return !f.sends() })
	crew, report := newCrew(t, *workers, *most), newReport(transportsOf(flows))
	moments, fair := make([][]refundtest.StepMoment, len(flows)), make([]Scenario, len(flows))
	for i, f := range flows {
		fair[i] = Scenario{f, []Mishap{watched(func(r *refundtest.Run) { moments[i] = r.Moments() })}}
	}
	crew.run("fair weather, watched", fair, report)
	if t.Failed() {
		return
	}
	var singles []Scenario
	for i, f := range flows {
		for _, m := range f.restores(moments[i]) {
			singles = append(singles, Scenario{f, []Mishap{m}})
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
	if len(chosen) == 0 {
		return // the script is another test's
	}
	if *restores > 0 && *restores < len(chosen) {
		random := rand.New(rand.NewPCG(*seed, 1))
		random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:*restores]
	}
	t.Cleanup(func() { fmt.Println(report) })
	results := crew.run("restores", chosen, report)
	random := rand.New(rand.NewPCG(*seed, 2))
	switch {
	case t.Failed():
	case both:
		crew.run("the pair", pairsOf(t, chosen[0], results[0], second), report)
	case *only == "":
		crew.run(fmt.Sprintf("restores beside a mishap, with -seed %d", *seed), draw(t, random, chosen, results, *pairs/restoredPairs), report)
	}
}

// watched is a mishap that is none: it shows the run that has ended.
func watched(see func(*refundtest.Run)) Mishap {
	return Mishap{Kind: "watched", At: Point{Step, "Open", 1}, ends: heals, plan: func(p *play) {
		p.acts = append(p.acts, refundtest.Then(see))
	}}
}

// fewFlows is which part of the flows is run among the other tests; it parts with their
// number on each transport.
const fewFlows = 7

// eachFlow runs a test of the flows, some at once.
func eachFlow(t *testing.T, test func(*testing.T, Flow)) {
	t.Helper()
	ran := 0
	for i, f := range Flows(t) {
		if !*whole && *only == "" && i%fewFlows != 0 {
			continue
		}
		if name := f.String(); f.sends() && strings.Contains(name, *ways) && (*only == "" || strings.Contains(*only, t.Name()) && strings.Contains(*only, name)) {
			ran++
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, f)
			})
		}
	}
	require.True(t, ran > 0 || *only != "" || *ways != "", "there are no flows")
}
