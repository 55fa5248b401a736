package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// invariant is the one of docs/guarantees.md that a mutant breaks.
type invariant string

const (
	paidOnce     invariant = "I1 paid at most once"
	neverLost    invariant = "I2 never lost"
	unknown      invariant = "I3 the unknown is no answer"
	lastStep     invariant = "I4 the irreversible last"
	limits       invariant = "I5 limits and books hold"
	secretsOut   invariant = "I6 secrets stay out"
	onlyProvider invariant = "I7 only the provider speaks"
)

// mutant is the product with one rule broken.
type mutant struct {
	name string
	// costs is what would come of it.
	costs string
	edits []edit
	// flows and only narrow the search, as the matrix's flags of these names do. Where they do more than
	// save the other platforms' runs, why says so.
	flows, only, why string
	// crowd: it shows where many refunds begin at once, and nowhere else.
	crowd bool

	breaks invariant
}

// edit replaces a text of a file, which must be there once.
type edit struct{ file, old, new string }

// all lists every mutant with its invariant.
func all() []mutant {
	var list []mutant
	for _, of := range []struct {
		breaks  invariant
		mutants []mutant
	}{
		{paidOnce, breakPaidOnce}, {neverLost, breakNeverLost}, {unknown, breakUnknown}, {lastStep, breakLastStep},
		{limits, breakLimits}, {secretsOut, breakSecrets}, {onlyProvider, breakOnlyProvider},
	} {
		for _, m := range of.mutants {
			m.breaks = of.breaks
			list = append(list, m)
		}
	}
	return list
}

// apply returns the texts of the changed files by their paths below root.
func (m mutant) apply(root string) (map[string]string, error) {
	changed := map[string]string{}
	for _, e := range m.edits {
		text, ok := changed[e.file]
		if !ok {
			raw, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				return nil, fmt.Errorf("mutant %q: %w", m.name, err)
			}
			text = string(raw)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("mutant %q: the code has changed: write the mutant anew: %s holds this text %d times, not once:\n%s", m.name, e.file, n, e.old)
		}
		changed[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return changed, nil
}

// chosen are those whose names contain a text.
func chosen(text string) ([]mutant, error) {
	list := slices.DeleteFunc(all(), func(m mutant) bool { return !strings.Contains(m.name, text) })
	if len(list) == 0 {
		return nil, fmt.Errorf("no mutant's name contains %q; -list shows them", text)
	}
	return list, nil
}

// moduleRoot finds the module's folder at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("no go.mod here or above: run it within the module, as make mutants does")
		}
		dir = above
	}
}
