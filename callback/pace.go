package callback

import (
	"maps"
	"sync"
	"time"
)

const (
	// hintGap is the least time between two hints to one workflow. Platforms repeat
	// a message after minutes; only somebody else does so within seconds.
	hintGap = 15 * time.Second
	// maxPaced bounds the memory. Beyond it, within one gap, hints are dropped: that
	// many are an attack, and the workflows ask by themselves.
	maxPaced = 10_000
)

// pace remembers when each workflow was last woken. Its zero value is ready.
type pace struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// allow reports whether a hint may pass now, and if so counts it.
func (p *pace) allow(id string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := func(t time.Time) bool { return now.Sub(t) >= hintGap }
	if t, ok := p.last[id]; ok && !old(t) {
		return false
	}
	if len(p.last) >= maxPaced {
		maps.DeleteFunc(p.last, func(_ string, t time.Time) bool { return old(t) })
	}
	if len(p.last) >= maxPaced {
		return false
	}
	if p.last == nil {
		p.last = map[string]time.Time{}
	}
	p.last[id] = now
	return true
}
