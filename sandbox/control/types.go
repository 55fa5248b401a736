package control

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration that travels as text: "1.5s", "24h". A bare number is refused, since nobody could tell its unit.
type Duration time.Duration

// Std is the standard library's duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// MarshalJSON writes the duration as Go prints it.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads what time.ParseDuration reads; negative durations are refused.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("a duration is text such as \"90s\" or \"24h\", not %s", b)
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("a duration is text such as \"90s\" or \"24h\": %w", err)
	}
	if v < 0 {
		return fmt.Errorf("duration %q is negative; the sandbox never goes back in time", text)
	}
	*d = Duration(v)
	return nil
}

// FaultKind says what the caller of the platform gets to see instead of the plain answer.
type FaultKind string

const (
	FaultDisconnect FaultKind = "disconnect" // the connection closes without an answer
	FaultStatus     FaultKind = "status"     // an HTTP status of choice, with Retry-After and body if given
	FaultAnswer     FaultKind = "answer"     // a well-formed answer with the code of choice, or a verbatim body
	FaultHTML       FaultKind = "html"       // 200 with a gateway's HTML page
	FaultTruncated  FaultKind = "truncated"  // the connection closes in the middle of the body
	FaultEmpty      FaultKind = "empty"      // 200 without a body
	FaultHuge       FaultKind = "huge"       // more than 4 MiB of valid JSON, streamed
	FaultNoErrno    FaultKind = "no_errno"   // the answer without its result code, in Baidu's word
	FaultNoCode     FaultKind = "no_code"    // the same on every platform
	FaultTampered   FaultKind = "tampered"   // phase after: the answer with one digit of an amount changed behind its signature
	FaultDoubled    FaultKind = "doubled"    // phase after: the answer twice in one body
	FaultTwice      FaultKind = "twice"      // phase after: the platform gets the request twice, and the second answer is seen
	FaultDelay      FaultKind = "delay"      // wait, then go on (also with the next fault)
	FaultDrop       FaultKind = "drop"       // op notify: the message is not sent, neither now nor later
	FaultDuplicate  FaultKind = "duplicate"  // op notify: the message is sent twice at once
)

// OpNotify is the operation name of every message from a platform to a merchant, for faults: drop, duplicate, and delay,
// which puts the attempt off by sandbox time. Each attempt counts.
const OpNotify = "notify"

// FaultPhase says whether the platform has done the work when the fault strikes.
type FaultPhase string

const (
	Before FaultPhase = "before" // nothing has happened in the books
	After  FaultPhase = "after"  // the books have changed, only the answer is lost or spoiled
)

// Fault is one planned misfortune. Every matching call is counted from the moment the fault is added; the fault is due
// from the Nth such call on and strikes Times times. One call suffers at most one fault beside delays: when several are due, the
// earliest added strikes and the others wait for the next call. So three faults with Nth 1 hit three calls in a row.
type Fault struct {
	ID         int64           `json:"id,omitempty"`          // given by the sandbox
	Platform   string          `json:"platform,omitempty"`    // "baidu" and so on; empty matches all
	Op         string          `json:"op"`                    // the platform's own operation name, "*" for all of them, or OpNotify
	OrderID    string          `json:"order_id,omitempty"`    // platform's or merchant's order id; empty matches all
	Nth        int             `json:"nth,omitempty"`         // 1 (or 0) = the next matching call
	Times      int             `json:"times,omitempty"`       // 0 or absent = once, -1 = for ever
	Phase      FaultPhase      `json:"phase,omitempty"`       // default before
	Kind       FaultKind       `json:"kind"`                  //
	Delay      Duration        `json:"delay,omitempty"`       // kind delay
	Status     int             `json:"status,omitempty"`      // kind status: 200..599
	RetryAfter Duration        `json:"retry_after,omitempty"` // kind status: whole seconds, sent as Retry-After
	Body       string          `json:"body,omitempty"`        // kinds status and answer: sent verbatim
	Code       string          `json:"code,omitempty"`        // kind answer: the platform's own code, where codes are text; Msg is its text
	Errno      *int64          `json:"errno,omitempty"`       // kind answer: business code
	ErrorCode  *int64          `json:"error_code,omitempty"`  // kind answer: gateway code, an answer without errno
	Msg        string          `json:"msg,omitempty"`         // kind answer
	Data       json.RawMessage `json:"data,omitempty"`        // kind answer: default []
	Seen       int             `json:"seen"`                  // matching calls so far (output)
	Used       int             `json:"used"`                  // times struck (output)
}

// LetterUnderWay is a message to a merchant that is not taken yet.
type LetterUnderWay struct {
	Platform string    `json:"platform"`
	Kind     string    `json:"kind"`
	OrderID  string    `json:"order_id,omitempty"`
	Attempts int       `json:"attempts"` // made so far
	Due      time.Time `json:"due"`      // of the next one, sandbox clock
	OnTheWay bool      `json:"on_the_way"`
}

// AppliedFault is the trace a fault leaves in the call log.
type AppliedFault struct {
	ID    int64      `json:"id"`
	Kind  FaultKind  `json:"kind"`
	Phase FaultPhase `json:"phase"`
}

// Call is one request to a platform as the sandbox saw it. It never holds a signature, token or secret.
type Call struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"` // sandbox clock
	Platform  string    `json:"platform"`
	Op        string    `json:"op"`
	Transport string    `json:"transport,omitempty"` // which of the platform's doors was used
	OrderID   string    `json:"order_id,omitempty"`
	TpOrderID string    `json:"tp_order_id,omitempty"`
	RefundNo  string    `json:"refund_no,omitempty"` // the merchant's refund number
	Amount    int64     `json:"amount,omitempty"`    // fen, as asked for; 0 = not sent
	// Content is a short digest of the business content: two calls with the same digest said the same thing.
	Content string `json:"content,omitempty"`
	// Processed tells whether the platform worked on the call; false when a fault struck before.
	Processed bool `json:"processed"`
	// Outcome is what the platform decided ("0 success", "10002 ..."), even if the caller never got to see it.
	Outcome string         `json:"outcome,omitempty"`
	Faults  []AppliedFault `json:"faults,omitempty"`
}

// CallFilter narrows the call log; zero fields match all.
type CallFilter struct {
	Op       string
	OrderID  string // platform's or merchant's order id
	RefundNo string
	After    int64 // only calls with a greater Seq
}

// Clock is the sandbox's time: real time plus an offset that only grows.
type Clock struct {
	Now    time.Time `json:"now"` // Asia/Shanghai
	Offset Duration  `json:"offset"`
}

// Advance moves the clock: by a duration, or to just after the next midnight in Asia/Shanghai. Exactly one is given.
type Advance struct {
	By      Duration `json:"by,omitempty"`
	NextDay bool     `json:"next_day,omitempty"`
}

// TLS is the sandbox's TLS door.
type TLS struct {
	URL   string `json:"url"`    // https://127.0.0.1:9301
	CAPEM string `json:"ca_pem"` // the certificate to trust, made at run time
}
