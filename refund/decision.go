package refund

import (
	"encoding/json"
	"fmt"
)

// Decision is the payload of the signals approve, reject and cancel, and of the
// update cancel. People type it by hand in the Temporal Web UI:
// {"by":"finance-2","note":"..."}.
type Decision struct {
	// By names who decides, 1 to 64 characters.
	By string `json:"by"`
	// Note says why, at most 500 characters.
	Note string `json:"note,omitempty"`
	Seal
}

// UnmarshalJSON is strict, as for [Request]: a misspelt field is named.
func (d *Decision) UnmarshalJSON(data []byte) error {
	*d = Decision{}
	return strictly(data, d.fields())
}

func (d *Decision) fields() map[string]field {
	return map[string]field{
		"by": text(&d.By), "note": text(&d.Note), "expires": moment(&d.Expires), "signature": text(&d.Signature),
	}
}

// Validate names everything that is wrong with the decision.
func (d Decision) Validate() error {
	var bad InvalidError
	d.validate(&bad)
	return bad.OrNil()
}

func (d Decision) validate(bad *InvalidError) {
	bad.text("by", d.By, 64)
	bad.note("note", d.Note)
	d.Seal.validate(bad)
}

// Verdict is the payload of the update decide: a [Decision] that says which.
type Verdict struct {
	Verb Verb `json:"decision"`
	Decision
}

// Verb is what somebody decides.
type Verb string

// The decisions about a refund that waits for approval.
const (
	VerbApprove Verb = "approve"
	VerbReject  Verb = "reject"
)

// UnmarshalJSON is strict, as for [Request].
func (v *Verdict) UnmarshalJSON(data []byte) error {
	*v = Verdict{}
	fields := v.fields()
	fields["decision"] = text(&v.Verb)
	return strictly(data, fields)
}

// Validate names everything that is wrong with the verdict.
func (v Verdict) Validate() error {
	var bad InvalidError
	if v.Verb != VerbApprove && v.Verb != VerbReject {
		bad.Add("decision", `want "approve" or "reject", got %s`, shape(string(v.Verb)))
	}
	v.validate(&bad)
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
	Seal
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
		"expires": moment(&r.Expires), "signature": text(&r.Signature),
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
	r.Seal.validate(&bad)
	return bad.OrNil()
}

// Parse decodes and validates a payload typed by a person; T is [Decision],
// [Verdict] or [Resolution].
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
