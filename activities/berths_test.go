package activities_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// hanging answers no question about an order until it is let go.
type hanging struct {
	providers.Provider
	entered chan struct{}
	goOn    chan struct{}
}

func (h hanging) OrderState(ctx context.Context, o refund.Order) (providers.OrderState, error) {
	h.entered <- struct{}{}
	<-h.goOn
	return h.Provider.OrderState(ctx, o)
}

// named is the same platform by another name.
type named struct{ providers.Provider }

func (n named) Rules() providers.Rules {
	r := n.Provider.Rules()
	r.Provider = "another"
	return r
}

func TestAPlatformThatHangsHoldsNoMoreThanItsShareOfTheWorker(t *testing.T) {
	b := ready(t, true)
	hung := hanging{entered: make(chan struct{}), goOn: make(chan struct{})}
	b.Configure(func(a *activities.Account) *activities.Account {
		hung.Provider = a.Provider
		a.Provider = hung
		return a
	})
	var held sync.WaitGroup
	for range activities.CallsAtOnce {
		held.Go(func() { _ = b.do(activities.CheckOrder, nil) })
		<-hung.entered
	}
	before := b.record()
	for _, step := range []string{activities.CheckOrder, activities.CancelVerification, activities.Apply, activities.FindOut, activities.AwaitResult} {
		var app *temporal.ApplicationError
		require.ErrorAs(t, b.do(step, nil), &app, step)
		require.Equal(t, activities.TypeNotYet, app.Type(), "%s: it says nothing of what an earlier attempt did", step)
		require.False(t, app.NonRetryable(), step)
		require.GreaterOrEqual(t, app.NextRetryDelay(), 10*time.Second, "%s: it does not come again before there can be room", step)
		require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category(), step)
		require.ErrorContains(t, app, "200 calls of baidu are under way", step)
	}
	require.Equal(t, before, b.record(), "nothing was written")
	require.Equal(t, ledger.NotBegun, before.Sending)

	b.Configure(func(a *activities.Account) *activities.Account { a.Provider = named{hung.Provider}; return a })
	require.NoError(t, b.do(activities.CheckOrder, nil), "another platform has room of its own")

	b.Configure(func(a *activities.Account) *activities.Account { a.Provider = hung.Provider; return a })
	close(hung.goOn)
	held.Wait()
	for range activities.CallsAtOnce + 1 {
		require.NoError(t, b.do(activities.CheckOrder, nil), "who is answered gives the room back")
	}
}

// TestAStepThatWasTriedInTheTaskKeepsThePauseAndDoesNothingMeanwhile: the platform is owed it, whatever came of that attempt.
func TestAStepThatWasTriedInTheTaskKeepsThePauseAndDoesNothingMeanwhile(t *testing.T) {
	b := ready(t, true)
	before := b.record()
	for _, step := range []string{activities.CheckOrder, activities.Apply, activities.AwaitResult} {
		_, err := b.env.ExecuteActivity(step, activities.Step{Key: b.key(), Now: b.Now(), Pause: time.Hour})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app, step)
		require.Equal(t, activities.TypeNotYet, app.Type(), step)
		require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category(), step)
		require.Greater(t, app.NextRetryDelay(), 59*time.Minute, step)
		require.Less(t, app.NextRetryDelay(), 67*time.Minute, "%s: the pause, and up to a tenth of it", step)
	}
	require.Equal(t, before, b.record(), "nothing was written")
	calls, err := b.Platform.Calls(t.Context(), control.CallFilter{})
	require.NoError(t, err)
	require.Empty(t, calls, "nobody was asked")
}

// What did not answer within the time of an exchange would keep the next question waiting for as long.
func TestAnAccountWhosePlatformDoesNotAnswerInTimeIsSpared(t *testing.T) {
	d := newDesk(t, refundtest.Options{})
	for _, id := range []string{"R1", "R2", "R3"} {
		d.refund(id, nil, append(sent, activities.AwaitResult)...)
	}
	d.Configure(func(a *activities.Account) *activities.Account {
		a.Provider = silent{a.Provider}
		return a
	})
	require.Equal(t, activities.Reconciled{Failures: 1, Left: 2}, d.compare("R1", "R2", "R3"))
}

// silent is a platform that answers no question about a refund.
type silent struct{ providers.Provider }

func (silent) Query(context.Context, providers.Instruction) (providers.Result, error) {
	return providers.Result{}, &refund.Failure{Class: refund.ClassAmbiguous, Op: opFind, Code: refund.CodeTimeout}
}
