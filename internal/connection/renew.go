package connection

import (
	"os"
	"slices"
	"sync"
	"time"
)

// renewed is a value that stands in files. Whoever asks for it gets what they hold now,
// or, while that cannot be used, what they held before. What failed is tried again after
// a pause also where the files stay as they are: no descriptor was left, a share hung.
type renewed[T any] struct {
	read   func() (T, error)
	report func(error)
	files  []string
	clock  func() time.Time

	mu    sync.Mutex
	seen  []stamp
	now   T
	again time.Time // when what failed is tried again; zero when nothing did
	wrong string    // what was reported last
}

// retryPause keeps a file that stays wrong from being read for every single call.
const retryPause = 5 * time.Second

// stamp changes with a file: also where another one is put in its place with a time and
// a size that are the same, and where a link, as Kubernetes makes them, leads to another.
type stamp struct {
	info os.FileInfo // nil for none
	// young: written so shortly before that the next writing might leave the same time.
	young bool
}

const youth = time.Second

func renewing[T any](first T, report func(error), read func() (T, error), files ...string) *renewed[T] {
	if report == nil {
		report = func(error) {}
	}
	return &renewed[T]{read: read, report: report, files: files, clock: time.Now, now: first} // none seen: the first question reads again
}

func (r *renewed[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := stamps(r.files) // before the reading: what changes meanwhile is seen the next time
	if slices.EqualFunc(now, r.seen, stamp.same) && (r.again.IsZero() || r.clock().Before(r.again)) {
		return r.now
	}
	r.seen = now
	next, err := r.read()
	if err != nil {
		r.again = r.clock().Add(retryPause)
		if r.wrong != err.Error() {
			r.wrong = err.Error()
			r.report(err)
		}
		return r.now
	}
	r.now, r.again, r.wrong = next, time.Time{}, ""
	return next
}

func stamps(files []string) []stamp {
	all := make([]stamp, len(files))
	for i, file := range files {
		if info, err := os.Stat(file); err == nil {
			all[i] = stamp{info: info, young: time.Since(info.ModTime()) < youth}
		}
	}
	return all
}

// same says whether the file now is the one that was seen.
func (s stamp) same(seen stamp) bool {
	if s.info == nil || seen.info == nil {
		return s.info == nil && seen.info == nil
	}
	return !seen.young && os.SameFile(s.info, seen.info) && s.info.ModTime().Equal(seen.info.ModTime()) &&
		s.info.Size() == seen.info.Size() && s.info.Mode() == seen.info.Mode()
}
