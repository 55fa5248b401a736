package timeskip

import (
	"context"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// DefaultMaxSkips is how many jumps a session may make before the server ends it. A workflow with a poll an hour for a
// week makes 168; the limit is there for the one that would poll for ever in a busy loop.
const DefaultMaxSkips = 1000

// DialOption makes a client start workflows that skip time from their first moment. A request that brings a time-skipping
// configuration of its own keeps it. Add it to the ConnectionOptions.DialOptions of the SDK's client.Options.
//
// The server answers Unimplemented to every start when it does not allow time skipping.
func DialOption() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(
		func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			switch r := req.(type) {
			case *workflowservice.StartWorkflowExecutionRequest:
				setOnStart(r)
			case *workflowservice.SignalWithStartWorkflowExecutionRequest:
				if r.TimeSkippingConfig == nil {
					r.TimeSkippingConfig = toTheEnd()
				}
			case *workflowservice.ExecuteMultiOperationRequest: // update-with-start
				for _, op := range r.GetOperations() {
					setOnStart(op.GetStartWorkflow())
				}
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		})
}

func setOnStart(r *workflowservice.StartWorkflowExecutionRequest) {
	if r != nil && r.TimeSkippingConfig == nil {
		r.TimeSkippingConfig = toTheEnd()
	}
}

func toTheEnd() *commonpb.TimeSkippingConfig {
	return &commonpb.TimeSkippingConfig{Enabled: true, MaxSessionSkipCount: DefaultMaxSkips}
}
