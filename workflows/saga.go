package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// saga is the state of one refund: what everyone may see, and what has been
// done so far.
type saga struct {
	refund.View
	plan  activities.Plan
	inbox inbox

	// wrong is why the request cannot be made, found when it was read.
	wrong error

	opened, approved, sent, accepted bool
	// forgotten: it was sent, or may have been, and the books do not know. They must
	// write the intent down anew, which takes budget, before the platform is asked.
	forgotten bool
	// amends: the refund had ended before, and a person must say which end is true.
	amends bool
	// approval is the question whether the refund may be made, over the one whether it
	// may go over a limit, and council the one that people are asked now. Each is nil
	// when there is none.
	approval, over, council *council
	// letOver are the limits over which people have let the refund.
	letOver []ledger.Obstacle
	// told: the acceptance told the result, which this platform cannot be asked for.
	told bool
	// wantsCancelling: the order is verified and must not be; cancelled: its
	// verification is gone for good, or may be.
	wantsCancelling, cancelled bool
	// rechecks counts how often the platform said that the order is not in the
	// state it was believed to be in.
	rechecks int
	// shortages counts the rounds of waiting for the merchant's balance.
	shortages int
	// tryingSince is when the sending was first tried; see applyFor.
	tryingSince time.Time
	// wakes counts how often a wait was cut short to look anew, and wokenAt is when
	// that was last; see mayWake.
	wakes   int
	wokenAt time.Time
	// looked is what had been heard when the budget was last asked for.
	looked int
	// attended is what a person was needed for when a message made the saga ask once
	// more; while it does, the person may still resolve it.
	attended *attention
	// published is the status last written to the search attributes.
	published refund.Status
}

// newSaga judges nothing: what is wrong with a request is an outcome. It
// prepares the view and the inbox before anything can wait.
func newSaga(ctx workflow.Context, document converter.RawValue) (*saga, error) {
	s := &saga{published: refund.StatusReceived}
	s.Request, s.wrong = requestOf(ctx, document)
	s.move(ctx, refund.StatusReceived, "received")
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, func() (refund.View, error) { return s.View, nil },
		workflow.QueryHandlerOptions{Description: "the whole refund: where it stands, for what it waits, how it came there"})
	if err != nil {
		return nil, err
	}
	s.listen(ctx)
	return s, s.serve(ctx)
}

// requestOf reads the document a workflow was started with. It must be that of
// the workflow's own id: two workflows must never stand for one refund. What is
// wrong comes back as an error beside a request that only names the refund.
func requestOf(ctx workflow.Context, document converter.RawValue) (refund.Request, error) {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	r, err := refund.ParseRequest(written(document))
	if wanted := refund.WorkflowID(r.Account, r.ID); err == nil && id != wanted {
		err = refund.Invalid("id", "the workflow was started as %q; start it as %q", id, wanted)
	}
	if err != nil {
		// Nothing of it is believed: it may be of any size.
		r = refund.Request{}
		r.Account, r.ID, _ = refund.ParseWorkflowID(id)
	}
	return r, err
}

// written is what a caller wrote: text, or nothing. In another encoding it is not nonsense but
// something that this worker cannot read: it is encrypted, and the worker is one without
// `encryption`; or a backend compresses. Judged as nonsense it would end the refund, whose id
// is then used up, or drop what a person has said. To panic fails the workflow task alone,
// which is tried again until a worker comes that can read it.
func written(document converter.RawValue) []byte {
	switch encoding := string(document.Payload().GetMetadata()[converter.MetadataEncoding]); encoding {
	case converter.MetadataEncodingJSON, converter.MetadataEncodingProtoJSON, converter.MetadataEncodingBinary, converter.MetadataEncodingNil, "":
		return document.Payload().GetData()
	default:
		panic(fmt.Errorf("a payload in encoding %q, which this worker does not read: give it the encryption (docs/encryption.md) "+
			"or the codec of whoever wrote it, or have them write json/plain", refund.CleanText(encoding)))
	}
}

func (s *saga) key() ledger.Key { return ledger.KeyOf(s.Request) }

func (s *saga) step(ctx workflow.Context) activities.Step {
	return activities.Step{Key: s.key(), Now: workflow.Now(ctx), Over: s.letOver}
}

// ending is how a step says that the refund is over.
type ending struct {
	status  refund.Status
	reason  string
	by      string
	failure *refund.Failure
	// booked: the ledger has this end already, since at when that is not now.
	booked bool
	at     time.Time
	// conflict: the id belongs to a refund with other content.
	conflict bool
}

func (e *ending) Error() string { return string(e.status) + ": " + e.reason }

// attention is how a step says that a person must look.
type attention struct {
	reason  string
	failure *refund.Failure
	// byLimit: other limits may end it without a person.
	byLimit bool
}

func (a *attention) Error() string { return "needs attention: " + a.reason }

// errLookAgain is how a step says that the world has changed: go through the
// steps again, from the check of the order.
var errLookAgain = errors.New("look again")

// failureOf is what stands behind a step's error. An attempt that timed out, or
// that met a ledger which was away, may have happened.
func failureOf(err error) *refund.Failure {
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return &refund.Failure{Class: refund.ClassAmbiguous, Op: "step", Code: "timeout", Message: "no attempt finished in time"}
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		var f refund.Failure
		if app.HasDetails() && app.Details(&f) == nil && f.Class != "" {
			return &f
		}
		if app.Type() == activities.TypeNotYet {
			return &refund.Failure{Class: refund.ClassAmbiguous, Op: "wait", Code: "deadline", Message: app.Message()}
		}
		class := refund.ClassAmbiguous
		if app.Type() == activities.TypeContradiction {
			class = refund.ClassNeedsHuman
		}
		return &refund.Failure{Class: class, Op: "step", Code: app.Type(), Message: refund.CleanText(app.Message())}
	}
	return &refund.Failure{Class: refund.ClassNeedsHuman, Op: "step", Code: "unexpected", Message: refund.CleanText(err.Error())}
}
