package telemetry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/workflows"
)

// shelf is a ledger that can be away, and counts how often it was read.
type shelf struct {
	ledger.Ledger
	away  error
	reads int
}

func (s *shelf) InFlight(ctx context.Context) ([]ledger.InFlight, error) {
	s.reads++
	if s.away != nil {
		return nil, s.away
	}
	return s.Ledger.InFlight(ctx)
}

// later makes what was read too old to be shown again.
func (w *watched) later() { w.read = time.Now().Add(-scrapeFresh) }

func TestAScrapeShowsWhatIsOpenAndForWhatItWaits(t *testing.T) {
	tele := eyes(t, Options{})
	w := seen(t, tele, refundtest.Options{Limits: ledger.Limits{DailyCap: 4000, Reserve: 90000}})
	want := map[string]float64{
		"ledger_up{}": 1, "account_flagged{shop-baidu,baidu}": 0, "alerts{shop-baidu,baidu}": 0, "oldest_in_doubt_seconds{shop-baidu,baidu}": 0,
		"open_refunds{shop-baidu,baidu,unsent}": 0, "open_refunds{shop-baidu,baidu,in_doubt}": 0, "open_refunds{shop-baidu,baidu,accepted}": 0,
		"money_in_flight_fen{shop-baidu,baidu,unsent}": 0, "money_in_flight_fen{shop-baidu,baidu,in_doubt}": 0, "money_in_flight_fen{shop-baidu,baidu,accepted}": 0,
		"waiting_refunds{shop-baidu,daily_cap,baidu}": 0, "waiting_refunds{shop-baidu,reserve,baidu}": 0, "waiting_refunds{shop-baidu,order_turn,baidu}": 0,
		"limit_fen{shop-baidu,daily_cap}": 4000, "limit_used_fen{shop-baidu,daily_cap}": 0, "limit_fen{shop-baidu,reserve}": 90000, "limit_used_fen{shop-baidu,reserve}": 0,
	}
	require.Equal(t, want, figures(t, tele), "who is quiet shows zeros")

	w.Fault(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.Before, Times: 50})
	w.Abandon(w.Part(), refundtest.Terminate(10*time.Second)) // in doubt
	second := w.Part()
	second.ID = "R2"
	w.Abandon(second, refundtest.Terminate(10*time.Second)) // has no room beside it
	require.NoError(t, w.Ledger.Flag(t.Context(), refundtest.AccountName, w.Now(), "bad key"))
	w.Pass(time.Hour)
	tele.watched.later()
	shown := figures(t, tele)
	require.InDelta(t, time.Hour.Seconds(), shown["oldest_in_doubt_seconds{shop-baidu,baidu}"], 60)
	for name, value := range map[string]float64{
		"account_flagged{shop-baidu,baidu}": 1, "open_refunds{shop-baidu,baidu,in_doubt}": 1, "money_in_flight_fen{shop-baidu,baidu,in_doubt}": 3050,
		"open_refunds{shop-baidu,baidu,unsent}": 1, "money_in_flight_fen{shop-baidu,baidu,unsent}": 3050,
		"waiting_refunds{shop-baidu,daily_cap,baidu}": 1, "limit_used_fen{shop-baidu,daily_cap}": 3050, "limit_used_fen{shop-baidu,reserve}": 3050,
	} {
		require.Equal(t, value, shown[name], name)
	}
}

func TestWhatAnAccountThatWasTakenOutLeavesOpenIsStillShown(t *testing.T) {
	tele := eyes(t, Options{})
	w := seen(t, tele, refundtest.Options{})
	w.Fault(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.Before, Times: 50})
	w.Abandon(w.Part(), refundtest.Terminate(10*time.Second))
	require.NoError(t, w.Ledger.Flag(t.Context(), refundtest.AccountName, w.Now(), "bad key"))
	tele.Watch(Watched{Ledger: w.Ledger, Accounts: nobody{}, Now: w.Now})
	shown := figures(t, tele, "open_refunds", "account_flagged")
	require.Equal(t, 1.0, shown["open_refunds{shop-baidu,baidu,in_doubt}"])
	require.NotContains(t, shown, "account_flagged{shop-baidu,baidu}")
}

func TestWhatCannotBeReadIsAbsentAndSaid(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	books := &shelf{Ledger: w.Ledger}
	tele := eyes(t, Options{})
	tele.Watch(Watched{Ledger: books, Accounts: w, Now: w.Now})
	require.Contains(t, figures(t, tele), "open_refunds{shop-baidu,baidu,unsent}")
	books.away = errors.New("away")
	tele.watched.later()
	require.Equal(t, map[string]float64{"ledger_up{}": 0}, figures(t, tele))
	books.away = nil
	tele.watched.later()
	require.Equal(t, 1.0, figures(t, tele)["ledger_up{}"])
}

func TestScrapesAreNoLoad(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	books := &shelf{Ledger: w.Ledger, away: errors.New("away")}
	tele := eyes(t, Options{})
	tele.Watch(Watched{Ledger: books, Accounts: w, Now: w.Now})
	require.Equal(t, figures(t, tele), figures(t, tele))
	require.Equal(t, 1, books.reads, "a failure serves the next scrape too")
}

func TestPeopleAndTheReconcilerAreAskedForAtTemporal(t *testing.T) {
	w := refundtest.New(t, refundtest.Options{})
	closed := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	schedule := func(m *mocks.Client, paused bool, err error) {
		handle, client := mocks.NewScheduleHandle(t), mocks.NewScheduleClient(t)
		m.On("ScheduleClient").Return(client)
		client.On("GetHandle", mock.Anything, "refundflow-reconcile-refunds-7").Return(handle)
		handle.On("Describe", mock.Anything).Return(&temporalclient.ScheduleDescription{Schedule: temporalclient.Schedule{
			Spec: &temporalclient.ScheduleSpec{Intervals: []temporalclient.ScheduleIntervalSpec{{Every: 15 * time.Minute}}}, State: &temporalclient.ScheduleState{Paused: paused},
		}}, err)
	}
	nobody := func(m *mocks.Client) {
		m.On("CountWorkflow", mock.Anything, mock.Anything).Return(&workflowservice.CountWorkflowExecutionsResponse{}, nil)
	}
	for _, c := range []struct {
		name string
		plan func(*mocks.Client)
		want map[string]float64
	}{
		{"asked by status and queue", func(m *mocks.Client) {
			for status, n := range map[refund.Status]int64{refund.StatusAwaitingApproval: 3, refund.StatusNeedsAttention: 2} {
				m.On("CountWorkflow", mock.Anything, &workflowservice.CountWorkflowExecutionsRequest{Query: "WorkflowType = 'RefundWorkflow' AND " +
					"TaskQueue = 'refunds-7' AND ExecutionStatus = 'Running' AND RefundStatus = '" + string(status) + "'"}).
					Return(&workflowservice.CountWorkflowExecutionsResponse{Count: n}, nil)
			}
			schedule(m, false, nil)
			m.On("ListWorkflow", mock.Anything, &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1,
				Query: "WorkflowType = 'ReconcileWorkflow' AND TaskQueue = 'refunds-7' AND ExecutionStatus = 'Completed'"}).
				Return(&workflowservice.ListWorkflowExecutionsResponse{Executions: []*workflowpb.WorkflowExecutionInfo{{CloseTime: timestamppb.New(closed)}}}, nil)
		}, map[string]float64{"temporal_up{}": 1, "refunds_awaiting_approval{}": 3, "refunds_needing_attention{}": 2,
			"reconcile_every_seconds{}": 900, "reconciled_timestamp_seconds{}": float64(closed.Unix())}},
		{"never reconciled, and paused", func(m *mocks.Client) {
			nobody(m)
			schedule(m, true, nil)
			m.On("ListWorkflow", mock.Anything, mock.Anything).Return(&workflowservice.ListWorkflowExecutionsResponse{}, nil)
		}, map[string]float64{"temporal_up{}": 1, "refunds_awaiting_approval{}": 0, "refunds_needing_attention{}": 0}},
		{"no reconciler", func(m *mocks.Client) {
			nobody(m)
			schedule(m, false, serviceerror.NewNotFound("no schedule"))
		}, map[string]float64{"temporal_up{}": 1, "refunds_awaiting_approval{}": 0, "refunds_needing_attention{}": 0}},
		{"away", func(m *mocks.Client) {
			m.On("CountWorkflow", mock.Anything, mock.Anything).Return(nil, errors.New("away"))
		}, map[string]float64{"temporal_up{}": 0}},
		{"away before the schedule", func(m *mocks.Client) {
			nobody(m)
			schedule(m, false, errors.New("away"))
		}, map[string]float64{"temporal_up{}": 0}},
		{"away before the list", func(m *mocks.Client) {
			nobody(m)
			schedule(m, false, nil)
			m.On("ListWorkflow", mock.Anything, mock.Anything).Return(nil, errors.New("away"))
		}, map[string]float64{"temporal_up{}": 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mocks.NewClient(t)
			c.plan(m)
			tele := eyes(t, Options{})
			tele.Watch(Watched{Ledger: w.Ledger, Accounts: w, Temporal: m, TaskQueue: workflows.TaskQueue + "-7", Now: w.Now})
			require.Equal(t, c.want, figures(t, tele, "temporal_up", "refunds_awaiting_approval", "refunds_needing_attention",
				"reconcile_every_seconds", "reconciled_timestamp_seconds"))
		})
	}
}
