package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/worker/service"
)

// upFor bounds the start of each program.
const upFor = time.Minute

// site is the running system: the product on a server with this project's settings, and the naive worker on a server
// with stock settings.
type site struct {
	folder string
	onDisk bool // the servers keep what they store in files
	ports  process.Ports

	server, worker, sandbox, stub *process.Process
	stockServer, naive            *process.Process

	address, stockAddress string
	sandboxURL, stubURL   string
	// where processor profiles are asked for
	serverProfile, workerProfile string

	stand           *control.Client
	temporal, stock temporalclient.Client
	refunds         *client.Client
	all             []*process.Process
}

func (s *site) file(name string) string { return filepath.Join(s.folder, name) }

// run starts one of the programs on a port of its own.
func (s *site) run(name, program string, args ...string) (p *process.Process, address string, err error) {
	port, err := s.ports.Free()
	if err != nil {
		return nil, "", err
	}
	own := program == ""
	if own { // this program, in another role
		if program, err = os.Executable(); err != nil {
			return nil, "", err
		}
		args = append(args, "-port", strconv.Itoa(port))
	} else {
		args = append(args, "--addr", process.At(port))
	}
	p = process.New(name, s.file(name+".log"), program, args...)
	p.Leash = own
	s.all = append(s.all, p)
	return p, process.At(port), p.Start()
}

// serve starts a Temporal server.
func (s *site) serve(name string, args ...string) (p *process.Process, address, profile string, err error) {
	port, err := s.ports.Free()
	if err != nil {
		return nil, "", "", err
	}
	args = append([]string{roleTemporal, "-profiles", strconv.Itoa(port)}, args...)
	if s.onDisk {
		args = append(args, "-db", s.file(name+".db"))
	}
	p, address, err = s.run(name, "", args...)
	return p, address, "http://" + process.At(port), err
}

// open starts all but the workers, which [site.hire] does.
func (s *site) open(ctx context.Context, sandbox string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*upFor)
	defer cancel()
	if s.server, s.address, s.serverProfile, err = s.serve("temporal"); err != nil {
		return err
	}
	if s.stockServer, s.stockAddress, _, err = s.serve("temporal-stock", "-stock"); err != nil {
		return err
	}
	if s.stub, s.stubURL, err = s.run("stub", "", roleStub); err != nil {
		return err
	}
	s.stubURL = "http://" + s.stubURL
	tls, err := s.ports.Free()
	if err != nil {
		return err
	}
	if s.sandbox, s.sandboxURL, err = s.run("sandbox", sandbox, "--tls-addr", process.At(tls), "--settle-after", "0s"); err != nil {
		return err
	}
	s.sandboxURL = "http://" + s.sandboxURL
	s.stand = control.New(s.sandboxURL)
	if s.temporal, err = s.reached(ctx, s.address); err != nil {
		return err
	}
	if s.stock, err = s.reached(ctx, s.stockAddress); err != nil {
		return err
	}
	s.refunds = client.New(s.temporal)
	return s.settle(ctx)
}

// silent is for who has nothing to say beside the results.
func silent() *logrus.Logger {
	l := logrus.New()
	l.SetLevel(logrus.PanicLevel)
	return l
}

// reached connects to a server once it answers.
func (s *site) reached(ctx context.Context, address string) (temporalclient.Client, error) {
	c, err := temporalclient.NewLazyClient(temporalclient.Options{HostPort: address, Logger: service.SDKLogger(silent())})
	if err != nil {
		return nil, err
	}
	return c, process.Until(ctx, "the Temporal server at "+address, func() error {
		_, err := c.CheckHealth(ctx, &temporalclient.CheckHealthRequest{})
		return err
	})
}

// settle makes the merchants at the stand-in and writes the configuration: the product's settings as they are when nothing is
// said, but for the log, of which there are warnings only.
func (s *site) settle(ctx context.Context) error {
	var door control.TLS
	if err := process.Until(ctx, "the stand-in", func() (err error) {
		door, err = s.stand.TLS(ctx)
		return err
	}); err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "temporal: {address: %q}\nledger: sqlite:ledger.db\nlog: {level: warning}\nreconcile: {every: 0s}\naccounts:\n", s.address)
	for _, l := range refundLanes {
		for n, merchant := range l.merchants {
			account := l.account(n)
			block, err := merchant.Register(ctx, merchants.Site{
				Account: account, Folder: s.folder, Sandbox: s.stand, URL: s.sandboxURL, TLSURL: door.URL, CAPEM: door.CAPEM,
				Poll: "[1s, 2s, 5s]", AbsenceInterval: "2s",
			})
			if err != nil {
				return fmt.Errorf("account %s: %w", account, err)
			}
			fmt.Fprintf(&b, "  %s:\n%s", account, block)
			if l.inline != "" {
				fmt.Fprintf(&b, "    inline: %s\n", l.inline)
			}
		}
	}
	return os.WriteFile(s.file("refundflow.yaml"), b.Bytes(), 0o600)
}

// hire starts the workers.
func (s *site) hire(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, upFor)
	defer cancel()
	var address, naive string
	if s.worker, address, err = s.run("worker", "", roleWorker, "-config", s.file("refundflow.yaml"), "-stub", s.stubURL); err != nil {
		return err
	}
	if s.naive, naive, err = s.run("naive-worker", "", roleNaive, "-temporal", s.stockAddress, "-stub", s.stubURL); err != nil {
		return err
	}
	s.workerProfile = "http://" + address
	for _, address := range []string{address, naive} { // they listen once they work
		if err := process.Until(ctx, "a worker", func() error {
			connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err == nil {
				err = connection.Close()
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// close stops everything, the servers last.
func (s *site) close() error {
	for _, c := range []temporalclient.Client{s.temporal, s.stock} {
		if c != nil {
			c.Close()
		}
	}
	var errs []error
	for i := len(s.all) - 1; i >= 0; i-- {
		errs = append(errs, s.all[i].Stop())
	}
	return errors.Join(errs...)
}

// lanes are all lanes, on this site.
func (s *site) lanes() (all []lane) {
	for _, l := range refundLanes {
		l.site = s
		all = append(all, l)
	}
	for _, l := range plainLanes {
		l.site = s
		all = append(all, l)
	}
	return all
}

func named(all []lane, name string) lane {
	return all[slices.IndexFunc(all, func(l lane) bool { return l.name() == name })]
}
