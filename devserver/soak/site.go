package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/worker/service"
)

// upFor bounds the start of every program.
const upFor = 2 * time.Minute

// manner is how a run sets the system up.
type manner struct {
	workers int
	// poll and absence are far shorter than in life: a run is over in minutes.
	poll, absence, reconcile, log string
	// books: the stand-ins keep theirs in a file. Each change writes all of it, which is
	// too much for ten thousand orders.
	books bool
	cap   int64
}

// site is the running system.
type site struct {
	o      *options
	folder string
	server *process.Process
	// workers and their monitors; the first hears the platforms.
	workers  []*process.Process
	monitors []string
	stands   []*process.Process
	// asking is the stand-in that asks before it pays, prompt the other platforms'.
	asking, prompt *control.Client
	// moves are those of asking's clock.
	moved    sync.Mutex
	moves    []control.Clock
	temporal temporalclient.Client
	refunds  *client.Client
	ports    process.Ports
}

func (s *site) file(parts ...string) string {
	return filepath.Join(append([]string{s.folder}, parts...)...)
}

func (s *site) stand(a *account) *control.Client {
	if a.asking {
		return s.asking
	}
	return s.prompt
}

// open starts everything in the order of need. What was started is stopped by close, after
// an error as well.
func open(ctx context.Context, o *options, m manner) (s *site, err error) {
	ctx, cancel := context.WithTimeout(ctx, upFor)
	defer cancel()
	s = &site{o: o, folder: o.folder}
	if err := os.Mkdir(s.file("logs"), 0o700); err != nil {
		return s, err
	}
	port, err := s.ports.Free()
	if err != nil {
		return s, err
	}
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	s.server = process.New("the Temporal server", s.file("logs", "temporal.log"), self, "temporal", "--db", s.file("temporal.db"), "--port", strconv.Itoa(port))
	s.server.Leash = true
	if err := s.server.Start(); err != nil {
		return s, err
	}
	callbacks, err := s.ports.Free()
	if err != nil {
		return s, err
	}
	config, err := s.settle(ctx, m, process.At(port), process.At(callbacks))
	if err != nil {
		return s, err
	}
	if err := os.WriteFile(s.file("refundflow.yaml"), config, 0o600); err != nil {
		return s, err
	}
	silent := logrus.New()
	silent.SetLevel(logrus.PanicLevel)
	if s.temporal, err = temporalclient.NewLazyClient(temporalclient.Options{HostPort: process.At(port), Logger: service.SDKLogger(silent)}); err != nil {
		return s, err
	}
	s.refunds = client.New(s.temporal)
	if err := process.Until(ctx, "the Temporal server", func() error {
		_, err := s.temporal.CheckHealth(ctx, &temporalclient.CheckHealthRequest{})
		return err
	}); err != nil {
		return s, err
	}
	return s, s.hire(ctx, m.workers)
}

// settle starts the stand-ins, sets the accounts up there and returns the configuration.
func (s *site) settle(ctx context.Context, m manner, temporal, callbacks string) ([]byte, error) {
	urls, doors := map[*control.Client]string{}, map[*control.Client]control.TLS{}
	for _, t := range []struct {
		name string
		into **control.Client
	}{{"sandbox", &s.prompt}, {"sandbox-asking", &s.asking}} {
		url, tls, err := s.play(ctx, t.name, m.books, t.into)
		if err != nil {
			return nil, err
		}
		urls[*t.into], doors[*t.into] = url, tls
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "temporal: {address: %q}\nledger: sqlite:ledger.db\nlog: {level: %s}\ncallbacks: {listen: %q}\nreconcile: {%s}\naccounts:\n",
		temporal, m.log, callbacks, m.reconcile)
	for _, a := range accounts {
		c := s.stand(a)
		block, err := a.Register(ctx, merchants.Site{
			Account: a.name, Folder: s.folder, Sandbox: c, URL: urls[c], TLSURL: doors[c].URL, CAPEM: doors[c].CAPEM,
			Callbacks: "http://" + callbacks + "/callbacks/" + a.name, Poll: m.poll, AbsenceInterval: m.absence,
		})
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", a.name, err)
		}
		fmt.Fprintf(&b, "  %s:\n    approval: {above: %d, twice_above: %d}\n", a.name, int64(oneApproves), int64(twoApprove))
		if a.capped && m.cap > 0 {
			fmt.Fprintf(&b, "    limits: {daily_cap: %d, on_daily_cap: fail}\n", m.cap)
		}
		b.WriteString(block)
	}
	return b.Bytes(), nil
}

// play starts a stand-in.
func (s *site) play(ctx context.Context, name string, books bool, into **control.Client) (url string, door control.TLS, err error) {
	plain, err := s.ports.Free()
	if err != nil {
		return "", door, err
	}
	tls, err := s.ports.Free()
	if err != nil {
		return "", door, err
	}
	args := []string{"--addr", process.At(plain), "--tls-addr", process.At(tls), "--settle-after", "300ms"}
	if books {
		args = append(args, "--books", s.file(name+".json"))
	}
	p := process.New(name, s.file("logs", name+".log"), s.o.sandbox, args...)
	if err := p.Start(); err != nil {
		return "", door, err
	}
	s.stands = append(s.stands, p)
	url = "http://" + process.At(plain)
	*into = control.New(url)
	err = process.Until(ctx, name, func() error {
		door, err = (*into).TLS(ctx)
		return err
	})
	return url, door, err
}

// hire starts the workers and waits until they are ready. The first hears the platforms.
func (s *site) hire(ctx context.Context, workers int) error {
	for i := range workers {
		port, err := s.ports.Free()
		if err != nil {
			return err
		}
		args := []string{"--config", s.file("refundflow.yaml"), "--monitor", process.At(port), "--role", "workflows"}
		if i == 0 {
			args = append(args, "--role", "callbacks")
		}
		name := fmt.Sprintf("worker-%d", i+1)
		p := process.New(name, s.file("logs", name+".log"), s.o.worker, args...)
		s.workers, s.monitors = append(s.workers, p), append(s.monitors, "http://"+process.At(port))
		if err := p.Start(); err != nil {
			return err
		}
		if err := process.Until(ctx, name, func() error { return ready(ctx, s.monitors[i]) }); err != nil {
			return err
		}
	}
	return nil
}

func ready(ctx context.Context, monitor string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, monitor+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it says %s", answer.Status)
	}
	return nil
}

// dismiss stops the workers and the server in peace, so that their files are at rest. The
// stand-ins stay up: their books are read.
func (s *site) dismiss() error {
	err := process.Each(len(s.workers), s.workers, (*process.Process).Stop)
	if s.temporal != nil {
		s.temporal.Close()
		s.temporal = nil
	}
	if s.server != nil {
		err = errors.Join(err, s.server.Stop())
	}
	return err
}

// close stops whatever still runs.
func (s *site) close() error {
	err := s.dismiss()
	for _, p := range s.stands {
		err = errors.Join(err, p.Stop())
	}
	return err
}

// order makes the plan's orders.
func (s *site) order(ctx context.Context, p *plan) error {
	return process.Each(8, p.orders, func(o *order) error { return o.make(ctx, s.stand(o.account)) })
}
