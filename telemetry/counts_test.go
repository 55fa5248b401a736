package telemetry

import (
	"compress/gzip"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

func TestEachEndOfARefundIsCountedOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		o    refundtest.Options
		run  func(*refundtest.World)
		want map[string]float64
	}{
		{"a success, with its money", refundtest.Options{}, func(w *refundtest.World) { w.Run(w.Part()) }, map[string]float64{
			"refunds_ended_total{shop-baidu,baidu,succeeded}": 1, "refunded_fen_total{shop-baidu,baidu}": 3050}},
		{"a success whose steps died and were repeated", refundtest.Options{}, func(w *refundtest.World) {
			w.Run(w.Part(), refundtest.Lose("Apply", 1), refundtest.Lose("AwaitResult", 1))
		}, map[string]float64{"refunds_ended_total{shop-baidu,baidu,succeeded}": 1, "refunded_fen_total{shop-baidu,baidu}": 3050}},
		{"a refusal, without money", refundtest.Options{}, func(w *refundtest.World) { w.Run(w.Full(refundtest.Unpaid)) },
			map[string]float64{"refunds_ended_total{shop-baidu,baidu,failed}": 1}},
		{"a rejection", refundtest.Options{Approval: refund.ApprovalPolicy{Always: true}}, func(w *refundtest.World) {
			w.Run(w.Part(), refundtest.At(time.Hour, refundtest.Reject("finance-2")))
		}, map[string]float64{"refunds_ended_total{shop-baidu,baidu,rejected}": 1}},
		{"who asks again about an ended refund adds nothing", refundtest.Options{}, func(w *refundtest.World) {
			r := w.Part()
			w.Run(r)
			w.Pass(time.Hour)
			w.Begin(r)
		}, map[string]float64{"refunds_ended_total{shop-baidu,baidu,succeeded}": 1, "refunded_fen_total{shop-baidu,baidu}": 3050}},
		{"who uses its id for something else adds nothing", refundtest.Options{}, func(w *refundtest.World) {
			r := w.Part()
			w.Run(r)
			r.Amount++
			w.Begin(r)
		}, map[string]float64{"refunds_ended_total{shop-baidu,baidu,succeeded}": 1, "refunded_fen_total{shop-baidu,baidu}": 3050}},
		{"an account that nobody configured is no label", refundtest.Options{}, func(w *refundtest.World) {
			r := w.Part()
			r.Account = "made-up"
			w.Begin(r)
		}, map[string]float64{"refunds_ended_total{,,failed}": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tele := eyes(t, Options{})
			c.run(seen(t, tele, c.o))
			require.Equal(t, c.want, figures(t, tele, "refunds_ended_total", "refunded_fen_total"))
		})
	}
}

func TestAnEndIsRememberedForAsLongAsItsTaskMayBeRepeated(t *testing.T) {
	var e ends
	run := func(n int) workflow.Execution {
		return workflow.Execution{ID: "refund/shop/R1", RunID: strconv.Itoa(n)}
	}
	for n := range remembered {
		require.True(t, e.first(run(n)))
		require.False(t, e.first(run(n)), "a repeated task")
	}
	require.False(t, e.first(run(0)), "none is forgotten before there are more")
	require.True(t, e.first(run(remembered)))
	require.False(t, e.first(run(1)))
	require.True(t, e.first(run(0)), "the oldest made room")
	require.Len(t, e.known, remembered)
}

func TestAReplayCountsNothing(t *testing.T) {
	files, err := filepath.Glob("../workflows/testdata/replay/*/full.json.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	tele := eyes(t, Options{})
	ends := 0
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		Interceptors: append(tele.WorkerInterceptors(), &ending{ends: &ends})})
	require.NoError(t, err)
	replayer.RegisterWorkflowWithOptions(workflows.RefundWorkflow, workflow.RegisterOptions{Name: workflows.TypeRefund})
	for _, name := range files {
		file, err := os.Open(name)
		require.NoError(t, err)
		text, err := gzip.NewReader(file)
		require.NoError(t, err)
		h, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
		require.NoError(t, err)
		id := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
		require.NoError(t, replayer.ReplayWorkflowHistoryWithOptions(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), h,
			worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}))
		require.NoError(t, file.Close())
	}
	require.Equal(t, len(files), ends, "each came to its end again")
	require.Empty(t, figures(t, tele, "refunds_ended_total"))
}

// TestStepsInTheTaskAreCountedAsAllOthersAre: each exchange and each failure once, wherever the attempt was made.
func TestStepsInTheTaskAreCountedAsAllOthersAre(t *testing.T) {
	var all []map[string]float64
	for _, inline := range []activities.Inline{activities.InlineNone, activities.InlineAll} {
		tele := eyes(t, Options{})
		w := seen(t, tele, refundtest.Options{Inline: inline})
		for _, op := range []string{"queryorderdetail", "applyOrderRefund", "findOrderRefund"} {
			w.Fault(control.Fault{Op: op, Kind: control.FaultStatus, Status: 429, Times: 1})
		}
		w.Run(w.Part())
		all = append(all, figures(t, tele, "provider_exchanges_total", "provider_failures_total", "provider_call_seconds", "refunds_ended_total"))
	}
	require.Equal(t, 1.0, all[0]["provider_failures_total{shop-baidu,throttled,baidu,Apply}"])
	require.Equal(t, all[0], all[1])
}

func TestExchangesAndFailuresAreCountedByStep(t *testing.T) {
	tele := eyes(t, Options{})
	w := seen(t, tele, refundtest.Options{})
	w.Fault(control.Fault{Op: "applyOrderRefund", Kind: control.FaultStatus, Status: 502, Phase: control.After, Times: 1})
	r := w.Run(w.Part(refundtest.SettlesAfter(time.Hour)))
	polls := float64(r.Attempts("AwaitResult"))
	require.Greater(t, polls, 1.0)
	require.Equal(t, map[string]float64{
		"provider_failures_total{shop-baidu,ambiguous,baidu,Apply}":  1,
		"provider_exchanges_total{shop-baidu,baidu,200,CheckOrder}":  1,
		"provider_exchanges_total{shop-baidu,baidu,502,Apply}":       1,
		"provider_exchanges_total{shop-baidu,baidu,200,FindOut}":     2, // it fetches a token first
		"provider_exchanges_total{shop-baidu,baidu,200,AwaitResult}": polls,
		"provider_call_seconds{shop-baidu,baidu,CheckOrder}":         1,
		"provider_call_seconds{shop-baidu,baidu,Apply}":              1,
		"provider_call_seconds{shop-baidu,baidu,FindOut}":            2,
		"provider_call_seconds{shop-baidu,baidu,AwaitResult}":        polls,
	}, figures(t, tele, "provider_exchanges_total", "provider_failures_total", "provider_call_seconds"), "that a result is not there yet is no failure")
}

func TestTheReconcilersQuestionsAreCountedForTheirAccount(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	known := subject{account: refundtest.AccountName, provider: "baidu"}
	key := ledger.Key{Account: refundtest.AccountName, ID: "R1"}
	for _, c := range []struct {
		name string
		keys []ledger.Key
		want subject
	}{
		{"one account", []ledger.Key{key, key}, known},
		{"several accounts", []ledger.Key{key, {Account: "other", ID: "R1"}}, subject{}},
		{"one that was taken out", []ledger.Key{{Account: "other", ID: "R1"}}, subject{}},
		{"none", nil, subject{}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, asked(w, []any{asking(c.keys)})) })
	}
	require.Equal(t, subject{}, asked(w, nil))
}
