package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// message is one HTTP request of a platform, and what the worker said to it.
type message struct {
	path   string
	header http.Header
	body   []byte
	reply  []byte
}

func (m message) clone() message {
	m.header, m.body = m.header.Clone(), bytes.Clone(m.body)
	return m
}

// tap stands between the stand-in and the worker, as a company's proxy would. It can hold notifications back, so that a
// genuine one is at hand before the worker has seen it.
type tap struct {
	t      *testing.T
	server *httptest.Server
	worker string // "host:port"

	mu   sync.Mutex
	hold bool
	last message // the last notification that was held or passed on
}

func newTap(t *testing.T, worker string) *tap {
	p := &tap{t: t, worker: worker}
	p.server = httptest.NewServer(http.HandlerFunc(p.pass))
	t.Cleanup(p.server.Close)
	return p
}

func (p *tap) URL() string { return p.server.URL }

func (p *tap) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m := message{path: r.URL.Path, header: r.Header.Clone(), body: body}
	if p.holds(m) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	status, header, reply, err := p.send(m)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", header.Get("Content-Type"))
	w.WriteHeader(status)
	_, _ = w.Write(reply)
	if strings.HasSuffix(m.path, "/refund") {
		p.mu.Lock()
		defer p.mu.Unlock()
		m.reply = reply
		p.last = m
	}
}

func (p *tap) holds(m message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hold && strings.HasSuffix(m.path, "/refund") {
		p.last = m
		return true
	}
	return false
}

func (p *tap) holding(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = yes
}

// genuine is the last notification.
func (p *tap) genuine() message {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotEmpty(p.t, p.last.body)
	return p.last.clone()
}

// send brings a message to the worker.
func (p *tap) send(m message) (status int, header http.Header, reply []byte, err error) {
	r, err := http.NewRequest(http.MethodPost, "http://"+p.worker+m.path, bytes.NewReader(m.body))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header = m.header.Clone()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	reply, err = io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, reply, err
}
