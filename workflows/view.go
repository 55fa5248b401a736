package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
)

// shown is the zone of the times that people read; all data keeps UTC.
var shown = time.FixedZone("UTC+8", 8*60*60)

// move brings the refund to a status and says in a sentence what that means.
// It is seen at once: in the query, in the Web UI's current details (which cost
// no event), and, where an operator filters on it, in the search attributes.
func (s *saga) move(ctx workflow.Context, to refund.Status, sentence string) {
	if s.Status != to {
		s.Status, s.Since = to, workflow.Now(ctx)
	}
	s.Sentence, s.NextLook, s.Waiting, s.Attention = sentence, time.Time{}, nil, nil
	s.line(ctx, sentence)
	s.publish(ctx)
}

// waits says for what and until when the refund stands still. Another round of the
// same wait is no news.
func (s *saga) waits(ctx workflow.Context, in refund.Status, sentence string, next time.Time, what refund.Waiting) {
	if s.Status != in || s.Sentence != sentence {
		s.move(ctx, in, sentence)
	}
	s.NextLook, s.Waiting = next, &what
	s.show(ctx)
}

// accepting are the signals that mean something now; to cancel is one of them while
// there is a way back.
func (s *saga) accepting(signals ...string) []string {
	if s.Irreversible || s.amends {
		return signals
	}
	return append(signals, SignalCancel)
}

// line adds one line of history. The first is kept, and the newest ones.
func (s *saga) line(ctx workflow.Context, text string) {
	if len(s.Steps) == refund.MaxSteps {
		s.Steps = slices.Delete(s.Steps, 1, 2)
	}
	s.Steps = append(s.Steps, refund.Step{At: workflow.Now(ctx), Status: s.Status, Text: text})
	s.show(ctx)
}

// filtered are the statuses an operator filters on.
var filtered = []refund.Status{
	refund.StatusAwaitingApproval, refund.StatusAwaitingBudget, refund.StatusInDoubt, refund.StatusNeedsAttention,
	refund.StatusSucceeded, refund.StatusFailed, refund.StatusRejected, refund.StatusCancelled,
}

// publish writes the search attributes. Each write costs an event and a
// billable action, so a refund that takes the quiet path is written once, at
// its end; one that stood in a filtered status is also written when it leaves
// it, and when it comes to processing.
func (s *saga) publish(ctx workflow.Context) {
	left := slices.Contains(filtered, s.published) ||
		s.published != refund.StatusReceived && s.Status == refund.StatusProcessing
	if s.Status == s.published || !left && !slices.Contains(filtered, s.Status) {
		return
	}
	s.published = s.Status
	updates := []temporal.SearchAttributeUpdate{AttributeStatus.ValueSet(string(s.Status))}
	if s.Provider != "" {
		updates = append(updates, AttributeProvider.ValueSet(s.Provider))
	}
	// A caller in another language may have started without them.
	if _, set := workflow.GetTypedSearchAttributes(ctx).GetKeyword(AttributeAccount); !set {
		updates = append(updates, AttributeAccount.ValueSet(s.Request.Account),
			AttributeOrder.ValueSet(OrderOf(s.Request)), AttributeAmount.ValueSet(int64(s.Request.Amount)))
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes not written", "error", err)
	}
}

// whileAsking are the signals that mean something while the platform is asked: a person
// who was needed before may still resolve it.
func (s *saga) whileAsking(signals ...string) []string {
	if s.attended != nil {
		return append(signals, SignalResolve)
	}
	return signals
}

// show renders the current details of the Web UI: where the refund stands, for
// what it waits, what a person can do, and how it came there.
func (s *saga) show(ctx workflow.Context) {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** — %s\n\n", s.Status, cell(s.Sentence))
	if !s.NextLook.IsZero() {
		fmt.Fprintf(&b, "Looks again by itself at %s.\n\n", clock(s.NextLook))
	}
	if w := s.Waiting; w != nil && !w.Until.IsZero() && !w.Until.Equal(s.NextLook) {
		fmt.Fprintf(&b, "Waits until %s at the latest.\n\n", clock(w.Until))
	}
	if w := s.Waiting; w != nil && !w.Due.IsZero() && w.Until.IsZero() {
		fmt.Fprintf(&b, "A decision is due by %s.\n\n", clock(w.Due))
	}
	if s.Failure != nil && s.Failure.Hint != "" && !s.Status.Final() {
		fmt.Fprintf(&b, "What helps: %s.\n\n", cell(s.Failure.Hint))
	}
	s.showAttention(&b)
	b.WriteString("| when | status | what |\n|---|---|---|\n")
	for _, step := range s.Steps {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", clock(step.At), step.Status, cell(step.Text))
	}
	workflow.SetCurrentDetails(ctx, b.String())
}

// showAttention is what a person needs to resolve it, with what to type.
func (s *saga) showAttention(b *strings.Builder) {
	a := s.Attention
	if a == nil {
		return
	}
	if a.LookFor != "" {
		fmt.Fprintf(b, "Look in the platform's console for %s.\n\n", cell(a.LookFor))
	}
	b.WriteString("| resolve with | which |\n|---|---|\n")
	for _, c := range a.Choices {
		evidence := ""
		if c.Action != refund.ResolveRetry {
			evidence = `,"evidence":"how it is known"`
		}
		fmt.Fprintf(b, "| `{\"action\":\"%s\",\"by\":\"who\"%s}` | %s |\n", c.Action, evidence, cell(c.Means))
	}
	b.WriteString("\n")
}

func clock(t time.Time) string { return t.In(shown).Format("2006-01-02 15:04:05 MST") }

// cell keeps a text that a person or a platform wrote inside its table cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "`", "'").Replace(s)
}
