package refund

import (
	"strings"
	"time"
)

// Class says what a provider's refusal or silence means for the saga. It is a
// closed set: each provider's code table maps onto it, and one table in the
// workflow says what follows.
type Class string

// The classes of failure.
const (
	// ClassTransient: certainly not processed; the same request may succeed.
	ClassTransient Class = "transient"
	// ClassThrottled: certainly not processed; repeat after a delay.
	ClassThrottled Class = "throttled"
	// ClassAmbiguous: it may have happened. Ask, adopt, or repeat identically.
	ClassAmbiguous Class = "ambiguous"
	// ClassInsufficientFunds: the merchant's balance is too low for now.
	ClassInsufficientFunds Class = "insufficient_funds"
	// ClassRejected: refused for good; no money moved.
	ClassRejected Class = "rejected"
	// ClassMisconfigured: keys, permissions or parameters are wrong. Never loop.
	ClassMisconfigured Class = "misconfigured"
	// ClassNeedsHuman: only a person can say what it means.
	ClassNeedsHuman Class = "needs_human"
)

// Classes lists all of them.
var Classes = []Class{
	ClassTransient, ClassThrottled, ClassAmbiguous, ClassInsufficientFunds,
	ClassRejected, ClassMisconfigured, ClassNeedsHuman,
}

// CodeTimeout is the Code of a failure for which no complete answer came in time.
const CodeTimeout = "timeout"

// Failure is a provider's refusal or silence, translated once, at that
// provider's edge. It is an error; find it with errors.As.
type Failure struct { //nolint:errname // the field's own word for it
	Class Class `json:"class"`
	// Op is the operation in the platform's own words, such as "applyOrderRefund".
	Op string `json:"op"`
	// Code is the platform's code, or "http 502", "timeout", "unreadable" ...
	Code string `json:"code"`
	// Message is the platform's text, cleaned by [CleanText].
	Message string `json:"message,omitempty"`
	// Hint tells a person what to do about it.
	Hint string `json:"hint,omitempty"`
	// RetryAfter is the provider's own wish for a pause, 0 when it has none.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Recheck means: not processed, because the order is not in the state it was
	// believed to be in. Look at the order again before the next attempt.
	Recheck bool `json:"recheck,omitempty"`
	// RequestOnly says of a misconfiguration that it lies in this refund's own
	// content: the account's other refunds are not concerned.
	RequestOnly bool `json:"request_only,omitempty"`
	// Doubtful says that Class is what it looks like, but not the platform's own
	// word: somebody in between has answered, and the request may have been
	// processed all the same.
	Doubtful bool `json:"doubtful,omitempty"`
}

// MayHaveHappened reports whether what was asked for may have been done. Then
// nothing is sent again before the platform was asked, and nobody can cancel.
func (f *Failure) MayHaveHappened() bool {
	return f.Doubtful || f.Class == ClassAmbiguous || f.Class == ClassNeedsHuman
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(f.Op + ": " + string(f.Class) + ", code " + f.Code)
	if f.Message != "" {
		b.WriteString(", “" + f.Message + "”")
	}
	if f.Hint != "" {
		b.WriteString(": " + f.Hint)
	}
	return b.String()
}

// CleanText makes a provider's text safe to store and show: control characters
// become spaces, and what is longer than 120 characters is cut.
func CleanText(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == ' ' }), " ")
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}
