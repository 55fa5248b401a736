package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/worker/service"
	"github.com/refundflow/refundflow/workflows"
)

const deploy = "../../deploy"

// monitored runs a worker with its metrics shown, and returns how to read them.
func (w *world) monitored(more ...interceptor.WorkerInterceptor) (scrape func() string) {
	w.t.Helper()
	l, err := new(net.ListenConfig).Listen(w.ctx, "tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	s, err := service.Start(w.ctx, service.Options{Config: w.load(), Logger: silent(), Monitor: l, Interceptors: more})
	require.NoError(w.t, err)
	w.t.Cleanup(s.Stop)
	return func() string { return read(w.t, w.ctx, "http://"+l.Addr().String()+"/metrics") }
}

func read(t *testing.T, ctx context.Context, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, string(body))
	return string(body)
}

// stumble lets the first task of the first workflow fail, as a broken build would.
type stumble struct {
	interceptor.WorkerInterceptorBase
	done atomic.Bool
}

func (s *stumble) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &stumbling{interceptor.WorkflowInboundInterceptorBase{Next: next}, s}
}

type stumbling struct {
	interceptor.WorkflowInboundInterceptorBase
	s *stumble
}

func (s *stumbling) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	if workflow.GetInfo(ctx).WorkflowType.Name == "RefundWorkflow" && s.s.done.CompareAndSwap(false, true) {
		panic("stumbles")
	}
	return s.Next.ExecuteWorkflow(ctx, in)
}

// A rule or a panel that names what nobody exports is silent for ever.
func TestEveryMetricOfTheAlertsAndTheDashboardIsExported(t *testing.T) {
	t.Parallel()
	wanted := map[string][]string{}
	for _, query := range append(rules(t), panels(t)...) {
		for _, name := range metricsOf(query) {
			wanted[name] = append(wanted[name], query)
		}
	}
	require.Greater(t, len(wanted), 20)

	w := newWorld(t, shared.Address(), setting{DailyCap: 100_000, ApproveAbove: 50_000, Reconcile: "every: 1s"})
	scrape := w.monitored(&stumble{})
	bad := w.request(4000, 1000)
	_, err := w.sandbox.AddFault(w.ctx, control.Fault{Op: "applyOrderRefund", OrderID: bad.Order.PlatformID, Kind: control.FaultAnswer, Errno: new(int64(10000)), Msg: "signature"})
	require.NoError(t, err)
	good := w.request(9800, 9800, slow)
	w.start(good)
	eventually(t, w.ctx, "a poll", func() (bool, string) { // the first question is not fetched from the server
		return exported(scrape())["temporal_activity_schedule_to_start_latency_seconds_bucket"], "none"
	})
	_, err = w.sandbox.Advance(w.ctx, 25*time.Hour)
	require.NoError(t, err)
	w.wait(good)
	w.start(bad)
	w.reach(bad, refund.StatusNeedsAttention)
	large := w.request(60_000, 60_000)
	w.start(large)
	w.reach(large, refund.StatusAwaitingApproval)

	eventually(t, w.ctx, "everything is shown", func() (bool, string) {
		shown := exported(scrape())
		missing := slices.DeleteFunc(slices.Sorted(maps.Keys(wanted)), func(name string) bool { return shown[name] })
		return len(missing) == 0, strings.Join(missing, " ")
	})
	eventually(t, w.ctx, "the figures are right", func() (bool, string) {
		text := scrape()
		for _, line := range []string{
			`refundflow_refunds_ended_total{account="` + w.account + `",provider="baidu",status="succeeded"} 1`,
			`refundflow_refunded_fen_total{account="` + w.account + `",provider="baidu"} 9800`,
			`refundflow_provider_failures_total{account="` + w.account + `",class="misconfigured",provider="baidu",step="Apply"} 1`,
			`refundflow_account_flagged{account="` + w.account + `",provider="baidu"} 1`,
			`refundflow_open_refunds{account="` + w.account + `",provider="baidu",state="unsent"} 2`,
			`refundflow_money_in_flight_fen{account="` + w.account + `",provider="baidu",state="unsent"} 61000`,
			`refundflow_limit_used_fen{account="` + w.account + `",limit="daily_cap"} 10800`,
			`refundflow_refunds_awaiting_approval 1`, `refundflow_refunds_needing_attention 1`,
			`refundflow_reconcile_every_seconds 1`, `refundflow_ledger_up 1`, `refundflow_temporal_up 1`,
		} {
			if !strings.Contains(text, "\n"+line+"\n") {
				return false, line
			}
		}
		return true, ""
	})
}

// latecomer signals a refund while its last task runs, as a platform's message or a person may: the server then has
// that task run again.
type latecomer struct {
	interceptor.WorkerInterceptorBase
	c    temporalclient.Client
	done atomic.Bool
}

func (l *latecomer) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &latecoming{interceptor.WorkflowInboundInterceptorBase{Next: next}, l}
}

type latecoming struct {
	interceptor.WorkflowInboundInterceptorBase
	l *latecomer
}

func (l *latecoming) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	out, err := l.Next.ExecuteWorkflow(ctx, in)
	if info := workflow.GetInfo(ctx); info.WorkflowType.Name == workflows.TypeRefund && !workflow.IsReplaying(ctx) && l.l.done.CompareAndSwap(false, true) {
		err = errors.Join(err, l.l.c.SignalWorkflow(context.Background(), info.WorkflowExecution.ID, "", workflows.SignalNotification, nil))
	}
	return out, err
}

func TestMoneyIsCountedOnceWhenASignalMakesTheLastTaskRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	c := w.dial(temporalclient.Options{})
	scrape := w.monitored(&latecomer{c: c})
	r := w.request(9800, 3050)
	w.start(r)
	w.paidOnce(r, w.wait(r))
	again := 0
	history := c.GetWorkflowHistory(w.ctx, refund.WorkflowID(r.Account, r.ID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		e, err := history.Next()
		require.NoError(t, err)
		if e.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
			again++
		}
	}
	require.Equal(t, 1, again)
	labels := `{account="` + w.account + `",provider="baidu"`
	require.Equal(t, []string{"refundflow_refunded_fen_total" + labels + "} 3050", "refundflow_refunds_ended_total" + labels + `,status="succeeded"} 1`},
		regexp.MustCompile(`(?m)^refundflow_refund(?:s_ended|ed_fen)_total.*$`).FindAllString(scrape(), -1))
}

func TestNamesThatStrangersChooseAreNoLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared.Address(), setting{})
	scrape := w.monitored()
	c := w.dial(temporalclient.Options{})
	for i := range 5 {
		id := fmt.Sprint(w.queue, "-stranger-", i)
		_, err := c.ExecuteWorkflow(w.ctx, temporalclient.StartWorkflowOptions{TaskQueue: w.queue, ID: id, WorkflowExecutionTimeout: time.Minute}, fmt.Sprint("stranger-", i))
		require.NoError(t, err)
	}
	eventually(t, w.ctx, "their tasks are shown", func() (bool, string) {
		shown := scrape()
		require.Empty(t, regexp.MustCompile(`workflow_type="stranger[^"]*"`).FindString(shown))
		return strings.Contains(shown, `workflow_type="other"`), "none"
	})
}

func TestEveryAlertHasASectionThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	found := 0
	for _, group := range alerts(t).Groups {
		for _, r := range group.Rules {
			found++
			file, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "#")
			require.Equal(t, strings.ToLower(r.Alert), anchor)
			page, err := os.ReadFile(filepath.Join("../..", file))
			require.NoError(t, err)
			require.Regexp(t, "(?m)^#+ "+r.Alert+"$", string(page))
			require.Contains(t, []string{"critical", "warning"}, r.Labels["severity"])
			require.NotEmpty(t, r.Annotations["summary"])
			require.NotEmpty(t, r.Annotations["description"])
		}
	}
	require.Equal(t, 5, found)
}

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

func alerts(t *testing.T) (f ruleFile) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deploy, "prometheus", "alerts.yml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &f))
	return f
}

func rules(t *testing.T) (queries []string) {
	t.Helper()
	for _, group := range alerts(t).Groups {
		for _, r := range group.Rules {
			queries = append(queries, r.Expr)
		}
	}
	require.Len(t, queries, 5)
	return queries
}

// panels are the queries of the dashboard; each of its panels reads from the datasource that is provisioned.
func panels(t *testing.T) (queries []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deploy, "grafana", "dashboards", "refundflow.json"))
	require.NoError(t, err)
	var board struct {
		Templating struct{ List []struct{ Query string } }
		Panels     []struct {
			Type, Title string
			Datasource  struct{ UID string }
			Targets     []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(data, &board))
	for _, v := range board.Templating.List {
		queries = append(queries, v.Query)
	}
	for _, p := range board.Panels {
		if p.Type == "row" {
			continue
		}
		require.Equal(t, "prometheus", p.Datasource.UID, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	require.Greater(t, len(queries), 10)
	return queries
}

var metricName = regexp.MustCompile(`\b(?:refundflow|temporal|process|go)_[a-z0-9_]+\b`)

// metricsOf are the names in a query that a worker exports; up is Prometheus' own.
func metricsOf(query string) []string { return metricName.FindAllString(query, -1) }

// exported are the names with a value.
func exported(text string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			names[metricName.FindString(line)] = true
		}
	}
	return names
}
