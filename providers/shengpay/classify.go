package shengpay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/refund"
)

// hints are this platform's words for what happens at all of them.
var hints = failure.Hints{
	Look: hintLook, Slow: hintSlow,
	Unreached: "Shengpay was not reached: check the network, url and the clock",
	Refused:   "confirm url, refund_path, query_path and order_path with Shengpay; order_path none is for products without an order query",
}

// send makes one signed exchange and returns the envelope that came back,
// whatever it says. Everything else is a [*refund.Failure].
func (p *Provider) send(ctx context.Context, o op, path string, params map[string]string) (reply, error) {
	call, err := p.call(path, params)
	if err != nil {
		return reply{}, refuse(o, err)
	}
	answer, err := p.http.Do(ctx, call)
	if err != nil {
		return reply{}, transportFailure(o, err)
	}
	r, unreadable := p.parseReply(answer.Body)
	r.pause = answer.RetryAfter(p.now())
	if failure.Speaks(answer.Status) && unreadable == nil {
		if answer.Status >= 400 && !r.refused() {
			// Success behind an error status contradicts itself.
			return reply{}, fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: fmt.Sprintf("http %d", answer.Status), Hint: hintLook})
		}
		return r, nil
	}
	if err := statusFailure(o, answer.Status, r.pause); err != nil {
		return reply{}, err
	}
	return reply{}, unreadableFailure(o, unreadable)
}

// statusFailure is what an HTTP status means by itself (§7.2), nil for 2xx.
func statusFailure(o op, status int, pause time.Duration) error {
	if f, ok := hints.Status(status, pause); !ok {
		return fail(o, f)
	}
	return nil
}

// failure is nil for success, else what the answer's code means. An unsigned
// answer may send a person to look; that nothing happened it cannot say, and "the
// set-up is wrong" would say so of a refund.
func (p *Provider) failure(o op, r reply) error {
	if !r.refused() {
		return nil
	}
	row, shown, listed := returned(r.message), "returnCode FAIL", true
	if r.result == verdictFail {
		row, listed = p.find(r.code)
		shown = "without errorCode"
		if wordPattern.MatchString(r.code) {
			shown = r.code
		} else if r.code != "" {
			shown = "errorCode of " + account.Length(r.code)
		}
	}
	f := refund.Failure{Class: row.class, Code: shown, Message: failure.Clean(r.message), Hint: row.hint, RequestOnly: row.request}
	believed := r.proven || row.class == refund.ClassMisconfigured || row.class == refund.ClassNeedsHuman
	switch {
	case !believed:
		f.Class, f.Hint = refund.ClassAmbiguous, hintLook
	case o == opRefund && !r.proven:
		f.Class, f.RequestOnly = refund.ClassNeedsHuman, false
	case f.Class == refund.ClassThrottled:
		f.RetryAfter = r.pause
	}
	// Asking for the order must not end a refund that may have been sent before.
	if o == opOrder && (!listed || f.Class == refund.ClassRejected || f.Class == refund.ClassInsufficientFunds) {
		f.Class, f.Hint = refund.ClassNeedsHuman, hintOrder
		if !listed {
			f.Hint = hintAsk
		}
	}
	if !listed {
		f.Hint += suggestion(r.message)
	}
	return fail(o, f)
}

// transportFailure: what was not sent can be sent again; what may have arrived
// is ambiguous (§7.2).
func transportFailure(o op, err error) error { return fail(o, hints.Transport(err)) }

// unreadableFailure is for what answered, but not what was asked, or not in a way
// that can be believed. why names fields, never content.
func unreadableFailure(o op, why error) error {
	f := refund.Failure{Class: refund.ClassAmbiguous, Code: "unreadable", Message: failure.Clean(why.Error()), Hint: hintLook}
	switch {
	case errors.Is(why, errSignature):
		f.Code = "signature"
		f.Hint = "compare platform_public_key_file with Shengpay's merchant platform; " + hintLook
	case errors.Is(why, errUnsigned):
		f.Code = "unsigned"
	}
	return fail(o, f)
}

// refuse is for a request that is wrong before it is sent.
func refuse(o op, err error) error {
	return fail(o, refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true, Code: "invalid", Message: failure.Clean(err.Error()),
		Hint: "nothing was sent: correct what is named"})
}

// fail fits a failure to its operation. A read changes nothing, so that an
// ambiguous one is simply repeated.
func fail(o op, f refund.Failure) error {
	f.Op = string(o)
	if o.reads() && f.Class == refund.ClassAmbiguous {
		f.Class = refund.ClassTransient
		if f.Hint == hintLook {
			f.Hint = "nothing was changed: ask again"
		}
	}
	return &f
}
