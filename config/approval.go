package config

import (
	"slices"
	"time"

	"github.com/refundflow/refundflow/refund"
)

// Approval says which refunds a person must approve. Left out, nobody is asked.
type Approval struct {
	// Always asks for every refund.
	Always bool `yaml:"always"`
	// Above this many fen; 0 asks for all; left out asks for none. TwiceAbove asks two
	// different people, and is not less than Above.
	Above      *refund.Fen `yaml:"above"`
	TwiceAbove *refund.Fen `yaml:"twice_above"`
	// Initiators: refunds on their behalf are asked for, whatever their amount.
	Initiators []refund.Initiator `yaml:"initiators"`
	// RemindEvery is the pause between reminders, at least [ShortestReminder]; 0 means
	// none. Default 24h, and none where the deadline is sooner.
	RemindEvery *time.Duration `yaml:"remind_every"`
	// Deadline is how long a decision may take; 0 means for ever. Default 168h.
	Deadline *time.Duration `yaml:"deadline"`
	// AtDeadline is stay or reject; default stay.
	AtDeadline refund.AtDeadline `yaml:"at_deadline"`
	// DecisionKeyFiles hold the secrets with which decisions may be signed; with any of
	// them, unsigned ones are not taken. Several let keys be replaced.
	DecisionKeyFiles []string `yaml:"decision_key_files"`
}

// ShortestReminder keeps a refund that waits for a long time from filling its
// history, which is bounded, with reminders.
const ShortestReminder = 10 * time.Minute

const (
	defaultReminder = 24 * time.Hour
	defaultDeadline = 7 * 24 * time.Hour
)

func (a *Approval) defaults() {
	if a.Deadline == nil {
		a.Deadline = new(defaultDeadline)
	}
	if a.RemindEvery == nil {
		a.RemindEvery = new(defaultReminder)
		if *a.Deadline > 0 && *a.Deadline < defaultReminder {
			*a.RemindEvery = 0
		}
	}
	if a.AtDeadline == "" {
		a.AtDeadline = refund.DeadlineStay
	}
}

func (a Approval) check(add func(format string, args ...any)) {
	if a.Above != nil && a.TwiceAbove != nil && *a.TwiceAbove < *a.Above {
		add(".approval.twice_above: want at least the %d fen of approval.above, got %d: what two must approve, one must first",
			int64(*a.Above), int64(*a.TwiceAbove))
	}
	for i, who := range a.Initiators {
		switch who {
		case refund.InitiatorUser, refund.InitiatorSupport, refund.InitiatorSystem:
			if slices.Contains(a.Initiators[:i], who) {
				add(".approval.initiators[%d]: %s is named twice: remove one", i, who)
			}
		default:
			add(".approval.initiators[%d]: want user, support or system, got %d characters", i, len(who))
		}
	}
	a.checkTimes(add)
	if a.DecisionKeyFiles != nil && len(a.DecisionKeyFiles) == 0 {
		add(".approval.decision_key_files: want at least one file; leave the setting out to take decisions that nobody signed")
	}
	for i, file := range a.DecisionKeyFiles {
		if file == "" || slices.Contains(a.DecisionKeyFiles[:i], file) {
			add(".approval.decision_key_files[%d]: want the name of another file", i)
		}
	}
}

func (a Approval) checkTimes(add func(format string, args ...any)) {
	remind, deadline := *a.RemindEvery, *a.Deadline
	if remind != 0 && remind < ShortestReminder {
		add(".approval.remind_every: want at least %s, or 0s for no reminders, got %s", ShortestReminder, remind)
	}
	switch {
	case deadline < 0:
		add(".approval.deadline: want a time such as 168h, or 0s for none, got %s", deadline)
	case deadline > 0 && remind > deadline:
		add(".approval.deadline: want at least the %s of approval.remind_every, or 0s for none, got %s", remind, deadline)
	}
	switch a.AtDeadline {
	case refund.DeadlineStay:
	case refund.DeadlineReject:
		if deadline == 0 {
			add(".approval.at_deadline: nothing can be rejected at a deadline of 0s: give approval.deadline a time, or stay")
		}
	default:
		add(".approval.at_deadline: want stay or reject, got %d characters", len(a.AtDeadline))
	}
}

// Policy is the approval as refunds want it.
func (a Approval) Policy() refund.ApprovalPolicy {
	return refund.ApprovalPolicy{
		Always: a.Always, Above: a.Above, TwiceAbove: a.TwiceAbove, Initiators: a.Initiators,
		RemindEvery: *a.RemindEvery, Deadline: *a.Deadline, AtDeadline: a.AtDeadline, Signed: len(a.DecisionKeyFiles) > 0,
	}
}
