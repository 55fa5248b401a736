package sandbox

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Options say how a sandbox starts; the zero value is a good one for tests.
type Options struct {
	// Addr is "host:port"; default "127.0.0.1:0", a free port.
	Addr string
	// TLSAddr is a second door: the same paths over HTTPS, with a certificate of an authority made at run time (Server.CAPEM).
	// It asks for client certificates and verifies those that are given. Default: none; "127.0.0.1:0" takes a free port.
	TLSAddr string
	// TLSNames are further host names that the door's certificate is for, besides localhost and the loopback addresses.
	TLSNames []string
	// AllowRemote permits addresses other machines can reach (in a container, say), and letters to merchants on other
	// machines. Whoever reaches a port rules the books.
	AllowRemote bool
	// File, if set, keeps the clock and the books of all platforms over restarts: it is read at start and brought up to date
	// before each answer that rests on a change, so killing the sandbox at any moment loses nothing that was answered. Letters
	// to merchants that are under way are in it; planned faults and the logs stay in memory, and their numbers begin at 1 again. The file holds keys, secrets and tokens
	// (mode 0600), is written as a whole each time, and serves one sandbox at a time; nothing locks it.
	// A file the sandbox did not write is refused with stage.ErrForeignBooks.
	File string
	// The habits of the stand-ins at start and after a reset. A File that exists brings the habits it was left with; then these
	// wait for the reset.
	Baidu    control.BaiduSettings
	WeChat   control.WeChatSettings
	XLife    control.XLifeSettings
	Shengpay control.ShengpaySettings
	// NewKey makes the platforms' keys; default fresh ones of 1024 bit. Making one takes longer than a whole refund, so that tests
	// with thousands of sandboxes hand them out anew.
	NewKey func() (*rsa.PrivateKey, error)
	// Now is the clock below the sandbox clock; default time.Now. Any other is looked at every 20 ms while a letter or a result
	// is still to come, since no timer follows it.
	Now func() time.Time
}

// Server is a running sandbox.
type Server struct {
	listener net.Listener
	tls      net.Listener // nil without a TLS door
	http     *http.Server
	stage    *stage.Stage
	done     chan struct{}
	running  sync.WaitGroup // the loops of the listeners and of the stage
	once     sync.Once
}

// Start listens and serves until ctx ends or Close is called. It returns once the port accepts connections.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	virtual := o.Now != nil
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if !virtual {
		o.Now = time.Now
	}
	s := &Server{done: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeListeners())
		}
	}()
	// The ports come before the books: a predecessor on the same port could still change them after they were read.
	if s.listener, err = listen(ctx, o.Addr, o.AllowRemote); err != nil {
		return nil, err
	}
	if o.TLSAddr != "" {
		if s.tls, err = listen(ctx, o.TLSAddr, o.AllowRemote); err != nil {
			return nil, err
		}
	}
	s.stage = stage.New(o.Now, s.done)
	if o.NewKey != nil {
		s.stage.NewKey = o.NewKey
	}
	handler, err := newHandler(s, o)
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are this server's trade
	}
	doors := []net.Listener{s.listener}
	if s.tls != nil {
		config, err := s.stage.Authority().Door(o.TLSNames...)
		if err != nil {
			return nil, err
		}
		doors = append(doors, tls.NewListener(s.tls, config))
	}
	for _, door := range doors {
		s.running.Go(func() { _ = s.http.Serve(door) }) // ends with ErrServerClosed by Close, the only way it ends
	}
	s.running.Go(func() { s.stage.Run(stage.RunOptions{AllowRemote: o.AllowRemote, VirtualTime: virtual}) })
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

func listen(ctx context.Context, addr string, remote bool) (net.Listener, error) {
	if err := checkAddr(addr, remote); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox address %q cannot be used: %w; free the port, choose another, or use port 0 for any", addr, err)
	}
	return listener, nil
}

// URL is the base address, "http://127.0.0.1:41234", for platform clients and control.New alike.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// TLSURL is the base address of the TLS door, "https://127.0.0.1:41235"; empty when Options.TLSAddr is.
func (s *Server) TLSURL() string {
	if s.tls == nil {
		return ""
	}
	return "https://" + s.tls.Addr().String()
}

// CAPEM is the certificate a client of the TLS door must trust, and nothing else should.
func (s *Server) CAPEM() string { return s.stage.Authority().CAPEM() }

// Close stops listening, ends planned delays and letters on their way, drops open connections and lets go of the books file.
// It may be called more than once.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		s.stage.Seal() // before the port is free, for whoever waits for it
		err = s.http.Close()
		// Serve may not have met its listener yet; then only this closes it.
		_ = s.closeListeners()
		close(s.done) // last, so that a call woken from its delay finds no connection to answer on
	})
	s.running.Wait()
	return err
}

func (s *Server) closeListeners() error {
	var errs []error
	for _, l := range []net.Listener{s.listener, s.tls} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
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

func newHandler(server *Server, o Options) (http.Handler, error) {
	s := server.stage
	platforms, err := newPlatforms(s, o)
	if err != nil {
		return nil, err
	}
	api := &controlAPI{server: server, stage: s, platforms: platforms}
	s.Cast(api.platforms)
	if o.TLSAddr != "" {
		s.Authority() // made before the books file is written for the first time, unless that brings one
	}
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
