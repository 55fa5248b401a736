package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// way is one way a refund of ¥98.00 can go. Package workflows lists the same names, and demands each of them in
// every folder of its corpus.
type way struct {
	name string
	// account is a line of the account's configuration.
	account string
	amount  refund.Fen // 0 = all of it
	order   func(*control.NewBaiduOrder)
	faults  []control.Fault
	// before acts while nothing is begun, begin begins (default: the client's Start), during goes on from there.
	before, begin act
	during        []act
	// says is a fragment of what the refund's own history tells, by which it is known that it went this way.
	says string
	// ends is the status of the outcome, or stillWaits for a way that is recorded where the refund waits.
	ends string
	// of is the workflow that is recorded; default the refund's.
	of func(*world) string
	// own: it begins in a world of its own making, and the fields from account to begin do not count.
	own func(*testing.T) (*world, refund.Request)
}

// goes brings a refund down the way, to its end or to where it waits.
func (y way) goes(t *testing.T) (*world, refund.Request) {
	t.Helper()
	var w *world
	var r refund.Request
	if y.own != nil {
		w, r = y.own(t)
	} else {
		w, _ = y.world(t)
		r = y.request(w)
		y.starts(w, r)
	}
	for _, do := range y.during {
		do(w, r)
	}
	if y.ends != stillWaits && y.of == nil {
		w.wait(r)
	}
	if y.says != "" {
		view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(view.Steps, func(s refund.Step) bool { return strings.Contains(s.Text, y.says) }),
			"it never said %q: %+v", y.says, view.Steps)
	}
	return w, r
}

// world is one with the way's account, and its worker.
func (y way) world(t *testing.T) (w *world, stop func()) {
	t.Helper()
	w = newWorld(t, shared.Address(), setting{})
	require.NoError(t, os.WriteFile(w.file("decision.key"), []byte(decisionKey), 0o600))
	if y.account != "" {
		w.edit("limits: {daily_cap: 0}", y.account)
	}
	return w, w.work(nil)
}

func (y way) request(w *world) refund.Request {
	w.t.Helper()
	amount := y.amount
	if amount == 0 {
		amount = 9800
	}
	var change []func(*control.NewBaiduOrder)
	if y.order != nil {
		change = append(change, y.order)
	}
	return w.request(9800, amount, change...)
}

func (y way) starts(w *world, r refund.Request) {
	w.t.Helper()
	if y.before != nil {
		y.before(w, r)
	}
	for _, f := range y.faults {
		_, err := w.sandbox.AddFault(w.ctx, f)
		require.NoError(w.t, err)
	}
	if y.begin != nil {
		y.begin(w, r)
		return
	}
	w.start(r)
}

func (y way) workflow(w *world, r refund.Request) string {
	if y.of != nil {
		return y.of(w)
	}
	return refund.WorkflowID(r.Account, r.ID)
}
