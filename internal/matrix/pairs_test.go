package matrix

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// draw chooses pairs: a first mishap, and a second one anywhere in the run that the first
// has led to.
func draw(t *testing.T, random *rand.Rand, singles []Scenario, results []Result, n int) []Scenario {
	t.Helper()
	var drawn []Scenario
	for len(drawn) < n {
		i := random.IntN(len(singles))
		s, points := singles[i], results[i].Trace.points()
		if len(points) == 0 {
			continue // it failed
		}
		at := points[random.IntN(len(points))]
		may := s.Flow.Mishaps(t, at)
		if len(may) == 0 || at == s.Mishaps[0].At {
			continue
		}
		drawn = append(drawn, Scenario{s.Flow, []Mishap{s.Mishaps[0], may[random.IntN(len(may))]}})
	}
	return drawn
}

// pairsOf finds the second mishap of a script.
func pairsOf(t *testing.T, s Scenario, r Result, second string) []Scenario {
	t.Helper()
	for _, at := range r.Trace.points() {
		for _, m := range s.Flow.Mishaps(t, at) {
			if m.String() == second {
				return []Scenario{{s.Flow, append([]Mishap{s.Mishaps[0]}, m)}}
			}
		}
	}
	require.FailNow(t, "after the first mishap there is no occasion for the second", "%s", second)
	return nil
}
