package account

import (
	"fmt"
	"time"
)

// LongestTimeout of one exchange, since two must fit into one attempt of a step.
const LongestTimeout = 10 * time.Second

// MaxPolls bounds the pauses of a schedule, which is written down with every refund.
const MaxPolls = 128

// Times are the settings of time that every account has; what is not set is 0 or
// nil.
type Times struct {
	Timeout         time.Duration
	Poll            []time.Duration
	PollFor         time.Duration
	AbsenceInterval time.Duration
}

// Check adds what is wrong with the times to bad.
func (t Times) Check(bad *Mistakes) {
	if t.Timeout < 0 || t.Timeout > LongestTimeout {
		bad.Add("timeout", "want more than 0 and at most %s, such as 8s, got %s", LongestTimeout, t.Timeout)
	}
	if t.AbsenceInterval < 0 {
		bad.Add("absence_interval", "want a pause such as 30s, got %s", t.AbsenceInterval)
	}
	if t.PollFor < 0 {
		bad.Add("poll_for", "want a duration such as 360h, got %s", t.PollFor)
	}
	if t.Poll != nil && (len(t.Poll) == 0 || len(t.Poll) > MaxPolls) {
		bad.Add("poll", "want 1 to %d pauses such as [10s, 1m], got %d", MaxPolls, len(t.Poll))
	}
	for i, pause := range t.Poll {
		if pause <= 0 {
			bad.Add(fmt.Sprintf("poll[%d]", i), "want a pause greater than 0, got %s", pause)
		}
	}
}
