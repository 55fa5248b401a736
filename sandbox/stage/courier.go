package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Recipient is a Platform that reads the merchants' answers to its letters.
type Recipient interface {
	// Answered judges the answer to a letter: "" means taken, anything else says why not and has the letter repeated. The
	// platform may change its books by what it reads. It is called without any lock held, only when there was an HTTP answer,
	// and also for letters whose subject is settled, since letters are sent twice at times.
	Answered(l Letter, status int, body []byte) (problem string)
}

// Settler is a Platform with results that come by themselves.
type Settler interface {
	// Settle settles what is due at now (posting letters about it) and says when the next is due; zero = nothing waits.
	Settle(now time.Time) (next time.Time)
}

const (
	maxParallel    = 8        // letters on the wire at once
	maxAnswer      = 64 << 10 // bytes of a merchant's answer that are read; a platform needs some dozen
	defaultTimeout = 5 * time.Second
	virtualLook    = 20 * time.Millisecond // how often a clock that no timer can follow is looked at
	unsavedLook    = time.Second           // how long a books file that cannot be written holds up the letters at a time
)

// RunOptions say how the loop of a Stage works.
type RunOptions struct {
	// AllowRemote lets letters go to other machines. Without it only loopback is dialled, whatever a name resolves to.
	AllowRemote bool
	// VirtualTime means that the clock's source does not run with real time, so that only looking at it tells what is due.
	VirtualTime bool
}

// Run settles and delivers what is due by the sandbox clock until the stage is closed; then it ends what is on the wire and
// returns. A letter on the wire at that moment counts as not sent and goes out again in the next run of the same books file.
func (s *Stage) Run(o RunOptions) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &courier{stage: s, http: newLetterClient(o.AllowRemote)}
	var onTheWire sync.WaitGroup
	for {
		now := s.Clock.Now()
		next := s.settle()
		due, nextLetter := s.outbox.take(now, maxParallel)
		next = earlier(next, nextLetter)
		if len(due) > 0 && s.commit() != nil { // nobody may be told what a kill could make untrue
			for _, e := range due {
				s.outbox.release(e, false, func() {})
			}
			due, next = nil, now.Add(unsavedLook)
		}
		for _, e := range due {
			onTheWire.Go(func() { c.deliver(ctx, e) })
		}
		if !s.rest(next, now, o.VirtualTime) {
			cancel()
			onTheWire.Wait()
			return
		}
	}
}

// settle brings every platform up to now and says when the next result is due.
func (s *Stage) settle() (next time.Time) {
	now := s.Clock.Now()
	for _, p := range s.settlers {
		next = earlier(next, p.Settle(now))
	}
	return next
}

// rest waits until something may be due; false means that the stage is closed.
func (s *Stage) rest(next, now time.Time, virtual bool) bool {
	var alarm <-chan time.Time
	if !next.IsZero() {
		wait := max(next.Sub(now), time.Millisecond)
		if virtual {
			wait = virtualLook
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-s.closed:
		return false
	case <-s.outbox.wake:
	case <-alarm:
	}
	select {
	case <-s.closed: // a stream of wakes must not hide it
		return false
	default:
		return true
	}
}

// courier brings letters to merchants and answers to platforms.
type courier struct {
	stage *Stage
	http  *http.Client
}

// deliver makes one attempt, unless a planned fault has other plans.
func (c *courier) deliver(ctx context.Context, e *envelope) {
	s, l := c.stage, e.Letter
	defer s.Wake()
	if !e.Excused && c.strike(e) {
		return
	}
	status, body, problem := c.send(ctx, l)
	if ctx.Err() != nil || !s.outbox.alive(e) {
		s.outbox.release(e, false, func() {})
		return
	}
	if problem == "" {
		problem = c.judge(l, status, body)
	}
	d := control.Delivery{At: s.Clock.Now(), Attempt: e.Attempt + 1, Status: status, Problem: problem, Taken: problem == ""}
	pause, again := l.pause(d.Attempt)
	if again = again && !d.Taken; again {
		d.Next = d.At.Add(pause)
	}
	s.outbox.note(l, d)
	s.outbox.release(e, !again, func() { e.Attempt, e.Due, e.Excused = d.Attempt, d.Next, false })
	_ = s.commit() // unsaved, the attempt is made again after a kill: letters may come twice, answers to calls may not be lost
}

// strike lets a planned fault, if one is due, have its way with a letter, and tells whether that ends the letter's turn.
func (c *courier) strike(e *envelope) bool {
	s, l := c.stage, e.Letter
	f := s.Faults.takeLetter(l)
	if f.Kind == control.FaultDrop {
		s.outbox.note(l, control.Delivery{At: s.Clock.Now(), Attempt: e.Attempt + 1, Problem: "dropped by a planned fault, lost for ever"})
		s.outbox.release(e, true, func() {})
		return true
	}
	if f.Kind == control.FaultDelay {
		s.outbox.release(e, false, func() { e.Due, e.Excused = s.Clock.Now().Add(f.Delay.Std()), true })
		return true
	}
	if f.Kind == control.FaultDuplicate {
		s.outbox.add(&envelope{Letter: l.once(), Due: s.Clock.Now(), Excused: true})
		s.Wake()
	}
	return false
}

// judge asks the platform; one that reads no answers is content with status 200.
func (c *courier) judge(l Letter, status int, body []byte) string {
	if r := c.stage.recipients[l.Platform]; r != nil {
		return r.Answered(l, status, body)
	}
	if status != http.StatusOK {
		return fmt.Sprintf("HTTP status %d instead of 200", status)
	}
	return ""
}

func (c *courier) send(ctx context.Context, l Letter) (status int, answer []byte, problem string) {
	timeout := l.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, bytes.NewReader(l.Body))
	if err != nil {
		return 0, nil, err.Error()
	}
	for name, values := range l.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if l.ContentType != "" {
		req.Header.Set("Content-Type", l.ContentType)
	}
	res, err := c.http.Do(req)
	if err == nil {
		defer res.Body.Close()
		answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0, nil, fmt.Sprintf("no answer within %s", timeout)
	case err != nil:
		return 0, nil, err.Error()
	case len(answer) > maxAnswer:
		return res.StatusCode, nil, fmt.Sprintf("the answer is larger than %d bytes", maxAnswer)
	}
	return res.StatusCode, answer, ""
}

// errRemote keeps a mistyped address of a test from sending letters into the world.
var errRemote = errors.New("the address is not on this machine; use loopback, or allow remote addresses explicitly")

// newLetterClient follows no redirect and no proxy. The dialled address is checked rather than the name, which may resolve to anything.
func newLetterClient(remote bool) *http.Client {
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err == nil && (remote || ip != nil && ip.IsLoopback()) {
			return nil
		}
		return errRemote
	}}
	return &http.Client{
		// One connection per letter: nothing stays open that a closing sandbox would leave behind.
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
