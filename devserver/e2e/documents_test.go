package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// fields is a document with so many fields that nobody knows.
func fields(n int, name string) map[string]any {
	document := map[string]any{}
	for i := range n {
		document[fmt.Sprintf("%s-%d", name, i)] = 1
	}
	return document
}

// healthy demands that the server has nothing against a workflow: no task of it has ever
// failed, as one does that answers with more than the server takes, again and again.
func (w *world) healthy(r refund.Request, want enumspb.WorkflowExecutionStatus) {
	w.t.Helper()
	c, id := w.dial(temporalclient.Options{}), refund.WorkflowID(r.Account, r.ID)
	d, err := c.DescribeWorkflowExecution(w.ctx, id, "")
	require.NoError(w.t, err)
	require.Equal(w.t, want, d.WorkflowExecutionInfo.Status)
	for history := c.GetWorkflowHistory(w.ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); history.HasNext(); {
		event, err := history.Next()
		require.NoError(w.t, err)
		failed := event.GetWorkflowTaskFailedEventAttributes()
		if failed.GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND {
			continue // the server's own: more signals came during a task than it keeps for later
		}
		require.Nil(w.t, failed, "%s: %s", failed.GetCause(), failed.GetFailure().GetMessage())
	}
}

// TestAWrongDocumentIsAnOutcomeWhateverItsSize: a caller in another language starts the
// workflow with what no Go program would send. The server bounds what a workflow may
// answer and show, and a refund that broke that bound would stand for ever.
func TestAWrongDocumentIsAnOutcomeWhateverItsSize(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("9", 1<<20)
	for _, c := range []struct {
		name     string
		document func(refund.Request) any
		says     string
	}{
		{"an order number of five thousand digits", func(r refund.Request) any {
			r.Order.MerchantID = huge[:5000]
			return r
		}, "order.merchant_id: want"},
		{"a reason of a megabyte", func(r refund.Request) any { r.Reason = huge; return r }, "reason: want"},
		{"an id of a megabyte", func(r refund.Request) any { r.ID = huge; return r }, "id: want"},
		{"a field's name of a megabyte", func(r refund.Request) any { return map[string]any{huge: 1} }, "unknown field"},
		{"thirty thousand fields", func(refund.Request) any { return fields(30_000, "field") }, "and more fields are wrong"},
		{"forty-five thousand fields", func(refund.Request) any { return fields(45_000, "field") }, "and more fields are wrong"},
		{"nested a hundred thousand times", func(refund.Request) any { return raw(strings.Repeat("[", 100_000)) }, "the request is not valid"},
		{"a number where the document should be", func(refund.Request) any { return 7 }, "the request is not valid"},
		{"text that is no JSON", func(refund.Request) any { return raw("\xff\xfe{") }, "the request is not valid"},
		{"bytes", func(refund.Request) any { return []byte{0xff, 0xfe, 0} }, "the request is not valid"},
		{"nothing", func(refund.Request) any { return nil }, "the request is not valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared.Address(), setting{})
			w.work(nil)
			r := w.request(1000, 1000)
			_, err := w.dial(temporalclient.Options{}).ExecuteWorkflow(w.ctx, temporalclient.StartWorkflowOptions{
				ID: refund.WorkflowID(r.Account, r.ID), TaskQueue: w.queue,
			}, workflows.TypeRefund, c.document(r))
			require.NoError(t, err)
			out := w.wait(r)
			require.Equal(t, refund.StatusFailed, out.Status)
			require.Contains(t, out.Reason, c.says)
			require.Less(t, len(out.Reason), 10_000, "it is read by people")
			require.Equal(t, r.ID, out.ID)
			w.healthy(r, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
			view, err := w.refunds.Status(w.ctx, r.Account, r.ID)
			require.NoError(t, err)
			require.Equal(t, out, *view.Outcome)
		})
	}
}

// raw is a payload that says it is JSON, as another language's program may have built it.
func raw(text string) any {
	return converter.NewRawValue(&commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: []byte(text)})
}

// TestAMalformedSignalOfAnySizeIsAnsweredAndTheRefundGoesOn: what is said of it is short,
// and the refund is seen, approved and paid as if nothing had happened.
func TestAMalformedSignalOfAnySizeIsAnsweredAndTheRefundGoesOn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{300, 10_000, 60_000} {
		t.Run(fmt.Sprintf("%d fields", n), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared.Address(), setting{ApproveAbove: 10})
			w.work(nil)
			r := w.request(1000, 1000)
			w.start(r)
			w.reach(r, refund.StatusAwaitingApproval)
			c, id := w.dial(temporalclient.Options{}), refund.WorkflowID(r.Account, r.ID)
			for _, name := range []string{"one", "two", "three", "four"} {
				require.NoError(t, c.SignalWorkflow(w.ctx, id, "", workflows.SignalApprove, fields(n, name)))
			}
			w.healthy(r, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)
			view := w.reach(r, refund.StatusAwaitingApproval)
			ignored := 0
			for _, step := range view.Steps {
				if strings.Contains(step.Text, "signal approve ignored, its payload is wrong") {
					ignored++
					require.True(t, step.Refused)
					require.Contains(t, step.Text, "and more fields are wrong")
					require.Less(t, len(step.Text), 10_000)
				}
			}
			require.Equal(t, 4, ignored, "each is answered")
			w.approve(r)
			w.paidOnce(r, w.wait(r))
			w.healthy(r, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)
		})
	}
}
