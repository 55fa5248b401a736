package matrix

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/sandbox/control"
)

// story tells a run that did not hold: how to run it again, and what happened when.
type story struct {
	play *play
	run  *refundtest.Run
}

type event struct {
	at         time.Time
	who, words string
}

// String needs no more than what there is: the run may have ended anywhere.
func (s *story) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nscenario: %s\nagain:    make matrix ARGS='-only \"%s\"'\n", s.play.scenario, s.play.scenario)
	if s.run == nil {
		return b.String()
	}
	var events []event
	add := func(at time.Time, who, format string, args ...any) {
		events = append(events, event{at, who, fmt.Sprintf(format, args...)})
	}
	ctx, w, r := context.Background(), s.play.world, s.run // the test may be over
	for _, step := range r.View.Steps {
		add(step.At, "workflow", "%s: %s", step.Status, step.Text)
	}
	journal, err := w.Ledger.Ledger.Journal(ctx, ledger.KeyOf(r.Request))
	if err != nil {
		fmt.Fprintln(&b, "the journal could not be read:", err)
	}
	for _, line := range journal {
		add(line.At, "ledger", "%s: %s", line.Step, line.Text)
	}
	calls, err := w.Platform.Calls(ctx, control.CallFilter{})
	if err != nil {
		fmt.Fprintln(&b, "the platform's calls could not be read:", err)
	}
	for _, c := range calls {
		words := fmt.Sprintf("%s %s: %s", c.Op, c.RefundNo, c.Outcome)
		if !c.Processed {
			words = c.Op + " " + c.RefundNo + ": not processed"
		}
		for _, f := range c.Faults {
			words += fmt.Sprintf(" [%s %s]", f.Kind, f.Phase)
		}
		add(c.At, "platform", "%s", words)
	}
	deliveries, err := w.Platform.Deliveries(ctx, "")
	if err != nil {
		fmt.Fprintln(&b, "the platform's messages could not be read:", err)
	}
	for _, d := range deliveries {
		add(d.At, "message", "%s, taken: %t %s", d.Kind, d.Taken, d.Problem)
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range events {
		fmt.Fprintf(&b, "  %s  %-8s  %s\n", e.at.In(refundtest.Shanghai).Format("01-02 15:04:05.000"), e.who, e.words)
	}
	fmt.Fprintf(&b, "  the receiver of messages:\n%s", s.play.post.log.String())
	for _, p := range r.Placed {
		fmt.Fprintf(&b, "  in the platform's books: %+v\n", p)
	}
	fmt.Fprintf(&b, "  outcome: %+v\n", r.Outcome)
	return b.String()
}
