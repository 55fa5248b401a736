package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/refundflow/refundflow/refund"
)

// rows is a column of names with what belongs to each; a row without a name belongs
// to the one above.
type rows struct{ strings.Builder }

func (b *rows) add(name, format string, args ...any) {
	fmt.Fprintf(b, "%-10s  %s\n", name, fmt.Sprintf(format, args...))
}

var waitedFor = map[refund.WaitFor]string{
	refund.WaitApproval: "people to decide", refund.WaitBudget: "room in a limit", refund.WaitOrderTurn: "its order's turn",
	refund.WaitAccount: "its account to be repaired", refund.WaitBalance: "the merchant's balance", refund.WaitAnswer: "word of what was sent",
	refund.WaitResult: "the platform's result", refund.WaitPerson: "a person",
}

// waiting tells for what the refund stands still, and what a person must know: nothing
// that its sentence says already.
func waiting(v refund.View) string {
	var b rows
	if w := v.Waiting; w != nil {
		what := waitedFor[w.For]
		if what == "" {
			what = string(w.For) // of a worker that is newer than this program
		}
		b.add("waits for", "%s", what)
		if !strings.Contains(v.Sentence, w.Why) {
			b.add("", "%s", w.Why)
		}
		if !w.Until.IsZero() {
			b.add("until", "%s at the latest", w.Until.Local().Format(time.DateTime))
		}
		if !w.Due.IsZero() && w.Until.IsZero() {
			b.add("due", "%s; it goes on waiting after that", w.Due.Local().Format(time.DateTime))
		}
		if w.Approvers > 0 {
			b.add("approved", "%d of %d%s", len(w.ApprovedBy), w.Approvers, by(w.ApprovedBy))
		}
		if len(w.Accepts) > 0 {
			b.add("takes now", "%s", strings.Join(w.Accepts, ", "))
		}
	}
	if a := v.Attention; a != nil {
		if !strings.Contains(v.Sentence, a.Reason) {
			b.add("reason", "%s", a.Reason)
		}
		if a.MaySent {
			b.add("money", "it was sent or may have been: the platform may have paid")
		} else {
			b.add("money", "nothing was sent")
		}
		if a.VerificationCancelled {
			b.add("", "the order's verification is cancelled or may be, for good")
		}
		if a.LookFor != "" {
			b.add("look for", "%s", a.LookFor)
		}
		if a.Hint != "" {
			b.add("what helps", "%s", a.Hint)
		}
		name := "choices"
		for _, c := range a.Choices {
			b.add(name, "--action %-9s  %s", c.Action, c.Means)
			name = ""
		}
	}
	return b.String()
}

func by(people []string) string {
	if len(people) == 0 {
		return ""
	}
	return ", by " + strings.Join(people, ", ")
}

// actions are what can be sent with resolve, as in "retry|failed".
func actions(v refund.View) string {
	if v.Attention == nil {
		return "retry|succeeded|failed"
	}
	var all []string
	for _, c := range v.Attention.Choices {
		all = append(all, string(c.Action))
	}
	return strings.Join(all, "|")
}
