package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"
)

// drainTime lets running requests finish; each takes milliseconds, and the first with an
// OpenID token at most [askIssuer].
const drainTime = 2 * askIssuer

// Serve answers on l until ctx ends, then lets running requests finish and closes it. It
// returns nil after such an end.
//
// It speaks plain HTTP: a proxy ends TLS, and says so with X-Forwarded-Proto. What it answers is what
// was encrypted, so it must not be reached around that proxy from another machine.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 3 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10, // tokens with many groups are long
		ErrorLog:          log.New(lines{s.options.Logger}, "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("codec server on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("codec server on %s did not finish in %s: %w", l.Addr(), drainTime, err), server.Close())
	}
	return nil
}

// lines takes what net/http has to say, which is about connections.
type lines struct{ logrus.FieldLogger }

func (l lines) Write(text []byte) (int, error) {
	l.Debug(string(bytes.TrimSpace(text)))
	return len(text), nil
}
