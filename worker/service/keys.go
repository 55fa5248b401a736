package service

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/refundflow/refundflow/config"
)

// keyPace is how often the key files are looked at. What changed is taken over when two
// looks in a row see the same, so that a file that is being written is left alone.
const keyPace = 5 * time.Second

// imprint is what key files hold, as far as a comparison needs it.
type imprint [sha256.Size]byte

// fingerprint looks at the files that the settings of the accounts name. It is about
// content, which tells more than a time: links that lead elsewhere, as Kubernetes
// changes its secrets, and files that were put in another's place count as well.
func (s *Service) fingerprint(c *config.Config) imprint {
	all := sha256.New()
	for _, name := range c.KeyFiles(c.Serves(s.effect.queues)) {
		file := sha256.New()
		fmt.Fprintln(all, name)
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintln(file, info.Mode())
			if info.Mode().IsRegular() { // a pipe would be read for ever
				readInto(file, name)
			}
		}
		all.Write(file.Sum(nil))
	}
	return imprint(all.Sum(nil))
}

// largestKeyFile is beyond what is taken for a key.
const largestKeyFile = 128 << 10

func readInto(w io.Writer, name string) {
	f, err := os.Open(name)
	if err != nil {
		return // as if it were empty: whoever opens it says why
	}
	defer f.Close()
	_, _ = io.Copy(w, io.LimitReader(f, largestKeyFile))
}

// lookAfterKeys takes over keys that change, looking at each tick, until rest is called.
func (s *Service) lookAfterKeys(pace <-chan time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-pace:
				s.lookAtKeys(ctx)
			}
		}
	})
	s.rest = func() { stop(); looking.Wait() }
}

// lookAtKeys opens all accounts anew when their files have changed. Files that cannot be
// used change nothing, and are complained of once: again only when they are others.
func (s *Service) lookAtKeys(ctx context.Context) {
	s.effect.Lock()
	defer s.effect.Unlock()
	now := s.fingerprint(s.effect.config)
	steady := now == s.effect.glimpse
	s.effect.glimpse = now
	if now == s.effect.keys || !steady {
		return
	}
	s.logger.Info("key files have changed")
	if err := s.takeOver(ctx, s.effect.config); err != nil {
		s.effect.keys = now
		s.logger.WithError(err).Error("the keys stay as they were: correct the files")
	}
}
