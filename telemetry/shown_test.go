package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
)

func quiet() *logrus.Logger {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return l
}

func eyes(t *testing.T, o Options) *Telemetry {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet()
	}
	tele, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tele.Close(context.Background())) })
	return tele
}

// seen is a world whose runs are watched.
func seen(t *testing.T, tele *Telemetry, o refundtest.Options) *refundtest.World {
	t.Helper()
	o.Watching = tele.WorkerInterceptors()
	if tele.tracing != nil {
		o.Watching = append([]interceptor.WorkerInterceptor{tele.tracing}, o.Watching...)
	}
	w := refundtest.New(t, o)
	tele.Watch(Watched{Ledger: w.Ledger, Accounts: w, Now: w.Now})
	return w
}

// figures are what a scrape shows of refundflow's own, as "name{label,values}"
// without the prefix; of a histogram, how much was observed.
func figures(t *testing.T, tele *Telemetry, names ...string) map[string]float64 {
	t.Helper()
	families, err := tele.registry.Gather()
	require.NoError(t, err)
	shown := map[string]float64{}
	for _, f := range families {
		name, ours := strings.CutPrefix(f.GetName(), "refundflow_")
		wanted := len(names) == 0
		for _, n := range names {
			wanted = wanted || n == name
		}
		if !ours || !wanted {
			continue
		}
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			shown[fmt.Sprintf("%s{%s}", name, strings.Join(values, ","))] =
				m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return shown
}

// ending counts the workflows that came to their end, replayed or not.
type ending struct {
	interceptor.WorkerInterceptorBase
	ends *int
}

func (e *ending) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &ended{interceptor.WorkflowInboundInterceptorBase{Next: next}, e.ends}
}

type ended struct {
	interceptor.WorkflowInboundInterceptorBase
	ends *int
}

func (e *ended) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	out, err := e.Next.ExecuteWorkflow(ctx, in)
	*e.ends++
	return out, err
}

func asking(keys []ledger.Key) activities.Questions { return activities.Questions{Keys: keys} }

// nobody is a configuration without accounts.
type nobody struct{}

func (nobody) Account(name string) (activities.Account, error) {
	return activities.Account{}, errors.New("account " + name + " is not configured")
}
func (nobody) Names() []string { return nil }
