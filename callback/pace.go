package callback

import (
	"maps"
	"sync"
	"time"
)

const (
	// hintGap is the least time between two hints to one workflow. Platforms repeat
	// a message after minutes; only somebody else does so within seconds. It doubles
	// with each hint up to longestHintGap, since each one lengthens the workflow's
	// history, and somebody may send them for weeks.
	hintGap        = 15 * time.Second
	longestHintGap = time.Hour
	// maxPaced bounds the memory. Beyond it, within one gap, hints are dropped: that
	// many are an attack, and the workflows ask by themselves.
	maxPaced = 10_000
)

// pace remembers when each workflow was last woken. Its zero value is ready.
type pace struct {
	mu   sync.Mutex
	last map[string]woken
}

// woken is when a workflow was last woken, and the gap after it.
type woken struct {
	at  time.Time
	gap time.Duration
}

func (w woken) over(now time.Time) bool { return now.Sub(w.at) >= w.gap }

// allow reports whether a hint may pass now, and if so counts it.
func (p *pace) allow(id string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, known := p.last[id]
	if known && !last.over(now) {
		return false
	}
	if len(p.last) >= maxPaced {
		maps.DeleteFunc(p.last, func(_ string, w woken) bool { return w.over(now) })
	}
	if len(p.last) >= maxPaced {
		return false
	}
	if p.last == nil {
		p.last = map[string]woken{}
	}
	p.last[id] = woken{at: now, gap: min(max(2*last.gap, hintGap), longestHintGap)}
	return true
}
