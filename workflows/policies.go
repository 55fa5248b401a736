package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/providers"
)

const (
	// oneExchange bounds one attempt of a provider step: two exchanges of at most
	// 10 s (a token or a look at the order first), and the ledger around them. A
	// crashed worker is noticed after this long.
	oneExchange = 25 * time.Second
	// inTask bounds a question that is asked in the workflow's own task, which hears
	// nothing meanwhile: short, since the regular lane has more patience. It is well below
	// the task's own 10 s, so that the task need not be renewed for it.
	inTask = 3 * time.Second
	// unreachableFor is how long a step repeats what was certainly not processed
	// before a person is asked. A provider's bad night must not cost a refund.
	unreachableFor = 24 * time.Hour
	// applyFor is shorter: after it the workflow checks the order and confirms
	// the day's budget anew before it goes on sending.
	applyFor = time.Hour
	// doubtFor is how long an unanswered sending is found out automatically.
	doubtFor = 24 * time.Hour
	// fundsPause is how long a refund waits for the merchant's balance to be
	// topped up before it tries again; limits-changed shortens it.
	fundsPause = 30 * time.Minute
	// longestFundsPause is what it grows to: each round costs two dozen events, and
	// a history that grows too long is ended by the server.
	longestFundsPause = 6 * time.Hour
	// tooBigPause is how long a refund that is larger than its whole limit waits for
	// people before it looks whether the limit was raised.
	tooBigPause = 24 * time.Hour
	// afterACut is the pause before the result is asked for again when an attempt broke
	// off without a word, as with a crash, or for want of the ledger.
	afterACut = 5 * time.Second
	// recheckPause gives a platform time to show what it has just done.
	recheckPause = 5 * time.Second
	// freeWakes is how often a refund that waits for its result may be woken at
	// once; after that, once in wakeGap. Each waking costs half a dozen events, and
	// who sends signals, by mistake or ill will, must not fill the history until the
	// server ends the workflow.
	freeWakes = 50
	wakeGap   = time.Hour
	// ledgerFor outlasts any planned outage of the ledger's database.
	ledgerFor = 24 * time.Hour
	// tries is no limit: steps end by their deadline. It is a number because the
	// SDK's test environment reads none as ten, and a poll would end there.
	tries = 1_000_000
)

// books is for ledger steps: local activities of a few milliseconds. Their
// repeats are counted in the ledger by refund and step, so that running one
// twice books nothing twice.
func books(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    10 * time.Second,
		ScheduleToCloseTimeout: ledgerFor,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second,
			MaximumAttempts: tries,
		},
	})
}

// asking is for provider steps whose repetition is harmless, or made harmless
// by asking first: they repeat until the deadline, more and more slowly.
func asking(ctx workflow.Context, queue string, deadline time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: queue, Summary: summary,
		StartToCloseTimeout: oneExchange, ScheduleToCloseTimeout: deadline,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Minute,
			MaximumAttempts: tries,
		},
	})
}

// quick is for the first attempt of a provider step in the workflow's own task: one, under
// the name that the step has anyway. A sending keeps the patience of an exchange, since one
// that is cut short is one in doubt.
func quick(ctx workflow.Context, step string) workflow.Context {
	patience := inTask
	if step == activities.Apply {
		patience = oneExchange
	}
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:             workflow.GetActivityOptions(ctx).Summary,
		StartToCloseTimeout: patience, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// awaiting is for the result: the provider's schedule comes with each answer and each
// failure, the policy only covers attempts that were cut short. It does not grow: the
// attempts of days are no failures. It can be woken.
func awaiting(ctx workflow.Context, queue string, rules providers.Rules) workflow.Context {
	ctx = finishing(asking(ctx, queue, rules.PollFor, "ask for the result"))
	options := workflow.GetActivityOptions(ctx)
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: afterACut, BackoffCoefficient: 1, MaximumAttempts: tries}
	return workflow.WithActivityOptions(ctx, options)
}

// finishing lets the attempt that is under way finish when its step is cut short: it
// may be sending.
func finishing(ctx workflow.Context) workflow.Context {
	options := workflow.GetActivityOptions(ctx)
	options.WaitForCancellation = true
	return workflow.WithActivityOptions(ctx, options)
}

// record runs a ledger step.
func record[T any](ctx workflow.Context, step string, in any) (out T, err error) {
	err = workflow.ExecuteLocalActivity(books(ctx, summaries[step]), step, in).Get(ctx, &out)
	return out, err
}

// summaries are what the Web UI shows beside each step.
var summaries = map[string]string{
	activities.Open:               "write the refund down",
	activities.Hold:               "take budget and the order's turn",
	activities.Finish:             "close the books",
	activities.Amend:              "correct the books",
	activities.Note:               "journal what was said",
	activities.Flag:               "hold the account's refunds back",
	activities.Unflag:             "let the account's refunds go on",
	activities.VerifySeal:         "is the decision genuine?",
	activities.CheckOrder:         "is the order paid and verified?",
	activities.CancelVerification: "cancel the verification: no way back",
	activities.Apply:              "send the refund",
	activities.FindOut:            "did the refund arrive?",
}

// ask runs a provider step.
func ask[T any](ctx workflow.Context, plan activities.Plan, step string, deadline time.Duration, in activities.Step) (out T, err error) {
	err = begin(asking(ctx, plan.Queue, deadline, summaries[step]), plan.Inline, step, in).Get(ctx, &out)
	return out, err
}

// askUntil runs a provider step until it is answered, or until stop holds; then, when
// the options say so, the attempt that is under way is let finish.
func askUntil[T any](ctx workflow.Context, inline activities.Inline, step string, in activities.Step, stop func() bool) (out T, stopped bool, err error) {
	attempt, end := workflow.WithCancel(ctx)
	defer end()
	asked := begin(attempt, inline, step, in)
	if err = workflow.Await(ctx, func() bool { return asked.IsReady() || stop() }); err != nil {
		return out, false, err
	}
	if stopped = !asked.IsReady(); stopped {
		end()
	}
	err = asked.Get(ctx, &out)
	return out, stopped, err
}
