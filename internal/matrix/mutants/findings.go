package main

import (
	"regexp"
	"slices"
	"strings"
)

// finding is one failed assertion in what the matrix has printed.
type finding struct {
	// script is the scenario's, or the test's name where it has none; message says which promise was broken.
	script, message string
}

// notPromises are words of assertions that say that the run went another way than planned, and not that
// a promise was broken: a mutant that is found by them alone is not caught.
var notPromises = []string{
	"the mishap had no occasion", "never came", "a planned failure of the ledger never happened",
	"letters are due", "the platform works for ever", "the flow is not about what its name says",
	"an update was never answered", "it should have been terminated", "ended after",
	outOfTime,
}

// outOfTime is how the SDK's test environment ends a workflow on a machine that is too busy.
const outOfTime = "deadline exceeded (type: ScheduleToClose)"

var (
	assertion = regexp.MustCompile(`(?m)^\s*Error Trace:`)
	errorText = regexp.MustCompile(`(?ms)^\s*Error:\s+(.*?)\n\s*Test:`)
	testName  = regexp.MustCompile(`(?m)^\s*Test:\s+(.*)$`)
	messages  = regexp.MustCompile(`(?m)^\s*Messages:\s+(.*)$`)
	scenario  = regexp.MustCompile(`(?m)^\s*scenario: (.*)$`)
)

// broken finds the first broken promise in the matrix's output; ok is false when there is none.
func broken(output string) (f finding, ok bool) {
	starts := assertion.FindAllStringIndex(output, -1)
	for i, at := range starts {
		end := len(output)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		f := read(output[at[0]:end])
		if !slices.ContainsFunc(notPromises, func(words string) bool { return strings.Contains(f.message, words) }) {
			f.message = short(f.message)
			return f, true
		}
	}
	return finding{}, false
}

func read(block string) finding {
	first := func(r *regexp.Regexp) string {
		if found := r.FindStringSubmatch(block); found != nil {
			return strings.Join(strings.Fields(found[1]), " ")
		}
		return ""
	}
	f := finding{script: first(scenario), message: first(errorText)}
	if f.script == "" {
		f.script = first(testName)
	}
	if words := first(messages); words != "" {
		f.message = words + " (" + f.message + ")"
	}
	return f
}

// short cuts what an assertion shows of whole structures.
func short(text string) string {
	if r := []rune(text); len(r) > 180 {
		return string(r[:180]) + "…"
	}
	return text
}
