package timeskip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// Errors of [Control], besides the context's and the server's own (serviceerror.NotFound for a workflow that does not exist or
// has ended).
var (
	// ErrNotSupported: the server knows no time skipping, or does not allow it in this namespace.
	ErrNotSupported = errors.New("time skipping is off; the server must be 1.32 or newer with frontend.WorkflowTimeSkippingEnabled=true")
	// ErrEnded: the workflow ended on the way of a fast-forward. Often that is what the caller wanted to see.
	ErrEnded = errors.New("the workflow ended before the stretch was over")
	// ErrInterrupted: a fast-forward was given up on its way, since another FastForward, Enable or Disable took its place,
	// or [DefaultMaxSkips] jumps were made. The text has the server's reason.
	ErrInterrupted = errors.New("the fast-forward did not reach its time")
)

// Control moves the clocks of running workflows in one namespace. It always means the newest run of a workflow id.
type Control struct {
	service   workflowservice.WorkflowServiceClient
	namespace string
}

// New controls the workflows of a namespace through a server's gRPC API; an SDK client has it as WorkflowService().
func New(service workflowservice.WorkflowServiceClient, namespace string) *Control {
	return &Control{service: service, namespace: namespace}
}

// Enable lets a running workflow skip time from now to its end, or until [DefaultMaxSkips] jumps or [Control.Disable].
// It returns when the server has taken note; the jumps follow.
func (c *Control) Enable(ctx context.Context, workflowID string) error {
	return c.update(ctx, workflowID, toTheEnd())
}

// Disable stops skipping. The workflow's clock runs on from where it is, at the wall's pace: it does not go back.
func (c *Control) Disable(ctx context.Context, workflowID string) error {
	return c.update(ctx, workflowID, &commonpb.TimeSkippingConfig{Enabled: false})
}

// FastForward moves a running workflow's clock on by d (above zero), firing on the way all that falls due, and returns when
// the new time is reached; from then on time runs at the wall's pace again. While work is in flight the clock waits, so
// give ctx a deadline. [ErrEnded] when the workflow ends on the way, [ErrInterrupted] when someone else takes over.
func (c *Control) FastForward(ctx context.Context, workflowID string, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("fast-forward of %q by %s: the stretch must be above zero", workflowID, d)
	}
	id := uuid.NewString() // names this stretch, so that somebody else's is not taken for ours
	err := c.update(ctx, workflowID, &commonpb.TimeSkippingConfig{
		Enabled:             true,
		MaxSessionSkipCount: DefaultMaxSkips,
		FastForwardConfig:   &commonpb.FastForwardConfig{Id: id, Duration: durationpb.New(d)},
	})
	if err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("fast-forward of %q by %s: still on its way: %w", workflowID, d, err)
		}
		answer, over, err := c.poll(ctx, workflowID, id)
		switch {
		case over:
			continue
		case err != nil:
			return c.explain("wait for the fast-forward of", workflowID, err)
		}
		switch answer.GetFastForwardPollingResult() {
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED:
			return nil
		case enumspb.FAST_FORWARD_POLLING_RESULT_POLL_TIMEOUT: // the server ends a look as well
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED:
			return fmt.Errorf("fast-forward of %q by %s: %w: %s", workflowID, d, c.whyFailed(ctx, workflowID), answer.GetFailedReason())
		default:
			return fmt.Errorf("fast-forward of %q by %s: %w: the server answered %s, unknown to this program",
				workflowID, d, ErrInterrupted, answer.GetFastForwardPollingResult())
		}
	}
}

// pollTime limits one look at a fast-forward. The server wakes a look when the time is reached, but not when the workflow
// ends first: it only sees that at the start of the next one, and its own looks last 20 s.
const pollTime = 100 * time.Millisecond

// poll looks once. over means that the look's time, or the caller's, ran out without an answer.
func (c *Control) poll(ctx context.Context, workflowID, fastForward string) (
	answer *workflowservice.PollWorkflowExecutionTimeSkippingResponse, over bool, err error,
) {
	ctx, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	answer, err = c.service.PollWorkflowExecutionTimeSkipping(ctx, &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
		Namespace:         c.namespace,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflowID},
		FastForwardId:     fastForward,
	})
	// The server knows the deadline too, and its end of the look may come first, in several wordings. An error that is
	// really another one comes back at the next look.
	deadline, _ := ctx.Deadline()
	over = err != nil && (ctx.Err() != nil || time.Until(deadline) < pollTime/10)
	return answer, over, err
}

// whyFailed asks for what the server's answer says only in words.
func (c *Control) whyFailed(ctx context.Context, workflowID string) error {
	answer, err := c.describe(ctx, workflowID)
	switch {
	case err != nil:
		return errors.Join(ErrInterrupted, err)
	case answer.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return ErrInterrupted
	default:
		return ErrEnded
	}
}

// State is a workflow's clock.
type State struct {
	Now      time.Time // the workflow's own time
	Skipping bool      // it jumps whenever nothing is in flight
}

// State reads the clock of a workflow, running or ended.
func (c *Control) State(ctx context.Context, workflowID string) (State, error) {
	answer, err := c.describe(ctx, workflowID)
	if err != nil {
		return State{}, err
	}
	info := answer.GetWorkflowExtendedInfo().GetTimeSkippingInfo()
	if info == nil { // never touched: its time is the wall's
		return State{Now: time.Now()}, nil
	}
	return State{Now: info.GetCurrentTime().AsTime(), Skipping: info.GetEffectiveConfig().GetEnabled()}, nil
}

func (c *Control) describe(ctx context.Context, workflowID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	answer, err := c.service.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: c.namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID},
	})
	if err != nil {
		return nil, c.explain("read the clock of", workflowID, err)
	}
	return answer, nil
}

// update replaces the configuration as a whole; the server refuses to change parts of it.
func (c *Control) update(ctx context.Context, workflowID string, config *commonpb.TimeSkippingConfig) error {
	_, err := c.service.UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace:                c.namespace,
		WorkflowExecution:        &commonpb.WorkflowExecution{WorkflowId: workflowID},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: config},
		UpdateMask:               &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	if err != nil {
		return c.explain("change the clock of", workflowID, err)
	}
	return nil
}

// explain makes the server's answer a typed error: over a plain connection it arrives as a bare gRPC status.
func (c *Control) explain(what, workflowID string, err error) error {
	err = serviceerror.FromStatus(serviceerror.ToStatus(err))
	if unimplemented := new(serviceerror.Unimplemented); errors.As(err, &unimplemented) {
		err = fmt.Errorf("%w (%w)", ErrNotSupported, err)
	}
	return fmt.Errorf("%s workflow %q in namespace %q: %w", what, workflowID, c.namespace, err)
}
