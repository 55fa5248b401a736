package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Baidu's operations, as the sandbox names them.
const (
	opCheck  = "queryorderdetail"
	opCancel = "syncOrderStatus"
	opApply  = "applyOrderRefund"
	opFind   = "findOrderRefund"
)

// situation is one refund of ¥98.00, or ¥30.50 of it, and what must become of
// it. Beside what it names, refundtest checks after every run that the refund
// was paid exactly as often as its outcome says.
type situation struct {
	name   string
	world  refundtest.Options
	part   bool
	order  []func(*control.NewBaiduOrder)
	faults []control.Fault
	acts   []refundtest.Act
	// stands is part of the sentence with which it needs attention until the
	// test resolves it; empty when it ends by itself.
	stands string
	ends   refund.Status
	also   func(*testing.T, *refundtest.Run)
}

func prove(t *testing.T, situations []situation) {
	t.Parallel()
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, s.world)
			request := w.Full(s.order...)
			if s.part {
				request.Amount = 3050
			}
			for _, f := range s.faults {
				w.Fault(f)
			}
			r := w.Run(request, s.acts...)
			if s.stands != "" {
				require.NotNil(t, r.Stood, "it ended by itself: %s", r.Outcome.Reason)
				require.Equal(t, refund.StatusNeedsAttention, r.Stood.Status)
				require.Contains(t, r.Stood.Sentence, s.stands)
			} else {
				require.Nil(t, r.Stood, "it stood for ever: %+v", r.Stood)
			}
			require.Equal(t, s.ends, r.Outcome.Status, r.Outcome.Reason)
			if s.also != nil {
				s.also(t, r)
			}
		})
	}
}

// answer spoils an operation's answer with a code of the platform. The
// operation has done nothing.
func answer(op string, errno int64, msg string, times int) control.Fault {
	return control.Fault{Op: op, Kind: control.FaultAnswer, Errno: &errno, Msg: msg, Times: times}
}

func status(op string, code, times int) control.Fault {
	return control.Fault{Op: op, Kind: control.FaultStatus, Status: code, Times: times}
}

func lost(op string, phase control.FaultPhase, times int) control.Fault {
	return control.Fault{Op: op, Kind: control.FaultDisconnect, Phase: phase, Times: times}
}

const forEver = -1

// calls demands how often each operation reached the platform.
func calls(want map[string]int) func(*testing.T, *refundtest.Run) {
	return func(t *testing.T, r *refundtest.Run) {
		got := map[string]int{}
		for op := range want {
			got[op] = r.Count(op)
		}
		require.Equal(t, want, got)
	}
}

// nothingSent: neither a verification was cancelled nor a refund applied for.
func nothingSent(t *testing.T, r *refundtest.Run) {
	calls(map[string]int{opCancel: 0, opApply: 0})(t, r)
}

// givenBack: no cap and no reserve is in use.
func givenBack(t *testing.T, r *refundtest.Run) {
	day, period := r.Used()
	require.Zero(t, day, "the day's cap")
	require.Zero(t, period, "the reserve")
}

func both(checks ...func(*testing.T, *refundtest.Run)) func(*testing.T, *refundtest.Run) {
	return func(t *testing.T, r *refundtest.Run) {
		for _, check := range checks {
			check(t, r)
		}
	}
}

func passed(want ...refund.Status) func(*testing.T, *refundtest.Run) {
	return func(t *testing.T, r *refundtest.Run) { require.Equal(t, want, r.Passed()) }
}

// steps of the saga, for hooks.
const (
	check      = activities.CheckOrder
	cancelling = activities.CancelVerification
	apply      = activities.Apply
	findOut    = activities.FindOut
	await      = activities.AwaitResult
)
