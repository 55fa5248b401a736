package stage

import (
	"slices"
	"sync"

	"github.com/refundflow/refundflow/sandbox/control"
)

// maxCalls bounds the log, so that a load test over days cannot eat the machine; the oldest half goes first.
const maxCalls = 200_000

// CallLog remembers what reached the platforms, in the order in which they decided.
type CallLog struct {
	mu    sync.Mutex
	last  int64
	calls []control.Call
}

func (l *CallLog) add(c control.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) >= maxCalls {
		l.calls = slices.Clone(l.calls[maxCalls/2:])
	}
	l.last++
	c.Seq = l.last
	l.calls = append(l.calls, c)
}

// Find lists matching calls, oldest first; never nil, so that JSON shows an empty list.
func (l *CallLog) Find(f control.CallFilter) []control.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []control.Call{}
	for _, c := range l.calls {
		if (f.Op == "" || f.Op == c.Op) && (f.RefundNo == "" || f.RefundNo == c.RefundNo) && c.Seq > f.After &&
			(f.OrderID == "" || f.OrderID == c.OrderID || f.OrderID == c.TpOrderID) {
			found = append(found, c)
		}
	}
	return found
}

// Clear empties the log; numbering goes on, so a reader's "after" stays valid.
func (l *CallLog) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = nil
}
