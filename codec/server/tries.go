package server

import (
	"sync"
	"time"
)

const (
	// mostTries is how often one address may be wrong within tryWindow; after that nothing it
	// says is looked at until the window is over.
	mostTries = 10
	tryWindow = time.Minute
	// mostAddresses bounds what is remembered.
	mostAddresses = 10_000
)

// tries counts wrong tokens by address. Behind a proxy all people have one address, and share it.
type tries struct {
	now   func() time.Time
	mutex sync.Mutex
	seen  map[string]window
}

type window struct {
	since time.Time
	wrong int
}

// tooMany reports whether an address must wait.
func (t *tries) tooMany(address string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	w := t.seen[address]
	return w.wrong >= mostTries && t.now().Sub(w.since) < tryWindow
}

func (t *tries) wrong(address string) {
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
}
