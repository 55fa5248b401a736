package failure

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// Hints are the words of one provider for what a person can do.
type Hints struct {
	// Look: the outcome is not known.
	Look string
	// Slow: there were too many requests.
	Slow string
	// Unreached: the request was not sent.
	Unreached string
	// Refused: something answered that is not the platform's interface, so that an
	// address or a permission is wrong.
	Refused string
}

// Transport is what a failed exchange means: what was not sent can be sent again,
// what may have arrived is ambiguous.
func (h Hints) Transport(err error) refund.Failure {
	var e *wire.Error
	switch {
	case !errors.As(err, &e):
		return refund.Failure{Class: refund.ClassAmbiguous, Code: "transport", Hint: h.Look}
	case e.MayHaveArrived:
		return refund.Failure{Class: refund.ClassAmbiguous, Code: string(e.Kind), Hint: h.Look}
	}
	return refund.Failure{Class: refund.ClassTransient, Code: string(e.Kind), Message: Clean(e.Error()), Hint: h.Unreached}
}

// Status is what an HTTP status means by itself; ok for 2xx, which says nothing.
// pause is the server's wish, see [wire.Answer.RetryAfter]. No status but 429 is
// word that nothing has happened: something in between may have spoken.
func (h Hints) Status(status int, pause time.Duration) (f refund.Failure, ok bool) {
	f = refund.Failure{Class: refund.ClassAmbiguous, Code: fmt.Sprintf("http %d", status), Hint: h.Look, RetryAfter: pause}
	switch {
	case status >= 200 && status < 300:
		return refund.Failure{}, true
	case status == http.StatusTooManyRequests:
		f.Class, f.Hint = refund.ClassThrottled, h.Slow // turned away at the door
	case Speaks(status):
		f.Class, f.Hint, f.RetryAfter, f.Doubtful = refund.ClassMisconfigured, h.Refused, 0, true
	}
	return f, false
}

// Speaks reports whether the body of an answer with this status can be the
// platform's own word. 408 comes from a proxy that grew tired of somebody, and
// tells no more than a 504.
func Speaks(status int) bool {
	return status >= 200 && status < 300 || status >= 400 && status < 500 &&
		status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// tokenLike matches what could be a token, a session, a signature or a secret that
// a platform quotes back at us.
var tokenLike = regexp.MustCompile(`[0-9A-Za-z+/=._%-]{24,}`)

// Clean makes a text of the platform's fit to be stored and shown.
func Clean(text string) string { return refund.CleanText(tokenLike.ReplaceAllString(text, "…")) }
