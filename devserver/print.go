package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
)

// width of everything printed, in characters: that of the narrowest terminal.
const width = 80

func (w *world) greet(noWorker bool) {
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "refundflow, everything on this machine:\n\n")
	fmt.Fprintf(t, "  Temporal\t%s\n", w.server.Address())
	fmt.Fprintf(t, "  Web UI\t%s\n", w.server.UIURL())
	fmt.Fprintf(t, "  Baidu\t%s\ta stand-in; its clock is moved on\n", w.baidu.server.URL())
	fmt.Fprintf(t, "  others\t%s\ta stand-in: WeChat, xlife, Shengpay\n", w.punctual.server.URL())
	fmt.Fprintf(t, "  callbacks\t%s\tthe worker takes their messages\n", "http://"+w.callbacks)
	t.Flush()
	if noWorker {
		fmt.Fprintf(w.out, "  worker     yours to start: go run ./worker --config %s\n\n", w.configFile())
	} else {
		fmt.Fprintf(w.out, "  worker     %s\n\n", w.configFile())
	}
}

func mark(err error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}

func (w *world) printCourse(c *course) {
	head := fmt.Sprintf("  %s %-8s  %-8s  ", mark(c.err), c.name, c.account.Platform())
	fmt.Fprintln(w.out, hang(head, c.what))
	longest := len("callbacks")
	for _, step := range c.view.Steps {
		longest = max(longest, len(step.Status))
	}
	line := func(when, what, text string) {
		fmt.Fprintln(w.out, hang(fmt.Sprintf("    %8s  %-*s  ", when, longest, what), text))
	}
	var begun time.Time
	for i, step := range c.view.Steps {
		if i == 0 {
			begun = step.At
		}
		line(since(begun, step.At), string(step.Status), step.Text)
	}
	line("", "callbacks", c.callbacks())
	for _, s := range c.talk {
		line("", s.who, s.text)
	}
	if c.err != nil {
		fmt.Fprintln(w.out, hang("    ", c.err.Error()))
	}
	fmt.Fprintln(w.out)
}

// hang puts the text behind the head, wrapped between words, so that it hangs
// there in a column.
func hang(head, text string) string {
	indent := columns(head)
	var b strings.Builder
	b.WriteString(head)
	column := indent
	for i, word := range strings.Fields(text) {
		length := columns(word)
		switch {
		case i == 0:
		case column+1+length > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += length
	}
	return b.String()
}

// columns is how wide a text is in a terminal, where Chinese characters take two.
func columns(text string) (n int) {
	for _, r := range text {
		if n++; r >= '\u2e80' {
			n++
		}
	}
	return n
}

func since(begun, at time.Time) string {
	d := at.Sub(begun)
	if d > time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}

// callbacks says which of the platform's messages were taken.
func (c *course) callbacks() string {
	silent := "none"
	if why := c.account.silent; why != "" {
		silent += ": " + why
	}
	return cmp.Or(strings.Join(c.book.Taken(), ", "), silent)
}

func (w *world) printTable(courses []*course, ok bool) {
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  REFUND\tPLATFORM\tAMOUNT\tENDED AS\tITS BOOKS\tCALLBACKS")
	for _, c := range courses {
		fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\t%s\t%s\n", mark(c.err), c.name, c.account.Platform(), c.amount,
			cmp.Or(string(c.view.Status), "?"), booked(c.book), c.callbacks())
	}
	t.Flush()
	if ok {
		fmt.Fprintln(w.out, "\nEvery refund ended as it should, the platforms' books agree, and the callbacks\nthat must come were taken.")
	} else {
		fmt.Fprintln(w.out, "\nNot every refund ended as it should: see above.")
	}
}

func booked(b merchants.Book) string {
	var sum int64
	for _, r := range b.Refunds {
		sum += r.Amount
	}
	if len(b.Refunds) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d × %s", len(b.Refunds), refund.Fen(sum/int64(len(b.Refunds))))
}
