package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// This file holds what turns a refund round on its way: the day changes, limits are raised, somebody speaks at an odd moment.

// Misfortunes with which a step is certainly not carried out, or not as it was asked for.
var (
	tenMinutes     = control.Duration(10 * time.Minute)
	busy           = control.Fault{Op: "applyOrderRefund", Kind: control.FaultStatus, Status: 429, RetryAfter: tenMinutes}
	busyCancelling = control.Fault{Op: "syncOrderStatus", Kind: control.FaultStatus, Status: 429, RetryAfter: tenMinutes}
	// busyForAnHour is as many attempts as fit into one: the pauses are up to a tenth longer than asked for.
	busyForAnHour = control.Fault{Op: "applyOrderRefund", Kind: control.FaultStatus, Status: 429, RetryAfter: tenMinutes, Times: 6}
	acceptedLess  = control.Fault{Op: "applyOrderRefund", Kind: control.FaultAnswer, Phase: control.After, Errno: new(int64(0)),
		Data: json.RawMessage(`{"refundBatchId":"152713835","refundPayMoney":"9799"}`)}
	// riddle: nobody knows what the platform says of the order, once.
	riddle = control.Fault{Op: "queryorderdetail", Kind: control.FaultAnswer, Errno: new(int64(77777)), Msg: "?"}
)

// lateInTheDay moves the refund's clock to five minutes before midnight where the platform is: a step that begins then and is
// repeated after ten minutes is repeated on the next day.
func lateInTheDay(w *world, r refund.Request) {
	w.t.Helper()
	now := time.Now()
	day := ledger.Limits{Zone: time.FixedZone("Asia/Shanghai", 8*60*60)} // the account's
	if until := day.NextDay(now).Add(-10 * time.Minute).Sub(now); until > 0 {
		pass(until)(w, r)
	}
}

// nextDayUsedUp is another refund, which this day has no room for and which waits for the next one.
func nextDayUsedUp(w *world, _ refund.Request) {
	other := w.request(6000, 6000)
	w.start(other)
	w.reach(other, refund.StatusAwaitingBudget)
	nights(w, other)
	w.paidOnce(other, w.wait(other))
}

// raised is the way of a refund that waits for want of room until its limit is raised and it is told so.
func raised(y way, waits refund.Status) func(*testing.T) (*world, refund.Request) {
	return func(t *testing.T) (*world, refund.Request) {
		w, stop := y.world(t)
		r := y.request(w)
		y.starts(w, r)
		w.reach(r, waits)
		stop()
		w.edit(y.account, "limits: {daily_cap: 99000}")
		w.work(nil)
		require.NoError(t, w.refunds.LookAgain(w.ctx, r.Account, r.ID))
		return w, r
	}
}

// forgotten is a refund whose books are lost while it stands in a status: those that take
// their place have never heard of it.
func forgotten(y way, stands refund.Status) func(*testing.T) (*world, refund.Request) {
	return func(t *testing.T) (*world, refund.Request) {
		w, stop := y.world(t)
		r := y.request(w)
		y.starts(w, r)
		w.reach(r, stands)
		stop()
		for _, part := range []string{"", "-wal", "-shm"} {
			require.NoError(t, os.RemoveAll(w.file("ledger.db"+part)))
		}
		w.work(nil)
		require.NoError(t, w.refunds.LookAgain(w.ctx, r.Account, r.ID))
		return w, r
	}
}

// says waits until the refund has said it so often.
func says(fragment string, times int) act {
	return func(w *world, r refund.Request) {
		w.t.Helper()
		eventually(w.t, w.ctx, fmt.Sprintf("%s says %q %d times", r.ID, fragment, times), func() (bool, string) {
			view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
			require.NoError(w.t, err)
			said := 0
			for _, s := range view.Steps {
				if strings.Contains(s.Text, fragment) {
					said++
				}
			}
			return said == times, fmt.Sprintf("%+v", view.Steps)
		})
	}
}

// notifies is word that the platform was heard of. It proves nothing.
func notifies(w *world, r refund.Request) { types(workflows.SignalNotification, nil)(w, r) }

// sealsFailed resolves with a signature that is made with the key.
func sealsFailed(key string) act {
	return func(w *world, r refund.Request) {
		decided := refund.Resolution{Action: refund.ResolveFailed, By: "finance-2", Note: "looked it up", Evidence: "receipt 4711"}
		sealed := refund.Sealed{
			Account: r.Account, ID: r.ID, Amount: r.Amount, Decision: refund.SealedResolve(decided.Action), By: decided.By,
			Evidence: decided.Evidence, Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Second),
		}
		decided.Seal = refund.Seal{Expires: sealed.Expires, Signature: sealed.Sign([]byte(key))}
		signal(workflows.SignalResolve, decided)(w, r)
	}
}

// againAndCancel begins what was terminated anew, and what wants to cancel it is there before its books are open.
func againAndCancel(w *world, r refund.Request) {
	w.t.Helper()
	id := refund.WorkflowID(r.Account, r.ID)
	_, err := w.dialled().SignalWithStartWorkflow(w.ctx, id, workflows.SignalCancel, refund.Decision{By: "agent-17"},
		temporalclient.StartWorkflowOptions{ID: id, TaskQueue: w.queue}, workflows.TypeRefund, r)
	require.NoError(w.t, err)
	w.reach(r, refund.StatusProcessing)
}

// behindItsBack books the intent to send, as by another workflow of the same refund that died at once.
func behindItsBack(w *world, r refund.Request) {
	w.t.Helper()
	books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
	require.NoError(w.t, err)
	defer books.Close()
	permit, err := books.BeginSend(w.ctx, ledger.KeyOf(r), time.Now(), ledger.Limits{})
	require.NoError(w.t, err)
	require.True(w.t, permit.Send)
}
