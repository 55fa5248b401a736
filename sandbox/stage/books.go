package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The marks of a books file. A change that an older program would misread needs the next version.
const (
	booksFormat  = "refundflow sandbox books"
	booksVersion = 1
)

// ErrForeignBooks means that the books file exists but a sandbox of this version did not write it, or not like this.
var ErrForeignBooks = errors.New("these are no books this sandbox can take over, the file is left untouched")

// errSealed answers calls that are still at work when the sandbox has stopped; nobody waits for them any more.
var errSealed = errors.New("the sandbox has stopped and its books file may belong to its successor")

// savedStage is the content of the books file. Faults and the call log are not in it: they belong to one run.
type savedStage struct {
	Format      string                     `json:"format"`
	Version     int                        `json:"version"`
	ClockOffset control.Duration           `json:"clock_offset"`
	Platforms   map[string]json.RawMessage `json:"platforms"`
	Authority   *savedAuthority            `json:"authority,omitempty"`
	Outbox      []envelope                 `json:"outbox,omitempty"`
}

// books keeps the memory of all platforms in one file. Each save writes everything: the books of a test bed are small, and
// one file that is either the old or the new state needs no recovery.
type books struct {
	path      string
	stage     *Stage
	platforms []Platform

	mu      sync.Mutex
	written []byte // what the file holds
	sealed  bool
}

// Keep ties the stage to a books file: what the file holds is restored into the clock and the platforms, and from then on no
// call is answered before its changes are in the file. A file that does not exist is begun. To be called once, before the
// first call is served; one file serves one sandbox at a time.
//
// Errors name the file: ErrForeignBooks for one that cannot be restored, and those of the file system.
func (s *Stage) Keep(path string, platforms []Platform) error {
	b := &books{path: path, stage: s, platforms: platforms}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("sandbox books file %q cannot be read: %w; give a readable file or a new name", path, err)
	default:
		if err := b.restore(text); err != nil {
			return fmt.Errorf("sandbox books file %q: %w: %w; name another file, or remove this one to begin with empty books",
				path, ErrForeignBooks, err)
		}
	}
	if err := b.save(); err != nil { // a place that cannot be written shows now, not at the first refund
		return err
	}
	s.books = b
	return nil
}

// Seal ends all writing to the books file. When it returns, another sandbox may take the file over: a call still at work
// in this one can no longer overwrite what that one has answered.
func (s *Stage) Seal() {
	if s.books == nil {
		return
	}
	s.books.mu.Lock()
	defer s.books.mu.Unlock()
	s.books.sealed = true
}

// commit brings the file, if there is one, up to everything that has happened so far. An answer may go out only when it
// returns nil; otherwise the caller must be left in doubt, since memory has moved and the file has not.
func (s *Stage) commit() error {
	if s.books == nil {
		return nil
	}
	return s.books.save()
}

// save runs after reads as well: a read settles what is due, and what somebody has seen settled must stay so.
func (b *books) save() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sealed {
		return errSealed
	}
	text, err := b.snapshot()
	if err != nil {
		return err
	}
	if bytes.Equal(text, b.written) {
		return nil
	}
	if err := replaceFile(b.path, text); err != nil {
		return fmt.Errorf("sandbox books file %q cannot be written: %w; make its directory exist, writable and not full", b.path, err)
	}
	b.written = text
	return nil
}

func (b *books) snapshot() ([]byte, error) {
	out := savedStage{Format: booksFormat, Version: booksVersion, Platforms: map[string]json.RawMessage{}}
	// A letter and the books it speaks of change under the platform's lock. So if no letter joined while the platforms were
	// saved, the two fit together: a kill leaves neither a letter about nothing nor a result nobody is told of. Under traffic
	// that never pauses for that long the file is at most one letter ahead or behind, which the next save mends.
	for range 10 {
		letters, before := b.stage.outbox.saved()
		for _, p := range b.platforms {
			saved, err := p.Save()
			if err != nil {
				return nil, fmt.Errorf("save the books of %s: %w", p.Name(), err)
			}
			out.Platforms[p.Name()] = saved
		}
		out.Outbox = letters
		if _, after := b.stage.outbox.saved(); before == after {
			break
		}
	}
	out.Authority = b.stage.authority.saved()
	// After the platforms: a clock read earlier could be moved on meanwhile, and the file would hold events of its future.
	out.ClockOffset = b.stage.Clock.View().Offset
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the sandbox books as JSON: %w", err)
	}
	return append(text, '\n'), nil
}

func (b *books) restore(text []byte) error {
	var mark struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	switch err := json.Unmarshal(text, &mark); {
	case err != nil:
		return err
	case mark.Format != booksFormat:
		return fmt.Errorf("format is not %q", booksFormat)
	case mark.Version != booksVersion:
		return fmt.Errorf("version is %d, this sandbox reads %d", mark.Version, booksVersion)
	}
	var in savedStage
	if err := Decode(bytes.NewReader(text), &in); err != nil {
		return err
	}
	for _, p := range b.platforms {
		saved, found := in.Platforms[p.Name()]
		if !found { // a platform newer than the file begins empty
			continue
		}
		if err := p.Restore(saved); err != nil {
			return fmt.Errorf("platforms.%s: %w", p.Name(), err)
		}
		delete(in.Platforms, p.Name())
	}
	for name := range in.Platforms { // going on would drop its books with the next save
		return fmt.Errorf("platforms.%s is a platform this sandbox does not have", name)
	}
	if err := b.stage.outbox.restore(in.Outbox, b.platforms); err != nil {
		return err
	}
	if err := b.stage.authority.restore(in.Authority); err != nil {
		return err
	}
	b.stage.Clock.restore(in.ClockOffset.Std())
	return nil
}

// replaceFile makes path hold text: at every moment the file is the old one or the new one, whole. It is for its owner's
// eyes only (mode 0600), because keys, secrets and tokens are in it.
func replaceFile(path string, text []byte) error {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a kill in the middle of this function
		return err
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	// The name is durable against a power cut once the directory is, too. Not every system can sync a directory, and a killed
	// process loses nothing without it, so this one error is no reason to refuse service.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}
