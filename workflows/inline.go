package workflows

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
)

// inlined are the steps that may begin in the workflow's own task. A process that dies
// there has the task's local steps run again from the task's beginning: harmless for
// questions, since the ledger settles a result once; for a sending, since the ledger knows
// of it before the first byte leaves. Cancelling a verification stays where each attempt is
// recorded by the server before it begins.
var inlined = map[activities.Inline][]string{
	activities.InlineReads: {activities.CheckOrder, activities.AwaitResult},
	activities.InlineAll:   {activities.CheckOrder, activities.AwaitResult, activities.Apply},
}

// begin begins a provider step, under the options of the regular lane. Where the account
// wants it, the first attempt is made in the workflow's own task, which records its end as
// one event and costs the server nothing else. The step is over with it when it was
// answered, or failed in a way that no lane repeats. Otherwise the regular lane goes on as
// if that attempt had been its own first one: it is given the step at once and keeps the
// pause, so that the platform is asked no more often than without all this.
//
// Until the attempt in the task is over the workflow hears and answers nothing: no signal,
// no update, no query.
func begin(ctx workflow.Context, inline activities.Inline, step string, in activities.Step) workflow.Future {
	if slices.Contains(inlined[inline], step) {
		first := workflow.ExecuteLocalActivity(quick(ctx, step), step, in)
		err := first.Get(ctx, nil)
		if err == nil {
			return first
		}
		pause, again := pauseAfter(err, workflow.GetActivityOptions(ctx).RetryPolicy)
		if !again {
			endTask(ctx)
			return first
		}
		in.Now, in.Pause = workflow.Now(ctx), pause
	}
	return workflow.ExecuteActivity(ctx, step, in)
}

// pauseAfter is what the server makes of a first attempt that failed: whether there is
// another one, and after which pause.
func pauseAfter(err error, policy *temporal.RetryPolicy) (pause time.Duration, again bool) {
	var failure *temporal.ApplicationError
	if !errors.As(err, &failure) { // it took too long
		return policy.InitialInterval, true
	}
	if pause = failure.NextRetryDelay(); pause == 0 {
		pause = policy.InitialInterval
	}
	return pause, !failure.NonRetryable()
}

// endTask has the server record the failure before anything is done about it. Who died
// after it had flagged the account, say, would otherwise come back to the flag and not know
// that it is its own: it would wait behind it, where a person must look.
func endTask(ctx workflow.Context) {
	_ = workflow.NewTimerWithOptions(ctx, time.Millisecond, workflow.TimerOptions{Summary: "has the failure recorded"}).Get(ctx, nil)
}
