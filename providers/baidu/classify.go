package baidu

import (
	"context"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// hints are this platform's words for what happens at all of them.
var hints = failure.Hints{
	Look: hintLook, Slow: hintSlow,
	Unreached: "Baidu was not reached: check the network, the addresses and the clock",
	Refused:   "compare transport, the addresses and the account's permissions with Baidu's console",
}

// send makes one exchange and returns the envelope that came back, whatever its
// number. Everything else is a [*refund.Failure].
func (p *Provider) send(ctx context.Context, o op, call wire.Call) (reply, error) {
	answer, err := p.http.Do(ctx, call)
	if err != nil {
		return reply{}, transportFailure(o, err)
	}
	pause := answer.RetryAfter(p.now())
	r, unreadable := parseReply(answer.Body)
	r.retryAfter = pause
	if failure.Speaks(answer.Status) && unreadable == nil {
		_, listed := find(r.gateway, r.number, r.message, o)
		switch {
		case listed:
			// A listed code says more than the status: the gateway may send an expired
			// token's with a 401.
			return r, nil
		case answer.Status >= 400 && !o.reads():
			// A service that answers with an unlisted number, or with 0, was reached:
			// the status does not prove that it did nothing (inferred, §8.4).
			return reply{}, fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: fmt.Sprintf("http %d", answer.Status),
				Message: failure.Clean(r.code() + " " + r.message), Hint: hintLook, RetryAfter: pause})
		}
	}
	if err := statusFailure(o, answer.Status, pause); err != nil {
		return reply{}, err
	}
	if unreadable != nil {
		return reply{}, unreadableFailure(o, unreadable)
	}
	return r, nil
}

// statusFailure is what an HTTP status means by itself (§8.4), nil for 2xx.
func statusFailure(o op, status int, pause time.Duration) error {
	if f, ok := hints.Status(status, pause); !ok {
		return fail(o, f)
	}
	return nil
}

// failure is nil for success, else the row of the code table.
func (r reply) failure(o op) error {
	if !r.gateway && r.number == 0 {
		return nil
	}
	row, _ := find(r.gateway, r.number, r.message, o)
	f := refund.Failure{Class: row.class, Code: r.code(), Message: failure.Clean(r.message), Hint: row.hint, Recheck: row.recheck, RequestOnly: row.request}
	if row.class == refund.ClassThrottled {
		f.RetryAfter = r.retryAfter
	}
	return fail(o, f)
}

// transportFailure: what was not sent can be sent again; what may have arrived
// is ambiguous (§8.4).
func transportFailure(o op, err error) error { return fail(o, hints.Transport(err)) }

// unreadableFailure is for a gateway's HTML in a 200 as much as for an acceptance
// without its batch number: something answered, but not what was asked. why
// names fields, never content.
func unreadableFailure(o op, why error) error {
	return fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: "unreadable", Message: failure.Clean(why.Error()), Hint: hintLook})
}

// refuse is for a request that is wrong before it is sent.
func refuse(o op, err error) error {
	return fail(o, refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true, Code: "invalid", Message: failure.Clean(err.Error()),
		Hint: "nothing was sent: correct what is named"})
}

// fail fits a failure to its operation. A read changes nothing, so that an
// ambiguous one is simply repeated. The token is the key to everything: what
// only a person can settle there concerns the account, not one refund.
func fail(o op, f refund.Failure) error {
	f.Op = string(o)
	if o.reads() && f.Class == refund.ClassAmbiguous {
		f.Class, f.Hint = refund.ClassTransient, "nothing was changed: ask again"
	}
	if o == opToken && f.Class == refund.ClassNeedsHuman {
		f.Class = refund.ClassMisconfigured
	}
	return &f
}
