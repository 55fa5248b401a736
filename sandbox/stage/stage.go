package stage

import (
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
	Clock  *Clock
	Faults *Faults
	Calls  *CallLog
	closed <-chan struct{}
	books  *books // nil: memory only
}

// New builds a stage on the given clock source. Closing done cuts short the delays in progress, so that a server can stop.
func New(now func() time.Time, done <-chan struct{}) *Stage {
	return &Stage{Clock: NewClock(now), Faults: &Faults{}, Calls: &CallLog{}, closed: done}
}
