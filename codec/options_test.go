package codec

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

func TestAFailureIsEncryptedWithItsCausesAndKeepsItsType(t *testing.T) {
	var o client.Options
	open(t, first).ClientOptions(&o)
	failure := o.FailureConverter.ErrorToFailure(temporal.NewApplicationErrorWithOptions("user 2250333905 is gone", "rejected", temporal.ApplicationErrorOptions{
		Details: []any{"a note"}, Cause: temporal.NewApplicationError("of Mrs. Li", "inner"),
	}))
	for f := failure; f != nil; f = f.GetCause() {
		require.Equal(t, "Encoded failure", f.GetMessage())
		require.Empty(t, f.GetStackTrace())
		require.True(t, encrypted(f.GetEncodedAttributes()))
	}
	for _, p := range failure.GetApplicationFailureInfo().GetDetails().GetPayloads() {
		require.True(t, encrypted(p))
	}
	var app *temporal.ApplicationError
	require.ErrorAs(t, o.FailureConverter.FailureToError(failure), &app)
	require.Equal(t, "rejected", app.Type())
	require.Equal(t, "user 2250333905 is gone", app.Message())
	require.ErrorContains(t, app.Unwrap(), "of Mrs. Li")
	var note string
	require.NoError(t, app.Details(&note))
	require.Equal(t, "a note", note)
}

func TestWithoutKeysFailuresStayAsTheSDKWritesThem(t *testing.T) {
	var o client.Options
	(*Codec)(nil).ClientOptions(&o)
	failure := o.FailureConverter.ErrorToFailure(errors.New("the ledger is away"))
	require.Equal(t, "the ledger is away", failure.GetMessage())
	require.Nil(t, failure.GetEncodedAttributes())
}

func TestAFailureThatCannotBeReadIsAnErrorToCallersAndStopsAWorkflow(t *testing.T) {
	var writes, calls, works client.Options
	open(t, first).ClientOptions(&writes)
	open(t, second).ClientOptions(&calls)
	open(t, second).WorkerOptions(&works)
	inner := writes.FailureConverter.ErrorToFailure(temporal.NewApplicationError("x", "rejected"))
	detailed := writes.FailureConverter.ErrorToFailure(temporal.NewApplicationError("x", "rejected", nil, "detail"))
	detailed.EncodedAttributes = nil
	for name, f := range map[string]*failurepb.Failure{
		"itself": inner, "its details": detailed, "its cause": {Message: "activity error", Cause: &failurepb.Failure{Message: "another", Cause: inner}},
	} {
		var unreadable *UnreadableError
		require.ErrorAs(t, calls.FailureConverter.FailureToError(f), &unreadable, name)
		require.PanicsWithError(t, unreadable.Error(), func() { _ = works.FailureConverter.FailureToError(f) }, name)
	}
	served := &failurepb.Failure{Message: "terminated", FailureInfo: &failurepb.Failure_TerminatedFailureInfo{}}
	require.ErrorContains(t, works.FailureConverter.FailureToError(served), "terminated", "what the server says is plain")
	require.NoError(t, works.FailureConverter.FailureToError(nil))
}

func TestWhatAWorkflowCannotReadStopsItAndAnActivityGetsAnError(t *testing.T) {
	sealed, err := open(t, first).DataConverter().ToPayloads("x")
	require.NoError(t, err)
	aware := open(t, second).DataConverter().(converter.ContextAware)
	var text string
	var unreadable *UnreadableError
	require.ErrorAs(t, aware.WithContext(context.Background()).FromPayloads(sealed, &text), &unreadable)
	inWorkflow := aware.WithWorkflowContext(nil)
	require.PanicsWithError(t, unreadable.Error(), func() { _ = inWorkflow.FromPayloads(sealed, &text) })
	require.PanicsWithError(t, unreadable.Error(), func() { _ = inWorkflow.FromPayload(sealed.GetPayloads()[0], &text) })
	noText := &commonpb.Payloads{Payloads: []*commonpb.Payload{plain(t, 5)}}
	require.Error(t, inWorkflow.FromPayloads(noText, &text), "what is readable and of another type is the workflow's own business")
}

// A signal is dropped by the SDK when it cannot be read: nobody would hear of it again.
func TestASignalThatCannotBeReadIsNotDropped(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetDataConverter(open(t, second).DataConverter())
	sealed := encode(t, open(t, first), plain(t, "approve"))
	env.RegisterDelayedCallback(func() { env.SignalWorkflow("approve", converter.NewRawValue(sealed)) }, 0)
	heard := false
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		var said string
		heard = workflow.GetSignalChannel(ctx, "approve").Receive(ctx, &said)
		return nil
	})
	require.False(t, heard)
	require.ErrorContains(t, env.GetWorkflowError(), "give its file too")
}
