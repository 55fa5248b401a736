package activities

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// Types of application errors that are no [refund.Class].
const (
	// TypeNotYet: the result is not final; ask again. Benign.
	TypeNotYet = "not_yet"
	// TypeContradiction: the books say otherwise. A person must look.
	TypeContradiction = "contradiction"
)

// Provider wait hints are believed within these bounds: a platform has been
// seen to ask for hours, and for nothing.
const (
	shortestPause = time.Second
	longestPause  = 10 * time.Minute
)

// repeated says which classes a step repeats by itself, in the server's retry;
// all others end the step, and the workflow decides. What may have happened is
// repeated only where the step asks before it acts.
var repeated = map[string]map[refund.Class]bool{
	CheckOrder:         {refund.ClassTransient: true, refund.ClassThrottled: true, refund.ClassAmbiguous: true},
	CancelVerification: {refund.ClassTransient: true, refund.ClassThrottled: true, refund.ClassAmbiguous: true},
	Apply:              {refund.ClassTransient: true, refund.ClassThrottled: true},
	FindOut:            {refund.ClassTransient: true, refund.ClassThrottled: true, refund.ClassAmbiguous: true},
	AwaitResult:        {refund.ClassTransient: true, refund.ClassThrottled: true, refund.ClassAmbiguous: true},
}

// translate makes a step's error into Temporal's: the type is the class, the
// detail is the failure. Books without the refund contradict whoever works on it.
// What is neither a provider's failure nor a contradiction (the ledger is away, say) is
// repeated by the retry policy.
func translate(ctx context.Context, step string, err error) error {
	var failure *refund.Failure
	var contradiction *ledger.ContradictionError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ledger.ErrUnknown): // nothing that a repeat could find
		return temporal.NewApplicationErrorWithOptions("the books do not know this refund: "+
			"they are another ledger's, or were restored from before it was opened", TypeContradiction,
			temporal.ApplicationErrorOptions{NonRetryable: true})
	case errors.As(err, &contradiction):
		return temporal.NewApplicationErrorWithOptions(err.Error(), TypeContradiction,
			temporal.ApplicationErrorOptions{NonRetryable: true})
	case !errors.As(err, &failure):
		return err
	}
	again := repeated[step][failure.Class] && !failure.Recheck
	activity.GetLogger(ctx).Warn("provider failure", "class", string(failure.Class), "op", failure.Op,
		"code", failure.Code, "repeats", again)
	options := temporal.ApplicationErrorOptions{NonRetryable: !again, Details: []any{*failure}}
	switch failure.Class {
	case refund.ClassTransient, refund.ClassThrottled, refund.ClassAmbiguous, refund.ClassInsufficientFunds, refund.ClassRejected,
		refund.ClassNeedsHuman:
		// The saga knows what to do with these: they are logged above, and are no
		// errors of the worker.
		options.Category = temporal.ApplicationErrorCategoryBenign
	case refund.ClassMisconfigured: // the worker's own
	}
	if again && failure.RetryAfter > 0 {
		options.NextRetryDelay = jittered(min(max(failure.RetryAfter, shortestPause), longestPause))
	}
	return temporal.NewApplicationErrorWithOptions(failure.Error(), string(failure.Class), options)
}

// notYet asks the server to run the step again after a pause. It is no failure:
// no log, no failure metric, and not one event in the history.
func notYet(message string, pause time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(message, TypeNotYet, temporal.ApplicationErrorOptions{
		NextRetryDelay: jittered(pause), Category: temporal.ApplicationErrorCategoryBenign,
	})
}

// jittered adds up to a tenth, so that refunds that waited together do not ask
// together.
func jittered(d time.Duration) time.Duration { return d + rand.N(d/10+1) }

// inDoubt says what a failure means while the intent of an irreversible call is
// written and its outcome unknown. The workflow takes certain classes as word
// that the call was not processed; what stopped the step before it could find out
// says nothing of the call, so none of these may leave a step in doubt.
func inDoubt(intent ledger.Progress, err error) error {
	var failure *refund.Failure
	if intent != ledger.Begun || !errors.As(err, &failure) {
		return err
	}
	doubtful := *failure
	switch failure.Class {
	case refund.ClassTransient, refund.ClassThrottled, refund.ClassAmbiguous:
		doubtful.Class = refund.ClassAmbiguous
	case refund.ClassInsufficientFunds, refund.ClassRejected, refund.ClassMisconfigured, refund.ClassNeedsHuman:
		doubtful.Class = refund.ClassNeedsHuman
	}
	return &doubtful
}

// mayHaveHappened is [refund.Failure.MayHaveHappened] of the failure in err; what
// is none may have happened, too.
func mayHaveHappened(err error) bool {
	var failure *refund.Failure
	return !errors.As(err, &failure) || failure.MayHaveHappened()
}

// classOf is the failure's class, or "" when the error holds none.
func classOf(err error) refund.Class {
	var failure *refund.Failure
	if errors.As(err, &failure) {
		return failure.Class
	}
	return ""
}
