package xlife

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// hints are this platform's words for what happens at all of them.
var hints = failure.Hints{
	Look: hintLook, Slow: hintSlow,
	Unreached: "Miaojie's gateway was not reached: check the network, url and the clock",
	Refused:   "compare url with the platform's pages",
}

// call makes one signed exchange and returns the members of the operation's own
// answer. Everything else is a [*refund.Failure]. It is a POST although the
// gateway allows GET, which would leave session and signature in access logs (§1).
func (p *Provider) call(ctx context.Context, o op, own map[string]string) (wire.Object, error) {
	at := p.now()
	if pause := p.lane.Enter(at); pause > 0 {
		return nil, fail(o, refund.Failure{Class: refund.ClassThrottled, Code: "lane", RetryAfter: pause,
			Hint: "nothing was sent: the app's calls are being held back"})
	}
	answer, err := p.http.Do(ctx, wire.PostForm(p.settings.URL, nil, p.form(o, own, at)))
	if err != nil {
		return nil, transportFailure(o, err)
	}
	members, err := judge(o, answer, at)
	var f *refund.Failure
	if errors.As(err, &f) && (f.Class == refund.ClassThrottled || answer.Status == http.StatusTooManyRequests) && f.RetryAfter > 0 {
		p.lane.Quiet(p.now().Add(f.RetryAfter)) // until then every call of the app is wasted
	}
	return members, err
}

// judge reads what came back. The gateway answers errors with 200 too (inferred,
// §1), so that any other status is a word of something in between, unless the
// body is a refusal that the table lists.
func judge(o op, answer wire.Answer, at time.Time) (wire.Object, error) {
	pause := answer.RetryAfter(at)
	r, unreadable := parseReply(o, answer.Body)
	if failure.Speaks(answer.Status) && unreadable == nil {
		switch _, listed := find(r.number, r.sub); {
		case answer.Status < 300, r.refused && listed:
			return r.members, r.failure(o, pause)
		case !o.reads():
			// The gateway was reached and says something unheard of: the status does not
			// prove that it did nothing (inferred).
			return nil, fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: fmt.Sprintf("http %d", answer.Status),
				Message: failure.Clean(r.message), Hint: hintLook, RetryAfter: pause})
		}
	}
	if err := statusFailure(o, answer.Status, pause); err != nil {
		return nil, err
	}
	return nil, unreadableFailure(o, unreadable)
}

// statusFailure is what an HTTP status means by itself, nil for 2xx. It is a word
// of something in between, which proves nothing about a refund (§1), not even with
// a 4xx; a read harms nothing and may take it at its word.
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

// failure is nil for an answer that is none, else the row of the code table.
func (r reply) failure(o op, pause time.Duration) error {
	if !r.refused {
		return nil
	}
	row, _ := find(r.number, r.sub)
	f := refund.Failure{Class: row.class, Code: r.name(), Message: failure.Clean(r.message), Hint: row.hint, RequestOnly: row.request,
		RetryAfter: max(row.wait, pause)}
	switch ban := banned(r.message); {
	case row.class == refund.ClassThrottled && ban > 0:
		f.RetryAfter = ban
	case row.class != refund.ClassThrottled && row.class != refund.ClassAmbiguous:
		f.RetryAfter = 0
	}
	return fail(o, f)
}

var banText = regexp.MustCompile(`([0-9]{1,9}) more second`)

// banned reads for how long the gateway takes no more calls, 0 when it does not
// say, plus the second in which the ban ends (§7.2). No ban outlasts the day
// whose quota is used up.
func banned(message string) time.Duration {
	found := banText.FindStringSubmatch(message)
	if found == nil {
		return 0
	}
	seconds, _ := strconv.ParseInt(found[1], 10, 64)
	return min(time.Duration(seconds+1)*time.Second, 24*time.Hour)
}

// transportFailure: what was not sent can be sent again; what may have arrived
// is ambiguous.
func transportFailure(o op, err error) error { return fail(o, hints.Transport(err)) }

// unreadableFailure is for a page in a 200 as much as for a refund without its
// amount: something answered, but not what was asked. why names fields, never
// content.
func unreadableFailure(o op, why error) error {
	return fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: "unreadable", Message: refund.CleanText(why.Error()), Hint: hintLook})
}

// refuse is for a request that is wrong before it is sent.
func refuse(o op, err error) error {
	return fail(o, refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true, Code: "invalid", Message: refund.CleanText(err.Error()),
		Hint: "nothing was sent: correct what is named"})
}

// fail fits a failure to its operation. A read changes nothing: an ambiguous one
// is simply repeated, and it can refuse to answer but never refuse the refund.
func fail(o op, f refund.Failure) error {
	f.Op = string(o)
	if !o.reads() {
		return &f
	}
	switch f.Class {
	case refund.ClassAmbiguous:
		f.Class, f.Hint = refund.ClassTransient, "nothing was changed: ask again"
	case refund.ClassRejected:
		f.Class = refund.ClassNeedsHuman
	case refund.ClassTransient, refund.ClassThrottled, refund.ClassInsufficientFunds, refund.ClassMisconfigured, refund.ClassNeedsHuman:
	}
	return &f
}

// word is a code that can be shown as it is.
var word = regexp.MustCompile(`^[0-9A-Za-z_.:-]{1,64}$`)
