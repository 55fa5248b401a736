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

// oneQuestion bounds one question: two exchanges of at most 10 s, a token first, and
// the ledger around them.
const oneQuestion = 25 * time.Second

// Compare asks the platform about refunds, by their numbers, and compares its word
// with the books. An open refund that the platform has decided is woken; an ended one
// that ended otherwise there gets an alert, and a workflow that asks a person. A
// question that fails is counted; an account that is throttled or misconfigured, or whose
// platform does not answer in time, is asked no more: those behind it would wait.
func (a *Activities) Compare(ctx context.Context, in Questions) (Reconciled, error) {
	var sum Reconciled
	spared := map[string]bool{}
	for _, key := range in.Keys {
		activity.RecordHeartbeat(ctx, key.String())
		if err := ctx.Err(); err != nil {
			return Reconciled{}, err
		}
		if spared[key.Account] {
			sum.Left++
			continue
		}
		if err := a.compare(ctx, in.Now, key, &sum); err != nil {
			sum.fail(ctx, key, err)
			spared[key.Account] = sparing(err)
		}
	}
	return sum, nil
}

// sparing reports whether the next question would meet the same failure, or deepen it.
func sparing(err error) bool {
	var failure *refund.Failure
	return errors.As(err, &failure) && !failure.RequestOnly &&
		(failure.Class == refund.ClassThrottled || failure.Class == refund.ClassMisconfigured || failure.Code == refund.CodeTimeout)
}

func (a *Activities) compare(ctx context.Context, now time.Time, key ledger.Key, sum *Reconciled) error {
	record, account, err := a.refundOf(ctx, key)
	if err != nil {
		return err
	}
	asking, done := context.WithTimeout(ctx, oneQuestion)
	defer done()
	result, err := account.Provider.Query(asking, instruction(record))
	if err != nil {
		return err
	}
	sum.Compared++
	if result.Weak { // speaks of the order, perhaps of another refund
		return nil
	}
	provider := account.Provider.Rules().Provider
	if record.Status == ledger.Open {
		return a.compareOpen(ctx, now, record, result, provider, sum)
	}
	return a.compareEnded(ctx, now, record, result, provider, sum)
}

// compareOpen wakes an open refund that the platform has decided, once for each
// answer: when that does not end it, its workflow has a reason of its own, and each
// waking costs history.
func (a *Activities) compareOpen(ctx context.Context, now time.Time, r ledger.Record, result providers.Result, provider string, sum *Reconciled) error {
	if result.State != providers.ResultSucceeded && result.State != providers.ResultFailed {
		return nil
	}
	what := fmt.Sprintf("%s reports it as %s, and it is still open here", provider, result.State)
	sum.Find(r.Key, what)
	if told, err := a.told(ctx, r.Key, what); err != nil || told {
		return err
	}
	if err := a.Workflows.Wake(ctx, r.Key); err != nil {
		return err
	}
	sum.Woken++
	return a.tell(ctx, now, r.Key, what)
}

// compareEnded brings the platform's word into the books as evidence. They say
// whether it contradicts, and raise the alert.
func (a *Activities) compareEnded(ctx context.Context, now time.Time, r ledger.Record, result providers.Result, provider string, sum *Reconciled) error {
	odd := ""
	switch result.State {
	case providers.ResultSucceeded, providers.ResultFailed:
		err := a.Ledger.Testify(ctx, r.Key, ledger.Evidence{
			State: result.State, PlatformRefundID: result.PlatformRefundID, Amount: result.Amount, At: now, Source: "reconciliation",
		})
		var contradiction *ledger.ContradictionError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &contradiction):
			return err
		}
		odd = contradiction.Error()
	case providers.ResultAbsent:
		if r.Status != ledger.Succeeded {
			return nil
		}
		odd = fmt.Sprintf("%s does not show it, and it is booked as succeeded", provider)
	case providers.ResultProcessing:
		odd = fmt.Sprintf("%s has not decided it yet, and it is booked as %s", provider, r.Status)
	case providers.ResultUnknown:
		return nil
	}
	sum.Find(r.Key, odd)
	if err := a.tell(ctx, now, r.Key, odd); err != nil {
		return err
	}
	return a.resume(ctx, now, r.Key, sum) // with an alert alone; without one this does nothing
}
