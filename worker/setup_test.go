package main

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
)

// namespaces is a server that has one namespace, or none.
type namespaces struct {
	workflowservice.WorkflowServiceClient
	kept    time.Duration // 0: there is none
	fails   error         // of every question
	outrun  bool          // somebody else makes it in between
	changes int
}

func (n *namespaces) DescribeNamespace(_ context.Context, r *workflowservice.DescribeNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error) {
	switch {
	case n.fails != nil:
		return nil, n.fails
	case n.kept == 0:
		return nil, serviceerror.NewNamespaceNotFound(r.GetNamespace())
	}
	return &workflowservice.DescribeNamespaceResponse{Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(n.kept)}}, nil
}

func (n *namespaces) RegisterNamespace(_ context.Context, r *workflowservice.RegisterNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.RegisterNamespaceResponse, error) {
	if n.outrun {
		return nil, serviceerror.NewNamespaceAlreadyExists("made meanwhile")
	}
	n.changes++
	n.kept = r.GetWorkflowExecutionRetentionPeriod().AsDuration()
	return &workflowservice.RegisterNamespaceResponse{}, nil
}

func (n *namespaces) UpdateNamespace(_ context.Context, r *workflowservice.UpdateNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.UpdateNamespaceResponse, error) {
	n.changes++
	n.kept = r.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	return &workflowservice.UpdateNamespaceResponse{}, nil
}

func TestSetupMakesWhatIsMissingAndChangesOnlyWhatIsAskedFor(t *testing.T) {
	const week, month = 7 * 24 * time.Hour, 30 * 24 * time.Hour
	for rule, c := range map[string]struct {
		has, asked, want time.Duration
		changes          int
	}{
		"none, nothing asked: thirty days": {0, 0, month, 1},
		"none, a week asked":               {0, week, week, 1},
		"there, nothing asked: as it is":   {week, 0, week, 0},
		"there, the same asked: as it is":  {week, week, week, 0},
		"there, another retention asked":   {week, month, month, 1},
	} {
		n := &namespaces{kept: c.has}
		require.NoError(t, ensureNamespace(t.Context(), io.Discard, n, "refundflow", c.asked), rule)
		require.Equal(t, c.want, n.kept, rule)
		require.Equal(t, c.changes, n.changes, rule)
		require.NoError(t, ensureNamespace(t.Context(), io.Discard, n, "refundflow", c.asked), rule)
		require.Equal(t, c.changes, n.changes, "%s: repeated, it changes nothing", rule)
	}
}

func TestSetupThatIsOutrunIsNoMistakeAndAServerThatRefusesIs(t *testing.T) {
	require.NoError(t, ensureNamespace(t.Context(), io.Discard, &namespaces{outrun: true}, "refundflow", 0))
	refused := errors.New("not allowed")
	require.ErrorIs(t, ensureNamespace(t.Context(), io.Discard, &namespaces{fails: refused}, "refundflow", 0), refused)
}

func TestSetupWaitsForAServerThatDoesNotKnowTheNamespaceYet(t *testing.T) {
	for _, notYet := range []error{serviceerror.NewNamespaceNotFound("refundflow"), serviceerror.NewInvalidArgument("no mapping for RefundAmount")} {
		calls := 0
		require.NoError(t, whenKnown(t.Context(), func() error {
			if calls++; calls == 1 {
				return notYet
			}
			return nil
		}))
		require.Equal(t, 2, calls)
	}

	other := errors.New("away")
	require.ErrorIs(t, whenKnown(t.Context(), func() error { return other }), other, "and for nothing else")
	ended, end := context.WithCancel(t.Context())
	end()
	var unknown *serviceerror.NamespaceNotFound
	require.ErrorAs(t, whenKnown(ended, func() error { return serviceerror.NewNamespaceNotFound("refundflow") }), &unknown, "nor for ever")
}
