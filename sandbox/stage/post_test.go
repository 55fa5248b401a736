package stage

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/sandbox/control"
)

var morning = time.Date(2026, 11, 21, 9, 0, 0, 0, Shanghai)

// sender is a platform that posts letters with its lock held and counts what the answers say under the same lock.
type sender struct {
	tally
	stage *Stage
	mu    sync.Mutex
	due   []time.Time // results that come by themselves
	next  Letter      // posted when one does
}

func (p *sender) Post(l Letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage.Post(l)
}

func (p *sender) Answered(_ Letter, status int, body []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if status != http.StatusOK || string(body) != "SUCCESS" {
		return fmt.Sprintf("%d %q is not SUCCESS", status, body)
	}
	p.Count++
	return ""
}

func (p *sender) Settle(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.due) > 0 && !p.due[0].After(now) {
		p.due = p.due[1:]
		p.stage.Post(p.next)
	}
	if len(p.due) == 0 {
		return time.Time{}
	}
	return p.due[0]
}

func (p *sender) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Count
}

// post is a running stage with one sender and one merchant.
type post struct {
	*testing.T
	stage    *Stage
	sender   *sender
	merchant *httptest.Server
	arrived  chan string // bodies, in order of arrival
	stop     func()
}

// newPost runs a stage on a clock that only Advance moves. answer may be nil for SUCCESS.
func newPost(t *testing.T, answer http.HandlerFunc) *post {
	t.Helper()
	p := &post{T: t, arrived: make(chan string, 100)}
	p.merchant = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.arrived <- string(body)
		if answer == nil {
			_, _ = io.WriteString(w, "SUCCESS")
			return
		}
		answer(w, r)
	}))
	t.Cleanup(p.merchant.Close)
	p.run("", func() time.Time { return morning }, RunOptions{VirtualTime: true})
	return p
}

// run begins another stage for the same merchant, on a books file if there is one.
func (p *post) run(file string, now func() time.Time, o RunOptions) {
	p.Helper()
	if p.stop != nil {
		p.stop()
	}
	done, ended := make(chan struct{}), make(chan struct{})
	p.stage = New(now, done)
	p.sender = &sender{tally: tally{name: "one"}, stage: p.stage}
	p.stage.Cast([]Platform{p.sender})
	if file != "" {
		require.NoError(p, p.stage.Keep(file, []Platform{p.sender}))
	}
	s := p.stage
	go func() { defer close(ended); s.Run(o) }()
	p.stop = sync.OnceFunc(func() { s.Seal(); close(done); <-ended })
	p.Cleanup(p.stop)
}

func (p *post) letter(text string, ladder ...time.Duration) Letter {
	return Letter{Platform: "one", Kind: "greeting", OrderID: "O1", RefundNo: "R1", URL: p.merchant.URL, ContentType: "text/plain",
		Header: http.Header{"X-Mark": {"m"}}, Body: []byte(text), Ladder: ladder}
}

// log waits until n deliveries are logged.
func (p *post) log(n int) []control.Delivery {
	p.Helper()
	require.Eventually(p, func() bool { return len(p.stage.Deliveries("", "")) >= n }, 10*time.Second, time.Millisecond)
	all := p.stage.Deliveries("", "")
	require.Len(p, all, n)
	return all
}

// idle waits until no letter is under way, or only such as wait for a later hour.
func (p *post) idle() {
	p.Helper()
	require.Eventually(p, func() bool {
		o := &p.stage.outbox
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, e := range o.letters {
			if e.busy || !e.Due.After(p.stage.Clock.Now()) {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond)
}
