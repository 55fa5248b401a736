package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/providers/providertest"
)

// A refund that becomes dearer fails here, and one that becomes cheaper, too: its price is to be written down.
func TestARefundCostsWhatIsWrittenDownOnEveryTransportAndPath(t *testing.T) {
	t.Parallel()
	for _, transport := range providertest.Benches() {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			l := newTill(t, transport)
			h := l.next(t, fromAnswer).habits
			for _, p := range paths {
				if p.goesOn(h) {
					t.Run(p.name, func(t *testing.T) {
						spent := undisturbed(t, func() cost { return l.next(t, p.source(h)).takes(p) })
						require.Equal(t, p.on(t, h), spent.price(), "%s", spent)
					})
				}
			}
		})
	}
}

// undisturbed measures again where the machine was too slow for the engine, which then gives a workflow task to the worker
// once more: that is a cost of the machine's. One that always times out is not let through.
func undisturbed(t *testing.T, measure func() cost) (spent cost) {
	t.Helper()
	for range 3 {
		if spent = measure(); !slices.Contains(spent.events, "WorkflowTaskTimedOut") {
			break
		}
		t.Logf("a workflow task timed out: %s", spent)
	}
	return spent
}

func TestThePageOfCostsSaysWhatIsAsserted(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "performance.md")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	table := priceList(t)
	require.Contains(t, string(page), table, "%s wants this table:\n%s", file, table)
}

// words are what the page calls the actions.
var words = []struct{ action, word string }{
	{starts, "start"}, {submits, "update-with-start"}, {signals, "signals"}, {updates, "update"}, {steps, "steps"}, {retries, "repeats"},
	{books, "ledger"}, {timers, "timer"}, {attributes, "attributes"},
}

// priceList is the table of the page.
func priceList(t *testing.T) string {
	t.Helper()
	var all []habits
	for _, transport := range providertest.Benches() {
		all = append(all, habitsOf(t, providertest.Stand(t, transport)))
	}
	var b strings.Builder
	b.WriteString("| path | on transports | events | actions | which |\n|---|--:|--:|--:|---|\n")
	for _, p := range paths {
		on, named := 0, 0
		for _, h := range all {
			if p.goesOn(h) {
				on++
			}
		}
		require.Positive(t, on, "%s: nobody goes there", p.name)
		var which []string
		for _, w := range words {
			if n := p.actions[w.action]; n > 0 {
				which = append(which, fmt.Sprintf("%s %d", w.word, n))
				named += n
			}
		}
		require.Equal(t, p.actions.total(), named, "%s: an action has no word on the page", p.name)
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", p.name, on, p.events, named, strings.Join(which, ", "))
	}
	return b.String()
}
