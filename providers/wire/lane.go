package wire

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Lane keeps one merchant number within what its platform permits, for all calls
// of this process: so many requests a second, and silence after the platform
// asked for it. It never waits by itself: who must not send now is told for how
// long, so that the pause is taken where it costs nothing. Safe for concurrent use.
//
// Several processes that serve one merchant number need a share of the limit
// each, or one queue with a limit at the server.
type Lane struct {
	limiter *rate.Limiter

	mu    sync.Mutex
	quiet time.Time
}

// NewLane permits perSecond requests a second, and as many at once.
func NewLane(perSecond int) *Lane {
	return &Lane{limiter: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
}

// Enter returns 0 when a request may be sent at now, else how long to wait before
// asking again.
func (l *Lane) Enter(now time.Time) time.Duration {
	l.mu.Lock()
	silence := l.quiet.Sub(now)
	l.mu.Unlock()
	if silence > 0 {
		return silence
	}
	r := l.limiter.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait
	}
	return 0
}

// Quiet keeps the lane silent until t; an earlier t than before changes nothing.
func (l *Lane) Quiet(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.After(l.quiet) {
		l.quiet = t
	}
}

// Lanes hands out one lane per merchant number, so that accounts that share the
// number share its limit.
type Lanes struct {
	perSecond int
	mu        sync.Mutex
	lanes     map[string]*Lane
}

// NewLanes makes lanes of perSecond requests a second each.
func NewLanes(perSecond int) *Lanes {
	return &Lanes{perSecond: perSecond, lanes: map[string]*Lane{}}
}

// Of returns the merchant's lane.
func (l *Lanes) Of(merchant string) *Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lanes[merchant] == nil {
		l.lanes[merchant] = NewLane(l.perSecond)
	}
	return l.lanes[merchant]
}
