package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// server is a Temporal server of one workflow id, as far as starts and updates go.
type server struct {
	temporalclient.Client // what is not written below panics
	t                     *testing.T
	runs                  []run
	update                error  // what the submission is answered with; nil for [accepted]
	asked                 string // the id of the last update that was sent to a run
}

type run struct {
	input     any
	execution enumspb.WorkflowExecutionStatus
	outcome   refund.Outcome
}

var accepted = refund.Answer{Status: refund.StatusCheckingOrder, Sentence: "accepted"}

func (s *server) id(n int) string { return fmt.Sprintf("run-%d", n) }

func (s *server) find(runID string) (run, string) {
	for n := range s.runs {
		if s.id(n) == runID || runID == "" && n == len(s.runs)-1 {
			return s.runs[n], s.id(n)
		}
	}
	require.FailNow(s.t, "no run "+runID)
	return run{}, ""
}

// begin follows the id reuse policy as the server does.
func (s *server) begin(o temporalclient.StartWorkflowOptions, input any) (string, error) {
	require.Equal(s.t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, o.WorkflowIDConflictPolicy)
	if len(s.runs) > 0 {
		last, id := s.find("")
		free := false
		if o.WorkflowIDReusePolicy != enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE {
			free = last.execution != running && last.execution != paused &&
				(last.execution != completed || o.WorkflowIDReusePolicy == enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
		}
		if !free {
			return "", fmt.Errorf("failed workflow start: %w", serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "", id))
		}
	}
	s.runs = append(s.runs, run{input: input, execution: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING})
	return s.id(len(s.runs) - 1), nil
}

func (s *server) ExecuteWorkflow(_ context.Context, o temporalclient.StartWorkflowOptions, _ any, args ...any) (temporalclient.WorkflowRun, error) {
	id, err := s.begin(o, args[0])
	return started{id: id}, err
}

type operation struct {
	temporalclient.WithStartWorkflowOperation
	options temporalclient.StartWorkflowOptions
	input   any
}

func (s *server) NewWithStartWorkflowOperation(o temporalclient.StartWorkflowOptions, _ any, args ...any) temporalclient.WithStartWorkflowOperation {
	return operation{options: o, input: args[0]}
}

func (s *server) UpdateWithStartWorkflow(_ context.Context, o temporalclient.UpdateWithStartWorkflowOptions) (temporalclient.WorkflowUpdateHandle, error) {
	op := o.StartWorkflowOperation.(operation)
	id, err := s.begin(op.options, op.input)
	return answered{id: id, err: s.update}, err
}

func (s *server) UpdateWorkflow(_ context.Context, o temporalclient.UpdateWorkflowOptions) (temporalclient.WorkflowUpdateHandle, error) {
	_, id := s.find(o.RunID)
	s.asked = o.UpdateID
	return answered{id: id, err: s.update}, nil
}

func (s *server) DescribeWorkflowExecution(_ context.Context, _, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	found, id := s.find(runID)
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{RunId: id}, Status: found.execution,
	}}, nil
}

func (s *server) GetWorkflow(_ context.Context, _, runID string) temporalclient.WorkflowRun {
	found, id := s.find(runID)
	return started{id: id, outcome: found.outcome}
}

func (s *server) GetWorkflowHistory(_ context.Context, _, runID string, _ bool, _ enumspb.HistoryEventFilterType) temporalclient.HistoryEventIterator {
	found, _ := s.find(runID)
	input, err := converter.GetDefaultDataConverter().ToPayloads(found.input)
	require.NoError(s.t, err)
	return first{&historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: input},
	}}}
}

type first struct{ event *historypb.HistoryEvent }

func (f first) HasNext() bool                          { return true }
func (f first) Next() (*historypb.HistoryEvent, error) { return f.event, nil }

type started struct {
	temporalclient.WorkflowRun
	id      string
	outcome refund.Outcome
}

func (r started) GetRunID() string { return r.id }
func (r started) Get(_ context.Context, v any) error {
	*v.(*refund.Outcome) = r.outcome
	return nil
}

type answered struct {
	temporalclient.WorkflowUpdateHandle
	id  string
	err error
}

func (a answered) RunID() string { return a.id }
func (a answered) Get(_ context.Context, v any) error {
	if a.err != nil {
		return a.err
	}
	*v.(*refund.Answer) = accepted
	return nil
}

const (
	running    = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	paused     = enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
	completed  = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	terminated = enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
	failed     = enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
)

func TestWhatStandsUnderAnIDDecidesWhatAStartFinds(t *testing.T) {
	mine, other := request(), request()
	other.Reason = "something else"
	paid := refund.Outcome{Status: refund.StatusSucceeded, Reason: "given back"}
	conflicted := refund.Outcome{Status: refund.StatusFailed, Reason: "the id is another refund's", Conflict: true}
	for _, c := range []struct {
		name     string
		runs     []run
		existing bool
		conflict bool
		wants    string        // part of another error
		answer   refund.Answer // of Submit
	}{
		{name: "nothing", answer: accepted},
		{name: "the same, running", runs: []run{{mine, running, refund.Outcome{}}}, existing: true, answer: accepted},
		{name: "the same, paused by hand", runs: []run{{mine, paused, refund.Outcome{}}}, existing: true, answer: accepted},
		{name: "the same, ended", runs: []run{{mine, completed, paid}}, existing: true, answer: refund.Answer{Status: refund.StatusSucceeded, Sentence: "given back"}},
		{name: "the same, terminated", runs: []run{{mine, terminated, refund.Outcome{}}}, answer: accepted},
		{name: "the same, failed", runs: []run{{mine, failed, refund.Outcome{}}}, answer: accepted},
		{name: "another, running", runs: []run{{other, running, refund.Outcome{}}}, conflict: true},
		{name: "another, ended", runs: []run{{other, completed, paid}}, conflict: true},
		{name: "another, terminated", runs: []run{{other, terminated, refund.Outcome{}}}, conflict: true},
		{name: "another, which the ledger refused", runs: []run{{other, completed, conflicted}}, answer: accepted},
		{name: "the same, which the ledger refused", runs: []run{{mine, completed, conflicted}}, conflict: true},
		{name: "no request, ended", runs: []run{{map[string]any{"amout": 1}, completed, refund.Outcome{Status: refund.StatusFailed}}}, answer: accepted},
		{name: "no request, failed", runs: []run{{"what", failed, refund.Outcome{}}}, answer: accepted},
		{name: "no request, paused by hand", runs: []run{{"what", paused, refund.Outcome{}}}, wants: "has not ended"},
		{name: "no request, running", runs: []run{{map[string]any{"amout": 1}, running, refund.Outcome{}}},
			wants: "started before with a document that is no valid request, and has not ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, begin := range map[string]func(*Client) (Submitted, error){
				"start": func(x *Client) (Submitted, error) {
					s, err := x.Start(t.Context(), mine)
					return Submitted{Started: s, Answer: c.answer}, err
				},
				"submit": func(x *Client) (Submitted, error) { return x.Submit(t.Context(), mine) },
			} {
				s := &server{t: t, runs: c.runs}
				got, err := begin(New(s))
				switch {
				case c.conflict:
					var conflict *ConflictError
					require.ErrorAs(t, err, &conflict, how)
					require.Len(t, s.runs, len(c.runs), "%s started nothing", how)
				case c.wants != "":
					require.ErrorContains(t, err, c.wants, how)
					require.Len(t, s.runs, len(c.runs), "%s started nothing", how)
				default:
					require.NoError(t, err, how)
					_, newest := s.find("")
					require.Equal(t, Submitted{Started{"refund/shop/R1", newest, c.existing}, c.answer}, got, how)
					if c.existing {
						require.Len(t, s.runs, len(c.runs), how)
					} else {
						require.Len(t, s.runs, len(c.runs)+1, how)
					}
				}
			}
		})
	}
}

func TestASubmissionIsRefusedByWhoKnows(t *testing.T) {
	var conflict *ConflictError
	var invalid *refund.InvalidError
	for name, c := range map[string]struct {
		update error
		as     any
	}{
		"the ledger remembers the id":   {temporal.NewApplicationError("in use", workflows.RefusedConflict), &conflict},
		"the worker reads it otherwise": {temporal.NewApplicationError("extra.x: want less", workflows.RefusedInvalid), &invalid},
	} {
		_, err := New(&server{t: t, update: c.update}).Submit(t.Context(), request())
		require.ErrorAs(t, err, c.as, name)
	}
}

func TestARefundThatIsSubmittedInALoopIsAskedUnderOneID(t *testing.T) {
	r := request()
	s := &server{t: t, runs: []run{{r, running, refund.Outcome{}}}}
	_, err := New(s).Submit(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, "submit-"+r.Fingerprint(), s.asked)
}

func TestResumeBeginsAnewWhatHasNotEnded(t *testing.T) {
	other := request()
	other.Reason = "something else"
	paid := refund.Outcome{Status: refund.StatusSucceeded, Reason: "given back", ProviderNumber: "N1"}
	for _, c := range []struct {
		name             string
		last             run
		begins, reopened bool
		ended            *EndedError
	}{
		{name: "running", last: run{request(), running, refund.Outcome{}}},
		{name: "paused by hand", last: run{request(), paused, refund.Outcome{}}},
		{name: "terminated", last: run{request(), terminated, refund.Outcome{}}, begins: true, reopened: true},
		{name: "failed", last: run{request(), failed, refund.Outcome{}}, begins: true, reopened: true},
		{name: "ended", last: run{request(), completed, paid}, reopened: true,
			ended: &EndedError{"shop", "R1", refund.StatusSucceeded, "given back", &paid}},
		{name: "ended with other content", last: run{other, completed, paid}, begins: true, reopened: true},
		{name: "refused by the ledger: the id was another's", last: run{request(), completed, refund.Outcome{Conflict: true, ProviderNumber: "N1"}},
			begins: true, reopened: true},
		{name: "refused before it was written down", last: run{request(), completed, refund.Outcome{Status: refund.StatusFailed}}, begins: true, reopened: true},
		{name: "no request", last: run{"what", completed, refund.Outcome{}}, begins: true, reopened: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{t: t, runs: []run{c.last}}
			begun, err := New(s).Resume(t.Context(), request())
			if c.ended != nil {
				var ended *EndedError
				require.ErrorAs(t, err, &ended)
				require.Equal(t, c.ended, ended)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, c.begins, begun)
			require.Len(t, s.runs, map[bool]int{false: 1, true: 2}[c.begins])

			s = &server{t: t, runs: []run{c.last}}
			begun, err = New(s).Reopen(t.Context(), request())
			require.NoError(t, err)
			require.Equal(t, c.reopened, begun, "for its alert")
		})
	}
}

func TestWhyADecisionCountedForNothingIsToldByType(t *testing.T) {
	decide := func(s *server) error {
		s.t = t
		_, err := New(s).Approve(t.Context(), "shop", "R1", refund.Decision{By: "finance-2"})
		return err
	}
	here := []run{{request(), running, refund.Outcome{}}}

	var refused *RefusedError
	require.ErrorAs(t, decide(&server{runs: here, update: temporal.NewApplicationError("agent-17 asked for it", workflows.RefusedNow)}), &refused)
	require.Equal(t, "agent-17 asked for it", refused.Reason)

	var invalid *refund.InvalidError
	require.ErrorAs(t, decide(&server{runs: here, update: temporal.NewApplicationError("by: want less", workflows.RefusedInvalid)}), &invalid)

	var ended *EndedError
	overtaken := temporal.NewApplicationError("the workflow completed", typeOvertaken)
	for _, c := range []struct {
		run   run
		wants EndedError
		says  string
	}{
		{run{request(), completed, refund.Outcome{Status: refund.StatusRejected, Reason: "rejected by finance-3"}},
			EndedError{"shop", "R1", refund.StatusRejected, "rejected by finance-3", nil}, "has ended as rejected: rejected by finance-3"},
		{run{request(), terminated, refund.Outcome{}}, EndedError{"shop", "R1", "", "Terminated", nil}, "start it again with the same content"},
	} {
		for _, cause := range []error{overtaken, serviceerror.NewNotFound("workflow execution already completed")} {
			err := decide(&server{runs: []run{c.run}, update: cause})
			require.ErrorAs(t, err, &ended)
			require.Equal(t, c.wants, *ended)
			require.ErrorContains(t, err, c.says)
		}
	}

	require.False(t, errors.As(decide(&server{runs: []run{{request(), paused, refund.Outcome{}}}, update: overtaken}), &ended), "a pause is no end")

	var silent *NoAnswerError
	late := temporalclient.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	require.ErrorAs(t, decide(&server{runs: here, update: late}), &silent)
	require.ErrorContains(t, silent, "is one running on this task queue?")

	odd := errors.New("odd")
	require.ErrorIs(t, decide(&server{runs: here, update: odd}), odd, "what is not known is passed on")
}

func TestASubmittedAnswerIsOneFlatDocument(t *testing.T) {
	data, err := json.Marshal(Submitted{Started{"refund/shop/R1", "run-0", true}, accepted})
	require.NoError(t, err)
	require.JSONEq(t, `{"workflow_id":"refund/shop/R1","run_id":"run-0","existing":true,
		"answer":{"status":"checking_order","sentence":"accepted"}}`, string(data))
}
