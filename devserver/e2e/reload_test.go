package e2e

import (
	"bytes"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
)

// output is a process's standard error, read while it is written.
type output struct {
	sync.Mutex
	bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.Lock()
	defer o.Unlock()
	return o.Buffer.Write(p)
}

func (o *output) String() string {
	o.Lock()
	defer o.Unlock()
	return o.Buffer.String()
}

func (o *output) shows(w *world, fragment string) {
	w.t.Helper()
	eventually(w.t, w.ctx, "the log says "+fragment, func() (bool, string) {
		said := o.String()
		return bytes.Contains([]byte(said), []byte(fragment)), said
	})
}

// TestARaisedCapWakesWhoWaitsWithoutARestart runs the program itself: SIGHUP is its door.
func TestARaisedCapWakesWhoWaitsWithoutARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{DailyCap: 10_000})
	w.edit("level: error", "level: info")
	var log output
	worker := exec.Command(build(t, "worker", "../../worker"), "--config", w.file("refundflow.yaml"))
	worker.Stderr = &log
	require.NoError(t, worker.Start())
	t.Cleanup(func() { _ = worker.Process.Kill(); _ = worker.Wait() })
	log.shows(w, "worker started")
	first, second := w.request(6000, 6000), w.request(6000, 6000)
	w.start(first)
	w.paidOnce(first, w.wait(first))
	w.start(second)
	w.reach(second, refund.StatusAwaitingBudget)
	_, err := w.sandbox.NextDay(w.ctx) // the stand-in's own cap is not what is tried here
	require.NoError(t, err)

	w.edit("daily_cap: 10000", "daily_cap: -1")
	require.NoError(t, worker.Process.Signal(syscall.SIGHUP))
	log.shows(w, "daily_cap: want whole fen")
	require.Equal(t, refund.StatusAwaitingBudget, w.reach(second, refund.StatusAwaitingBudget).Status, "a bad file changes nothing")

	w.edit("daily_cap: -1", "daily_cap: 20000")
	w.edit("task_queue: ", "task_queue: another-")
	require.NoError(t, worker.Process.Signal(syscall.SIGHUP))
	w.paidOnce(second, w.wait(second))
	w.balanced(12_000)
	log.shows(w, "ignored until the worker is restarted")
	require.Contains(t, log.String(), "task_queue")

	require.NoError(t, worker.Process.Signal(syscall.SIGTERM))
	require.NoError(t, worker.Wait(), "the reading of a file is no reason to end, and SIGTERM still is")
}
