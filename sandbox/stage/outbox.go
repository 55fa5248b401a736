package stage

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// Letter is one message a platform sends to a merchant over HTTP POST, with the platform's habit of repeating it.
type Letter struct {
	Platform    string      `json:"platform"` // Platform.Name of the sender
	Kind        string      `json:"kind"`     // the platform's own word, for the log: "refund notification"
	OrderID     string      `json:"order_id,omitempty"`
	RefundNo    string      `json:"refund_no,omitempty"`
	URL         string      `json:"url"` // absolute, http or https
	ContentType string      `json:"content_type"`
	Header      http.Header `json:"header,omitempty"`
	Body        []byte      `json:"body"`
	// Ladder is the pause after each failed attempt, in sandbox time; an empty one means a single attempt.
	Ladder []time.Duration `json:"ladder_ns,omitempty"`
	// Forever repeats the last pause of the ladder without end.
	Forever bool `json:"forever,omitempty"`
	// Timeout is how long the merchant has for its answer, in real time; default 5 s.
	Timeout time.Duration `json:"timeout_ns,omitempty"`
}

// once is the letter without its repetitions.
func (l Letter) once() Letter {
	l.Ladder, l.Forever = nil, false
	return l
}

// pause tells how long to wait after the given failed attempt (from 1), and whether there is a next one at all.
func (l Letter) pause(attempt int) (time.Duration, bool) {
	switch {
	case attempt <= len(l.Ladder):
		return l.Ladder[attempt-1], true
	case l.Forever && len(l.Ladder) > 0:
		return l.Ladder[len(l.Ladder)-1], true
	}
	return 0, false
}

// envelope is a letter under way, as the books file keeps it.
type envelope struct {
	Letter  Letter    `json:"letter"`
	Attempt int       `json:"attempt"` // attempts made
	Due     time.Time `json:"due"`     // of the next one, sandbox clock
	// Excused letters meet no planned fault at their next attempt: one has struck already and put it off or doubled it.
	Excused bool `json:"excused,omitempty"`
	busy    bool
}

// maxDeliveries bounds the log like maxCalls; its entries hold their letters, so that any can be sent again.
const maxDeliveries = 10_000

// outbox holds the letters under way and the log of the attempts. Its lock is the innermost: it is taken with a platform's lock
// held (Post), so nothing here may call a platform.
type outbox struct {
	wake chan struct{} // holds one token when the loop shall look again

	mu      sync.Mutex
	letters []*envelope // in the order of posting
	busy    int
	posted  int64 // grows with every letter that joins and with a reset
	last    int64
	log     []delivered
}

type delivered struct {
	control.Delivery
	letter Letter
}

// Post sends a letter, for the first time as soon as possible. It only notes the letter, hence it may be called with the
// platform's own lock held. The letter goes out once the books file, if there is one, holds it and all that it speaks of.
func (s *Stage) Post(l Letter) {
	s.outbox.add(&envelope{Letter: l, Due: s.Clock.Now()})
	s.Wake()
}

// Wake makes the loop look again for what is due. Serve, Control and the clock's changes do it themselves.
func (s *Stage) Wake() {
	select {
	case s.outbox.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Deliveries lists the attempts to deliver letters, oldest first; an empty platform or order id matches all. Never nil, so
// that JSON shows an empty list.
func (s *Stage) Deliveries(platform, orderID string) []control.Delivery {
	o := &s.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	found := []control.Delivery{}
	for _, d := range o.log {
		if (platform == "" || platform == d.Platform) && (orderID == "" || orderID == d.OrderID) {
			found = append(found, d.Delivery)
		}
	}
	return found
}

// Letters lists the letters under way in the order of posting, those among them that are due to be written now; never nil. Who
// waits for all that are due, on a clock that jumps, would otherwise miss what the loop has not looked at yet.
func (s *Stage) Letters() []control.LetterUnderWay {
	s.settle()
	o := &s.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	found := []control.LetterUnderWay{}
	for _, e := range o.letters {
		found = append(found, control.LetterUnderWay{Platform: e.Letter.Platform, Kind: e.Letter.Kind, OrderID: e.Letter.OrderID,
			Attempts: e.Attempt, Due: e.Due, OnTheWay: e.busy})
	}
	return found
}

// Again sends the letter of one logged delivery a further time, once: platforms do repeat what was taken. It meets no fault.
func (s *Stage) Again(seq int64) (control.Delivery, error) {
	o := &s.outbox
	o.mu.Lock()
	i := slices.IndexFunc(o.log, func(d delivered) bool { return d.Seq == seq })
	if i < 0 {
		o.mu.Unlock()
		return control.Delivery{}, Unknown("no delivery has seq %d; GET /sandbox/v1/deliveries lists them", seq)
	}
	d := o.log[i]
	o.mu.Unlock()
	o.add(&envelope{Letter: d.letter.once(), Due: s.Clock.Now(), Excused: true})
	s.Wake()
	return d.Delivery, nil
}

func (o *outbox) add(e *envelope) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posted++
	o.letters = append(o.letters, e)
}

// clear forgets letters and log; numbering goes on.
func (o *outbox) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posted++
	o.letters, o.log = nil, nil
}

// take hands out up to the given number of due letters, longest due first, and marks them busy: a letter has one attempt at a time.
// next is when the first of the others is due; zero = there is none.
func (o *outbox) take(now time.Time, limit int) (due []*envelope, next time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.letters {
		switch {
		case e.busy:
		case !e.Due.After(now):
			due = append(due, e)
		default:
			next = earlier(next, e.Due)
		}
	}
	slices.SortStableFunc(due, func(a, b *envelope) int { return a.Due.Compare(b.Due) })
	due = due[:min(len(due), max(limit-o.busy, 0))] // the end of a busy one wakes the loop for the rest
	for _, e := range due {
		e.busy = true
	}
	o.busy += len(due)
	return due, next
}

// release ends the turn of a letter. change edits the letter; dropping it ends the letter.
func (o *outbox) release(e *envelope, drop bool, change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
	e.busy = false
	o.busy--
	if drop {
		o.letters = slices.DeleteFunc(o.letters, func(other *envelope) bool { return other == e })
	}
}

// alive tells whether a reset has not swept the letter away meanwhile.
func (o *outbox) alive(e *envelope) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.letters, e)
}

// note logs one attempt of a letter.
func (o *outbox) note(l Letter, d control.Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.log) >= maxDeliveries {
		o.log = slices.Clone(o.log[maxDeliveries/2:])
	}
	o.last++
	d.Seq, d.Platform, d.Kind, d.OrderID, d.RefundNo, d.URL = o.last, l.Platform, l.Kind, l.OrderID, l.RefundNo, l.URL
	o.log = append(o.log, delivered{d, l})
}

// saved copies the letters under way for the books file, with the number of those posted so far.
func (o *outbox) saved() ([]envelope, int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []envelope
	for _, e := range o.letters {
		all = append(all, envelope{Letter: e.Letter, Attempt: e.Attempt, Due: e.Due, Excused: e.Excused})
	}
	return all, o.posted
}

// restore takes over letters that an earlier run had under way.
func (o *outbox) restore(saved []envelope, platforms []Platform) error {
	var letters []*envelope
	for i, e := range saved {
		known := slices.ContainsFunc(platforms, func(p Platform) bool { return p.Name() == e.Letter.Platform })
		switch target, err := url.Parse(e.Letter.URL); {
		case !known:
			return fmt.Errorf("outbox[%d]: letter.platform is %q, a platform this sandbox does not have", i, e.Letter.Platform)
		case err != nil || target.Host == "":
			return fmt.Errorf("outbox[%d]: letter.url is no absolute address", i)
		case e.Attempt < 0:
			return fmt.Errorf("outbox[%d]: attempt is %d; it counts from 0", i, e.Attempt)
		}
		letters = append(letters, &e)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.letters = letters
	return nil
}

// earlier is the earlier of two moments, of which a zero one stands for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && cmp.Compare(b.UnixNano(), a.UnixNano()) < 0 {
		return b
	}
	return a
}
