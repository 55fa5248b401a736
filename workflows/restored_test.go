package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// Books that were restored from before the refund was opened know nothing of it. It
// stands before a person at once, who is told what may have happened, and going on
// asks the platform before anything is sent.
func TestARefundThatTheBooksForgotIsPaidOnce(t *testing.T) {
	t.Parallel()
	forget := func(r *run) { r.ForgetBooks() }
	for name, c := range map[string]struct {
		forget  refundtest.Act
		maySent bool
	}{
		"before it asked for budget":    {refundtest.After(activities.CheckOrder, 1, forget), false},
		"before it was sent":            {refundtest.Before(activities.Apply, 1, forget), true}, // nobody can know
		"after it was accepted":         {refundtest.After(activities.Apply, 1, forget), true},
		"while it waits for its result": {refundtest.Before(activities.AwaitResult, 2, forget), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, refundtest.Options{Sandbox: control.BaiduSettings{SettleAfter: control.Duration(30 * time.Minute)}})
			r := w.Run(w.Part(), c.forget, refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
				require.Contains(r, v.Sentence, "the books do not know this refund")
				require.Equal(r, c.maySent, v.Attention.MaySent)
			}), refundtest.Resolve(refund.ResolveRetry)))
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
		})
	}
}

// elsewhere opens another refund of the order in the books.
func elsewhere(r *run, id string, amount refund.Fen, change func(*ledger.Opening)) {
	account, err := r.Account(r.Request.Account)
	require.NoError(r, err)
	other := r.World.Request(id, r.Request.Order, amount)
	o := ledger.Opening{
		Request: other, Fingerprint: other.Fingerprint(), Rules: account.Provider.Rules(), At: r.Now(),
		Number: refund.ProviderNumber(other.Account, "", id, account.Provider.Rules().Number),
	}
	if change != nil {
		change(&o)
	}
	opened, err := r.Ledger.Open(r.Context(), o)
	require.NoError(r, err)
	require.Empty(r, opened.Refused)
}

// What was sent is not refused by books that forgot it: "failed" would say that no money moved.
func TestARefundThatWasSentNeverFailsForWantOfWhatTheBooksForgot(t *testing.T) {
	t.Parallel()
	stands := func(why string) refundtest.Do {
		return refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
			require.Contains(r, v.Sentence, why)
			require.True(r, v.Attention.MaySent)
		})
	}
	retry := refundtest.Resolve(refund.ResolveRetry)
	full := func(id string) refundtest.Do {
		return func(r *run) {
			o := r.Request
			o.ID, o.Order.PlatformID = id, "another-order"
			account, err := r.Account(o.Account)
			require.NoError(r, err)
			_, err = r.Ledger.Open(r.Context(), ledger.Opening{Request: o, Fingerprint: o.Fingerprint(), Rules: account.Provider.Rules(), At: r.Now(), Number: id})
			require.NoError(r, err)
			hold, err := r.Ledger.Hold(r.Context(), ledger.KeyOf(o), r.Now(), account.Limits)
			require.NoError(r, err)
			require.True(r, hold.Granted)
		}
	}
	for name, c := range map[string]struct {
		world refundtest.Options
		// since is done to the books that forgot it.
		since refundtest.Do
		acts  []refundtest.Act
	}{
		"another refund has taken the order's remainder": {
			since: func(r *run) { elsewhere(r, "R2", r.Request.Order.Total, nil) },
			acts:  []refundtest.Act{refundtest.At(time.Hour, stands("do not know this refund"), retry)}},
		"the platform's message came first, and names no number": {
			since: func(r *run) {
				account, err := r.Account(r.Request.Account)
				require.NoError(r, err)
				_, err = r.Ledger.NoteForeign(r.Context(), ledger.ForeignRefund{
					Merchant: account.Provider.Rules().Merchant, Account: r.Request.Account, PlatformRefundID: "4711", Last: r.Now(),
					OrderKey: r.Request.Order.PlatformID, Amount: r.Request.Order.Total, State: providers.ResultSucceeded})
				require.NoError(r, err)
			},
			acts: []refundtest.Act{refundtest.At(time.Hour, stands("do not know this refund"), retry)}},
		"its number is taken, until somebody sees to that": {
			since: func(r *run) {
				elsewhere(r, "R2", 100, func(o *ledger.Opening) {
					o.Number = refund.ProviderNumber(r.Request.Account, "", r.Request.ID, o.Rules.Number)
				})
			},
			acts: []refundtest.Act{
				refundtest.At(time.Hour, stands("do not take it: refund number"), retry),
				refundtest.At(2*time.Hour, stands("do not take it: refund number"), func(r *run) { r.ForgetBooks() }, retry),
			}},
		"the day's cap is used up, and it can no longer be cancelled": {
			world: refundtest.Options{Limits: ledger.Limits{DailyCap: 3050}},
			since: full("R2"),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, stands("do not know this refund"), retry),
				refundtest.At(2*time.Hour, refundtest.See(func(r *run, v refund.View) { require.Equal(r, refund.StatusAwaitingBudget, v.Status) }),
					refundtest.Cancel("agent-17")),
			}},
		"the day's cap is used up, and the account's refunds fail then": {
			world: refundtest.Options{Limits: ledger.Limits{DailyCap: 3050}, Budget: refund.BudgetPolicy{DailyCap: refund.ExhaustedFail}},
			since: full("R2"),
			acts: []refundtest.Act{
				refundtest.At(time.Hour, stands("do not know this refund"), retry),
				refundtest.At(26*time.Hour, stands("it may have been sent before the books were restored"), retry),
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, c.world)
			r := w.Run(w.Part(), append(c.acts, refundtest.After(activities.Apply, 1, func(r *run) {
				r.ForgetBooks()
				c.since(r)
			}))...)
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
			require.Equal(t, 1, r.Count("applyOrderRefund"))
		})
	}
}

// What people say about a refund that the books forgot is what finds that out, at once:
// it stands before a person, and is written down anew, with what they said.
func TestARefundThatTheBooksForgotWhileItWaitedForPeopleIsWrittenDownAnew(t *testing.T) {
	forget := refundtest.At(time.Hour, func(r *run) { r.ForgetBooks() })
	stands := refundtest.See(func(r *run, v refund.View) {
		require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
		require.Contains(r, v.Failure.Message, "the books do not know this refund")
		require.False(r, v.Attention.MaySent)
	})
	signed := refundtest.Options{Approval: refund.ApprovalPolicy{Always: true, Signed: true}, DecisionKeys: [][]byte{deskKey}}
	again := recorded(approving, "approve", "")
	seals := recorded(func(r *run, seal refund.Seal) {
		refundtest.Signal(workflows.SignalResolve,
			refund.Resolution{Action: refund.ResolveRetry, By: "finance-2", Seal: seal})(r)
	}, refund.SealedResolve(refund.ResolveRetry), "")
	prove(t, []situation{
		{name: "an approval", world: approved, ends: refund.StatusSucceeded,
			acts: []refundtest.Act{forget, refundtest.At(2*time.Hour, refundtest.Approve("finance-2")),
				refundtest.At(3*time.Hour, stands, refundtest.Resolve(refund.ResolveRetry))},
			also: said("approved by finance-2", "resolved with retry by finance-2")},
		{name: "a rejection", world: approved, ends: refund.StatusRejected,
			acts: []refundtest.Act{forget, refundtest.At(2*time.Hour, refundtest.Reject("finance-2")),
				refundtest.At(3*time.Hour, stands, refundtest.Resolve(refund.ResolveRetry))},
			also: both(never, said("finish rejected"))},
		{name: "a cancellation", world: approved, ends: refund.StatusCancelled,
			acts: []refundtest.Act{forget, refundtest.At(2*time.Hour, refundtest.Cancel("agent-17"))},
			also: both(never, said("cancellation asked for by agent-17"))},
		{name: "a signed approval, whose signature counts when it is sent again", world: signed, ends: refund.StatusSucceeded,
			acts: []refundtest.Act{forget, refundtest.At(2*time.Hour, again), refundtest.At(3*time.Hour, stands, seals), refundtest.At(4*time.Hour, again)},
			also: said("approval by finance-2 is not taken: its signature could not be checked", "approved by finance-2")},
		{name: "a decision about what stands already", world: approved, ends: refund.StatusFailed,
			acts: []refundtest.Act{refundtest.At(30*time.Minute, func(r *run) { r.Ledger.Fail("Note", aDayAway, false) }, refundtest.Approve("finance-2")),
				refundtest.At(40*time.Hour, func(r *run) { r.Ledger.Repair(); r.ForgetBooks() }, refundtest.Resolve(refund.ResolveFailed))},
			also: both(never, said("resolved with failed by finance-2"))},
	})
}

// When Temporal has forgotten it as well, whoever asks for it again starts it anew.
func TestARefundThatEverybodyForgotIsPaidOnce(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	request := w.Part()
	require.Equal(t, refund.StatusSucceeded, w.Run(request).Outcome.Status)

	w.ForgetBooks()
	_, err := w.Ledger.Restored(t.Context(), w.Now(), w.Now().Add(day))
	require.NoError(t, err)
	again := w.Run(request)
	require.Equal(t, refund.StatusSucceeded, again.Outcome.Status, again.Outcome.Reason)
	require.Equal(t, 1, again.Count("applyOrderRefund"), "it was asked for, and found")
}

// An order that the platform has given back by another refund keeps its verification: a person looks first.
func TestNoVerificationIsCancelledWhereTheOrderMayBeSpent(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	request := w.Full()
	account, err := w.Account(request.Account)
	require.NoError(t, err)
	_, err = w.Ledger.Restored(t.Context(), w.Now(), w.Now().Add(7*day))
	require.NoError(t, err)
	_, err = w.Ledger.NoteForeign(t.Context(), ledger.ForeignRefund{
		Merchant: account.Provider.Rules().Merchant, Account: request.Account, PlatformRefundID: "4711", Last: w.Now(),
		OrderKey: request.Order.PlatformID, Amount: 100, State: providers.ResultSucceeded})
	require.NoError(t, err)
	r := w.Run(request, refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
		require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
		require.Contains(r, v.Sentence, "has ¥97.00 left by now")
		require.False(r, v.Attention.VerificationCancelled)
	}), refundtest.Resolve(refund.ResolveFailed)))
	require.Equal(t, refund.StatusFailed, r.Outcome.Status)
	require.Zero(t, r.Count("syncOrderStatus"))
}

// An end that no books hold is no end.
func TestWhatAPersonDecidesIsNotToldWhereTheBooksDoNotTakeTheRefund(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	w.Fault(lost(opApply, control.After, 1))
	w.Fault(status(opFind, 503, forEver))
	r := w.Run(w.Part(), refundtest.At(2*day, func(r *run) {
		r.ForgetBooks()
		elsewhere(r, "R2", 100, func(o *ledger.Opening) {
			o.Number = refund.ProviderNumber(r.Request.Account, "", r.Request.ID, o.Rules.Number)
		})
	}, refundtest.Resolve(refund.ResolveFailed)), refundtest.At(2*day+time.Hour, refundtest.See(func(r *run, v refund.View) {
		require.Equal(r, refund.StatusNeedsAttention, v.Status, v.Sentence)
		require.Contains(r, v.Sentence, "do not take it: refund number")
		require.NoError(r, r.Platform.ClearFaults(r.Context()))
		r.ForgetBooks()
	}), refundtest.Resolve(refund.ResolveRetry)))
	require.Equal(t, refund.StatusSucceeded, r.Outcome.Status, r.Outcome.Reason)
}
