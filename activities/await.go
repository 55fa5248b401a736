package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// AwaitResult asks for the refund's result until it is final. While it is not,
// the activity fails benignly with the provider's next delay, so that the
// repeats live in the server and cost no history. A success whose numbers
// agree is booked before it is reported; everything else is for the workflow
// to decide.
func (a *Activities) AwaitResult(ctx context.Context, in Step) (Awaited, error) {
	record, account, err := a.refundOf(ctx, in.Key)
	if err != nil {
		return Awaited{}, translate(ctx, AwaitResult, err)
	}
	if record.Status == ledger.Succeeded {
		return Awaited{Settled: true, Result: providers.Result{
			State: providers.ResultSucceeded, PlatformRefundID: record.PlatformRefundID, Amount: record.Refunded,
		}}, nil
	}
	attempt, rules := int(activity.GetInfo(ctx).Attempt), account.Provider.Rules()
	result, err := outcome(ctx, record, account)
	if err != nil {
		return Awaited{}, translate(ctx, AwaitResult, unhurried(err, rules.PollDelay(attempt)))
	}
	switch result.State {
	case providers.ResultSucceeded:
		if mismatch := disagreement(record, result); mismatch != "" {
			return Awaited{Result: result, Mismatch: mismatch}, nil
		}
		err := a.Ledger.Settle(ctx, in.Key, ledger.Settlement{
			Result: result, At: now(ctx, in.Now), Reason: SettledReason(rules.Provider),
		})
		return Awaited{Result: result, Settled: err == nil}, translate(ctx, AwaitResult, err)
	case providers.ResultFailed:
		return Awaited{Result: result}, nil
	case providers.ResultProcessing:
		// Restored books may have forgotten the acceptance, and a platform that asks whether the
		// refund is wanted waits until they know of it.
		if record.Sending != ledger.Done && !result.Weak {
			if _, err := a.found(ctx, in, result); err != nil {
				return Awaited{}, translate(ctx, AwaitResult, err)
			}
		}
	case providers.ResultAbsent, providers.ResultUnknown:
	}
	return Awaited{}, notYet(fmt.Sprintf("the platform's answer to question %d: %s", attempt, result.State), rules.PollDelay(attempt))
}

// outcome is what the platform says of the refund. Its answer to our question
// counts most; what it has proven by itself (a signed notification, an answer that
// came at once) stands in where it cannot be asked, or where the answer says
// nothing.
func outcome(ctx context.Context, r ledger.Record, account Account) (providers.Result, error) {
	if r.Evidence != nil && r.Evidence.Contradicted {
		return providers.Result{}, &refund.Failure{
			Class: refund.ClassNeedsHuman, Op: "evidence", Code: "contradiction",
			Message: "the platform has reported two different ends of this refund",
			Hint:    "read the refund's journal, look at the platform's console, then resolve with succeeded or failed",
		}
	}
	if r.Evidence != nil && account.Provider.Rules().Query != providers.QueryByNumber {
		return r.Evidence.Result(), nil
	}
	result, err := account.Provider.Query(ctx, instruction(r))
	if err == nil && result.State == providers.ResultUnknown && r.Evidence != nil {
		return r.Evidence.Result(), nil
	}
	return result, err
}

// unhurried keeps a question that failed to the schedule of those that were answered,
// unless the platform has named a time.
func unhurried(err error, pause time.Duration) error {
	var failure *refund.Failure
	if !errors.As(err, &failure) || !repeated[AwaitResult][failure.Class] || failure.RetryAfter > 0 {
		return err
	}
	slower := *failure
	slower.RetryAfter = pause
	return &slower
}

// disagreement names the numbers of a success that are not those of the refund.
// Identity checks of the protocol notes, docs/protocols/baidu.md §3.1 and §5.
func disagreement(r ledger.Record, result providers.Result) string {
	switch {
	case result.Amount != 0 && result.Amount != r.Amount:
		return fmt.Sprintf("the platform reports %s given back, asked for were %s", result.Amount, r.Amount)
	case r.Receipt != 0 && r.Receipt != r.Amount:
		return fmt.Sprintf("the platform accepted %s, asked for were %s", r.Receipt, r.Amount)
	case r.PlatformRefundID != "" && result.PlatformRefundID != "" && r.PlatformRefundID != result.PlatformRefundID:
		return fmt.Sprintf("the platform reports its refund %s, but it had accepted ours as %s",
			result.PlatformRefundID, r.PlatformRefundID)
	}
	return ""
}
