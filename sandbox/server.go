package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/baidu"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Options say how a sandbox starts; the zero value is a good one for tests.
type Options struct {
	// Addr is "host:port"; default "127.0.0.1:0", a free port.
	Addr string
	// AllowRemote permits an address other machines can reach (in a container, say). Whoever reaches the port rules the books.
	AllowRemote bool
	// File, if set, keeps the clock and the books of all platforms over restarts: it is read at start and brought up to date
	// before each answer that rests on a change, so killing the sandbox at any moment loses nothing that was answered. Planned
	// faults and the call log stay in memory; call numbers begin at 1 again. The file holds keys, secrets and tokens
	// (mode 0600), is written as a whole each time, and serves one sandbox at a time; nothing locks it.
	// A file the sandbox did not write is refused with stage.ErrForeignBooks.
	File string
	// Baidu are the habits of the Baidu stand-in at start and after a reset. A File that exists brings the habits it was
	// left with; then these wait for the reset.
	Baidu control.BaiduSettings
	// Now is the clock below the sandbox clock; default time.Now.
	Now func() time.Time
}

// Server is a running sandbox.
type Server struct {
	listener net.Listener
	http     *http.Server
	stage    *stage.Stage
	done     chan struct{}
	stopped  chan struct{} // closed when the listener's loop has ended
	once     sync.Once
}

// Start listens and serves until ctx ends or Close is called. It returns once the port accepts connections.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := checkAddr(o.Addr, o.AllowRemote); err != nil {
		return nil, err
	}
	// The port comes before the books: a predecessor on the same port could still change them after they were read.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox address %q cannot be used: %w; free the port, choose another, or use port 0 for any", o.Addr, err)
	}
	done := make(chan struct{})
	ground := stage.New(o.Now, done)
	handler, err := newHandler(ground, o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &Server{listener: listener, stage: ground, done: done, stopped: make(chan struct{}), http: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are this server's trade
	}}
	go func() {
		defer close(s.stopped)
		_ = s.http.Serve(listener) // ends with ErrServerClosed by Close, the only way it ends
	}()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// URL is the base address, "http://127.0.0.1:41234", for platform clients and control.New alike.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops listening, ends planned delays, drops open connections and lets go of the books file. It may be called more
// than once.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		s.stage.Seal() // before the port is free, for whoever waits for it
		err = s.http.Close()
		close(s.done) // last, so that a call woken from its delay finds no connection to answer on
	})
	<-s.stopped
	return err
}

// ErrNotLoopback means that an address could be reached from other machines and Options.AllowRemote is not set.
var ErrNotLoopback = errors.New("the sandbox listens on loopback only: it has no login and whoever reaches it rules its books")

func checkAddr(addr string, remote bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("sandbox address %q is not host:port (such as 127.0.0.1:9300): %w", addr, err)
	}
	if ip := net.ParseIP(host); remote || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("sandbox address %q: %w; use 127.0.0.1, or allow remote callers explicitly", addr, ErrNotLoopback)
}

func newHandler(s *stage.Stage, o Options) (http.Handler, error) {
	b, err := baidu.New(s, o.Baidu)
	if err != nil {
		return nil, fmt.Errorf("sandbox settings of baidu: %w", err)
	}
	api := &controlAPI{stage: s, platforms: []stage.Platform{b}}
	if o.File != "" {
		if err := s.Keep(o.File, api.platforms); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	for _, p := range api.platforms {
		p.Routes(mux)
		p.Control(mux, prefix+"/"+p.Name())
	}
	api.mount(mux)
	return mux, nil
}
