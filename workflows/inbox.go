package workflows

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
)

// inbox holds what people and callbacks have said. Signals come before anyone
// waits for them, twice, late and in any order: each is read as soon as it is
// there, counts once, and is answered by a visible line.
type inbox struct {
	// verdicts and resolutions wait to be judged by the saga, in the order in which
	// they came: whether they count may need a look at the books or at a signature.
	verdicts    []*spoken[refund.Verdict]
	resolutions []*spoken[refund.Resolution]
	// resolver is who has resolved the present need for attention; empty: nobody yet.
	resolver string
	cancel   *refund.Decision
	// looks counts signals that only ask to look again now, and notices those of them
	// that say that the platform was heard of.
	looks, notices int
	// journal holds what waits to be written to the ledger.
	journal []remark
	// remarks counts what was written, seals the signatures that were looked at.
	remarks, seals int
}

// remark is a line for the journal, and who has approved the refund by it.
type remark struct{ text, approvedBy string }

// spoken is what somebody said by a signal, or by an update, which is answered.
type spoken[T any] struct {
	what  T
	reply workflow.Settable // nil for a signal
}

func (x *spoken[T]) answer(sentence string, status refund.Status) {
	if x.reply != nil {
		x.reply.SetValue(refund.Answer{Status: status, Sentence: sentence})
	}
}

func (x *spoken[T]) refuse(why string) {
	if x.reply != nil {
		x.reply.SetError(refusal(why))
	}
}

// listen reads every signal for as long as the workflow runs, and hears
// Temporal's own request to cancel as the signal cancel. The handlers never
// block, so that one signal cannot hold up the next.
func (s *saga) listen(ctx workflow.Context) {
	again := func(workflow.Context, converter.RawValue) { s.inbox.looks++ }
	selector := workflow.NewSelector(ctx)
	for _, signal := range []struct {
		name string
		// The Web UI shows what to type beside the name.
		description string
		hear        func(workflow.Context, converter.RawValue)
	}{
		{SignalApprove, `let it go on: {"by":"who","note":"why"}`, decided(s, SignalApprove, s.verdict(refund.VerbApprove))},
		{SignalReject, `refuse to approve it: {"by":"who","note":"why"}`, decided(s, SignalReject, s.verdict(refund.VerbReject))},
		{SignalCancel, `stop it in time: {"by":"who","note":"why"}`, decided(s, SignalCancel, s.onCancel)},
		{SignalResolve, `decide what needs attention: {"action":"retry","by":"who","note":"why"}, ` +
			`or "succeeded" or "failed" with "evidence":"how it is known"`, decided(s, SignalResolve, s.onResolve)},
		{SignalLimitsChanged, "look again now: limits, balance, the order's turn; no input", again},
		{SignalNotification, "ask for the result now; no input", func(ctx workflow.Context, payload converter.RawValue) {
			s.inbox.notices++
			again(ctx, payload)
		}},
	} {
		channel := workflow.GetSignalChannelWithOptions(ctx, signal.name, workflow.SignalChannelOptions{Description: signal.description})
		selector.AddReceive(channel, func(c workflow.ReceiveChannel, _ bool) {
			var raw converter.RawValue
			c.Receive(ctx, &raw)
			signal.hear(ctx, raw)
		})
	}
	listening, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(listening, func(ctx workflow.Context) {
		for {
			selector.Select(ctx)
		}
	})
	workflow.Go(listening, s.answerStrangers)
	workflow.Go(ctx, func(ctx workflow.Context) {
		ctx.Done().Receive(ctx, nil)
		s.onCancel(ctx, refund.Decision{By: "temporal", Note: "the workflow was asked to cancel"})
	})
}

// answerStrangers answers signals by a name that no refund knows, as a slip of the pen
// makes them: whoever sent one must see that it did nothing.
func (s *saga) answerStrangers(ctx workflow.Context) {
	strange := func() (names []string) {
		for _, name := range workflow.GetUnhandledSignalNames(ctx) {
			if !slices.Contains(signals, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	for workflow.Await(ctx, func() bool { return len(strange()) > 0 }) == nil {
		for _, name := range strange() {
			for channel := workflow.GetSignalChannel(ctx, name); channel.ReceiveAsync(nil); {
				s.turnDown(ctx, fmt.Sprintf("signal %q ignored: a refund knows %s", refund.CleanText(name), strings.Join(signals, ", ")))
			}
		}
	}
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
func decided[T interface{ Validate() error }](s *saga, signal string, then func(workflow.Context, T)) func(workflow.Context, converter.RawValue) {
	return func(ctx workflow.Context, payload converter.RawValue) {
		v, err := refund.Parse[T](written(payload))
		if err != nil {
			s.turnDown(ctx, fmt.Sprintf("signal %s ignored, its payload is wrong: %v", signal, err))
			return
		}
		then(ctx, v)
	}
}

// verdict hears a signal of approval or rejection.
func (s *saga) verdict(verb refund.Verb) func(workflow.Context, refund.Decision) {
	return func(ctx workflow.Context, d refund.Decision) {
		s.onVerdict(ctx, &spoken[refund.Verdict]{what: refund.Verdict{Verb: verb, Decision: d}})
	}
}

// onVerdict keeps a verdict for whoever asks for one; where nobody will, it is
// answered at once.
func (s *saga) onVerdict(ctx workflow.Context, v *spoken[refund.Verdict]) {
	if s.opened && s.council == nil || s.Status.Final() {
		why := s.objection(v.what)
		s.turnDown(ctx, why)
		v.refuse(why)
		return
	}
	s.inbox.verdicts = append(s.inbox.verdicts, v)
}

func (s *saga) onCancel(ctx workflow.Context, d refund.Decision) {
	if why := s.uncancellable(d); why != "" {
		s.turnDown(ctx, why)
		return
	}
	s.inbox.cancel = &d
	s.remark(ctx, said("cancellation asked for", d.By, d.Note))
}

// uncancellable is why a request to cancel changes nothing, or "".
func (s *saga) uncancellable(d refund.Decision) string {
	switch {
	case s.Status.Final(), s.amends:
		return "cancellation by " + d.By + " refused: the refund has ended"
	case s.Irreversible && !s.sent && !s.cancelled:
		return "cancellation by " + d.By + " refused: the point of no return is being passed at this moment; ask again if it still waits later"
	case s.Irreversible:
		return "cancellation by " + d.By + " refused: the point of no return has passed"
	case s.inbox.cancel != nil:
		return "cancellation by " + d.By + ": already asked for by " + s.inbox.cancel.By
	}
	return ""
}

func (s *saga) onResolve(ctx workflow.Context, r refund.Resolution) {
	s.resolve(ctx, &spoken[refund.Resolution]{what: r})
}

// resolve keeps a resolution for the saga, which waits for one, or answers why not.
func (s *saga) resolve(ctx workflow.Context, r *spoken[refund.Resolution]) {
	if why := s.unresolvable(r.what); why != "" {
		s.turnDown(ctx, why)
		r.refuse(why)
		return
	}
	s.inbox.resolutions = append(s.inbox.resolutions, r)
}

// unresolvable is why a resolution changes nothing, or "".
func (s *saga) unresolvable(r refund.Resolution) string {
	switch {
	case s.Status != refund.StatusNeedsAttention && s.attended == nil:
		return fmt.Sprintf("resolve by %s refused: the refund is %s and needs nobody now", r.By, s.Status)
	case s.inbox.resolver != "":
		return "resolve by " + r.By + " came after " + s.inbox.resolver + " had decided"
	case !s.opened && r.Action != refund.ResolveRetry:
		return "resolve by " + r.By + " refused: the books could not be read, and an end could not be written; send retry"
	case s.amends && r.Action == refund.ResolveRetry:
		return "resolve by " + r.By + " refused: the refund has ended and is not tried again; send succeeded or failed"
	}
	return ""
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
	s.inbox.journal = append(s.inbox.journal, remark{text: text})
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
		said := s.inbox.journal[0]
		// The run makes the step unique when a terminated workflow was begun anew and
		// counts from one again. The time would not do: when a worker dies after the
		// line is written, the same workflow task begins again, later.
		in := activities.Line{Key: s.key(), Now: workflow.Now(ctx), Text: said.text, ApprovedBy: said.approvedBy,
			Step: fmt.Sprintf("said %d in run %s", s.inbox.remarks+1, workflow.GetInfo(ctx).WorkflowExecution.RunID)}
		if _, err := record[any](ctx, activities.Note, in); err != nil {
			stuck := &attention{reason: "the journal cannot be written", failure: failureOf(err)}
			if stuck.failure.Code == activities.TypeContradiction && s.since(versionRestored) && !s.Status.Final() {
				stuck.reason = stuck.failure.Error()
				return s.readAgain(ctx, stuck)
			}
			return stuck
		}
		s.inbox.journal = s.inbox.journal[1:]
		s.inbox.remarks++
	}
	return nil
}
