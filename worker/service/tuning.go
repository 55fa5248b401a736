package service

import (
	"os"
	"runtime/debug"

	"go.temporal.io/sdk/worker"
)

// Tuned are the options of a worker that concern nothing but its speed. What each is worth is in docs/performance.md.
func Tuned() worker.Options {
	scaling := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	return worker.Options{WorkflowTaskPollerBehavior: scaling, ActivityTaskPollerBehavior: scaling}
}

// heapGrowth is by how many percent the heap may grow before garbage is collected. What lives in a worker are a few
// megabytes, so that Go's usual 100 collects dozens of times a second under load.
const heapGrowth = 400

// TuneMemory trades some dozens of megabytes for processor time, unless the environment (GOGC) says what to do.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
