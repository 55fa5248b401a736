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

func (c *cli) printSubmitted(r refund.Request, s client.Submitted) error {
	if c.output == "json" {
		return c.printJSON(s)
	}
	if err := c.printStarted(r, s.Started); err != nil {
		return err
	}
	return c.printAnswer(r.Account, r.ID, s.Answer)
}

func (c *cli) printAnswer(account, id string, a refund.Answer) error {
	if c.output == "json" {
		return c.printJSON(a)
	}
	_, err := fmt.Fprintf(c.out, "%s/%s %s: %s\n", account, id, a.Status, a.Sentence)
	return err
}

// printLeft tells of a signal, which nobody has answered.
func (c *cli) printLeft(account, id, signal string) error {
	if c.output == "json" {
		return c.printJSON(map[string]string{"signal": signal})
	}
	_, err := fmt.Fprintf(c.out, "%s/%s: %s is left for the worker; its answer will be a line of: starter status %s/%s\n", account, id, signal, account, id)
	return err
}

func (c *cli) printTold(names []string) error {
	if c.output == "json" {
		return c.printJSON(names)
	}
	_, err := fmt.Fprintf(c.out, "refunds told to look again: %d\n", len(names))
	for _, name := range names {
		if err == nil {
			_, err = fmt.Fprintln(c.out, "  "+name)
		}
	}
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

// printNewWait tells for what the refund stands still, and to a person what it needs to
// know, once for each wait.
func (c *cli) printNewWait(before, after refund.View) error {
	text := waiting(after)
	if c.output == "json" || text == "" || text == waiting(before) {
		return nil // a program reads it with: starter status
	}
	for row := range strings.Lines(text) {
		if _, err := fmt.Fprint(c.out, "          "+row); err != nil {
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
		_, err := fmt.Fprintf(c.out, "\n%s needs attention. Decide with: starter resolve %s --action %s\n", name, name, actions(v))
		return err
	}
	_, err := fmt.Fprintf(c.out, "\n%s %s: %s\n", name, v.Status, v.Sentence)
	return err
}

func (c *cli) printView(v refund.View) error {
	if c.output == "json" {
		return c.printJSON(v)
	}
	var b rows
	r := v.Request
	b.add("refund", "%s/%s", r.Account, r.ID)
	b.add("status", "%s since %s", v.Status, v.Since.Local().Format(time.DateTime))
	b.add("", "%s", v.Sentence)
	if !v.NextLook.IsZero() {
		b.add("next look", "%s", v.NextLook.Local().Format(time.DateTime))
	}
	b.WriteString(waiting(v))
	if v.Failure != nil {
		b.add("last said", "%s", v.Failure)
	}
	b.add("amount", "%s of %s, given back %s", r.Amount, r.Order.Total, v.Refunded)
	b.add("order", "platform %s, merchant %s", orDash(r.Order.PlatformID), orDash(r.Order.MerchantID))
	b.add("number", "%s, the platform's %s", orDash(v.ProviderNumber), orDash(v.PlatformRefundID))
	b.add("asked by", "%s (%s): %s", r.RequestedBy, r.Initiator, r.Reason)
	if v.Irreversible && !v.Status.Final() {
		b.add("", "the point of no return has passed: it can no longer be cancelled")
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
