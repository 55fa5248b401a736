package service

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/workflows"
)

// stopTimeout lets running provider calls finish when the process is asked to
// stop; it is longer than one exchange.
const stopTimeout = 30 * time.Second

// Options are the parts that a caller may bring.
type Options struct {
	Config *config.Config
	Logger logrus.FieldLogger
	// Client is used instead of dialling Config.Temporal; the caller closes it.
	Client client.Client
	// Callbacks is listened on instead of Config.Callbacks.Listen; Stop closes it.
	Callbacks net.Listener
	// Interceptors watch or disturb the steps, in tests.
	Interceptors []interceptor.WorkerInterceptor
}

// Service is a running worker.
type Service struct {
	ledger  ledger.Ledger
	client  client.Client
	owned   bool // the client is ours to close
	workers []worker.Worker
	fatal   chan error
	// hush stops receiving callbacks, and returns when the last one is answered.
	hush func()
}

// Start opens everything, registers the search attributes and begins to work.
// On an error nothing is left open.
func Start(ctx context.Context, o Options) (_ *Service, err error) {
	s := &Service{client: o.Client, fatal: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	all, err := OpenAccounts(o.Config)
	if err != nil {
		return nil, err
	}
	if s.ledger, err = OpenLedger(ctx, o.Config); err != nil {
		return nil, err
	}
	if s.client == nil {
		options := ClientOptions(o.Logger)
		options.HostPort, options.Namespace = o.Config.Temporal.Address, o.Config.Temporal.Namespace
		s.client, err = client.DialContext(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("temporal.address %s: %w (is the server running?)", o.Config.Temporal.Address, err)
		}
		s.owned = true
	}
	if err = RegisterSearchAttributes(ctx, s.client, o.Config.Temporal.Namespace); err != nil {
		return nil, err
	}
	if err = s.work(o, &activities.Activities{Accounts: all, Ledger: s.ledger}); err != nil {
		return nil, err
	}
	if err = s.listen(ctx, o, all); err != nil {
		return nil, err
	}
	return s, nil
}

// work starts one worker per task queue: the workflows' own, which runs
// activities too, and those that accounts name for their provider calls.
func (s *Service) work(o Options, steps *activities.Activities) error {
	queues := []string{o.Config.TaskQueue}
	for _, name := range o.Config.Names() {
		if q := o.Config.Accounts[name].Queue; q != "" && !slices.Contains(queues, q) {
			queues = append(queues, q)
		}
	}
	for i, queue := range queues {
		w := worker.New(s.client, queue, worker.Options{
			WorkerStopTimeout:     stopTimeout,
			Interceptors:          o.Interceptors,
			DisableWorkflowWorker: i > 0,
			OnFatalError:          s.fail,
		})
		if i == 0 {
			w.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
		}
		steps.Register(w)
		if err := w.Start(); err != nil {
			return fmt.Errorf("task queue %s: %w", queue, err)
		}
		s.workers = append(s.workers, w)
	}
	o.Logger.WithFields(logrus.Fields{
		"queues": strings.Join(queues, ","), "accounts": strings.Join(o.Config.Names(), ","),
	}).Info("worker started")
	return nil
}

// ClientOptions are what every client that serves a worker has in common.
func ClientOptions(l logrus.FieldLogger) client.Options {
	return client.Options{Logger: SDKLogger(l)}
}

// Fatal receives an error from which the worker cannot recover.
func (s *Service) Fatal() <-chan error { return s.fatal }

func (s *Service) fail(err error) {
	select {
	case s.fatal <- err:
	default: // one is enough to stop
	}
}

// Ledger is the open ledger.
func (s *Service) Ledger() ledger.Ledger { return s.ledger }

// Stop lets running steps finish and closes what Start opened.
func (s *Service) Stop() {
	if s.hush != nil {
		s.hush()
	}
	for _, w := range s.workers {
		w.Stop()
	}
	if s.owned {
		s.client.Close()
	}
	if s.ledger != nil {
		_ = s.ledger.Close()
	}
}

// OpenLedger opens the books that the configuration names.
func OpenLedger(ctx context.Context, c *config.Config) (ledger.Ledger, error) {
	store, err := sqlstore.Open(ctx, ledgerDSN(c))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err) // not store: a nil *Store would be a ledger that is not nil
	}
	return store, nil
}

// ledgerDSN puts a relative file beside the configuration.
func ledgerDSN(c *config.Config) string {
	kind, file, _ := strings.Cut(c.Ledger, ":")
	if !filepath.IsAbs(file) {
		file = filepath.Join(c.Dir(), file)
	}
	return kind + ":" + file
}
