package matrix

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/callback"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// postman stands between the platform and the real receiver of its messages. He holds
// each message until his next round, so that a run is the same each time, and on his rounds does
// with it what is planned.
type postman struct {
	server *httptest.Server
	world  *refundtest.World
	run    *refundtest.Run // the one that is woken
	log    bytes.Buffer

	mu       sync.Mutex
	receiver http.Handler
	held     []*message
	count    map[string]int // by kind, over the whole run
	plans    map[Point]fate
	gone     bool
}

// message is one letter of the platform on the postman's hands, which waits for its reply.
type message struct {
	at     Point
	path   string
	header http.Header
	body   []byte
	reply  chan reply
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

// fate is what becomes of a message.
type fate string

const (
	lost    fate = "lost"
	doubled fate = "doubled"
	early   fate = "early"
	late    fate = "late"
	forged  fate = "forged"
)

// lateness is when a late message comes.
const lateness = 26 * time.Hour

// patience bounds how long the postman waits for a letter that is on its way to him.
const patience = 10 * time.Second

func newPostman() *postman {
	p := &postman{count: map[string]int{}, plans: map[Point]fate{}}
	p.server = httptest.NewServer(p)
	return p
}

// url is where the platform sends one kind of its messages.
func (p *postman) url(kind string) string {
	return p.server.URL + "/callbacks/" + refundtest.AccountName + "/" + kind
}

// ServeHTTP takes a letter and holds it.
func (p *postman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	kind := r.URL.Path[max(bytes.LastIndexByte([]byte(r.URL.Path), '/')+1, 0):]
	p.mu.Lock()
	if p.gone {
		p.mu.Unlock()
		http.Error(w, "gone", http.StatusServiceUnavailable)
		return
	}
	p.count[kind]++
	m := &message{at: Point{Room: Message, Name: kind, Nth: p.count[kind]}, path: r.URL.Path, header: r.Header.Clone(), body: body, reply: make(chan reply, 1)}
	p.held = append(p.held, m)
	p.mu.Unlock()
	said := <-m.reply
	for name, values := range said.header {
		w.Header()[name] = values
	}
	w.WriteHeader(said.status)
	_, _ = w.Write(said.body)
}

// works opens the receiver for a world.
func (p *postman) works(w *refundtest.World) {
	logger := logrus.New()
	logger.SetOutput(&p.log)
	logger.SetLevel(logrus.DebugLevel)
	p.world = w
	p.receiver = callback.New(callback.Options{
		Accounts: accounts{w}, Books: w.Ledger, Logger: logger, Now: w.Now,
		Signal: func(context.Context, string) error {
			refundtest.Signal(workflows.SignalNotification, nil)(p.run)
			return nil
		},
		Reopen: func(context.Context, refund.Request) error { return nil }, // the alert stands in the books, where it is looked for
	})
}

// accounts shows the receiver the world's account.
type accounts struct{ *refundtest.World }

func (a accounts) Provider(name string) (providers.Provider, bool) {
	account, err := a.Account(name)
	return account.Provider, err == nil
}

// rounds are the moments at which he goes round, among them soon after each midnight that
// brings new budget. A late message is kept until its time.
func (p *postman) rounds() []refundtest.Act {
	acts := []refundtest.Act{func(r *refundtest.Run) { p.run = r }}
	const day = 24 * time.Hour
	for _, after := range []time.Duration{time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour + time.Minute, 3 * time.Hour, 8 * time.Hour, 12*time.Hour + 10*time.Minute, 13 * time.Hour,
		day, day + 3*time.Hour, day + 12*time.Hour + 10*time.Minute, day + 15*time.Hour, 2 * day, 3 * day, 5 * day, 10 * day, 20 * day, 40 * day} {
		acts = append(acts, refundtest.At(after, func(r *refundtest.Run) { p.round(after) }))
	}
	return acts
}

// plan says what becomes of the message at a point.
func (p *postman) plan(at Point, f fate) { p.plans[at] = f }

// round brings what is there, until nothing new comes of it.
func (p *postman) round(after time.Duration) {
	for range 10 {
		due := p.collect()
		brought := false
		for _, m := range due {
			brought = p.deliver(m, after) || brought
		}
		if !brought {
			return
		}
	}
}

// collect waits until every letter that is due has arrived, and takes them.
func (p *postman) collect() []*message {
	ctx, cancel := context.WithTimeout(p.world.Context(), patience)
	defer cancel()
	look := time.NewTicker(200 * time.Microsecond)
	defer look.Stop()
	for {
		letters, err := p.world.Platform.Letters(ctx)
		require.NoError(p.world, err)
		now, due := p.world.Now(), 0
		for _, l := range letters {
			if l.OnTheWay || !l.Due.After(now) {
				due++
			}
		}
		p.mu.Lock()
		held := slices.Clone(p.held)
		p.mu.Unlock()
		if len(held) >= due {
			return held
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			require.FailNow(p.world, fmt.Sprintf("%d letters are due and %d have come", due, len(held)))
		}
	}
}

// deliver does with a message what is planned and reports whether it left his hands.
func (p *postman) deliver(m *message, after time.Duration) bool {
	switch p.fate(m.at) {
	case lost:
		p.release(m, reply{status: http.StatusOK}) // the platform believes it has told
		if p.audit(m) {
			return true // no answer: it asks again
		}
	case forged:
		for _, forged := range forgeries(m) {
			p.bring(forged)
		}
		p.release(m, p.bring(m))
	case doubled:
		p.bring(m)
		p.release(m, p.bring(m))
	case late:
		if after < lateness {
			return false
		}
		p.release(m, p.bring(m))
	case early, "":
		p.release(m, p.bring(m))
	}
	return true
}

func (p *postman) audit(m *message) bool { return m.at.Name == "audit" }

func (p *postman) fate(at Point) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plans[at]
}

// bring hands a message to the receiver, again if that took so long that the receiver
// had no time left: then the machine was busy, which is no mishap of the scenario.
func (p *postman) bring(m *message) (said reply) {
	for range 5 {
		began := time.Now()
		if said = p.hand(m); time.Since(began) < time.Second {
			break
		}
	}
	return said
}

func (p *postman) hand(m *message) reply {
	req := httptest.NewRequestWithContext(p.world.Context(), http.MethodPost, m.path, bytes.NewReader(m.body))
	req.Header = m.header.Clone()
	w := httptest.NewRecorder()
	p.receiver.ServeHTTP(w, req)
	return reply{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

// release gives the platform its reply, and waits until it has heard it.
func (p *postman) release(m *message, said reply) {
	p.mu.Lock()
	p.held = slices.DeleteFunc(p.held, func(other *message) bool { return other == m })
	p.mu.Unlock()
	m.reply <- said
	p.heard()
}

// heard waits until no letter is on the way that is not on his hands.
func (p *postman) heard() {
	ctx, cancel := context.WithTimeout(p.world.Context(), patience)
	defer cancel()
	look := time.NewTicker(200 * time.Microsecond)
	defer look.Stop()
	for ctx.Err() == nil {
		letters, err := p.world.Platform.Letters(ctx)
		require.NoError(p.world, err)
		p.mu.Lock()
		held := len(p.held)
		p.mu.Unlock()
		onTheWay := 0
		for _, l := range letters {
			if l.OnTheWay {
				onTheWay++
			}
		}
		if onTheWay <= held {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

// forgeries are a message cut in half, and with every digit, every tenth letter and every word
// for an end changed in turn: among them those that would say another status, number or amount.
func forgeries(m *message) []*message {
	all := []*message{{path: m.path, header: m.header, body: m.body[:len(m.body)/2]}}
	for i, c := range m.body {
		var others []byte
		switch {
		case '0' <= c && c <= '9':
			others = []byte{'0' + (c-'0'+1)%10, '0' + (c-'0'+9)%10}
		case i%10 == 0:
			others = []byte{c ^ 1}
		}
		for _, other := range others {
			body := bytes.Clone(m.body)
			body[i] = other
			all = append(all, &message{path: m.path, header: m.header, body: body})
		}
	}
	for _, swap := range opposites {
		for at := range m.body {
			if bytes.HasPrefix(m.body[at:], swap[0]) {
				body := slices.Concat(m.body[:at], swap[1], m.body[at+len(swap[0]):])
				all = append(all, &message{path: m.path, header: m.header, body: body})
			}
		}
	}
	return all
}

// opposites are words for an end and for the other one.
var opposites = [][2][]byte{
	{[]byte("SUCCESS"), []byte("FAIL")}, {[]byte("FAIL"), []byte("SUCCESS")}, {[]byte("REFUNDCLOSE"), []byte("SUCCESS")},
}

// close ends his work: what he still holds was not taken.
func (p *postman) close() {
	p.mu.Lock()
	p.gone = true
	held := p.held
	p.held = nil
	p.mu.Unlock()
	for _, m := range held {
		m.reply <- reply{status: http.StatusServiceUnavailable}
	}
	p.server.Close()
}

// forget lets the counting of messages begin anew.
func (p *postman) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.count)
}

// left reports whether a planned message never came.
func (p *postman) left() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := range p.plans {
		if p.count[at.Name] < at.Nth {
			return true
		}
	}
	return false
}
