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
	logger   logrus.FieldLogger
	accounts register
	effect   inEffect
	ledger   ledger.Ledger
	client   client.Client
	owned    bool // the client is ours to close
	workers  []worker.Worker
	fatal    chan error
	// hush stops receiving callbacks, and returns when the last one is answered.
	hush func()
}

// Start opens everything, registers the search attributes and the reconciler's
// schedule, and begins to work.
// On an error nothing is left open.
func Start(ctx context.Context, o Options) (_ *Service, err error) {
	s := &Service{logger: o.Logger, client: o.Client, fatal: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	all, err := openAccounts(o.Config)
	if err != nil {
		return nil, err
	}
	s.accounts.now.Store(&all)
	s.effect.config, s.effect.queues = o.Config, queues(o.Config)
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
	if err = s.work(o, &activities.Activities{
		Accounts: &s.accounts, Ledger: s.ledger, Workflows: s.remote(o.Config.TaskQueue),
	}); err != nil {
		return nil, err
	}
	if err = ScheduleReconciler(ctx, s.client, o.Config.TaskQueue, o.Config.Reconcile, o.Logger); err != nil {
		return nil, err
	}
	if err = s.listen(ctx, o); err != nil {
		return nil, err
	}
	return s, nil
}

// queues are the workflows' own task queue, and after it those that accounts name
// for their provider calls.
func queues(c *config.Config) []string {
	all := []string{c.TaskQueue}
	for _, name := range c.Names() {
		if q := c.Accounts[name].Queue; q != "" && !slices.Contains(all, q) {
			all = append(all, q)
		}
	}
	return all
}

// work starts one worker per task queue: the workflows' own, which runs
// activities too, and those of the provider calls alone.
func (s *Service) work(o Options, steps *activities.Activities) error {
	for i, queue := range s.effect.queues {
		w := worker.New(s.client, queue, worker.Options{
			WorkerStopTimeout:     stopTimeout,
			Interceptors:          o.Interceptors,
			DisableWorkflowWorker: i > 0,
			OnFatalError:          s.fail,
			DeploymentOptions:     deployment(o.Config.Versioning),
		})
		if i == 0 {
			w.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
			w.RegisterWorkflowWithOptions(workflows.ReconcileWorkflow, workflow.RegisterOptions{Name: workflows.TypeReconcile})
		}
		steps.Register(w)
		if err := w.Start(); err != nil {
			return fmt.Errorf("task queue %s: %w", queue, err)
		}
		s.workers = append(s.workers, w)
	}
	o.Logger.WithFields(logrus.Fields{
		"queues": strings.Join(s.effect.queues, ","), "accounts": strings.Join(o.Config.Names(), ","),
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
	return kind + ":" + beside(c.Dir(), file)
}

// beside counts a relative file name from a folder.
func beside(dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}
