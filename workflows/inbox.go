package workflows

import (
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
)

// inbox holds what people and callbacks have said. Signals come before anyone
// waits for them, twice, late and in any order: each is read as soon as it is
// there, counts once, and is answered by a visible line.
type inbox struct {
	approval   *refund.Decision
	rejection  *refund.Decision
	cancel     *refund.Decision
	resolution *refund.Resolution
	// looks counts signals that only ask to look again now.
	looks int
	// journal holds lines that wait to be written to the ledger.
	journal []string
	remarks int
}

// listen reads every signal for as long as the workflow runs, and hears
// Temporal's own request to cancel as the signal cancel. The handlers never
// block, so that one signal cannot hold up the next.
func (s *saga) listen(ctx workflow.Context) {
	again := func(workflow.Context, []byte) { s.inbox.looks++ }
	selector := workflow.NewSelector(ctx)
	for _, signal := range []struct {
		name string
		// The Web UI shows what to type beside the name.
		description string
		hear        func(workflow.Context, []byte)
	}{
		{SignalApprove, `let it go on: {"by":"who","note":"why"}`, decided(s, SignalApprove, s.onApprove)},
		{SignalReject, `refuse to approve it: {"by":"who","note":"why"}`, decided(s, SignalReject, s.onReject)},
		{SignalCancel, `stop it in time: {"by":"who","note":"why"}`, decided(s, SignalCancel, s.onCancel)},
		{SignalResolve, `decide what needs attention: {"action":"retry","by":"who","note":"why"}, ` +
			`or "succeeded" or "failed" with "evidence":"how it is known"`, decided(s, SignalResolve, s.onResolve)},
		{SignalLimitsChanged, "look again now: limits, balance, the order's turn; no input", again},
		{SignalNotification, "ask for the result now; no input", again},
	} {
		channel := workflow.GetSignalChannelWithOptions(ctx, signal.name, workflow.SignalChannelOptions{Description: signal.description})
		selector.AddReceive(channel, func(c workflow.ReceiveChannel, _ bool) {
			var raw converter.RawValue
			c.Receive(ctx, &raw)
			signal.hear(ctx, raw.Payload().GetData())
		})
	}
	listening, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(listening, func(ctx workflow.Context) {
		for {
			selector.Select(ctx)
		}
	})
	workflow.Go(ctx, func(ctx workflow.Context) {
		ctx.Done().Receive(ctx, nil)
		s.onCancel(ctx, refund.Decision{By: "temporal", Note: "the workflow was asked to cancel"})
	})
}

// hear lets the listeners read all that has arrived, so that completing drops
// no signal: coroutines run in the order of their creation, and this one's is
// the last.
func (s *saga) hear(ctx workflow.Context) {
	done := false
	workflow.Go(ctx, func(workflow.Context) { done = true })
	_ = workflow.Await(ctx, func() bool { return done })
}

// decided parses a payload that a person may have typed. What cannot be read is
// answered by a visible line and changes nothing.
func decided[T interface{ Validate() error }](s *saga, signal string, then func(workflow.Context, T)) func(workflow.Context, []byte) {
	return func(ctx workflow.Context, payload []byte) {
		v, err := refund.Parse[T](payload)
		if err != nil {
			s.turnDown(ctx, fmt.Sprintf("signal %s ignored, its payload is wrong: %v", signal, err))
			return
		}
		then(ctx, v)
	}
}

func (s *saga) onApprove(ctx workflow.Context, d refund.Decision) {
	switch {
	case d.By == s.Request.RequestedBy:
		s.turnDown(ctx, d.By+" asked for this refund and cannot approve it; somebody else must")
	case s.approved || s.Status.Final():
		s.turnDown(ctx, "approval by "+d.By+" came when none was awaited any more")
	case s.inbox.approval != nil || s.inbox.rejection != nil:
		s.turnDown(ctx, "approval by "+d.By+" came after the decision was made")
	default:
		s.inbox.approval = &d
		s.remark(ctx, said("approved", d.By, d.Note))
	}
}

func (s *saga) onReject(ctx workflow.Context, d refund.Decision) {
	switch {
	case s.approved || s.Status.Final():
		s.turnDown(ctx, "rejection by "+d.By+" came when no decision was awaited any more; send cancel to stop the refund")
	case s.inbox.approval != nil || s.inbox.rejection != nil:
		s.turnDown(ctx, "rejection by "+d.By+" came after the decision was made; send cancel to stop the refund")
	default:
		s.inbox.rejection = &d
		s.remark(ctx, said("rejected", d.By, d.Note))
	}
}

func (s *saga) onCancel(ctx workflow.Context, d refund.Decision) {
	switch {
	case s.Status.Final():
		s.turnDown(ctx, "cancellation by "+d.By+" refused: the refund has ended")
	case s.Irreversible:
		s.turnDown(ctx, "cancellation by "+d.By+" refused: the point of no return has passed")
	case s.inbox.cancel != nil:
		s.turnDown(ctx, "cancellation by "+d.By+": already asked for by "+s.inbox.cancel.By)
	default:
		s.inbox.cancel = &d
		s.remark(ctx, said("cancellation asked for", d.By, d.Note))
	}
}

func (s *saga) onResolve(ctx workflow.Context, r refund.Resolution) {
	switch {
	case s.Status != refund.StatusNeedsAttention:
		s.turnDown(ctx, fmt.Sprintf("resolve by %s refused: the refund is %s and needs nobody now", r.By, s.Status))
	case !s.opened && r.Action != refund.ResolveRetry:
		s.turnDown(ctx, "resolve by "+r.By+" refused: the books could not be read, and an end could not be written; send retry")
	case s.inbox.resolution != nil:
		s.turnDown(ctx, "resolve by "+r.By+" came after "+s.inbox.resolution.By+" had decided")
	default:
		s.inbox.resolution = &r
		s.remark(ctx, said("resolved with "+string(r.Action), r.By, r.Note))
	}
}

func said(what, by, note string) string {
	if note == "" {
		return what + " by " + by
	}
	return what + " by " + by + ": " + note
}

// remark writes what was said as a visible line, and keeps it for the journal.
func (s *saga) remark(ctx workflow.Context, text string) {
	s.line(ctx, text)
	s.inbox.journal = append(s.inbox.journal, text)
}

// turnDown is remark for what changes nothing, with the reason.
func (s *saga) turnDown(ctx workflow.Context, text string) {
	s.remark(ctx, text)
	s.Steps[len(s.Steps)-1].Refused = true
}

// writeRemarks brings what was said into the permanent journal. It is called
// whenever the refund has opened and is about to go on.
func (s *saga) writeRemarks(ctx workflow.Context) error {
	for len(s.inbox.journal) > 0 && s.opened {
		text := s.inbox.journal[0]
		s.inbox.journal = s.inbox.journal[1:]
		s.inbox.remarks++
		// The run makes the step unique when a terminated workflow was begun anew and
		// counts from one again. The time would not do: when a worker dies after the
		// line is written, the same workflow task begins again, later.
		in := activities.Line{Key: s.key(), Now: workflow.Now(ctx), Text: text,
			Step: fmt.Sprintf("said %d in run %s", s.inbox.remarks, workflow.GetInfo(ctx).WorkflowExecution.RunID)}
		if _, err := record[any](ctx, activities.Note, in); err != nil {
			return &attention{reason: "the journal cannot be written", failure: failureOf(err)}
		}
	}
	return nil
}
