package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/callback"
	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/sandbox"
	"github.com/refundflow/refundflow/worker/service"
	"github.com/refundflow/refundflow/workflows"
)

// till is a worker and a receiver of callbacks for one transport, which count what they take from the server. It serves one
// refund after the other, each of an account of its own. It has no configuration, since package providertest opens every
// transport without one.
type till struct {
	*world
	transport providertest.Transport
	stand     *sandbox.Server
	books     ledger.Ledger
	meter     *meter
	pace      *pace
	receiver  string                // URL
	temporal  temporalclient.Client // counted
	accounts  *openAccounts
	// ahead is how far the stand-in's clock is before the wall's.
	ahead *atomic.Int64
}

func newTill(t *testing.T, transport providertest.Transport) *till {
	t.Helper()
	w, stand := emptyWorld(t, shared.Address())
	l := &till{world: w, transport: transport, stand: stand, meter: newMeter(), pace: &pace{}, accounts: &openAccounts{}, ahead: &atomic.Int64{}}
	books, err := sqlstore.Open(w.ctx, "sqlite:"+w.file("ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = books.Close() })
	l.books = books
	temporal := w.dial(temporalclient.Options{ConnectionOptions: temporalclient.ConnectionOptions{
		DialOptions: []grpc.DialOption{l.meter.Option(), l.pace.option()},
	}})
	require.NoError(t, service.RegisterSearchAttributes(w.ctx, temporal, shared.Namespace()))
	l.temporal, w.refunds = temporal, client.New(temporal).WithTaskQueue(w.queue)

	crew := worker.New(temporal, w.queue, worker.Options{})
	crew.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
	steps := activities.Activities{Accounts: l.accounts, Ledger: books}
	steps.Register(crew)
	require.NoError(t, crew.Start())
	t.Cleanup(crew.Stop)
	receiver := httptest.NewServer(callback.New(callback.Options{
		Accounts: l.accounts, Books: books, Logger: silent(), Now: l.now,
		// The receiver gives up waiting for a slow machine, and leaves it to the next question, for which nobody waits here.
		Signal: func(ctx context.Context, workflowID string) error {
			return temporal.SignalWorkflow(context.WithoutCancel(ctx), workflowID, "", workflows.SignalNotification, nil)
		},
	}))
	t.Cleanup(receiver.Close)
	l.receiver = receiver.URL
	return l
}

// now is the stand-in's clock, by which a message's age is judged.
func (l *till) now() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }

// pass lets the stand-in's time pass. What it sends then is judged by the new time.
func (l *till) pass(d time.Duration) {
	l.t.Helper()
	l.ahead.Add(int64(d))
	_, err := l.sandbox.Advance(l.ctx, d)
	require.NoError(l.t, err)
}

// openAccounts are those of the refunds at the till, as the steps and the receiver want them.
type openAccounts struct{ all sync.Map }

func (o *openAccounts) set(a activities.Account) { o.all.Store(a.Name, a) }

func (o *openAccounts) Account(name string) (activities.Account, error) {
	if a, ok := o.all.Load(name); ok {
		return a.(activities.Account), nil
	}
	return activities.Account{}, fmt.Errorf("account %q is not open", name)
}

func (o *openAccounts) Names() (names []string) {
	o.all.Range(func(name, _ any) bool {
		names = append(names, name.(string))
		return true
	})
	slices.Sort(names)
	return names
}

func (o *openAccounts) Provider(name string) (providers.Provider, bool) {
	a, err := o.Account(name)
	return a.Provider, err == nil
}
