package stage

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"time"
)

// Platform is one stand-in.
type Platform interface {
	// Name is the platform's name in the call log and in control addresses ("baidu").
	Name() string
	// Ops are the platform's own operation names; faults are planned for these.
	Ops() []string
	// Routes mounts the platform's real paths at the root.
	Routes(mux *http.ServeMux)
	// Control mounts the platform's control resources; every pattern must lie under prefix.
	Control(mux *http.ServeMux, prefix string)
	// ControlHelp lists those resources, one "METHOD path  what it does" per line.
	ControlHelp() []string
	// Reset returns books and settings to the start.
	Reset()
	// Save is the platform's whole memory, settings, keys and tokens included. Equal memories give equal bytes.
	Save() (json.RawMessage, error)
	// Restore replaces the memory by what Save gave, or changes nothing and names what is wrong with it.
	Restore(saved json.RawMessage) error
}

// Stage is the shared ground under all platforms of one sandbox.
type Stage struct {
	Clock      *Clock
	Faults     *Faults
	Calls      *CallLog
	closed     <-chan struct{}
	books      *books // nil: memory only
	settlers   []Settler
	recipients map[string]Recipient
	outbox     outbox
	authority  lazyAuthority
	// NewKey makes a platform's key of 1024 bit; New lets it be a fresh one.
	NewKey func() (*rsa.PrivateKey, error)
}

// New builds a stage on the given clock source. Closing done cuts short the delays in progress, so that a server can stop.
func New(now func() time.Time, done <-chan struct{}) *Stage {
	return &Stage{Clock: NewClock(now), Faults: &Faults{}, Calls: &CallLog{}, closed: done,
		recipients: map[string]Recipient{}, outbox: outbox{wake: make(chan struct{}, 1)},
		NewKey: func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 1024) }}
}

// Cast names the platforms whose results come by themselves and who read answers to their letters. To be called once, before
// the first call is served; from then on each control request leaves everything settled that is due.
func (s *Stage) Cast(platforms []Platform) {
	for _, p := range platforms {
		if settler, ok := p.(Settler); ok {
			s.settlers = append(s.settlers, settler)
		}
		if recipient, ok := p.(Recipient); ok {
			s.recipients[p.Name()] = recipient
		}
	}
}

// Clear forgets the planned faults, the logs and the letters under way and returns the clock to its start.
func (s *Stage) Clear() {
	s.outbox.clear()
	s.Faults.Clear()
	s.Calls.Clear()
	s.Clock.Reset()
}
