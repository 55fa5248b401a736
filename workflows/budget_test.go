package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

func poor(m *control.NewBaiduMerchant) { m.Balance = 0 }

func toppedUp(r *run) { r.Balance(1_000_000_00) }

func TestTheMerchantsBalanceIsTooLow(t *testing.T) {
	world := refundtest.Options{Merchant: poor}
	prove(t, []situation{
		{name: "waits, and tries again every half hour", world: world,
			acts: []refundtest.Act{
				refundtest.At(time.Hour+time.Minute, refundtest.See(func(r *run, v refund.View) {
					require.Equal(r, refund.StatusAwaitingBudget, v.Status)
					require.Contains(r, v.Sentence, "balance is too low")
					require.False(r, v.Irreversible)
					require.WithinDuration(r, r.Now(), v.NextLook, 30*time.Minute)
				})),
				refundtest.At(2*time.Hour+10*time.Minute, toppedUp)},
			ends: refund.StatusSucceeded, also: both(took(2*time.Hour+10*time.Minute, 2*time.Hour+41*time.Minute), calls(map[string]int{opApply: 1}))},
		{name: "looks more and more rarely, so that a month of waiting does not fill the history", world: world,
			acts: []refundtest.Act{refundtest.At(30*day, toppedUp)},
			ends: refund.StatusSucceeded, also: both(took(30*day, 30*day+6*time.Hour+time.Minute),
				func(t *testing.T, r *run) { require.Less(t, r.Count(opCheck), 200) })},
		{name: "limits-changed makes it look at once", world: world,
			acts: []refundtest.Act{refundtest.At(10*time.Minute, toppedUp, refundtest.Look)},
			ends: refund.StatusSucceeded, also: took(10*time.Minute, 11*time.Minute)},
		{name: "can still be cancelled: the order stays verified", world: world,
			acts: []refundtest.Act{refundtest.At(10*time.Minute, refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled, also: both(givenBack, calls(map[string]int{opApply: 0}),
				func(t *testing.T, r *run) { require.True(t, r.Book.Verified) })},
		{name: "shown on the application itself it is no clear answer: asked, then repeated", world: world, part: true,
			acts: []refundtest.Act{refundtest.At(20*time.Second, toppedUp)},
			ends: refund.StatusSucceeded, also: both(inDoubt(true), absentBeforeResend)},
	})
}

// capped is a world with limits; of ¥100.00 they leave room for one refund.
func capped(l ledger.Limits) refundtest.Options { return refundtest.Options{Limits: l} }

func TestTheLimitsOfADayAndOfAPayout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		limits ledger.Limits
		acts   []refundtest.Act
		took   time.Duration
		why    string
	}{
		{name: "the daily cap: the next morning", limits: ledger.Limits{DailyCap: 10000}, took: 12*time.Hour + 5*time.Minute, why: "daily cap of 2093-11-21"},
		{name: "the reserve: the next payout, on Monday", limits: ledger.Limits{Reserve: 10000, Payout: ledger.PayoutWeekly},
			took: 36*time.Hour + 5*time.Minute, why: "reserve of the payout period"},
		{name: "a raised cap is seen on limits-changed", limits: ledger.Limits{DailyCap: 10000}, why: "daily cap",
			acts: []refundtest.Act{refundtest.At(time.Hour, raise, refundtest.Look)}, took: time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.New(t, capped(c.limits))
			require.Equal(t, refund.StatusSucceeded, w.Run(w.Full()).Outcome.Status)
			second := w.Request("R2", w.Order(9800), 9800)
			r := w.Run(second, append(c.acts, refundtest.At(30*time.Minute, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusAwaitingBudget, v.Status)
				require.Contains(r, v.Sentence, c.why)
				require.False(r, v.NextLook.IsZero())
				require.Zero(r, r.Attempts(cancelling), "nothing irreversible without budget")
			})))...)
			require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
			require.InDelta(t, c.took.Minutes(), r.Took().Minutes(), 1)
		})
	}
}

func raise(r *run) {
	r.Configure(func(a *activities.Account) *activities.Account {
		a.Limits.DailyCap, a.Limits.Reserve = 100_000_00, 0
		return a
	})
}

func TestMoreThanTheWholeLimitIsForAPerson(t *testing.T) {
	world := capped(ledger.Limits{DailyCap: 9799})
	prove(t, []situation{
		{name: "stands", world: world, stands: "raise it or refund in parts", ends: refund.StatusFailed, also: both(nothingSent, givenBack)},
		{name: "the limit is raised and it is tried again", world: world,
			acts: []refundtest.Act{refundtest.At(time.Hour, raise, refundtest.Resolve(refund.ResolveRetry))}, ends: refund.StatusSucceeded},
	})
}

// late is a world half a minute before midnight.
var late = refundtest.Options{Start: time.Date(2093, 11, 21, 23, 59, 30, 0, refundtest.Shanghai), Limits: ledger.Limits{DailyCap: 10000}}

func TestTheBudgetIsThatOfTheDayOnWhichItIsSent(t *testing.T) {
	moved := func(t *testing.T, r *run) {
		require.Len(t, r.Said("hold 2093-11-21:"), 1)
		require.Len(t, r.Said("release 2093-11-21:"), 1)
		require.Len(t, r.Said("hold 2093-11-22:"), 1)
		day, _ := r.Used()
		require.Equal(t, refund.Fen(9800), day)
	}
	prove(t, []situation{
		{name: "midnight between two attempts to send", world: late, faults: []control.Fault{throttled(opApply, time.Minute, 1)},
			ends: refund.StatusSucceeded, also: moved},
		{name: "midnight while the verification is cancelled", world: late, faults: []control.Fault{throttled(opCancel, time.Minute, 1)},
			ends: refund.StatusSucceeded, also: moved},
		{name: "midnight, and the new day's budget is gone: waits for the day after", world: late,
			faults: []control.Fault{throttled(opApply, time.Minute, 1)},
			acts:   []refundtest.Act{refundtest.Before(apply, 2, rival("Rival", false))},
			ends:   refund.StatusSucceeded, also: func(t *testing.T, r *run) {
				require.Contains(t, r.Passed(), refund.StatusAwaitingBudget)
				require.Len(t, r.Said("hold 2093-11-23:"), 1)
				require.Equal(t, 1, r.Count(opCancel))
			}},
	})
}

// rival is another refund that takes its budget in the ledger and then stands:
// of the same order, or of one of its own.
func rival(id string, sameOrder bool) refundtest.Do {
	return func(r *run) {
		ctx := r.Context()
		account, err := r.Account(refundtest.AccountName)
		require.NoError(r, err)
		request := r.World.Request(id, r.Request.Order, 9800)
		if sameOrder {
			request.Amount = 1000
		} else {
			request.Order = r.Order(9800)
		}
		opened, err := r.Ledger.Open(ctx, ledger.Opening{Request: request, Fingerprint: request.Fingerprint(), Number: id,
			Rules: account.Provider.Rules(), At: r.Now()})
		require.NoError(r, err)
		require.Empty(r, opened.Refused)
		hold, err := r.Ledger.Hold(ctx, ledger.KeyOf(request), r.Now(), account.Limits)
		require.NoError(r, err)
		require.True(r, hold.Granted)
	}
}

func TestOneRefundOfAnOrderAtATime(t *testing.T) {
	t.Parallel()
	w := refundtest.New(t, refundtest.Options{})
	order := w.Order(9800)
	first, second := w.Request("R1", order, 3000), w.Request("R2", order, 4000)
	sent, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var one *run
	go func() {
		defer close(ended)
		one = w.Begin(first, refundtest.Before(await, 1, func(*run) { close(sent); <-goOn }))
	}()
	<-sent // the first one is in flight
	two := w.Run(second, refundtest.At(3*time.Minute+30*time.Second,
		refundtest.See(func(r *run, v refund.View) {
			require.Equal(r, refund.StatusAwaitingBudget, v.Status)
			require.Contains(r, v.Sentence, "is in flight: one at a time")
			require.Equal(r, 1, r.Sent(order))
		}),
		func(*run) { close(goOn); <-ended }))
	require.Equal(t, refund.StatusSucceeded, two.Outcome.Status)
	one.Finish()
	require.Equal(t, refund.StatusSucceeded, one.Outcome.Status)
	require.InDelta(t, 4, two.Took().Minutes(), 1)
}

func TestALongWaitForTheTurnDoesNotFillTheHistory(t *testing.T) {
	wait := 30 * 24 * time.Hour
	free := func(r *run) {
		require.NoError(r, r.Ledger.Finish(r.Context(), ledger.Key{Account: refundtest.AccountName, ID: "Rival"},
			ledger.Ending{Status: ledger.Cancelled, Reason: "by hand", At: r.Now()}))
	}
	prove(t, []situation{{name: "thirty days", part: true,
		acts: []refundtest.Act{refundtest.Before(check, 1, rival("Rival", true)), refundtest.At(wait, free)},
		ends: refund.StatusSucceeded,
		also: both(took(wait, wait+time.Hour), func(t *testing.T, r *run) {
			require.Less(t, r.Attempts(activities.Hold), 1000)
		})}})
}

func TestAFlaggedAccountHoldsItsRefundsBack(t *testing.T) {
	flag := func(r *run) {
		require.NoError(r, r.Ledger.Flag(r.Context(), refundtest.AccountName, r.Now(), "bad key"))
	}
	unflag := func(r *run) {
		require.NoError(r, r.Ledger.Unflag(r.Context(), refundtest.AccountName, r.Now(), "ops"))
	}
	prove(t, []situation{
		{name: "until the flag is taken away", acts: []refundtest.Act{
			refundtest.Before(check, 1, flag),
			refundtest.At(time.Hour, refundtest.See(func(r *run, v refund.View) {
				require.Equal(r, refund.StatusAwaitingBudget, v.Status)
				require.Contains(r, v.Sentence, "flagged: bad key")
			}), unflag)}, ends: refund.StatusSucceeded, also: took(time.Hour, time.Hour+6*time.Minute)},
		{name: "between hold and send: nothing is sent", part: true, acts: []refundtest.Act{
			refundtest.Before(apply, 1, flag), refundtest.At(time.Hour, refundtest.See(func(r *run, _ refund.View) {
				require.Zero(r, r.Sent(r.Request.Order))
			}), unflag)}, ends: refund.StatusSucceeded},
		{name: "retry vouches for the configuration", part: true, faults: []control.Fault{answer(opApply, 10000, badSignature, 1)},
			acts: []refundtest.Act{refundtest.At(time.Hour, refundtest.Resolve(refund.ResolveRetry))},
			ends: refund.StatusSucceeded, also: func(t *testing.T, r *run) {
				lines, err := r.Ledger.Journal(t.Context(), accountKey)
				require.NoError(t, err)
				require.Len(t, lines, 2)
				require.Equal(t, "unflag", lines[1].Step)
			}},
	})
}
