package e2e

import (
	"bytes"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/refundflow/refundflow/worker/service"
	"github.com/refundflow/refundflow/workflows"
)

// This test is not parallel: it compares what runs in the process before and after.
func TestAServiceThatCannotStartSaysWhyAndLeavesNothingRunning(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*world) // the configuration, or what it names
		wants []string
	}{
		{"no server at the address", func(w *world) { w.edit(shared.Address(), "127.0.0.1:1") },
			[]string{"temporal.address 127.0.0.1:1", "is the server running?"}},
		{"no such namespace", func(w *world) { w.edit(`"}`, `", namespace: nowhere}`) }, []string{"temporal.namespace nowhere", "make it with: worker setup"}},
		{"a key that is missing", func(w *world) { require.NoError(w.t, os.Remove(w.file("merchant.pem"))) },
			[]string{"accounts.shop-", "baidu.private_key_file", "merchant.pem"}},
		{"a key that is none", func(w *world) {
			require.NoError(w.t, os.WriteFile(w.file("merchant.pem"), []byte("-----BEGIN SECRET"), 0o600))
		}, []string{"accounts.shop-", "baidu.private_key_file"}},
		{"a secret that others can read", func(w *world) { require.NoError(w.t, os.Chmod(w.file("client.secret"), 0o644)) },
			[]string{"accounts.shop-", "baidu.openapi.client_secret_file"}},
		{"a ledger that is another program's file", func(w *world) {
			require.NoError(w.t, os.WriteFile(w.file("ledger.db"), []byte("Dear diary, today I was mistaken for a database."), 0o600))
		}, []string{"ledger", "ledger.db"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, shared.Address(), setting{})
			before := running()
			c.spoil(w)
			s, err := service.Start(w.ctx, service.Options{Config: w.load(), Logger: silent()})
			require.Nil(t, s)
			for _, fragment := range c.wants {
				require.ErrorContains(t, err, fragment)
			}
			require.NotContains(t, err.Error(), "SECRET", "no key material in messages")
			t.Log(err)
			eventually(t, w.ctx, "nothing is left", func() (bool, string) {
				now := running()
				return now.stores <= before.stores && now.workers <= before.workers, "goroutines of a store or a worker remain"
			})
		})
	}
}

// census counts what a service starts: its ledger's connection pools, and its workers' pollers.
type census struct{ stores, workers int }

func running() census {
	var dump bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&dump, 2)
	return census{
		stores:  strings.Count(dump.String(), "(*DB).connectionOpener("),
		workers: strings.Count(dump.String(), "internal.(*baseWorker)."),
	}
}

func (w *world) edit(old, new string) {
	w.t.Helper()
	data, err := os.ReadFile(w.file("refundflow.yaml"))
	require.NoError(w.t, err)
	require.Contains(w.t, string(data), old)
	require.NoError(w.t, os.WriteFile(w.file("refundflow.yaml"), []byte(strings.Replace(string(data), old, new, 1)), 0o600))
}

func TestSearchAttributesAreRegisteredOnceAndNeverRetyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	c := w.dial(temporalclient.Options{})
	fresh, taken := w.account+"-fresh", w.account+"-taken"
	for _, name := range []string{fresh, taken} {
		_, err := c.WorkflowService().RegisterNamespace(w.ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
		})
		require.NoError(t, err)
		eventually(t, w.ctx, "namespace "+name, func() (bool, string) { // the server learns of it in its own time
			_, err := c.OperatorService().ListSearchAttributes(w.ctx, &operatorservice.ListSearchAttributesRequest{Namespace: name})
			return err == nil, "unknown yet"
		})
	}
	for range 2 {
		require.NoError(t, service.RegisterSearchAttributes(w.ctx, c, fresh))
		known, err := c.OperatorService().ListSearchAttributes(w.ctx, &operatorservice.ListSearchAttributesRequest{Namespace: fresh})
		require.NoError(t, err)
		require.Equal(t, workflows.SearchAttributes(), known.GetCustomAttributes())
	}
	_, err := c.OperatorService().AddSearchAttributes(w.ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: taken, SearchAttributes: map[string]enumspb.IndexedValueType{"RefundAmount": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
	})
	require.NoError(t, err)
	err = service.RegisterSearchAttributes(w.ctx, c, taken)
	for _, fragment := range []string{"RefundAmount", "Keyword", "Int", taken, "remove or rename"} {
		require.ErrorContains(t, err, fragment)
	}
	known, err := c.OperatorService().ListSearchAttributes(w.ctx, &operatorservice.ListSearchAttributesRequest{Namespace: taken})
	require.NoError(t, err)
	require.Len(t, known.GetCustomAttributes(), 1, "nothing was registered beside it")
}
