package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// backup keeps the books as they are while no worker runs, and restore puts them back.
func (w *world) backup() (restore func()) {
	w.t.Helper()
	books, err := os.ReadFile(w.file("ledger.db"))
	require.NoError(w.t, err)
	return func() {
		w.t.Helper()
		for _, beside := range []string{"-wal", "-shm"} {
			require.NoError(w.t, os.RemoveAll(w.file("ledger.db"+beside)))
		}
		require.NoError(w.t, os.WriteFile(w.file("ledger.db"), books, 0o600))
	}
}

// restored runs the command of that name.
func (w *world) restored(args ...string) (said string, err error) {
	w.t.Helper()
	cmd := exec.CommandContext(w.ctx, build(w.t, "worker", "../../worker"),
		append([]string{"ledger", "restored", "--config", w.file("refundflow.yaml")}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// closes waits until the lists show that n refunds have ended, as the command wants them.
func (w *world) closes(n int) {
	w.t.Helper()
	eventually(w.t, w.ctx, fmt.Sprintf("%d refunds are listed as ended", n), func() (bool, string) {
		all, err := w.refunds.List(w.ctx, client.Filter{Account: w.account})
		require.NoError(w.t, err)
		ended := 0
		for _, r := range all {
			if !r.Closed.IsZero() {
				ended++
			}
		}
		return ended == n, fmt.Sprintf("%d of %d", ended, len(all))
	})
}

// paidAs demands that Baidu has paid so much of the refund's order, once.
func (w *world) paidAs(r refund.Request, amount refund.Fen) {
	w.t.Helper()
	book := w.book(r)
	require.Len(w.t, book.Refunds, 1, r.ID)
	require.Equal(w.t, int64(amount), book.Refunded, r.ID)
}

// notFound makes Baidu answer the next sending with a code that nobody can go on from.
func (w *world) notFound() {
	w.t.Helper()
	code := int64(10002)
	_, err := w.sandbox.AddFault(w.ctx, control.Fault{Op: "applyOrderRefund", Kind: control.FaultAnswer, Phase: control.Before, Errno: &code, Msg: "?"})
	require.NoError(w.t, err)
}

// TestTheLedgerComesBackFromABackup: Temporal and Baidu know what the books have forgotten.
func TestTheLedgerComesBackFromABackup(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{"as it is": nil, "with payloads that are encrypted": {"11"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared.Address(), setting{ApproveAbove: 5500})
			if keys != nil {
				w.encrypts(keys...)
				w.speaks(w.keys(keys...))
			}
			w.comesBack(keys)
		})
	}
}

// comesBack loses, and gets back, what happened to refunds that stand in every way.
func (w *world) comesBack(keys []string) {
	t := w.t
	stop := w.work(nil)
	early, cancelled, byHand, waits := w.request(1000, 1000), w.request(6000, 6000), w.request(7500, 7000), w.request(8000, 8000)
	w.start(early)
	w.paidOnce(early, w.wait(early))
	for _, r := range []refund.Request{cancelled, byHand, waits} {
		w.start(r)
		w.reach(r, refund.StatusAwaitingApproval)
	}
	stop()
	since, restore := time.Now(), w.backup()

	stop = w.work(nil)
	_, err := w.refunds.Cancel(w.ctx, cancelled.Account, cancelled.ID, refund.Decision{By: "agent-17"})
	require.NoError(t, err)
	require.Equal(t, refund.StatusCancelled, w.wait(cancelled).Status)
	w.notFound()
	w.approve(byHand)
	w.reach(byHand, refund.StatusNeedsAttention)
	_, err = w.refunds.Resolve(w.ctx, byHand.Account, byHand.ID, refund.Resolution{Action: refund.ResolveSucceeded, By: "finance-2", Evidence: "a bank transfer"})
	require.NoError(t, err)
	require.Equal(t, refund.StatusSucceeded, w.wait(byHand).Status)
	late, runs, refused := w.request(3000, 2000), w.request(900, 900, slow), w.request(1000, 1000)
	w.start(late)
	out := w.wait(late)
	w.paidOnce(late, out)
	refused.Order = late.Order
	refused.Order.Total, refused.Amount = 3000, 2500
	w.start(refused)
	require.Equal(t, refund.StatusFailed, w.wait(refused).Status)
	w.start(runs)
	w.reach(runs, refund.StatusProcessing)
	dead := w.request(6100, 6100)
	id := w.start(dead).WorkflowID
	w.reach(dead, refund.StatusAwaitingApproval)
	require.NoError(t, w.dial(temporalclient.Options{}).TerminateWorkflow(w.ctx, id, "", "by mistake"))
	w.closes(6)
	stop()

	restore()
	if keys != nil {
		w.encrypts("22")
		said, err := w.restored("--since", since.Format(time.RFC3339))
		require.Error(t, err)
		require.Contains(t, said, "6 refunds could not be taken over from Temporal: put that right", "what cannot be read is not passed over")
		w.encrypts(keys...)
	}
	said, err := w.restored("--since", since.Format(time.RFC3339))
	require.NoError(t, err, said)
	require.Contains(t, said, "6 workflows have ended since")
	require.Contains(t, said, "3 booked again (1 cancelled, 2 succeeded), 1 known to the books, 1 begun anew, 1 never written down, 0 failed")
	said, err = w.restored("--since", since.Format(time.RFC3339))
	require.NoError(t, err, said)
	require.Contains(t, said, "0 booked again (none), 5 known to the books, 0 begun anew", "it may be repeated")
	w.notPaid(cancelled, ledger.Cancelled)
	w.journalled(byHand, ledger.Succeeded, []string{"open", "finish succeeded", "rebook"})
	w.journalled(late, ledger.Succeeded, []string{"open", "hold ", "finish succeeded", "rebook"})

	w.work(nil)
	require.True(t, w.start(cancelled).Existing)
	w.paidAs(late, 2000)
	again := late
	again.ID, again.Amount = "R-again", 2000
	w.start(again)
	require.Contains(t, w.wait(again).Reason, "has ¥10.00 left", "what was paid is known")
	for _, r := range []refund.Request{waits, dead} {
		w.reach(r, refund.StatusAwaitingApproval)
		w.approve(r)
		require.Equal(t, refund.StatusSucceeded, w.wait(r).Status)
		w.paidAs(r, r.Amount)
	}

	_, err = w.sandbox.Advance(w.ctx, 25*time.Hour)
	require.NoError(t, err)
	w.goesOn(runs)
	require.Equal(t, refund.StatusSucceeded, w.wait(runs).Status)
	w.paidAs(runs, 900)
	require.Empty(t, w.book(byHand).Refunds, "it was paid in another way")
	w.notPaid(cancelled, ledger.Cancelled)
	w.balanced(1000 + 2000 + 8000 + 6100 + 900)
	w.agree(out, late)
}

// goesOn resolves a refund that the books have forgotten while it ran, where it stands for that.
func (w *world) goesOn(r refund.Request) {
	w.t.Helper()
	eventually(w.t, w.ctx, r.ID+" ends", func() (bool, string) {
		view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
		if err == nil && view.Status == refund.StatusNeedsAttention {
			_, err = w.refunds.Resolve(w.ctx, r.Account, r.ID, refund.Resolution{Action: refund.ResolveRetry, By: "finance-2"})
		}
		return err == nil && view.Status.Final(), fmt.Sprint(view.Status, ": ", view.Sentence, err)
	})
}

// agree demands that books and Temporal tell the same of a refund's end.
func (w *world) agree(out refund.Outcome, r refund.Request) {
	w.t.Helper()
	books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
	require.NoError(w.t, err)
	defer books.Close()
	record, err := books.Refund(w.ctx, ledger.KeyOf(r))
	require.NoError(w.t, err)
	require.Equal(w.t, out.ProviderNumber, record.Number)
	require.Equal(w.t, out.PlatformRefundID, record.PlatformRefundID)
	require.Equal(w.t, out.Amount, record.Refunded)
	require.Equal(w.t, out.Reason, record.Reason)
	require.WithinDuration(w.t, out.EndedAt, record.EndedAt, time.Microsecond)
}

// TestTheReconcilerBooksAForgottenEndAgain: nobody has said that the books were restored.
func TestTheReconcilerBooksAForgottenEndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 1})
	stop := w.work(nil)
	r := w.request(5000, 5000)
	w.start(r)
	w.reach(r, refund.StatusAwaitingApproval)
	stop()
	restore := w.backup()
	stop = w.work(nil)
	_, err := w.refunds.Cancel(w.ctx, r.Account, r.ID, refund.Decision{By: "agent-17"})
	require.NoError(t, err)
	require.Equal(t, refund.StatusCancelled, w.wait(r).Status)
	stop()
	restore()

	w.setting.Reconcile = "every: 1s, ended_within: 72h"
	w.connect()
	w.work(nil)
	first := w.newestRun(r)
	eventually(t, w.ctx, "it is booked again", func() (bool, string) {
		books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
		require.NoError(t, err)
		defer books.Close()
		record, err := books.Refund(w.ctx, ledger.KeyOf(r))
		require.NoError(t, err)
		return record.Status == ledger.Cancelled, string(record.Status)
	})
	w.notPaid(r, ledger.Cancelled)
	require.Equal(t, first, w.newestRun(r), "it is not begun anew")
	w.balanced(0)
}

// TestARestoreWithoutTemporalIsSaidToBeOne: what Temporal knows is not passed over in silence.
func TestARestoreWithoutTemporalIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	w.work(nil)() // makes the books
	now := time.Now()
	for _, c := range []struct {
		name  string
		args  []string
		wants string
	}{
		{"no moment", nil, "--since: give the moment of the backup"},
		{"no time", []string{"--since", "yesterday"}, "with its time zone"},
		{"a time to come", []string{"--since", now.Add(time.Hour).Format(time.RFC3339)}, "has not come yet"},
		{"both", []string{"--since", now.Format(time.RFC3339), "--no-temporal"}, "give one of them"},
	} {
		said, err := w.restored(c.args...)
		require.Error(t, err, c.name)
		require.Contains(t, said, c.wants, c.name)
	}
	w.edit(w.address, "127.0.0.1:1")
	said, err := w.restored("--since", now.Format(time.RFC3339))
	require.Error(t, err)
	require.Contains(t, said, "with --no-temporal only when Temporal was lost as well")
	said, err = w.restored("--no-temporal")
	require.NoError(t, err, said)
	require.Contains(t, said, "0 refunds were open and not sent")
}
