package e2e

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// flow is one course a refund can take, and the steps in which its worker is killed.
type flow struct {
	name          string
	total, amount refund.Fen
	order         func(*control.NewBaiduOrder)
	setting       setting
	// faults disturb the stand-in before the refund starts. during acts while the first worker lives, after when the
	// second one does.
	faults        []control.Fault
	during, after func(*world, refund.Request)
	ends          refund.Status
	// steps are killed before and after; calls are killed from outside while the stand-in works on them.
	steps, calls []string
}

var lost = control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.After}

var badSignature = control.Fault{Op: "applyOrderRefund", Kind: control.FaultAnswer, Errno: new(int64(10000)), Msg: "signature"}

// repair is what a person does about a bad signature.
func repair(w *world, r refund.Request) {
	w.reach(r, refund.StatusNeedsAttention)
	require.NoError(w.t, w.refunds.Signal(w.ctx, r.Account, r.ID, workflows.SignalResolve, refund.Resolution{Action: refund.ResolveRetry, By: "ops-1", Note: "key replaced"}))
}

// flows are all of them, those in which first attempts are made in the workflow's own task as well: a process that dies
// there takes with it all that the task has done, and the books alone know of it.
var flows = slices.Concat(regular, inTask("reads", "full", "part"), inTask("all", "full", "part", "answer lost", "resent", "misconfigured", "repaired", "unpaid"))

// inTask are flows of an account with the setting.
func inTask(inline string, names ...string) (some []flow) {
	for _, f := range regular {
		if slices.Contains(names, f.name) {
			f.name, f.setting.Inline = f.name+", inline "+inline, inline
			some = append(some, f)
		}
	}
	return some
}

var regular = []flow{
	{
		name: "full", total: 9800, amount: 9800, ends: refund.StatusSucceeded,
		steps: []string{
			activities.Open, activities.CheckOrder, activities.Hold, activities.CancelVerification, activities.Apply, activities.AwaitResult,
		},
		calls: []string{"syncOrderStatus", "applyOrderRefund"},
	},
	{
		name: "part", total: 12000, amount: 3050, ends: refund.StatusSucceeded,
		steps: []string{activities.Open, activities.CheckOrder, activities.Hold, activities.Apply, activities.AwaitResult},
		calls: []string{"applyOrderRefund"},
	},
	{
		name: "answer lost", total: 4500, amount: 4500, ends: refund.StatusSucceeded,
		faults: []control.Fault{lost}, steps: []string{activities.FindOut},
	},
	{
		// The first sending never arrives; the worker dies while it repeats it.
		name: "resent", total: 4500, amount: 1500, ends: refund.StatusSucceeded,
		faults: []control.Fault{{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.Before}},
		steps:  []string{activities.FindOut}, calls: []string{"applyOrderRefund"},
	},
	{
		name: "approved", total: 2000, amount: 2000, ends: refund.StatusSucceeded, setting: setting{ApproveAbove: 1000},
		during: func(w *world, r refund.Request) {
			w.reach(r, refund.StatusAwaitingApproval)
			require.NoError(w.t, w.refunds.Signal(w.ctx, r.Account, r.ID, workflows.SignalApprove, refund.Decision{By: "finance-2"}))
		},
		steps: []string{activities.Note},
	},
	{
		name: "misconfigured", total: 3000, amount: 1000, ends: refund.StatusSucceeded,
		faults: []control.Fault{badSignature}, after: repair,
		steps: []string{activities.Flag},
	},
	{
		name: "repaired", total: 3000, amount: 1000, ends: refund.StatusSucceeded,
		faults: []control.Fault{badSignature}, during: repair,
		steps: []string{activities.Unflag},
	},
	{
		name: "unpaid", total: 6600, amount: 6600, order: unpaid, ends: refund.StatusFailed,
		steps: []string{activities.Finish},
	},
}

// moment says when the worker dies in relation to the call that the stand-in works on.
type moment struct {
	name   string
	faults func(op string, nth int) []control.Fault
	// arrived tells from outside that the call has come to the point.
	arrived func(w *world, faults []control.Fault) bool
}

// held is how long the stand-in keeps a call, so that the kill comes in the middle.
const held = control.Duration(3 * time.Second)

// carriedOut is the worst one: the money has moved, and nobody here knows.
var carriedOut = moment{
	name: "carried out, answer not yet sent",
	faults: func(op string, nth int) []control.Fault {
		return []control.Fault{{Op: op, Nth: nth, Kind: control.FaultDelay, Phase: control.After, Delay: held}}
	},
	arrived: func(w *world, faults []control.Fault) bool {
		calls, err := w.sandbox.Calls(w.ctx, control.CallFilter{Op: faults[0].Op})
		require.NoError(w.t, err)
		for _, call := range calls {
			for _, f := range call.Faults {
				if f.ID == faults[0].ID {
					return call.Processed
				}
			}
		}
		return false
	},
}

var moments = []moment{
	{
		name: "request arrived, carried out later",
		faults: func(op string, nth int) []control.Fault {
			return []control.Fault{{Op: op, Nth: nth, Kind: control.FaultDelay, Phase: control.Before, Delay: held}}
		},
		arrived: struck,
	},
	{
		name: "request arrived, never carried out",
		faults: func(op string, nth int) []control.Fault {
			return []control.Fault{
				{Op: op, Nth: nth, Kind: control.FaultDelay, Phase: control.Before, Delay: held},
				{Op: op, Nth: nth, Kind: control.FaultDisconnect, Phase: control.Before},
			}
		},
		arrived: struck,
	},
	carriedOut,
}

func struck(w *world, faults []control.Fault) bool {
	all, err := w.sandbox.Faults(w.ctx)
	require.NoError(w.t, err)
	for _, f := range all {
		if f.ID == faults[0].ID {
			return f.Used > 0
		}
	}
	return false
}
