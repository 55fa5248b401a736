package process

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// ownEndPause is how long a supervisor waits with a program that ended by itself.
	ownEndPause = time.Second
	// stopFor bounds a stop in peace: a worker lets its calls finish for half a minute.
	stopFor = time.Minute
)

// Process is a program that is started again whenever it dies, as a supervisor would.
type Process struct {
	Name string
	// Leash: it ends when its standard input does, see [Leashed].
	Leash bool

	cmd func() *exec.Cmd
	log string // its file

	mu       sync.Mutex
	running  *exec.Cmd
	rein     io.Closer // the leash's other end
	killed   bool      // by us, the present one
	pause    time.Duration
	kills    int
	ownEnds  []string // how it ended by itself
	stopping chan struct{}
	done     chan struct{}
	failed   error
}

// New is a program with its arguments, and the file that what it prints is appended to.
func New(name, log, program string, args ...string) *Process {
	return &Process{Name: name, log: log, stopping: make(chan struct{}), done: make(chan struct{}), cmd: func() *exec.Cmd {
		cmd := exec.Command(program, args...) //nolint:noctx // it is to outlive any context: stop ends it
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TEMPORAL_") })
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us alone
		return cmd
	}}
}

// Start starts it and keeps it going.
func (p *Process) Start() error {
	if err := p.spawn(); err != nil {
		close(p.done)
		return err
	}
	go p.supervise()
	return nil
}

func (p *Process) spawn() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own
	cmd := p.cmd()
	cmd.Stdout, cmd.Stderr = log, log
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Leash {
		if p.rein, err = cmd.StdinPipe(); err != nil {
			return err
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	p.running, p.killed = cmd, false
	return nil
}

func (p *Process) supervise() {
	defer close(p.done)
	for {
		err := p.running.Wait()
		p.mu.Lock()
		pause, stop := p.pause, p.stopped()
		if !p.killed && !stop {
			p.ownEnds, pause = append(p.ownEnds, fmt.Sprint(err)), ownEndPause
		}
		p.running = nil
		p.mu.Unlock()
		if stop {
			return
		}
		select {
		case <-p.stopping:
			return
		case <-time.After(pause):
		}
		if p.failed = p.spawn(); p.failed != nil {
			return
		}
	}
}

func (p *Process) stopped() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}

// Kill is the power cut; the supervisor starts it again after the pause. It reports
// whether there was anything to kill.
func (p *Process) Kill(pause time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil || p.killed {
		return false
	}
	if p.running.Process.Kill() != nil {
		return false // it has just ended by itself
	}
	p.killed, p.pause = true, pause
	p.kills++
	return true
}

// Stop asks it to end in peace, once, and waits for that. Of one that does not, a kill
// is an error.
func (p *Process) Stop() error {
	p.mu.Lock()
	cmd := p.running
	if p.stopped() {
		p.mu.Unlock()
		<-p.done
		return nil
	}
	close(p.stopping)
	switch {
	case cmd == nil:
	case p.Leash:
		_ = p.rein.Close()
	default:
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	p.mu.Unlock()
	late := time.NewTimer(stopFor)
	defer late.Stop()
	select {
	case <-p.done:
		return p.failed
	case <-late.C:
		_ = cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not stop within %s; see %s", p.Name, stopFor, p.log)
	}
}

// PID is the process's number, 0 while there is none.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return 0
	}
	return p.running.Process.Pid
}

// Fate is what happened to it.
func (p *Process) Fate() (kills int, ownEnds []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kills, slices.Clone(p.ownEnds)
}
