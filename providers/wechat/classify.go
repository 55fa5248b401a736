package wechat

import (
	"errors"
	"time"

	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/refund"
)

// hints are this platform's words for what happens at all of them.
var hints = failure.Hints{
	Look: hintLook, Slow: hintSlow,
	Unreached: "WeChat was not reached: check the network, url and the clock",
	Refused:   "compare transport, url and the certificates with WeChat's pages",
}

// errAbsent is the answer that there is no refund under the number.
var errAbsent = errors.New("WeChat shows no such refund")

// errSilent is a query refused without a code: in a cloud function the SDK's own
// errCode may hide it (inferred, §16.12). That says nothing of the refund.
var errSilent = errors.New("WeChat refused the query without saying why")

// judge reads the two layers that every business answer has (§4.2): was the
// message understood, and was it granted. White space around a word is the layout
// of a document, not part of the word. It returns nil, [errAbsent], [errSilent] or a
// [*refund.Failure].
func judge(o op, f fields) error {
	switch f.word("return_code") {
	case returnSuccess:
	case returnFail:
		return codeFailure(layerReturn, o, returnFail, f["return_msg"])
	default:
		return unreadableFailure(o, errors.New("return_code is neither SUCCESS nor FAIL"))
	}
	switch f.word("result_code") {
	case returnSuccess:
		return nil
	case returnFail:
		number := f.word("err_code")
		if o == opQuery && number == "" {
			return errSilent
		}
		return codeFailure(layerBusiness, o, number, f["err_code_des"])
	}
	return unreadableFailure(o, errors.New("result_code is neither SUCCESS nor FAIL"))
}

// codeFailure is the row of the code table as a failure.
func codeFailure(l layer, o op, number, message string) error {
	row, _ := find(l, o, number, message)
	if row.absent {
		return errAbsent
	}
	shown := number
	switch {
	case l != layerBusiness:
		shown = string(l) + " " + number
	case number == "":
		shown = "no err_code"
	}
	return fail(o, refund.Failure{Class: row.class, Code: failure.Clean(shown), Message: failure.Clean(message),
		Hint: row.hint, RetryAfter: row.wait, RequestOnly: row.request})
}

// transportFailure: what was not sent can be sent again; what may have arrived
// is ambiguous (§11.1).
func transportFailure(o op, err error) error { return fail(o, hints.Transport(err)) }

// statusFailure is what an HTTP status means by itself, nil for 2xx. WeChat
// answers 200 even to failures: anything else comes from the edge in front of
// it, and proves nothing about an apply (§6, §11.1), not even a 429. To a read,
// which harms nothing, a 4xx says that the set-up is wrong, such as the client
// certificate.
func statusFailure(o op, status int, pause time.Duration) error {
	f, ok := hints.Status(status, pause)
	if ok {
		return nil
	}
	if !o.reads() {
		f.Class, f.Hint, f.RetryAfter = refund.ClassAmbiguous, hintLook, pause
	}
	return fail(o, f)
}

// unreadableFailure is for a page in a 200 as much as for an acceptance without
// its number: something answered, but not what was asked. why names fields,
// never content.
func unreadableFailure(o op, why error) error {
	return fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: "unreadable", Message: failure.Clean(why.Error()), Hint: hintLook})
}

// mismatch is for an answer that is signed or trusted, and speaks of something
// else than what was asked (§14): money may have moved, but not as asked.
func mismatch(o op, what string) error {
	return fail(o, refund.Failure{Class: refund.ClassNeedsHuman, Code: "mismatch", Message: what,
		Hint: "compare the refund with the order in the merchant console before anything is repeated"})
}

// refuse is for a request that is wrong before it is sent.
func refuse(o op, err error) error {
	return fail(o, refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true, Code: "invalid", Message: failure.Clean(err.Error()),
		Hint: "nothing was sent: correct what is named"})
}

// fail fits a failure to its operation: a read changes nothing, so that an
// ambiguous one is simply repeated.
func fail(o op, f refund.Failure) error {
	f.Op = string(o)
	if o.reads() && f.Class == refund.ClassAmbiguous {
		f.Class, f.Hint = refund.ClassTransient, "nothing was changed: ask again"
	}
	return &f
}
