package main

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// standing is a Temporal whose list shows the ids of each status, with the hour in which each was
// started, and in which some have ended since.
type standing struct {
	temporalclient.Client
	shown   map[refund.Status][]string
	started map[string]int
	ended   []string
	queries []string
	told    []string
}

var askedStatus = regexp.MustCompile(`RefundStatus = '([a-z_]+)'`)

func (s *standing) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	s.queries = append(s.queries, r.GetQuery())
	answer := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, asked := range askedStatus.FindAllStringSubmatch(r.GetQuery(), -1) {
		for _, id := range s.shown[refund.Status(asked[1])] {
			answer.Executions = append(answer.Executions, &workflowpb.WorkflowExecutionInfo{
				Execution: &commonpb.WorkflowExecution{WorkflowId: refund.WorkflowID("shop", id)},
				StartTime: timestamppb.New(time.Date(2026, 11, 21, s.started[id], 0, 0, 0, time.UTC)),
			})
		}
	}
	return answer, nil
}

func (s *standing) SignalWorkflow(_ context.Context, id, _, signal string, _ any) error {
	if slices.Contains(s.ended, id) {
		return serviceerror.NewNotFound("workflow execution already completed")
	}
	s.told = append(s.told, signal+" "+id)
	return nil
}

func (s *standing) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return nil, serviceerror.NewNotFound("no such workflow")
}

func TestAllWhomAnotherLimitMayHelpAreToldOldestFirst(t *testing.T) {
	for name, c := range map[string]struct {
		shown map[refund.Status][]string
		ended []string
		want  []string
		says  string
	}{
		"who waits for budget, and who is asked about over a limit": {
			shown: map[refund.Status][]string{refund.StatusAwaitingBudget: {"R4", "R1"}, refund.StatusAwaitingApproval: {"R3", "R2"}},
			want:  []string{"R1", "R2", "R3", "R4"},
			says:  "refunds told to look again: 4\n  shop/R1\n  shop/R2\n  shop/R3\n  shop/R4\n",
		},
		"once, who came from one status to the other between the lists": {
			shown: map[refund.Status][]string{refund.StatusAwaitingBudget: {"R2", "R1"}, refund.StatusAwaitingApproval: {"R2"}},
			want:  []string{"R1", "R2"},
			says:  "refunds told to look again: 2\n",
		},
		"nobody else": {
			shown: map[refund.Status][]string{refund.StatusNeedsAttention: {"R1"}, refund.StatusProcessing: {"R2"}, refund.StatusReceived: {"R3"}},
			says:  "refunds told to look again: 0\n",
		},
		"and one that has ended since is passed over": {
			shown: map[refund.Status][]string{refund.StatusAwaitingApproval: {"R2", "R1"}},
			ended: []string{refund.WorkflowID("shop", "R1")},
			want:  []string{"R2"},
			says:  "refunds told to look again: 1\n  shop/R2\n",
		},
	} {
		temporal := &standing{shown: c.shown, started: map[string]int{"R1": 1, "R2": 2, "R3": 3, "R4": 4}, ended: c.ended}
		var out bytes.Buffer
		cmd := (&cli{out: &out, output: "text", temporal: temporal}).lookCommand()
		cmd.SetArgs([]string{"--all", "--account", "shop"})
		require.NoError(t, cmd.ExecuteContext(t.Context()), name)
		var want []string
		for _, id := range c.want {
			want = append(want, workflows.SignalLimitsChanged+" "+refund.WorkflowID("shop", id))
		}
		require.Equal(t, want, temporal.told, name)
		require.Contains(t, out.String(), c.says, name)
		for _, query := range temporal.queries {
			require.Contains(t, query, "RefundAccount = 'shop'", name)
			require.Contains(t, query, "CloseTime IS NULL", name)
		}
	}
}
