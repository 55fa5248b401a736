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

// Apply sends the refund. The ledger says "sending" before the first byte
// leaves: when any attempt, by whichever process, finds that written, the
// outcome of an earlier one is unknown, and Apply ends with an ambiguous
// failure instead of sending again. Only what was certainly not processed is
// repeated here.
func (a *Activities) Apply(ctx context.Context, in Step) (Applied, error) {
	record, account, err := a.refundOf(ctx, in.Key)
	if err != nil {
		return Applied{}, translate(ctx, Apply, inDoubt(record.Sending, err))
	}
	permit, err := a.Ledger.BeginSend(ctx, in.Key, now(ctx, in.Now), account.limits(in))
	if err != nil {
		return Applied{}, translate(ctx, Apply, err)
	}
	switch {
	case permit.Accepted != nil:
		return Applied{Receipt: permit.Accepted}, nil
	case permit.Send:
		applied, err := a.send(ctx, in, record, account, first)
		return applied, translate(ctx, Apply, err)
	case permit.Doubt:
		return Applied{}, translate(ctx, Apply, &refund.Failure{
			Class: refund.ClassAmbiguous, Op: Apply, Code: "interrupted",
			Message: "an earlier attempt was cut short after the request may have been sent",
		})
	default:
		return Applied{Hold: &permit.Hold}, nil
	}
}

// FindOut settles the doubt about a sent refund: it asks the provider by the
// refund's number and adopts what it finds. When the refund was absent often
// enough, it repeats the identical request, as often as the provider's rules
// permit.
func (a *Activities) FindOut(ctx context.Context, in Step) (Applied, error) {
	applied, err := a.findOut(ctx, in)
	return applied, translate(ctx, FindOut, err)
}

func (a *Activities) findOut(ctx context.Context, in Step) (Applied, error) {
	record, account, err := a.refundOf(ctx, in.Key)
	if err != nil {
		return Applied{}, err
	}
	switch record.Sending {
	case ledger.NotBegun:
		return Applied{NotSent: true}, nil
	case ledger.Done:
		return Applied{Receipt: &providers.Receipt{PlatformRefundID: record.PlatformRefundID, Amount: record.Receipt}}, nil
	case ledger.Begun:
	}
	result, err := outcome(ctx, record, account)
	if err != nil {
		return Applied{}, err
	}
	rules, at := account.Provider.Rules(), now(ctx, in.Now)
	if result.Weak && result.State == providers.ResultFailed {
		result.State = providers.ResultUnknown // perhaps an earlier refund of the order
	}
	switch {
	case result.State == providers.ResultAbsent && record.Evidence != nil:
		result = record.Evidence.Result() // the question lags behind the platform's own word
	case result.State != providers.ResultUnknown:
	case result.PlatformRefundID != "":
		result.State = providers.ResultProcessing // it is there, whatever became of it
	case rules.RepeatAnswers:
		result.State = providers.ResultAbsent // repeating is how this platform is asked
	}
	switch result.State {
	case providers.ResultProcessing, providers.ResultSucceeded, providers.ResultFailed:
		return a.found(ctx, in, result)
	case providers.ResultAbsent:
		reads, err := a.Ledger.NoteAbsent(ctx, in.Key, at, rules.AbsenceInterval)
		if err != nil {
			return Applied{}, err
		}
		if reads < rules.AbsenceReads {
			return Applied{}, notYet(fmt.Sprintf("the platform does not show the refund (reading %d of %d)",
				reads, rules.AbsenceReads), rules.AbsenceInterval)
		}
		return a.resend(ctx, in, record, account)
	case providers.ResultUnknown:
	}
	attempt := int(activity.GetInfo(ctx).Attempt)
	return Applied{}, notYet("the platform cannot say what became of the refund", rules.PollDelay(attempt))
}

// found books that the platform shows the refund: it has accepted it.
func (a *Activities) found(ctx context.Context, in Step, result providers.Result) (Applied, error) {
	receipt := &providers.Receipt{PlatformRefundID: result.PlatformRefundID, Amount: result.Amount}
	text := fmt.Sprintf("found at the platform: %s", result.State)
	return Applied{Receipt: receipt}, a.Ledger.EndSend(ctx, in.Key, now(ctx, in.Now), ledger.Answer{Receipt: receipt, Text: text})
}

func (a *Activities) resend(ctx context.Context, in Step, record ledger.Record, account Account) (Applied, error) {
	rules, at := account.Provider.Rules(), now(ctx, in.Now)
	permit, err := a.Ledger.BeginResend(ctx, in.Key, at, account.limits(in), rules.AbsenceReads, rules.MaxResends)
	switch {
	case err != nil:
		return Applied{}, err
	case permit.Accepted != nil:
		return Applied{Receipt: permit.Accepted}, nil
	case permit.Exhausted:
		why := fmt.Sprintf("sent %d times without a clear answer, and the platform does not show the refund", record.Sends)
		if permit.Hold.Why != "" {
			why += ", and it is not sent again: " + permit.Hold.Why
		}
		return Applied{}, &refund.Failure{
			Class: refund.ClassNeedsHuman, Op: FindOut, Code: "unanswered", Message: why,
			Hint: "look for the refund in the platform's console, then resolve with succeeded, failed or retry",
		}
	case permit.Hold.Why != "":
		return Applied{}, notYet(permit.Hold.Why, min(max(permit.Hold.RetryAt.Sub(at), rules.AbsenceInterval), time.Hour))
	case !permit.Send:
		return Applied{}, notYet("the refund's absence is not proven yet", rules.AbsenceInterval)
	}
	applied, err := a.send(ctx, in, record, account, again)
	var failure *refund.Failure
	if !errors.As(err, &failure) {
		return applied, err
	}
	if failure.Class == refund.ClassAmbiguous && rules.RepeatAnswers {
		// More and more rarely: the repeats must last for as long as the doubt may.
		slower := *failure
		slower.RetryAfter = max(failure.RetryAfter, rules.PollDelay(record.Sends))
		return Applied{}, &slower
	}
	if failure.Class == refund.ClassRejected || failure.Class == refund.ClassInsufficientFunds {
		return Applied{}, refusedOnRepeat(err.Error())
	}
	return applied, err
}

// refusedOnRepeat: perhaps because the first request did arrive. Not an answer.
func refusedOnRepeat(message string) *refund.Failure {
	return &refund.Failure{
		Class: refund.ClassNeedsHuman, Op: FindOut, Code: "refused on repeat", Message: refund.CleanText(message),
		Hint: "look for the refund in the platform's console, then resolve with succeeded, failed or retry",
	}
}

// sending says whether a request is a refund's first or repeats one in doubt.
type sending bool

const (
	first sending = false
	again sending = true
)

// send makes the call whose intent is written, and writes the answer down.
func (a *Activities) send(ctx context.Context, in Step, record ledger.Record, account Account, repeats sending) (Applied, error) {
	receipt, err := account.Provider.Apply(ctx, instruction(record))
	at := now(ctx, in.Now)
	if err == nil && repeats == again && receipt.State == providers.ResultFailed {
		err = refusedOnRepeat("the repeat was answered with a failed refund")
	}
	if err == nil {
		answer := ledger.Answer{Receipt: &receipt, Text: accepted(receipt)}
		return Applied{Receipt: &receipt}, a.Ledger.EndSend(ctx, in.Key, at, answer)
	}
	answer := ledger.Answer{Text: err.Error()}
	class := classOf(err)
	if mayHaveHappened(err) {
		class = refund.ClassAmbiguous
	}
	switch class {
	case refund.ClassTransient, refund.ClassThrottled, refund.ClassInsufficientFunds:
		answer.NotSent = true
	case refund.ClassRejected, refund.ClassMisconfigured:
		answer.Refused = true
	case refund.ClassAmbiguous, refund.ClassNeedsHuman:
		// Nobody can say yet whether it was processed: the intent stays, and
		// whoever goes on asks first.
	}
	return Applied{}, errors.Join(err, a.Ledger.EndSend(ctx, in.Key, at, answer))
}

// accepted is an acceptance in a line of the journal, with what a merchant's own
// books want to know of it.
func accepted(r providers.Receipt) string {
	text := "accepted by the platform"
	if r.PlatformRefundID != "" {
		text += " as " + r.PlatformRefundID
	}
	if r.Parts != nil {
		text += fmt.Sprintf(", %s of it as coupons", r.Parts.Coupon)
	}
	if r.Parts != nil && r.Parts.Settled != 0 {
		text += fmt.Sprintf(", %s from the merchant", r.Parts.Settled)
	}
	if r.Repeated {
		text += "; an earlier copy of the request had done it"
	}
	return text
}
