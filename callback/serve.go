package callback

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
		ErrorLog:          log.New(lines{logger}, "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("callbacks on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("callbacks on %s did not finish in %s: %w", l.Addr(), drainTime, err), server.Close())
	}
	return nil
}

// lines takes what net/http has to say, which is about connections.
type lines struct{ logrus.FieldLogger }

func (l lines) Write(text []byte) (int, error) {
	l.Debug(string(bytes.TrimSpace(text)))
	return len(text), nil
}
