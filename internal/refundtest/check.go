package refundtest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Finish gathers what became of the run and checks what holds for every refund.
func (r *Run) Finish() {
	r.Helper()
	r.collect()
	r.checkHooks()
	r.checkPaid()
	r.checkBooks()
	r.checkView()
	r.checkSecrets()
	r.checkSteps()
}

// checkHooks: a disturbance that never happened proves nothing.
func (r *Run) checkHooks() {
	for _, h := range r.server.hooks {
		require.True(r, h.done || h.optional, "attempt %d of %s never came", h.nth, h.step)
	}
	require.Zero(r, r.unanswered.Load(), "an update was never answered")
}

// live are the refunds of a number that are paid or may still be.
func live(placed []control.PlacedRefund, number string) []control.PlacedRefund {
	var found []control.PlacedRefund
	for _, p := range placed {
		if p.Number == number && p.Status != control.Failed {
			found = append(found, p)
		}
	}
	return found
}

// checkPaid: paid exactly once when it succeeded, else not at all; always under
// one number and with the same content.
func (r *Run) checkPaid() {
	r.Helper()
	number, amount := r.Outcome.ProviderNumber, refund.Fen(0)
	paid := live(r.Placed, number)
	if r.Outcome.Status == refund.StatusSucceeded {
		amount = r.Request.Amount
		require.Len(r, paid, 1, "a refund that succeeded is paid exactly once")
		require.Equal(r, int64(amount), paid[0].Amount)
	} else {
		require.Empty(r, paid, "a refund that is %s is not paid", r.Outcome.Status)
	}
	require.Equal(r, amount, r.Outcome.Amount)
	var sum int64
	for _, p := range r.Placed {
		if p.Status != control.Failed {
			sum += p.Amount
		}
	}
	require.LessOrEqual(r, refund.Fen(sum), r.Request.Order.Total)
	contents := map[string]bool{}
	for _, call := range r.Calls {
		question := r.bench.Ops.Query == r.bench.Ops.Apply && call.Amount == 0 // comes under the same name
		if call.Op == r.bench.Ops.Apply && call.RefundNo == number && !question {
			contents[call.Content] = true
		}
	}
	for _, call := range r.Book.Calls {
		if call.Op == "syncOrderStatus" {
			require.False(r, !r.Request.Full() && len(r.requests) == 1, "a partial refund never cancels the verification")
		}
	}
	require.LessOrEqual(r, len(contents), 1, "every repeat says the same")
}

// checkBooks: the ledger agrees with itself and with the outcome.
func (r *Run) checkBooks() {
	r.Helper()
	wrong, err := r.Ledger.Audit(r.Context())
	require.NoError(r, err)
	require.Empty(r, wrong)
	require.Zero(r, r.Ledger.Left(), "a planned failure of the ledger never happened")
	if r.Record == nil {
		require.Equal(r, refund.StatusFailed, r.Outcome.Status, "what was never opened can only fail")
		return
	}
	if r.Record.Fingerprint != r.Request.Fingerprint() {
		return // a conflict: the record is another refund's
	}
	require.Equal(r, ledger.Status(r.Outcome.Status), r.Record.Status)
	require.Equal(r, r.Outcome.Amount, r.Record.Refunded)
	require.Equal(r, r.Outcome.ProviderNumber, r.Record.Number)
}

// checkView: the query still answers, and tells a story that makes sense.
func (r *Run) checkView() {
	r.Helper()
	v := r.View
	require.NotNil(r, v.Outcome)
	require.Equal(r, r.Outcome, *v.Outcome)
	require.Equal(r, r.Outcome.Status, v.Status)
	require.NotEmpty(r, v.Sentence)
	require.NotEmpty(r, v.Steps)
	require.LessOrEqual(r, len(v.Steps), refund.MaxSteps)
	require.Equal(r, refund.StatusReceived, v.Steps[0].Status)
	require.Equal(r, v.Status, v.Steps[len(v.Steps)-1].Status)
	for i, step := range v.Steps {
		require.NotEmpty(r, step.Text)
		require.Contains(r, refund.Statuses, step.Status)
		require.False(r, i > 0 && step.At.Before(v.Steps[i-1].At), "steps go forward in time")
	}
}

// checkSecrets: none is in the history, the view, the journal or the log.
func (r *Run) checkSecrets() {
	r.Helper()
	told, err := json.Marshal([]any{r.View, r.Journal, r.server.told})
	require.NoError(r, err)
	for _, secret := range r.bench.Secrets {
		require.NotContains(r, string(told), secret, "secrets stay out of the history")
		require.NotContains(r, r.log.String(), secret, "secrets stay out of the log")
	}
}

// Passed are the statuses the refund went through, without repetitions.
func (r *Run) Passed() []refund.Status {
	var passed []refund.Status
	for _, step := range r.View.Steps {
		passed = append(passed, step.Status)
	}
	return slices.Compact(passed)
}

// Ops are the platform's operations that were called, in order.
func (r *Run) Ops() []string {
	var ops []string
	for _, call := range r.Book.Calls {
		ops = append(ops, call.Op)
	}
	return ops
}

// Count is how often the platform saw an operation for this order.
func (r *Run) Count(op string) int {
	n := 0
	for _, o := range r.Ops() {
		if o == op {
			n++
		}
	}
	return n
}

// Said are the lines of the journal that contain a text.
func (r *Run) Said(text string) []string {
	var found []string
	for _, line := range r.Journal {
		if strings.Contains(line.Step+": "+line.Text, text) {
			found = append(found, line.Step+": "+line.Text)
		}
	}
	return found
}

// Sent is how many applications for the order the platform has worked on.
func (r *Run) Sent(order refund.Order) int {
	calls, err := r.Platform.Calls(context.Background(), control.CallFilter{Op: "applyOrderRefund", OrderID: order.PlatformID})
	require.NoError(r, err)
	n := 0
	for _, call := range calls {
		if call.Processed {
			n++
		}
	}
	return n
}

// Held are the holds of the journal that were neither given back nor spent.
func (r *Run) Held() []string {
	held := map[string]bool{}
	for _, line := range r.Journal {
		if day, ok := strings.CutPrefix(line.Step, "hold "); ok {
			held[day] = true
		}
		if day, ok := strings.CutPrefix(line.Step, "release "); ok {
			delete(held, day)
		}
	}
	return slices.Sorted(maps.Keys(held))
}
