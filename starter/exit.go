package main

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

// Exit codes: the outcome of a refund, for scripts.
const (
	exitOK             = 0 // done; a refund that was waited for succeeded
	exitError          = 1 // the command could not be carried out
	exitUsage          = 2 // wrong flags or input; nothing was done
	exitFailed         = 3
	exitRejected       = 4
	exitCancelled      = 5
	exitNeedsAttention = 6
	exitNotYet         = 7 // still under way when --timeout passed
	exitConflict       = 8 // the id was used before for other content
	exitRefused        = 9 // a decision that changed nothing, as the refund stood
)

const exitHelp = `Exit codes: 0 done or succeeded, 1 error, 2 wrong usage or input, 3 failed,
4 rejected, 5 cancelled, 6 needs attention, 7 still under way when --timeout
passed or no worker has answered a start, 8 id already used for other content,
9 a decision that was refused, or came too late: it changed nothing.`

// usageError marks mistakes in flags and input.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func codeOf(err error) int {
	var usage usageError
	var invalid *refund.InvalidError
	var conflict *client.ConflictError
	var refused *client.RefusedError
	var ended *client.EndedError
	var late *serviceerror.DeadlineExceeded // the same as the context's, seen from the wire
	switch {
	case errors.As(err, &refused), errors.As(err, &ended):
		return exitRefused
	case errors.As(err, &conflict):
		return exitConflict
	case errors.As(err, &usage), errors.As(err, &invalid):
		return exitUsage
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late):
		return exitNotYet
	}
	return exitError
}

// codeNow is codeOfStatus for commands that do not wait: under way is as it should be.
func codeNow(s refund.Status) int {
	if code := codeOfStatus(s); code != exitNotYet {
		return code
	}
	return exitOK
}

func codeOfStatus(s refund.Status) int {
	switch s {
	case refund.StatusSucceeded:
		return exitOK
	case refund.StatusFailed:
		return exitFailed
	case refund.StatusRejected:
		return exitRejected
	case refund.StatusCancelled:
		return exitCancelled
	case refund.StatusNeedsAttention:
		return exitNeedsAttention
	case refund.StatusReceived, refund.StatusAwaitingApproval, refund.StatusCheckingOrder, refund.StatusAwaitingBudget,
		refund.StatusCancellingVerification, refund.StatusApplying, refund.StatusInDoubt, refund.StatusProcessing:
	}
	return exitNotYet
}
