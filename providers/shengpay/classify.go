package shengpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

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
	if speaks(answer.Status) && unreadable == nil {
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

// speaks reports whether the body of an answer with this status can be
// Shengpay's own word. 408 comes from a proxy that grew tired of somebody, and
// tells no more than a 504.
func speaks(status int) bool {
	return status >= 200 && status < 300 || status >= 400 && status < 500 &&
		status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// statusFailure is what an HTTP status means by itself (§7.2), nil for 2xx.
func statusFailure(o op, status int, pause time.Duration) error {
	f := refund.Failure{Class: refund.ClassAmbiguous, Code: fmt.Sprintf("http %d", status), Hint: hintLook, RetryAfter: pause}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		f.Class, f.Hint = refund.ClassThrottled, hintSlow
	case speaks(status):
		f.Class, f.RetryAfter = refund.ClassMisconfigured, 0
		f.Hint = "confirm url, refund_path, query_path and order_path with Shengpay; order_path none is for products without an order query"
	}
	return fail(o, f)
}

// failure is nil for success, else what the answer's code means. An unsigned
// answer may send a person to look; that nothing happened it cannot say.
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
			shown = "errorCode of " + length(r.code)
		}
	}
	f := refund.Failure{Class: row.class, Code: shown, Message: clean(r.message), Hint: row.hint, RequestOnly: row.request}
	believed := r.proven || row.class == refund.ClassMisconfigured || row.class == refund.ClassNeedsHuman
	switch {
	case !believed:
		f.Class, f.Hint = refund.ClassAmbiguous, hintLook
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
	return fail(o, f)
}

// transportFailure: what was not sent can be sent again; what may have arrived
// is ambiguous (§7.2).
func transportFailure(o op, err error) error {
	var e *wire.Error
	if !errors.As(err, &e) {
		return fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: "transport", Hint: hintLook})
	}
	if e.MayHaveArrived {
		return fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: string(e.Kind), Hint: hintLook})
	}
	return fail(o, refund.Failure{Class: refund.ClassTransient, Code: string(e.Kind), Message: clean(e.Error()),
		Hint: "Shengpay was not reached: check the network, url and the clock"})
}

// unreadableFailure is for what answered, but not what was asked, or not in a way
// that can be believed. why names fields, never content.
func unreadableFailure(o op, why error) error {
	f := refund.Failure{Class: refund.ClassAmbiguous, Code: "unreadable", Message: clean(why.Error()), Hint: hintLook}
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
	return fail(o, refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true, Code: "invalid", Message: clean(err.Error()),
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

// tokenLike matches what could be a signature or a key that a platform quotes
// back at us.
var tokenLike = regexp.MustCompile(`[0-9A-Za-z+/=._%-]{24,}`)

func clean(text string) string { return refund.CleanText(tokenLike.ReplaceAllString(text, "…")) }
