package client

import (
	"fmt"
	"strings"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// summary is the line that lists of the Web UI show: at most some 100 bytes, of the
// 400 that the server takes.
func summary(r refund.Request) string {
	return fmt.Sprintf("%s for order %s", r.Amount, workflows.OrderOf(r))
}

// details is the part of a refund that never changes, a table for the Web UI. What is
// in it is bounded by the request's own limits, far below the 20 000 bytes that the
// server takes.
func details(r refund.Request) string {
	share := "in part"
	if r.Full() {
		share = "in full"
	}
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", name, cell(value))
		}
	}
	row("refund", r.ID)
	row("account", r.Account)
	row("amount", fmt.Sprintf("%s of %s, %s", r.Amount, r.Order.Total, share))
	row("platform's order", r.Order.PlatformID)
	row("merchant's order", r.Order.MerchantID)
	row("initiated by", string(r.Initiator))
	row("requested by", r.RequestedBy)
	row("reason", r.Reason)
	return b.String()
}

// cell keeps what somebody wrote inside its cell, and as they wrote it: each character
// that Markdown or HTML could take for its own is escaped.
func cell(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '<':
			b.WriteString("&lt;")
			continue
		case c == '&':
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*_[]()#|~!>", c):
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
