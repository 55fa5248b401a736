package service

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/telemetry"
)

// stopTimeout lets running provider calls finish when the process is asked to
// stop; it is longer than one exchange.
const stopTimeout = 30 * time.Second

// Options are the parts that a caller may bring.
type Options struct {
	Config *config.Config
	Logger logrus.FieldLogger
	// Client is used instead of dialling Config.Temporal; the caller closes it. It
	// neither counts nor traces more than its maker has let it. Config.Encryption must be
	// nil then: the worker could not make a client encrypt that it is given.
	Client client.Client
	// Callbacks and Monitor are listened on instead of what Config.Callbacks.Listen and
	// Config.Monitor.Listen name; Stop closes them.
	Callbacks, Monitor net.Listener
	// Interceptors watch or disturb the steps, in tests.
	Interceptors []interceptor.WorkerInterceptor
}

// Service is a running worker.
type Service struct {
	logger    logrus.FieldLogger
	accounts  register
	effect    inEffect
	ledger    ledger.Ledger
	telemetry *telemetry.Telemetry
	health    *health
	client    client.Client
	owned     bool // the client is ours to close
	namespace string
	converter converter.DataConverter // the client's, which it does not tell
	workers   []worker.Worker
	fatal     chan error
	// hush stops receiving callbacks, and returns when the last one is answered; rest
	// stops looking at key files; blind stops telling about health.
	hush, rest, blind func()
}

// Start opens everything that the roles of Config ask for, registers the search
// attributes and the reconciler's schedule where workflows are among them, and begins to
// work. On an error nothing is left open.
func Start(ctx context.Context, o Options) (_ *Service, err error) {
	s := &Service{logger: o.Logger, client: o.Client, fatal: make(chan error, 1), health: newHealth(o.Logger)}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if o.Client != nil && o.Config.Encryption != nil {
		return nil, errors.New("encryption: a client was brought, which encrypts with what its maker gave it and not with encryption.key_files: " +
			"let it carry the codec and remove encryption, or bring no client")
	}
	if s.telemetry, err = newTelemetry(o); err != nil {
		return nil, err
	}
	if err = s.tell(ctx, o); err != nil { // first: a start that takes long is to be seen as one
		return nil, err
	}
	if err = s.open(ctx, o); err != nil {
		return nil, err
	}
	if o.Config.Does(config.RoleWorkflows) {
		if err = RegisterSearchAttributes(ctx, s.client, s.namespace); err != nil {
			return nil, err
		}
	}
	s.telemetry.Watch(telemetry.Watched{
		Ledger: s.ledger, Temporal: s.client, Accounts: &s.accounts, TaskQueue: o.Config.TaskQueue,
	})
	if err = s.work(o, &activities.Activities{
		Accounts: &s.accounts, Ledger: s.ledger, Workflows: s.remote(o.Config.TaskQueue),
	}); err != nil {
		return nil, err
	}
	if o.Config.Does(config.RoleWorkflows) {
		if err = scheduleReconciler(ctx, s.client, s.converter, o.Config.TaskQueue, o.Config.Reconcile, o.Logger); err != nil {
			return nil, err
		}
	}
	if o.Config.Does(config.RoleCallbacks) {
		if err = s.listen(ctx, o); err != nil {
			return nil, err
		}
	}
	s.lookAfterKeys(time.Tick(keyPace))
	s.health.working(s.ledger, s.client, s.namespace)
	return s, nil
}

// open reads the keys, opens the ledger and connects to Temporal.
func (s *Service) open(ctx context.Context, o Options) error {
	s.effect.config, s.effect.queues = o.Config, o.Config.Queues()
	s.effect.keys = s.fingerprint(o.Config) // before they are read: what changes meanwhile is seen later
	all, err := openAccounts(o.Config, o.Config.Serves(s.effect.queues))
	if err != nil {
		return err
	}
	s.accounts.now.Store(&all)
	if s.ledger, err = OpenLedger(ctx, o.Config, func(text string) { s.logger.Warn(text) }); err != nil {
		return err
	}
	return s.connect(ctx, o)
}

// Fatal receives an error from which the worker cannot recover.
func (s *Service) Fatal() <-chan error { return s.fatal }

func (s *Service) fail(err error) {
	s.health.failed()
	select {
	case s.fatal <- err:
	default: // one is enough to stop
	}
}

// Stop lets running steps finish and closes what Start opened. Readiness turns first, so
// that nobody sends more; the monitor answers until the end, since a process that stops is
// not one that hangs.
func (s *Service) Stop() {
	s.health.stopping()
	for _, end := range []func(){s.hush, s.rest} {
		if end != nil {
			end()
		}
	}
	var all sync.WaitGroup // at once: a queue that still polls while another one waits would begin what cannot end
	for _, w := range s.workers {
		all.Go(w.Stop)
	}
	all.Wait()
	if err := s.telemetry.Close(context.Background()); err != nil {
		s.logger.WithError(err).Warn("what was traced last could not be sent")
	}
	if s.owned {
		s.client.Close()
	}
	if s.ledger != nil {
		_ = s.ledger.Close()
	}
	if s.blind != nil {
		s.blind()
	}
}

// newTelemetry makes what the settings ask to be shown, nil for nothing.
func newTelemetry(o Options) (*telemetry.Telemetry, error) {
	c := o.Config
	if c.Monitor == nil && c.Tracing == nil && o.Monitor == nil {
		return nil, nil
	}
	wanted := telemetry.Options{Program: "refundflow-worker", Logger: o.Logger}
	if c.Tracing != nil {
		wanted.TraceEndpoint, wanted.TraceOneIn = c.Tracing.Endpoint, c.Tracing.OneIn
	}
	return telemetry.New(wanted)
}

// tell answers /metrics, /livez and /readyz where the configuration says so.
func (s *Service) tell(ctx context.Context, o Options) error {
	address := ""
	if o.Config.Monitor != nil {
		address = o.Config.Monitor.Listen
	}
	listener, err := listenOn(ctx, "monitor.listen", o.Monitor, address)
	if listener == nil {
		return err
	}
	pages := http.NewServeMux()
	pages.Handle("GET /metrics", s.telemetry.Metrics())
	pages.HandleFunc("GET /livez", s.health.live)
	pages.HandleFunc("GET /readyz", s.health.ready)
	s.blind = serveMonitor(listener, pages, o.Logger)
	return nil
}
