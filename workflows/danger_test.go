package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// R1 was paid, but its answer and every query were lost, and a person closed it
// as failed. R2 asks for the whole order again, and the platform says plainly
// that the order is refunded.
func TestAnOrderThatShowsARefundIsNotRefundedAgain(t *testing.T) {
	t.Parallel()
	for _, settle := range []time.Duration{0, 72 * time.Hour} {
		t.Run(settle.String(), func(t *testing.T) {
			w := refundtest.New(t, refundtest.Options{})
			first := w.Full(refundtest.SettlesAfter(settle))
			w.Fault(lost(opApply, control.After, 1))
			w.Fault(status(opFind, 503, forEver))
			one := w.Begin(first, refundtest.At(48*time.Hour, refundtest.Resolve(refund.ResolveFailed)))
			outcome, _ := one.Result()
			require.Equal(t, refund.StatusFailed, outcome.Status)
			require.NoError(t, w.Platform.ClearFaults(t.Context()))
			two := w.Begin(w.Request("R2", first.Order, 9800))
			outcome, _ = two.Result()
			book, err := w.Baidu.OrderBook(t.Context(), first.Order.PlatformID)
			require.NoError(t, err)
			require.LessOrEqual(t, book.Refunded+book.Refunding, book.Total, "paid twice; R2 is %s", outcome.Status)
		})
	}
}

// The workflow that flagged the account is terminated by hand; the key is
// repaired. Nobody can lift the flag any more.
func TestAFlagDoesNotOutliveATerminatedRefund(t *testing.T) {
	t.Parallel()
	for _, same := range []bool{true, false} {
		w := refundtest.New(t, refundtest.Options{})
		request := w.Part()
		w.Fault(answer(opApply, 10000, badSignature, 1))
		w.Abandon(request, refundtest.Terminate(10*time.Minute))
		next := request
		if !same {
			next = w.Request("Other", w.Order(9800), 3050)
		}
		r := w.Begin(next, refundtest.At(30*24*time.Hour, refundtest.Look, refundtest.Resolve(refund.ResolveRetry)),
			refundtest.At(59*24*time.Hour, refundtest.Cancel("x")))
		outcome, _ := r.Result()
		if outcome.Status != refund.StatusSucceeded {
			t.Errorf("same=%v: %s %s", same, outcome.Status, outcome.Reason)
		}
	}
}

// A refund was sent and paid; its workflow was terminated and is started again
// on a worker whose configuration misses the account.
func TestASentRefundDoesNotFailForWantOfItsAccount(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	request := w.Part()
	w.Fault(lost(opApply, control.After, 1))
	w.Fault(status(opFind, 503, forEver))
	w.Abandon(request, refundtest.Terminate(10*time.Minute))
	require.NoError(t, w.Platform.ClearFaults(t.Context()))
	back := w.Configure(takenOut)
	r := w.Begin(request, refundtest.At(time.Hour, func(*run) { back() }, refundtest.Resolve(refund.ResolveRetry)))
	outcome, _ := r.Result()
	back()
	record, err := w.Ledger.Refund(t.Context(), ledger.KeyOf(request))
	require.NoError(t, err)
	require.Equal(t, refund.StatusSucceeded, outcome.Status, "told the caller %s (%s), but the money moved and the ledger says %s, sending %s", outcome.Status, outcome.Reason, record.Status, record.Sending)
}

const seenVerified = `{"errno":0,"errmsg":"","msg":"","data":{"data":{"payStatus":{"statusNum":1},"refundStatus":{"statusNum":-1},"verification":{"statusNum":1}}},"cached":1}`

// The first cancelling took effect and its answer was lost; the order query is
// cached (§4.3) and still says verified; the repeat is refused for want of
// balance, since the first one took the money out of it.
func TestADoubtfulCancellingIsNotUndoneByARefusedRepeat(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]control.Fault{
		"balance": answer(opCancel, 10003, "余额不足", 1),
		"config":  answer(opCancel, 10001, "非法参数", 1),
	} {
		t.Run(name, func(t *testing.T) {
			w := refundtest.New(t, refundtest.Options{})
			request := w.Full()
			w.Fault(lost(opCancel, control.After, 1))
			w.Fault(f)
			r := w.Begin(request,
				refundtest.Before(cancelling, 1, func(r *run) {
					r.Fault(control.Fault{Op: opCheck, Kind: control.FaultAnswer, Body: seenVerified, Times: 1})
				}),
				refundtest.At(10*time.Minute, refundtest.Cancel("agent-9")))
			outcome, _ := r.Result()
			book, err := w.Baidu.OrderBook(t.Context(), request.Order.PlatformID)
			require.NoError(t, err)
			require.False(t, outcome.Status == refund.StatusCancelled && !book.Verified,
				"told %q, but the order's verification is gone for good", outcome.Reason)
		})
	}
}

// Midnight passes while the cancelling is repeated, and the new day's cap is
// gone: the point of no return must wait for budget.
func TestTheVerificationIsNotCancelledWithoutTheDaysBudget(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, late)
	request := w.Full()
	w.Fault(throttled(opCancel, time.Minute, 1))
	var view refund.View
	var verified bool
	r := w.Begin(request, refundtest.Before(cancelling, 2, rival("Rival", false)),
		refundtest.At(12*time.Hour, func(r *run) {
			view = r.Ask()
			book, err := r.Baidu.OrderBook(r.Context(), request.Order.PlatformID)
			require.NoError(r, err)
			verified = book.Verified
		}))
	_, _ = r.Result()
	require.Equal(t, refund.StatusAwaitingBudget, view.Status)
	require.True(t, verified, "waits for the cap of the new day (%s) with its verification cancelled", view.Sentence)
}

// The top-up and its signal come while the step that finds the balance too low
// is on its way.
func TestALimitsChangedThatComesEarlyIsNotLost(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Merchant: poor})
	r := w.Begin(w.Full(), refundtest.After(cancelling, 1, toppedUp), refundtest.After(cancelling, 1, refundtest.Look))
	outcome, _ := r.Result()
	require.Equal(t, refund.StatusSucceeded, outcome.Status)
	require.Less(t, outcome.EndedAt.Sub(refundtest.Noon), 5*time.Minute)
}

// Two readings, then the workflow is terminated and begun anew at once: the
// safety interval of a minute must hold all the same.
func TestAbsenceIsProvenOverItsIntervalAcrossRuns(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{Sandbox: control.BaiduSettings{QueryLag: control.Duration(50 * time.Second)}})
	request := w.Part()
	w.Fault(lost(opApply, control.After, 1))
	w.Abandon(request, refundtest.Terminate(35*time.Second))
	r := w.Begin(request)
	_, _ = r.Result()
	require.Equal(t, 1, r.Sent(request.Order), "sent again within the interval")
}

// A 4xx whose body is a well-formed answer that is not listed, or a success.
func TestA4xxWithAnUnlistedAnswerIsAmbiguousForApply(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"success":  `{"errno":0,"msg":"success","data":{"refundBatchId":"152713835","refundPayMoney":"3050"}}`,
		"unlisted": `{"errno":10087,"msg":"退款已受理","data":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := refundtest.New(t, refundtest.Options{})
			request := w.Part()
			w.Fault(control.Fault{Op: opApply, Kind: control.FaultStatus, Status: 400, Body: body, Phase: control.After})
			r := w.Begin(request, refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry)))
			outcome, view := r.Result()
			require.Equal(t, 1, r.Sent(request.Order), "sent again without asking: %s %v", outcome.Status, view.Steps)
		})
	}
}

// Cashier only. R1 failed at Baidu, so the order's status is 9. R2 is sent and
// never arrives: the stale 9 is R1's, yet R2 is booked as accepted and can never
// be sent again.
func TestAnotherRefundsFailureIsNoAcceptance(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{CashierOnly: true})
	first := w.Full(refundtest.Failing)
	one := w.Begin(first, refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveFailed)))
	outcome, _ := one.Result()
	require.Equal(t, refund.StatusFailed, outcome.Status)
	w.Fault(lost(opApply, control.Before, 1))
	request := w.Request("R2", first.Order, 9800)
	two := w.Begin(request, refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry)))
	_, _ = two.Result()
	record, err := w.Ledger.Refund(t.Context(), ledger.KeyOf(request))
	require.NoError(t, err)
	require.False(t, record.Sending == ledger.Done && two.Sent(first.Order) == 1, "booked as accepted, but R2 never reached the platform")
}

// Sent and paid, terminated, begun anew while the ledger is away for a day:
// whoever has not read the books cannot say that nothing was sent.
func TestWhatCouldNotBeOpenedIsNotCancelledUnread(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	request := w.Part()
	w.Fault(lost(opApply, control.After, 1))
	w.Fault(status(opFind, 503, forEver))
	w.Abandon(request, refundtest.Terminate(10*time.Minute))
	require.NoError(t, w.Platform.ClearFaults(t.Context()))
	w.Ledger.Fail("Open", 100000, false)
	r := w.Begin(request, refundtest.At(30*time.Hour, func(r *run) { r.Ledger.Repair() }, refundtest.Cancel("agent-9")),
		refundtest.At(31*time.Hour, func(r *run) {
			if r.Ask().Status == refund.StatusNeedsAttention {
				refundtest.Resolve(refund.ResolveRetry)(r)
			}
		}))
	outcome, _ := r.Result()
	record, err := w.Ledger.Refund(t.Context(), ledger.KeyOf(request))
	require.NoError(t, err)
	require.Equal(t, refund.StatusSucceeded, outcome.Status, "told %s; the ledger says %s, sending %s", outcome.Status, record.Status, record.Sending)
}

// The cancelling took effect, and its answer is a code that nobody has listed:
// that is no word of a refusal.
func TestAnUnlistedAnswerToACancellingIsLookedInto(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	unlisted := answer(opCancel, 77777, "?", 1)
	unlisted.Phase = control.After
	w.Fault(unlisted)
	r := w.Run(w.Full(), refundtest.At(time.Hour, refundtest.Cancel("agent-9")),
		refundtest.At(2*time.Hour, refundtest.Resolve(refund.ResolveRetry)))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, "a cancellation is refused while the verification may be gone")
	require.Equal(t, 1, r.Count(opCancel), "the order is looked at, not cancelled again")
}
