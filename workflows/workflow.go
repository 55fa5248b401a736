package workflows

import (
	"errors"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
)

// RefundWorkflow gives one order's money back: at most once, never lost, never
// guessed. Its id is [refund.WorkflowID]; it ends with an outcome as a value.
// It only fails when a program is wrong.
//
// Its input is a [refund.Request], taken unread: a document that cannot be read,
// from a caller in another language say, ends as an outcome that names the
// fields, where the SDK would fail the workflow.
func RefundWorkflow(ctx workflow.Context, document converter.RawValue) (refund.Outcome, error) {
	s, err := newSaga(ctx, document)
	if err != nil {
		return refund.Outcome{}, err
	}
	// A cancelled context would cut ledger entries short: the request to cancel is
	// heard by the inbox, and the saga itself runs to an end of its own.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return s.run(ctx)
}

// run goes through the refund until it has ended. What stops it short of an
// end needs a person, or a fresh look at the order.
func (s *saga) run(ctx workflow.Context) (refund.Outcome, error) {
	for {
		err := s.refund(ctx)
		var end *ending
		var stuck *attention
		switch {
		case errors.As(err, &end):
		case errors.As(err, &stuck):
			end = s.awaitResolution(ctx, stuck)
		case errors.Is(err, errLookAgain):
		default:
			return refund.Outcome{}, err
		}
		if end == nil {
			continue
		}
		if outcome, over, err := s.finish(ctx, end); over {
			return outcome, err
		}
	}
}

// refund is the saga, in one paragraph. Each step returns nil to go on, and is
// passed over when an earlier round has done it already.
func (s *saga) refund(ctx workflow.Context) error {
	for _, step := range []func(workflow.Context) error{
		s.open, s.approve, s.check, s.hold, s.cancelVerification, s.apply, s.await,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return errors.New("a refund went through every step without an end: a program error")
}
