package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// check compares the refund, and the platform's books and messages, with what
// must be.
func (s scenario) check(v refund.View, book merchants.Book) error {
	var bad []string
	add := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if v.Status != s.ends {
		add("ended as %s (%s), not %s", v.Status, v.Sentence, s.ends)
	}
	at := 0
	for _, step := range v.Steps {
		if at < len(s.passed) && step.Status == s.passed[at] {
			at++
		}
	}
	if at < len(s.passed) {
		add("never came to %s", s.passed[at])
	}
	if n := nights(v.Steps); n < s.nights {
		add("was sent after %d nights, not %d", n, s.nights)
	}
	platform := s.account.Platform()
	if len(book.Refunds) != s.paid {
		add("%s's books show %d refunds, not %d", platform, len(book.Refunds), s.paid)
	}
	for _, r := range book.Refunds {
		if r.Amount != int64(s.amount) || r.Status != control.Success || r.Number != v.ProviderNumber {
			add("%s's books show refund %s of %s as %s", platform, r.Number, refund.Fen(r.Amount), r.Status)
		}
	}
	for _, kind := range s.unheard(book) {
		add("no %s was taken", kind)
	}
	for _, d := range book.Deliveries {
		if !d.Taken && len(s.unheard(book)) > 0 {
			add("%s, attempt %d: %s", d.Kind, d.Attempt, d.Problem)
		}
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "; "))
	}
	return nil
}

// shanghai is the zone of the accounts' business days.
var shanghai = time.FixedZone("UTC+8", 8*60*60)

// nights are the midnights between a refund's first step and its sending, by the clock
// of its workflow.
func nights(steps []refund.Step) int {
	day := func(s refund.Step) time.Time {
		year, month, day := s.At.In(shanghai).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	for _, step := range steps {
		if step.Status == refund.StatusApplying {
			return int(day(step).Sub(day(steps[0])) / (24 * time.Hour))
		}
	}
	return 0
}
