package sqlstore

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

// everyStep takes one refund through all steps; each is called at its time.
func everyStep(b books) []func() error {
	ctx := b.Context()
	first := opening("a", "o1", 100, 300)
	steps := []func() error{
		func() error { _, err := b.Open(ctx, first); return err },
		func() error { return b.Note(ctx, key("a"), noon, "approved", "by finance-2") },
		func() error { return b.Approve(ctx, key("a"), noon, "finance-2") },
		func() error { _, err := b.SpendSeal(ctx, key("a"), noon, "5ea1", "approve 1"); return err },
		func() error { _, err := b.Hold(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { _, err := b.BeginCancel(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { return b.EndCancel(ctx, key("a"), noon, false, "busy") },
		func() error { _, err := b.BeginCancel(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { return b.EndCancel(ctx, key("a"), noon, true, "ok") },
		func() error { _, err := b.BeginSend(ctx, key("a"), noon, limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("a"), noon, notSent) },
		func() error { _, err := b.Hold(ctx, key("a"), noon.Add(day), limits(500, 500)); return err },
		func() error { _, err := b.BeginSend(ctx, key("a"), noon.Add(day), limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(day), refused) },
		func() error { _, err := b.BeginSend(ctx, key("a"), noon.Add(2*day), limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(2*day), unknown) },
		func() error { _, err := b.NoteAbsent(ctx, key("a"), noon.Add(3*day), time.Minute); return err },
		func() error {
			_, err := b.BeginResend(ctx, key("a"), noon.Add(4*day), limits(500, 500), 1, 2)
			return err
		},
		func() error { _, err := b.NoteAbsent(ctx, key("a"), noon.Add(5*day), time.Minute); return err },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(5*day), notSent) },
		func() error { return b.EndSend(ctx, key("a"), noon.Add(5*day), accepted1) },
		func() error { return b.Settle(ctx, key("a"), settlement("P1", 100)) },
		func() error { return b.Flag(ctx, "shop", noon, "bad key") },
		func() error { return b.Unflag(ctx, "shop", noon, "ops-1") },
		func() error { _, err := b.Open(ctx, opening("b", "o1", 100, 300)); return err },
		func() error { _, err := b.Hold(ctx, key("b"), noon, limits(500, 500)); return err },
		func() error { return b.Finish(ctx, key("b"), ledger.Ending{Status: ledger.Cancelled, At: noon}) },
		func() error { return b.Flag(ctx, "shop", noon, "bad signature") },
		func() error { _, err := b.Open(ctx, opening("c", "o1", 100, 300)); return err },
		func() error { _, err := b.Hold(ctx, key("c"), noon.Add(time.Hour), limits(500, 500)); return err },
		func() error { _, err := b.BeginSend(ctx, key("c"), noon.Add(time.Hour), limits(500, 500)); return err },
		func() error { return b.EndSend(ctx, key("c"), noon.Add(time.Hour), accepted1) },
	}
	paused := opening("d", "o2", 100, 300)
	paused.Rules.OrderGap = time.Minute
	foreign := ledger.ForeignRefund{Merchant: "baidu/M1", Account: "shop", PlatformRefundID: "F1", OrderKey: "o2", Amount: 10, State: processing, Last: noon}
	asked := func(id string, at time.Time) func() error {
		return func() error { _, err := b.DecideAudit(ctx, question(id, "o2", 100, at)); return err }
	}
	steps = append(steps,
		func() error { _, err := b.NoteForeign(ctx, foreign); return err },
		func() error { foreign.State = succeeded; _, err := b.NoteForeign(ctx, foreign); return err },
		func() error { _, err := b.Open(ctx, paused); return err },
		asked("P4", noon.Add(time.Minute)), // before the books know of a sending
		func() error { _, err := b.BeginSend(ctx, key("d"), noon, noLimits); return err },
		asked("P4", noon.Add(2*time.Minute)),
		func() error { return b.EndSend(ctx, key("d"), noon, answeredAtOnce("P4", succeeded)) },
		asked("P4", noon.Add(3*time.Minute)),
		asked("P4", noon.Add(4*time.Minute)),
		func() error { return b.Settle(ctx, key("d"), settlement("P4", 100)) },
		asked("X1", noon),
		func() error {
			return b.SettleAudit(ctx, "baidu/M1", "X1", providers.AuditRefuse, "finance-2", "not ours", noon)
		},
		func() error { _, err := b.Open(ctx, opening("e", "o3", 100, 300)); return err },
		func() error { _, err := b.BeginSend(ctx, key("e"), noon, noLimits); return err },
		func() error { return b.Testify(ctx, key("e"), evidence(failed, "", 0)) },
		func() error { return b.Testify(ctx, key("e"), evidence(failed, "P5", 100)) },
		func() error { return b.Finish(ctx, key("e"), ledger.Ending{Status: ledger.Failed, At: noon}) },
		func() error { return contradicting(b.Testify(ctx, key("e"), evidence(succeeded, "P5", 100))) },
		func() error {
			return b.Amend(ctx, key("e"), ledger.Ending{Status: ledger.Succeeded, By: "finance-2", At: noon.Add(time.Hour)})
		},
		func() error { _, err := b.Open(ctx, opening("f", "o4", 100, 300)); return err },
		func() error { _, err := b.Open(ctx, opening("g", "o5", 100, 300)); return err },
		func() error { _, err := b.Hold(ctx, key("f"), noon.Add(7*day), limits(0, 200)); return err },
		func() error { _, err := b.Hold(ctx, key("g"), noon.Add(7*day), limits(0, 200)); return err },
		func() error { _, err := b.Hold(ctx, key("g"), noon.Add(7*day), limits(0, 300)); return err },
		func() error { _, err := b.Restored(ctx, noon.Add(-2*time.Hour), noon.Add(-time.Hour)); return err },
		func() error {
			_, err := b.Rebook(ctx, opening("h", "o6", 100, 300), past(ledger.Succeeded, 100, "P6"))
			return err
		},
	)
	return steps
}

// contradicting is what a step answers that is booked as a contradiction.
func contradicting(err error) error {
	var clash *ledger.ContradictionError
	switch {
	case err == nil:
		return errors.New("there is no contradiction")
	case errors.As(err, &clash):
		return nil
	}
	return err
}

func TestEveryStepRepeatedChangesNothing(t *testing.T) {
	b := newBooks(t, memory)
	previous := b.dump()
	for i, step := range everyStep(b) {
		require.NoError(t, step(), "step %d", i)
		once := b.dump()
		require.NotEqual(t, previous, once, "step %d does something", i)
		require.NoError(t, step(), "step %d again", i)
		require.Equal(t, once, b.dump(), "step %d again", i)
		b.balanced()
		previous = once
	}
}
