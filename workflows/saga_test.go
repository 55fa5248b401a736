package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/refundflow/refundflow/refund"
)

// The server puts the failure of an earlier attempt as the cause of a timeout. It
// says nothing of the attempt that was cut short.
func TestATimeoutIsAmbiguousWhateverAnEarlierAttemptSaid(t *testing.T) {
	earlier := temporal.NewApplicationErrorWithOptions("x", "throttled", temporal.ApplicationErrorOptions{
		Details: []any{refund.Failure{Class: refund.ClassThrottled, Op: "applyOrderRefund", Code: "5010003"}}})
	f := failureOf(temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, earlier))
	require.Equal(t, refund.ClassAmbiguous, f.Class)
}
