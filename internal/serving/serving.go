package serving

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

// Until answers on l until ctx ends, then lets running requests finish, for drain at most,
// and closes it. It returns nil after such an end. Listening is the caller's, so that an
// address that is in use is an error at the start.
func Until(ctx context.Context, l net.Listener, server *http.Server, drain time.Duration, logger logrus.FieldLogger) error {
	server.ErrorLog = log.New(lines{logger}, "", 0)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(draining); err != nil {
		return errors.Join(fmt.Errorf("on %s did not finish in %s: %w", l.Addr(), drain, err), server.Close())
	}
	return nil
}

// lines takes what net/http has to say, which is about connections.
type lines struct{ logrus.FieldLogger }

func (l lines) Write(text []byte) (int, error) {
	l.Debug(string(bytes.TrimSpace(text)))
	return len(text), nil
}
