package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// TestKilledAnywhereARefundIsStillMadeOnce kills the worker process with SIGKILL at every step of every flow, and within
// every irreversible call, and lets a new one go on.
func TestKilledAnywhereARefundIsStillMadeOnce(t *testing.T) {
	t.Parallel()
	var report table
	t.Cleanup(func() { t.Log(report.String()) }) // after the parallel cases
	die := func(f flow, point string, play func(*world, refund.Request)) {
		t.Run(f.name+"/"+point, func(t *testing.T) {
			t.Parallel()
			report.add(f.name, point, f.survives(t, play))
		})
	}
	for _, f := range flows {
		for _, call := range f.calls {
			for _, m := range moments {
				die(f, call+": "+m.name, func(w *world, r refund.Request) {
					w.killDuring(r, w.spawn(""), call, 1+len(f.faults), m)
				})
			}
		}
		for _, step := range f.steps {
			for _, side := range []string{"before ", "after "} {
				die(f, side+step, func(w *world, r refund.Request) { f.killAt(w, r, side+step) })
			}
		}
	}
}

// killAt starts the refund on a worker that kills itself.
func (f flow) killAt(w *world, r refund.Request, point string) {
	victim := w.spawn(point)
	w.start(r)
	if f.during != nil {
		f.during(w, r)
	}
	victim.killed()
}

// killDuring starts the refund on a worker that is killed while the stand-in holds its call.
func (w *world) killDuring(r refund.Request, victim *process, call string, nth int, m moment) {
	w.t.Helper()
	var planned []control.Fault
	for _, fault := range m.faults(call, nth) {
		fault, err := w.sandbox.AddFault(w.ctx, fault)
		require.NoError(w.t, err)
		planned = append(planned, fault)
	}
	w.start(r)
	eventually(w.t, w.ctx, call+" arrives", func() (bool, string) { return m.arrived(w, planned), "not yet" })
	victim.kill()
	victim.killed()
}

// survives plays the flow in a world of its own, lets a second worker finish what the first one left, and compares
// everything that was written down about it.
func (f flow) survives(t *testing.T, play func(*world, refund.Request)) string {
	w := newWorld(t, shared.Address(), f.setting)
	for _, fault := range f.faults {
		_, err := w.sandbox.AddFault(w.ctx, fault)
		require.NoError(t, err)
	}
	var change []func(*control.NewBaiduOrder)
	if f.order != nil {
		change = append(change, f.order)
	}
	r := w.request(f.total, f.amount, change...)
	play(w, r)
	successor := w.spawn("")
	if f.after != nil {
		f.after(w, r)
	}
	out := w.wait(r)
	successor.stop()
	if f.ends == refund.StatusSucceeded {
		w.paidOnce(r, out)
		w.balanced(f.amount)
	} else {
		require.Equal(t, f.ends, out.Status, out.Reason)
		w.notPaid(r, ledger.Status(f.ends))
		w.balanced(0)
	}
	book := w.book(r)
	return fmt.Sprintf("%s; refunds in Baidu's books: %d; calls: %s", out.Status, len(book.Refunds), calls(book))
}

func calls(book control.BaiduOrderBook) string {
	var names []string
	for _, c := range book.Calls {
		name := c.Op
		if !c.Processed {
			name += " (lost)"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// table collects what became of each crash point, for -v.
type table struct {
	sync.Mutex
	rows [][3]string
}

func (r *table) add(row ...string) {
	r.Lock()
	defer r.Unlock()
	r.rows = append(r.rows, [3]string(row))
}

func (r *table) String() string {
	r.Lock()
	defer r.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFLOW\tKILLED\tOUTCOME")
	for _, row := range r.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", row[0], row[1], row[2])
	}
	_ = w.Flush()
	return b.String()
}
