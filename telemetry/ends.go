package telemetry

import (
	"sync"

	"go.temporal.io/sdk/workflow"
)

// remembered is how many ended runs are known: many more than last tasks that may still
// be repeated, and a megabyte or two.
const remembered = 10_000

// ends are the runs whose ends were counted last.
type ends struct {
	mu    sync.Mutex
	known map[workflow.Execution]bool
	order [remembered]workflow.Execution // the oldest is at next
	next  int
}

// first reports whether the end of a run is met for the first time.
func (e *ends) first(run workflow.Execution) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known[run] {
		return false
	}
	if e.known == nil {
		e.known = map[workflow.Execution]bool{}
	}
	delete(e.known, e.order[e.next])
	e.order[e.next], e.known[run] = run, true
	e.next = (e.next + 1) % remembered
	return true
}
