package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryMutantFitsTheCode(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	for _, m := range all() {
		t.Run(m.name, func(t *testing.T) {
			changed, err := m.apply(root)
			require.NoError(t, err)
			require.NotEmpty(t, changed)
			for file, text := range changed {
				before, err := os.ReadFile(filepath.Join(root, file))
				require.NoError(t, err)
				require.NotEqual(t, string(before), text, "%s is as it was", file)
				_, err = parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
				require.NoError(t, err)
				require.False(t, strings.HasPrefix(file, "internal/") || strings.HasPrefix(file, "sandbox/") || strings.HasSuffix(file, "_test.go"),
					"%s is no part of the product", file)
			}
		})
	}
}

func TestEveryInvariantIsBrokenSomehow(t *testing.T) {
	names, broken := map[string]bool{}, map[invariant]int{}
	for _, m := range all() {
		require.False(t, names[m.name], "two mutants are named %q", m.name)
		names[m.name] = true
		broken[m.breaks]++
		require.NotEmpty(t, m.costs, m.name)
		if m.crowd || strings.Contains(m.only, " + ") {
			require.NotEmpty(t, m.why, "%s shows only in a special run: say why", m.name)
		}
	}
	for _, i := range []invariant{paidOnce, neverLost, unknown, lastStep, limits, secretsOut, onlyProvider} {
		require.GreaterOrEqual(t, broken[i], 3, i)
	}
}

func TestAChangedTextIsRefusedByName(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a.go"), []byte("one two two"), 0o600))
	for old, want := range map[string]string{"three": "0 times", "two": "2 times"} {
		_, err := mutant{name: "the lazy one", edits: []edit{{"a.go", old, "x"}}}.apply(root)
		require.ErrorContains(t, err, "the lazy one")
		require.ErrorContains(t, err, "write the mutant anew")
		require.ErrorContains(t, err, want)
	}
	changed, err := mutant{edits: []edit{{"a.go", "one", "1"}, {"a.go", "1 two", "12"}}}.apply(root)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a.go": "12 two"}, changed, "edits follow one another")
}

func TestOnlyABrokenPromiseCounts(t *testing.T) {
	block := func(words string) string {
		return "    judge.go:1: \n        \tError Trace:\t/x/judge.go:1\n        \t            \t/x/scenario.go:9\n" +
			"        \tError:      \tShould be empty, but was [1]\n        \tTest:       \tTestMatrix/a_b\n        \tMessages:   \t" + words + "\n" +
			"    scenario.go:88: \n        scenario: baidu/cashier | full | too slow, done at exchange x 1\n        again: make matrix\n"
	}
	promise := block("a refund that is failed is not paid")
	want := finding{"baidu/cashier | full | too slow, done at exchange x 1", "a refund that is failed is not paid (Should be empty, but was [1])"}
	for name, of := range map[string]struct {
		output string
		found  bool
	}{
		"nothing at all":                     {"PASS\n", false},
		"a panic":                            {"panic: test timed out after 2m0s\n", false},
		"a mishap without its occasion":      {block("the mishap had no occasion"), false},
		"a promise":                          {promise, true},
		"a promise behind a missed occasion": {block("the mishap had no occasion") + promise, true},
	} {
		t.Run(name, func(t *testing.T) {
			f, found := broken(of.output)
			require.Equal(t, of.found, found)
			if found {
				require.Equal(t, want, f)
			}
		})
	}
}

func TestWhatIsNoPromiseIsSaidByTheMatrix(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	var said strings.Builder
	for _, of := range []string{"internal/matrix/*.go", "internal/refundtest/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, of))
		require.NoError(t, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			said.Write(raw)
		}
	}
	for _, words := range notPromises {
		if words == outOfTime {
			continue // which the SDK says
		}
		require.Contains(t, said.String(), words, "nothing says so any more")
	}
}

func TestOneThatIsNotCaughtFailsTheCommand(t *testing.T) {
	held := verdict{mutant: mutant{name: "the good one", breaks: limits}, caught: true}
	lost := verdict{mutant: mutant{name: "the sly one", breaks: limits}}
	require.NoError(t, summary([]verdict{held, held}, 0))
	err := summary([]verdict{held, lost}, 0)
	require.ErrorContains(t, err, "the sly one")
	require.NotContains(t, err.Error(), "the good one")
}
