package service

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/internal/serving"
	"github.com/refundflow/refundflow/ledger"
)

// healthDeadline bounds each question that readiness asks.
const healthDeadline = 2 * time.Second

// phase is where the process stands between its start and its end.
type phase string

const (
	starting phase = "starting"
	working  phase = "ok"
	stopping phase = "stopping"
	broken   phase = "failed"
)

// Health is the answer of /readyz.
type Health struct {
	Ready bool `json:"ready"`
	// Checks are "workers", "temporal" and "ledger", each "ok" or what is in the way,
	// without addresses or what others said: those are in the log.
	Checks map[string]string `json:"checks"`
}

// health is what the process says of itself.
type health struct {
	logger logrus.FieldLogger
	now    atomic.Value // phase
	asks   atomic.Pointer[map[string]func(context.Context) error]

	mu  sync.Mutex
	was map[string]bool // what of it answered the last time, so that the log tells changes alone
}

func newHealth(l logrus.FieldLogger) *health {
	h := &health{logger: l, was: map[string]bool{}}
	h.now.Store(starting)
	return h
}

// working says that the workers poll, and whom readiness asks.
func (h *health) working(books ledger.Ledger, temporal client.Client, namespace string) {
	h.asks.Store(&map[string]func(context.Context) error{
		"ledger":   func(ctx context.Context) error { return answers(ctx, books) },
		"temporal": func(ctx context.Context) error { return serves(ctx, temporal, namespace) },
	})
	h.now.CompareAndSwap(starting, working) // it may have failed meanwhile
}

// serves asks for the namespace, as the SDK does when it starts: a server that is up is of
// no use to who may not come in, or whose namespace is gone.
func serves(ctx context.Context, temporal client.Client, namespace string) error {
	found, err := temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err == nil && found.GetNamespaceInfo().GetState() == enumspb.NAMESPACE_STATE_DELETED {
		return fmt.Errorf("the namespace %s is being deleted", namespace)
	}
	return err
}

func (h *health) failed() { h.now.Store(broken) }

func (h *health) stopping() {
	if !h.now.CompareAndSwap(starting, stopping) {
		h.now.CompareAndSwap(working, stopping)
	}
}

// live tells whether a restart would help: no server or database that is away makes
// it say no, since a worker waits for them better than one that starts anew.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	say(w, h.now.Load() != broken, Health{Ready: h.now.Load() == working, Checks: map[string]string{"workers": string(h.now.Load().(phase))}})
}

// ready tells whether the process works, and can.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	now := h.now.Load().(phase)
	answer := Health{Ready: now == working, Checks: map[string]string{"workers": string(now)}}
	if asks := h.asks.Load(); asks != nil && now == working {
		ctx, done := context.WithTimeout(r.Context(), healthDeadline)
		defer done()
		var mu sync.Mutex
		var all sync.WaitGroup
		for name, ask := range *asks {
			all.Go(func() {
				said := h.heard(name, ask(ctx))
				mu.Lock()
				defer mu.Unlock()
				answer.Checks[name] = said
				answer.Ready = answer.Ready && said == string(working)
			})
		}
		all.Wait()
	}
	say(w, answer.Ready, answer)
}

// heard puts an answer into a word, and into the log when it is another than before.
func (h *health) heard(name string, err error) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, asked := h.was[name]
	h.was[name] = err == nil
	switch {
	case err != nil && (was || !asked):
		h.logger.WithError(err).WithField("check", name).Warn("not ready: it does not answer")
	case err == nil && asked && !was:
		h.logger.WithField("check", name).Info("it answers again")
	}
	if err != nil {
		return fmt.Sprintf("no good answer within %s", healthDeadline)
	}
	return string(working)
}

func say(w http.ResponseWriter, good bool, answer Health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // who went away needs no answer
}

// serveMonitor answers until the function it returns is called. Nothing hangs on its
// last answers, so none is waited for long.
func serveMonitor(l net.Listener, pages http.Handler, logger logrus.FieldLogger) (stop func()) {
	server := &http.Server{
		Handler: pages, ReadHeaderTimeout: 3 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	answering, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := serving.Until(answering, l, server, time.Second, logger); err != nil && answering.Err() == nil {
			logger.WithError(err).Error("the monitor does not answer any more; refunds go on")
		}
	}()
	return func() { end(); <-done }
}
