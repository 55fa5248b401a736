package wire

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// Exchange is what may be shown of one exchange: where it went and how long it took,
// and nothing that was said. A path can hold a token, and a query, a header or a body
// nearly always do.
type Exchange struct {
	Method string
	// Host is name and port, as in the configuration; empty when the address could not be read.
	Host string
	// Status is the answer's, 0 when there was none that could be used.
	Status int
	// Failure is why there was none, empty when there was.
	Failure Kind
	Started time.Time
	Took    time.Duration
}

type watcherKey struct{}

// WithWatcher lets watch know of every exchange that is made with the context, each
// once, when it is over. A token that is fetched on the way is an exchange too. Watch
// is called by the goroutine that made the exchange, perhaps by several at once.
func WithWatcher(ctx context.Context, watch func(Exchange)) context.Context {
	return context.WithValue(ctx, watcherKey{}, watch)
}

// watched makes an exchange and tells who watches.
func watched(ctx context.Context, call Call, exchange func(context.Context, Call) (Answer, error)) (Answer, error) {
	watch, _ := ctx.Value(watcherKey{}).(func(Exchange))
	if watch == nil {
		return exchange(ctx, call)
	}
	seen := Exchange{Method: call.Method, Started: time.Now()}
	if address, err := url.Parse(call.URL); err == nil {
		seen.Host = address.Host
	}
	answer, err := exchange(ctx, call)
	seen.Took, seen.Status = time.Since(seen.Started), answer.Status
	var failure *Error
	if errors.As(err, &failure) {
		seen.Failure = failure.Kind
	}
	watch(seen)
	return answer, err
}
