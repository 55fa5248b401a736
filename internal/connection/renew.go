package connection

import (
	"os"
	"slices"
	"sync"
	"time"
)

// renewed is a value that stands in files. Whoever asks for it gets what they hold now,
// or, while that cannot be used, what they held before.
type renewed[T any] struct {
	read   func() (T, error)
	report func(error)
	files  []string

	mu   sync.Mutex
	seen []stamp
	now  T
}

// stamp changes with a file: also where another one is put in its place with a time and
// a size that are the same, and where a link, as Kubernetes makes them, leads to another.
type stamp struct {
	info     os.FileInfo
	modified time.Time
	size     int64
}

func renewing[T any](first T, report func(error), read func() (T, error), files ...string) *renewed[T] {
	if report == nil {
		report = func(error) {}
	}
	return &renewed[T]{read: read, report: report, files: files, seen: stamps(files), now: first}
}

func (r *renewed[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := stamps(r.files) // before the reading: what changes meanwhile is seen the next time
	if slices.EqualFunc(now, r.seen, stamp.same) {
		return r.now
	}
	r.seen = now
	next, err := r.read()
	if err != nil {
		r.report(err)
		return r.now
	}
	r.now = next
	return next
}

func stamps(files []string) []stamp {
	all := make([]stamp, len(files))
	for i, file := range files {
		if info, err := os.Stat(file); err == nil {
			all[i] = stamp{info, info.ModTime(), info.Size()}
		}
	}
	return all
}

func (s stamp) same(other stamp) bool {
	if s.info == nil || other.info == nil {
		return s.info == nil && other.info == nil
	}
	return os.SameFile(s.info, other.info) && s.modified.Equal(other.modified) && s.size == other.size && s.info.Mode() == other.info.Mode()
}
