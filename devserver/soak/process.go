package main

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

// process is a program that is started again whenever it dies, as a supervisor would.
type process struct {
	name  string
	cmd   func() *exec.Cmd
	log   string // its file
	leash bool   // it ends when its standard input does

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

func newProcess(name, log, program string, args ...string) *process {
	return &process{name: name, log: log, stopping: make(chan struct{}), done: make(chan struct{}), cmd: func() *exec.Cmd {
		cmd := exec.Command(program, args...) //nolint:noctx // it is to outlive any context: stop ends it
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TEMPORAL_") })
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us alone
		return cmd
	}}
}

// start starts it and keeps it going.
func (p *process) start() error {
	if err := p.spawn(); err != nil {
		close(p.done)
		return err
	}
	go p.supervise()
	return nil
}

func (p *process) spawn() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own
	cmd := p.cmd()
	cmd.Stdout, cmd.Stderr = log, log
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leash {
		if p.rein, err = cmd.StdinPipe(); err != nil {
			return err
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.running, p.killed = cmd, false
	return nil
}

func (p *process) supervise() {
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

func (p *process) stopped() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}

// kill is the power cut; the supervisor starts it again after the pause. It reports
// whether there was anything to kill.
func (p *process) kill(pause time.Duration) bool {
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

// stop asks it to end in peace, once, and waits for that. Of one that does not, a kill
// is an error.
func (p *process) stop() error {
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
	case p.leash:
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
		return fmt.Errorf("%s did not stop within %s; see %s", p.name, stopFor, p.log)
	}
}

// pid is the process's number, 0 while there is none.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return 0
	}
	return p.running.Process.Pid
}

// fate is what happened to it.
func (p *process) fate() (kills int, ownEnds []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kills, slices.Clone(p.ownEnds)
}
