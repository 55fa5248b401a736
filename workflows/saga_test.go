package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/refundflow/refundflow/refund"
)

// No worker may take for nonsense what it only cannot read: that would end the refund.
func TestTextIsReadAndWhatIsEncodedOtherwiseStopsTheTask(t *testing.T) {
	for encoding, readable := range map[string]bool{
		"json/plain": true, "json/protobuf": true, "binary/plain": true, "binary/null": true, "": true,
		"binary/encrypted": false, "binary/zlib": false, "binary/protobuf": false, "JSON/PLAIN": false,
	} {
		raw := converter.NewRawValue(&commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding)}, Data: []byte("7")})
		if readable {
			require.Equal(t, []byte("7"), written(raw), encoding)
			continue
		}
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestWorkflowEnvironment()
		env.ExecuteWorkflow(RefundWorkflow, raw)
		var stopped *temporal.PanicError
		require.ErrorAs(t, env.GetWorkflowError(), &stopped, encoding)
		require.ErrorContains(t, stopped, `a payload in encoding "`+encoding+`", which this worker does not read`)
	}
	require.Empty(t, written(converter.NewRawValue(nil)), "nothing was said")
}

// The server puts the failure of an earlier attempt as the cause of a timeout. It
// says nothing of the attempt that was cut short.
func TestATimeoutIsAmbiguousWhateverAnEarlierAttemptSaid(t *testing.T) {
	earlier := temporal.NewApplicationErrorWithOptions("x", "throttled", temporal.ApplicationErrorOptions{
		Details: []any{refund.Failure{Class: refund.ClassThrottled, Op: "applyOrderRefund", Code: "5010003"}}})
	f := failureOf(temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, earlier))
	require.Equal(t, refund.ClassAmbiguous, f.Class)
}
