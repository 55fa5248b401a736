package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/refundflow/refundflow/internal/serving"
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
	}
	if err := serving.Until(ctx, l, server, drainTime, s.options.Logger); err != nil {
		return fmt.Errorf("codec server %w", err)
	}
	return nil
}
