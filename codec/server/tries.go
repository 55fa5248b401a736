package server

import (
	"net/http"
	"sync"
	"time"
)

const (
	// mostTries is how many wrong tokens of one address are looked into one by one within
	// tryWindow; what is wrong after that is turned away without a line in the log.
	mostTries = 10
	tryWindow = time.Minute
	// mostAddresses bounds what is remembered.
	mostAddresses = 10_000
)

// tries counts wrong tokens by address. It is asked only once a token was found to be wrong, so
// that a right one always enters: behind a proxy all people have one address, and a stranger
// among them must lock nobody out. What keeps tokens from being guessed is their length.
type tries struct {
	now   func() time.Time
	mutex sync.Mutex
	seen  map[string]window
}

type window struct {
	since time.Time
	wrong int
}

// wrong counts one, and says how many that makes in the address's window.
func (t *tries) wrong(address string) int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.seen == nil || len(t.seen) >= mostAddresses {
		t.seen = map[string]window{}
	}
	w := t.seen[address]
	if t.now().Sub(w.since) >= tryWindow {
		w = window{since: t.now()}
	}
	w.wrong++
	t.seen[address] = w
	return w.wrong
}

// tooMany counts a wrong token of a request, and reports whether there were too many before it.
// The first one that is, is logged.
func (s *Server) tooMany(r *http.Request) bool {
	n := s.tries.wrong(remote(r))
	if n == mostTries+1 {
		s.log(r).Warn("codec: too many wrong tokens: those of the next minute are not logged")
	}
	return n > mostTries
}
