package callback

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/internal/serving"
)

// drainTime lets running callbacks finish; none takes longer than [bookTime] and
// [signalTime] unless its sender is slow.
const drainTime = 5 * time.Second

// Serve answers on l until ctx ends, then lets running callbacks finish and closes
// it. It returns nil after such an end. Listening is the caller's, so that an address
// that is in use is an error at the start.
//
// It speaks plain HTTP. Platforms reach it through a proxy that ends TLS; only one on
// another machine needs an address of the inner network here. The proxy must forward
// the body unchanged, since it is signed, and no path but /callbacks/.
func Serve(ctx context.Context, l net.Listener, h http.Handler, logger logrus.FieldLogger) error {
	server := &http.Server{
		Handler: h,
		// Nobody who may send here needs longer; whoever trickles bytes loses the line.
		ReadHeaderTimeout: 3 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	if err := serving.Until(ctx, l, server, drainTime, logger); err != nil {
		return fmt.Errorf("callbacks %w", err)
	}
	return nil
}
