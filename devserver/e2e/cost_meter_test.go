package e2e

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/refundflow/refundflow/activities"
	billed "github.com/refundflow/refundflow/devserver/actions"
)

// The billable actions of a refund, by the server's own names.
const (
	starts     = "grpc_StartWorkflowExecution"
	submits    = "grpc_ExecuteMultiOperation" // update-with-start
	signals    = "grpc_SignalWorkflowExecution"
	updates    = "message_UpdateWorkflowExecution:Acceptance"
	steps      = "command_ScheduleActivityTask" // at the platform
	retries    = "activity_retry"
	books      = "command_BatchMarkers" // the ledger steps of one workflow task
	timers     = "command_StartTimer"
	attributes = "command_UpsertWorkflowSearchAttributes"
)

// actions counts billable actions by their names.
type actions map[string]int

func (a actions) total() (n int) {
	for _, each := range a {
		n += each
	}
	return n
}

// plus adds others, times a sign.
func (a actions) plus(sign int, others actions) actions {
	sum := actions{}
	maps.Copy(sum, a)
	for name, count := range others {
		if sum[name] += sign * count; sum[name] == 0 {
			delete(sum, name)
		}
	}
	return sum
}

// meter counts the actions of one connection.
type meter struct{ *billed.Meter }

func newMeter() *meter { return &meter{billed.NewMeter()} }

// snapshot counts the actions so far.
func (m *meter) snapshot() actions {
	counted := actions(m.Counted())
	delete(counted, billed.Query)
	return counted
}

// pace says when a worker asks again that was told "not yet", whatever the provider's schedule: when somebody is asked
// changes nothing about what the question costs, and a test has no minutes to wait.
type pace struct {
	nth   atomic.Int64
	after atomic.Pointer[func(nth int) time.Duration]
}

// set begins to count the answers anew.
func (p *pace) set(after func(nth int) time.Duration) {
	p.nth.Store(0)
	p.after.Store(&after)
}

// option speaks up where the answer is on its way to the server, so that neither providers nor activities need know.
func (p *pace) option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if failed, ok := req.(*workflowservice.RespondActivityTaskFailedRequest); ok {
				info := failed.GetFailure().GetApplicationFailureInfo()
				if after := p.after.Load(); info.GetType() == activities.TypeNotYet && after != nil {
					info.NextRetryDelay = durationpb.New((*after)(int(p.nth.Add(1))))
				}
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		})
}
