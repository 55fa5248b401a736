package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
)

func (c *cli) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (c *cli) printStarted(r refund.Request, s client.Started) error {
	if c.output == "json" {
		return c.printJSON(s)
	}
	what := "started"
	if s.Existing {
		what = "was started before"
	}
	_, err := fmt.Fprintf(c.out, "%s/%s %s: %s of %s\n", r.Account, r.ID, what, r.Amount, r.Order.Total)
	return err
}

// newSteps is what has happened since the earlier view.
func newSteps(before, after refund.View) []refund.Step {
	seen := map[refund.Step]bool{}
	for _, step := range before.Steps {
		seen[step] = true
	}
	return slices.DeleteFunc(slices.Clone(after.Steps), func(step refund.Step) bool { return seen[step] })
}

func (c *cli) printNewSteps(before, after refund.View) error {
	for _, step := range newSteps(before, after) {
		if c.output == "json" {
			if err := json.NewEncoder(c.out).Encode(step); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintln(c.out, line(step)); err != nil {
			return err
		}
	}
	return nil
}

func line(s refund.Step) string {
	return fmt.Sprintf("%s  %-23s  %s", s.At.Local().Format("15:04:05"), s.Status, s.Text)
}

// printEnd tells the outcome, or that a person is needed.
func (c *cli) printEnd(v refund.View) error {
	if c.output == "json" {
		if v.Outcome != nil {
			return c.printJSON(v.Outcome)
		}
		return c.printJSON(v)
	}
	name := v.Request.Account + "/" + v.Request.ID
	if v.Status == refund.StatusNeedsAttention {
		_, err := fmt.Fprintf(c.out, "\n%s needs attention. Decide with: starter resolve %s --action retry|succeeded|failed\n%s", name, name, help(v))
		return err
	}
	_, err := fmt.Fprintf(c.out, "\n%s %s: %s\n", name, v.Status, v.Sentence)
	return err
}

func help(v refund.View) string {
	if v.Failure == nil || v.Failure.Hint == "" {
		return ""
	}
	return "What helps: " + v.Failure.Hint + ".\n"
}

func (c *cli) printView(v refund.View) error {
	if c.output == "json" {
		return c.printJSON(v)
	}
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s  %s\n", name, fmt.Sprintf(format, args...))
	}
	r := v.Request
	row("refund", "%s/%s", r.Account, r.ID)
	row("status", "%s since %s", v.Status, v.Since.Local().Format(time.DateTime))
	row("", "%s", v.Sentence)
	if !v.NextLook.IsZero() {
		row("next look", "%s", v.NextLook.Local().Format(time.DateTime))
	}
	if v.Failure != nil {
		row("last said", "%s", v.Failure)
	}
	row("amount", "%s of %s, given back %s", r.Amount, r.Order.Total, v.Refunded)
	row("order", "platform %s, merchant %s", orDash(r.Order.PlatformID), orDash(r.Order.MerchantID))
	row("number", "%s, the platform's %s", orDash(v.ProviderNumber), orDash(v.PlatformRefundID))
	row("asked by", "%s (%s): %s", r.RequestedBy, r.Initiator, r.Reason)
	if v.Irreversible && !v.Status.Final() {
		row("", "the point of no return has passed: it can no longer be cancelled")
	}
	b.WriteString("history\n")
	for _, s := range v.Steps {
		b.WriteString("  " + line(s) + "\n")
	}
	_, err := fmt.Fprint(c.out, b.String())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
