package client

import (
	"fmt"

	"github.com/refundflow/refundflow/refund"
)

// NotFoundError says that Temporal knows no such refund (any more).
type NotFoundError struct {
	Account, ID string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no refund %s of account %s is known: check both, or it ended longer ago than the server keeps it", e.ID, e.Account)
}

// ConflictError says that a refund id was used before for other content. No
// refund was made of this content, and none will be.
type ConflictError struct {
	Account, ID string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("refund id %s of account %s was used before for other content: nothing was started. "+
		"Send the same content to repeat it, or choose a new id for a new refund", e.ID, e.Account)
}

// RefusedError says why a decision would change nothing as the refund stands. It has
// changed nothing.
type RefusedError struct {
	Reason string
}

func (e *RefusedError) Error() string { return "this changed nothing: " + e.Reason }

// EndedError says that a decision, or a new beginning, came after the end. It has changed
// nothing.
type EndedError struct {
	Account, ID string
	// Status and Reason are those of the outcome. Status is empty when the workflow
	// failed or was terminated: to start the refund again makes it go on.
	Status refund.Status
	Reason string
	// Outcome is the whole of it, of a refund that was to be resumed.
	Outcome *refund.Outcome
}

func (e *EndedError) Error() string {
	if e.Status == "" {
		return fmt.Sprintf("refund %s/%s was stopped (%s) before it had an outcome: start it again with the same content, and it goes on where it was",
			e.Account, e.ID, e.Reason)
	}
	return fmt.Sprintf("refund %s/%s has ended as %s: %s", e.Account, e.ID, e.Status, e.Reason)
}

// NoAnswerError says that no worker answered before the context ended. What was sent
// is unknown to have counted: look at the status, or send the same again.
type NoAnswerError struct {
	What string
	Err  error
}

func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("no worker has answered %s in time: is one running on this task queue? It may still be taken: %v", e.What, e.Err)
}

func (e *NoAnswerError) Unwrap() error { return e.Err }
