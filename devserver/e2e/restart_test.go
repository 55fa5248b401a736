package e2e

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/devserver/engine"
	"github.com/refundflow/refundflow/devserver/timeskip"
	"github.com/refundflow/refundflow/refund"
)

// TestRefundsOutliveTheServer stops a server that keeps its data in a file, with refunds in every kind of wait, and lets
// another one go on from the file.
func TestRefundsOutliveTheServer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	first, err := engine.Start(t.Context(), engine.Options{DBFile: file})
	require.NoError(t, err)
	t.Cleanup(func() { _ = first.Stop() }) // again, harmlessly, when all went well
	decided := newWorld(t, first.Address(), setting{ApproveAbove: 5000})
	capped := newWorld(t, first.Address(), setting{DailyCap: 10_000})
	stops := []func(){decided.work(nil), capped.work(nil)}

	approval, processing := decided.request(6000, 6000), decided.request(900, 900, slow)
	today, tomorrow := capped.request(6000, 6000), capped.request(9000, 5000)
	decided.start(approval)
	decided.start(processing)
	capped.start(today)
	capped.paidOnce(today, capped.wait(today))
	capped.start(tomorrow)
	decided.reach(approval, refund.StatusAwaitingApproval)
	decided.reach(processing, refund.StatusProcessing)
	before := capped.reach(tomorrow, refund.StatusAwaitingBudget)
	for _, stop := range stops {
		stop()
	}
	require.NoError(t, first.Stop())

	second, err := engine.Start(t.Context(), engine.Options{DBFile: file})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Stop()) })
	for _, w := range []*world{decided, capped} {
		w.address = second.Address()
		w.connect()
		t.Cleanup(w.work(nil)) // before the server: the last cleanup runs first
	}
	decided.reach(processing, refund.StatusProcessing)
	after := capped.reach(tomorrow, refund.StatusAwaitingBudget)
	require.Equal(t, before.Steps, after.Steps, "the past is the same")
	require.Equal(t, before.NextLook, after.NextLook)

	decided.approve(approval)
	_, err = decided.sandbox.Advance(decided.ctx, 25*time.Hour)
	require.NoError(t, err)
	_, err = capped.sandbox.NextDay(capped.ctx)
	require.NoError(t, err)
	err = second.TimeSkip().FastForward(capped.ctx, refund.WorkflowID(tomorrow.Account, tomorrow.ID), time.Until(after.NextLook)+time.Minute)
	if !errors.Is(err, timeskip.ErrEnded) { // it may be paid before the stretch is over
		require.NoError(t, err)
	}
	decided.paidOnce(approval, decided.wait(approval))
	decided.paidOnce(processing, decided.wait(processing))
	decided.balanced(6900)
	capped.paidOnce(tomorrow, capped.wait(tomorrow))
	capped.balanced(11_000)
	require.True(t, capped.wait(tomorrow).EndedAt.After(after.NextLook), "on the next business day of the workflow's own clock")
}

// TestAPowerCutLosesNothing kills server and worker at once, in one process, at the worst moment: the refund is sent, and
// nobody has written down that it was accepted.
func TestAPowerCutLosesNothing(t *testing.T) {
	t.Parallel()
	server := childServer + "=" + filepath.Join(t.TempDir(), "temporal.db")
	w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
	victim := w.spawn("", server)
	w.address = victim.address
	w.connect()
	waiting, sent := w.request(6000, 6000), w.request(900, 900)
	w.start(waiting)
	w.reach(waiting, refund.StatusAwaitingApproval)
	w.killDuring(sent, victim, "applyOrderRefund", 1, carriedOut)

	successor := w.spawn("", server)
	w.address = successor.address
	w.connect()
	w.approve(waiting)
	w.paidOnce(waiting, w.wait(waiting))
	w.paidOnce(sent, w.wait(sent))
	w.balanced(6900)
	successor.stop()
}
