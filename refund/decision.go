package refund

import (
	"encoding/json"
	"fmt"
)

// Decision is the payload of the signals approve, reject and cancel. People
// type it by hand in the Temporal Web UI: {"by":"finance-2","note":"..."}.
type Decision struct {
	// By names who decides, 1 to 64 characters.
	By string `json:"by"`
	// Note says why, at most 500 characters.
	Note string `json:"note,omitempty"`
}

// UnmarshalJSON is strict, as for [Request]: a misspelt field is named.
func (d *Decision) UnmarshalJSON(data []byte) error {
	*d = Decision{}
	return strictly(data, map[string]field{"by": text(&d.By), "note": text(&d.Note)})
}

// Validate names everything that is wrong with the decision.
func (d Decision) Validate() error {
	var bad InvalidError
	bad.text("by", d.By, 64)
	bad.note("note", d.Note)
	return bad.OrNil()
}

// Resolution is the payload of the signal resolve, which ends or repeats a
// refund that needs attention.
type Resolution struct {
	Action ResolveAction `json:"action"`
	// By names who decides, 1 to 64 characters.
	By string `json:"by"`
	// Note says why, at most 500 characters.
	Note string `json:"note,omitempty"`
	// Evidence says how it is known: a receipt number, a screenshot's address.
	// Required for succeeded and failed, since both close the books by hand.
	Evidence string `json:"evidence,omitempty"`
}

// ResolveAction is what a person decides about a refund that needs attention.
type ResolveAction string

// The ways to resolve a refund.
const (
	// ResolveRetry: the cause is repaired, go on from the check of the order.
	ResolveRetry ResolveAction = "retry"
	// ResolveSucceeded: the money is known to be back; book it.
	ResolveSucceeded ResolveAction = "succeeded"
	// ResolveFailed: no money moved and none will; close it.
	ResolveFailed ResolveAction = "failed"
)

// UnmarshalJSON is strict, as for [Request].
func (r *Resolution) UnmarshalJSON(data []byte) error {
	*r = Resolution{}
	return strictly(data, map[string]field{
		"action": text(&r.Action), "by": text(&r.By), "note": text(&r.Note), "evidence": text(&r.Evidence),
	})
}

// Validate names everything that is wrong with the resolution.
func (r Resolution) Validate() error {
	var bad InvalidError
	switch r.Action {
	case ResolveRetry:
	case ResolveSucceeded, ResolveFailed:
		if r.Evidence == "" {
			bad.Add("evidence", "want how it is known, such as the platform's receipt number: %q closes the books by hand", string(r.Action))
		}
	default:
		bad.Add("action", `want "retry", "succeeded" or "failed", got %s`, shape(string(r.Action)))
	}
	bad.text("by", r.By, 64)
	bad.note("note", r.Note)
	bad.note("evidence", r.Evidence)
	return bad.OrNil()
}

// Parse decodes and validates a payload typed by a person; T is [Decision] or
// [Resolution].
func Parse[T interface{ Validate() error }](data []byte) (T, error) {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("cannot be read: %w", err)
	}
	return v, v.Validate()
}

func (e *InvalidError) note(field, value string) {
	if n := len([]rune(value)); n > 500 {
		e.Add(field, "want at most 500 characters, got %d", n)
	}
}
