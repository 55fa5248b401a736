package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func TestARequestThatCannotBeOpenedIsAnOutcome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wrong func(*refund.Request)
		says  []string
	}{
		{"every wrong field is named", func(r *refund.Request) { r.Amount, r.Reason, r.Initiator = 0, "", "nobody" }, []string{"amount:", "reason:", "initiator:"}},
		{"more than was paid", func(r *refund.Request) { r.Amount = 9801 }, []string{"amount: want at most the order's total"}},
		{"no requester", func(r *refund.Request) { r.RequestedBy = "" }, []string{"requested_by:"}},
		{"what the platform misses", func(r *refund.Request) { r.Order.UserID, r.Order.MerchantID = "", "" }, []string{"order.user_id", "order.merchant_id"}},
		{"an unknown account", func(r *refund.Request) { r.Account = "shop-other" }, []string{"shop-other is not configured"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			request := w.Full()
			c.wrong(&request)
			r := w.Run(request)
			require.Equal(t, refund.StatusFailed, r.Outcome.Status)
			for _, text := range c.says {
				require.Contains(t, r.Outcome.Reason, text)
			}
			require.Nil(t, r.Record, "nothing was written")
			require.Empty(t, r.Calls)
		})
	}
}

func TestADocumentThatCannotBeReadIsAnOutcome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, document, says string }{
		{"a misspelt field", `{"id":"R1","account":"shop-baidu","amout":3}`, "amout: unknown field"},
		{"an amount with a fraction", `{"id":"R1","amount":98.00}`, "amount: want an integer number of fen"},
		{"half a document", `{"id":`, "unexpected end"},
		{"nothing", ``, "unexpected end"},
		{"another refund's document: two workflows never stand for one refund",
			`{"id":"OTHER","account":"shop-baidu","amount":1,"reason":"r","initiator":"user","requested_by":"a","order":{"platform_id":"1","total":1}}`,
			`start it as "refund/shop-baidu/OTHER"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{})
			request := w.Full()
			id := refund.WorkflowID(request.Account, request.ID)
			outcome, view := w.Begin(request, refundtest.Document(c.document)).Result()
			require.Equal(t, refund.StatusFailed, outcome.Status)
			require.Contains(t, outcome.Reason, c.says)
			require.Equal(t, outcome, *view.Outcome)
			require.Equal(t, id, refund.WorkflowID(outcome.Account, outcome.ID), "the outcome names its refund all the same")
			calls, err := w.Platform.Calls(t.Context(), control.CallFilter{})
			require.NoError(t, err)
			require.Empty(t, calls)
		})
	}
}

// The ledger remembers what Temporal has forgotten.
func TestTheSameIDAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []situation{
		{name: "succeeded", ends: refund.StatusSucceeded},
		{name: "failed", order: []order{refundtest.Unpaid}, ends: refund.StatusFailed},
		{name: "rejected", world: approved, acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Reject("finance-2"))}, ends: refund.StatusRejected},
		{name: "cancelled", world: approved, acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Cancel("agent-17"))}, ends: refund.StatusCancelled},
	} {
		t.Run(c.name+": the same outcome without a call", func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, c.world)
			request := w.Full(c.order...)
			first := w.Run(request, c.acts...)
			require.Equal(t, c.ends, first.Outcome.Status)
			w.Pass(400 * day)
			again := w.Run(request)
			require.Equal(t, len(first.Calls), len(again.Calls), "the platform is left alone")
			require.Contains(t, again.Outcome.Reason, first.Outcome.Reason)
			want := first.Outcome
			want.Reason, want.Failure = again.Outcome.Reason, again.Outcome.Failure
			require.WithinDuration(t, want.EndedAt, again.Outcome.EndedAt, time.Second, "it ended when it ended")
			want.EndedAt = again.Outcome.EndedAt
			require.Equal(t, want, again.Outcome)
		})
	}
	t.Run("with other content: a conflict, and the first is untouched", func(t *testing.T) {
		t.Parallel()
		w := refundtest.New(t, refundtest.Options{})
		request := w.Part()
		first := w.Run(request)
		other := request
		other.Amount = 3051
		again := w.Begin(other)
		outcome, _ := again.Result()
		require.Equal(t, refund.StatusFailed, outcome.Status)
		require.Contains(t, outcome.Reason, "was first used")
		require.Equal(t, 1, again.Sent(request.Order))
		record, err := w.Ledger.Refund(t.Context(), key(first))
		require.NoError(t, err)
		require.Equal(t, *first.Record, record)
	})
	t.Run("more than the order has left: written nowhere", func(t *testing.T) {
		t.Parallel()
		w := refundtest.New(t, refundtest.Options{})
		first := w.Run(w.Part())
		second := w.Run(w.Request("R2", first.Request.Order, 9800-3050+1))
		require.Equal(t, refund.StatusFailed, second.Outcome.Status)
		require.Contains(t, second.Outcome.Reason, "has ¥67.50 left")
		require.Nil(t, second.Record)
		third := w.Run(w.Request("R3", first.Request.Order, 9800-3050))
		require.Equal(t, refund.StatusSucceeded, third.Outcome.Status)
	})
}

// A workflow that was terminated by hand is started again with the same
// document: the ledger knows how far it came.
func TestATerminatedRefundGoesOn(t *testing.T) {
	t.Parallel()
	const cut = 10 * time.Minute
	for _, c := range []struct {
		name        string
		part        bool
		world       refundtest.Options
		order       []order
		faults      []control.Fault
		acts, again []refundtest.Act
		cancels     int
		sent        int
		doubt       bool
	}{
		{name: "it had only been opened", faults: []control.Fault{status(opCheck, 503, forEver)}, cancels: 1, sent: 1},
		{name: "it waited for the balance", world: refundtest.Options{Merchant: poor}, again: []refundtest.Act{refundtest.At(time.Minute, toppedUp, refundtest.Look)}, cancels: 1, sent: 1},
		{name: "the verification was cancelled", faults: []control.Fault{throttled(opApply, 10*time.Minute, forEver)}, cancels: 1, sent: 1},
		{name: "the cancelling was in doubt", faults: []control.Fault{lost(opCancel, control.After, 1)}, cancels: 1, sent: 1,
			acts: []refundtest.Act{refundtest.Before(cancelling, 1, func(r *run) { r.Fault(status(opCheck, 503, forEver)) })}},
		{name: "it was sent, and nobody knew", part: true, faults: []control.Fault{lost(opApply, control.After, 1), status(opFind, 503, forEver)}, sent: 1, doubt: true},
		{name: "it was sent and had not arrived", part: true, faults: []control.Fault{lost(opApply, control.Before, 1), status(opFind, 503, forEver)}, sent: 1, doubt: true},
		{name: "its result was awaited", part: true, order: []order{refundtest.SettlesAfter(time.Hour)}, sent: 1},
		{name: "it waited for approval, and is asked for again", world: approved,
			again: []refundtest.Act{refundtest.At(time.Hour, refundtest.Approve("finance-2"))}, cancels: 1, sent: 1},
		{name: "it was approved and its verification cancelled: a rejection comes too late", world: approved,
			faults: []control.Fault{throttled(opApply, 10*time.Minute, forEver)},
			acts:   []refundtest.Act{refundtest.At(time.Second, refundtest.Approve("finance-2"))},
			again:  []refundtest.Act{refundtest.Before(check, 1, refundtest.Reject("finance-3"))}, cancels: 1, sent: 1},
		{name: "it was approved and sent: nobody is asked again", world: refundtest.Options{Approval: refund.ApprovalPolicy{Above: new(refund.Fen(0))}}, part: true,
			faults: []control.Fault{lost(opApply, control.After, 1), status(opFind, 503, forEver)},
			acts:   []refundtest.Act{refundtest.At(time.Second, refundtest.Approve("finance-2"))}, sent: 1, doubt: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, c.world)
			request := w.Full(c.order...)
			if c.part {
				request.Amount = 3050
			}
			for _, f := range c.faults {
				w.Fault(f)
			}
			w.Abandon(request, append(c.acts, refundtest.Terminate(cut))...)
			require.NoError(t, w.Platform.ClearFaults(t.Context()))
			r := w.Run(request, c.again...)
			require.Nil(t, r.Stood)
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
			require.Equal(t, c.sent, r.Sent(request.Order), "sent once")
			cancelled := 0
			for _, call := range r.Book.Calls {
				if call.Op == opCancel && call.Outcome == "0 success" {
					cancelled++
				}
			}
			require.Equal(t, c.cancels, cancelled, "verifications cancelled")
			inDoubt(c.doubt)(t, r)
		})
	}
}
