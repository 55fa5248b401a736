package matrix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/refundflow/refundflow/internal/refundtest"
)

// Room is where something can go wrong.
type Room string

// The rooms.
const (
	// Exchange is one request to the platform and its answer.
	Exchange Room = "exchange"
	// Step is one attempt of an activity.
	Step Room = "step"
	// Books is one call of the ledger.
	Books Room = "ledger"
	// Message is one message of the platform.
	Message Room = "message"
)

// Point is one place in a run: the nth of a name in a room, counted from 1.
type Point struct {
	Room Room
	Name string
	Nth  int
}

func (p Point) String() string { return fmt.Sprintf("%s %s %d", p.Room, p.Name, p.Nth) }

// Trace is where a run has been, by room in the order of names.
type Trace []Point

// traceOf is the trace of a run that has ended.
func traceOf(r *refundtest.Run, since int64, post *postman) Trace {
	counts := map[Room]map[string]int{Exchange: {}, Step: r.AllAttempts(), Books: r.Ledger.Calls(), Message: {}}
	for _, call := range r.Calls {
		if call.Seq > since {
			counts[Exchange][call.Op]++
		}
	}
	post.mu.Lock()
	for kind, n := range post.count {
		counts[Message][kind] = n
	}
	post.mu.Unlock()
	var trace Trace
	for room, names := range counts {
		for name, n := range names {
			for i := range n {
				trace = append(trace, Point{room, name, i + 1})
			}
		}
	}
	slices.SortFunc(trace, func(a, b Point) int {
		if c := strings.Compare(string(a.Room)+" "+a.Name, string(b.Room)+" "+b.Name); c != 0 {
			return c
		}
		return a.Nth - b.Nth
	})
	return trace
}

// alike are the later times of what repeats itself: the fourth question about a result is
// like the third.
const alike = 3

// manyReads: the books are read at the beginning of each step; so many times are
// different places.
const manyReads = 12

// points are those at which mishaps are tried: all of them, but of what repeats itself, such
// as the question about a result, the first three times.
func (t Trace) points() []Point {
	last := map[Point]int{}
	for _, p := range t {
		name := Point{Room: p.Room, Name: p.Name}
		last[name] = max(last[name], p.Nth)
	}
	return slices.DeleteFunc(slices.Clone(t), func(p Point) bool {
		return p.Nth > alike && (p.Room != Books || last[Point{Room: p.Room, Name: p.Name}] > manyReads)
	})
}
