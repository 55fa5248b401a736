package wechat

import (
	"errors"
	"time"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// What WeChat permits one merchant a second (§13): refunds, and requests that it
// finds invalid.
const (
	requestsPerSecond = 150
	invalidPerSecond  = 6
)

// lane keeps one merchant number within both limits. Answers that find fault with
// the request count against the second, since more of them than WeChat bears
// shut all refunds of the merchant out for a minute.
type lane struct{ requests, invalid *wire.Lane }

// Accounts of one merchant number share its lanes.
var (
	requestLanes = wire.NewLanes(requestsPerSecond)
	invalidLanes = wire.NewLanes(invalidPerSecond)
)

func laneOf(merchant string) *lane {
	return &lane{requests: requestLanes.Of(merchant), invalid: invalidLanes.Of(merchant)}
}

// enter is nil when a request may be sent now; else it certainly was not.
func (l *lane) enter(o op, now time.Time) error {
	pause := l.requests.Enter(now)
	if pause == 0 {
		return nil
	}
	return fail(o, refund.Failure{Class: refund.ClassThrottled, Code: "lane", RetryAfter: pause,
		Hint: "nothing was sent: this merchant's limit at WeChat is used up for the moment"})
}

// heed listens to an answer: silence for as long as WeChat asked for it, and for
// a second once it was asked too many wrong things.
func (l *lane) heed(err error, now time.Time) {
	var f *refund.Failure
	if !errors.As(err, &f) {
		return
	}
	switch {
	case f.Code == codeShielded:
		l.requests.Quiet(now.Add(f.RetryAfter))
	case f.Class == refund.ClassMisconfigured && l.invalid.Enter(now) > 0:
		l.requests.Quiet(now.Add(time.Second))
	}
}
