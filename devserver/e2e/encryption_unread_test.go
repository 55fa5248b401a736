package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

// What a worker cannot read it must not decide about: it would end a refund for a document that it took for nonsense, or drop
// what a person has said.
func TestARefundWhoseKeyIsNotHereWaitsForIt(t *testing.T) {
	t.Parallel()
	for name, here := range map[string][]string{"no encryption": nil, "another key": {oldKey}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
			if here != nil {
				w.encrypts(here...)
			}
			stop := w.work(nil)
			w.speaks(w.keys(here...))
			said := w.request(6000, 6000)
			w.start(said)
			w.reach(said, refund.StatusAwaitingApproval)
			w.speaks(w.keys(newKey)) // a backend that got the new key before the workers did
			unread := w.request(2000, 1000)
			w.start(unread)
			_, err := w.refunds.Approve(w.ctx, said.Account, said.ID, refund.Decision{By: "finance-3"})
			require.ErrorContains(t, err, "encrypted with key", "an update is refused, and stops nothing")
			require.NoError(t, w.refunds.Signal(w.ctx, said.Account, said.ID, workflows.SignalApprove, refund.Decision{By: "finance-2"}))
			for _, r := range []refund.Request{said, unread} {
				w.stuck(r)
			}
			stop()

			all := append([]string{newKey}, here...)
			w.worker(t, all...)
			w.speaks(w.keys(all...))
			for _, r := range []refund.Request{said, unread} {
				w.paidOnce(r, w.wait(r))
			}
		})
	}
}

// A worker that knows nothing of the encryption, such as the release before it that somebody went back to, and one that does
// not know how else a backend encodes: neither may end the refund for nonsense, whose id would be used up, or drop a decision.
func TestADocumentInAnEncodingThatIsNotKnownHereWaitsForWhoKnowsIt(t *testing.T) {
	t.Parallel()
	type codecs = []converter.PayloadCodec
	for name, c := range map[string]struct{ caller, worker, later func(w *world) codecs }{
		"a client without the codec": {
			caller: func(w *world) codecs { return codecs{w.keys(newKey)} },
			worker: func(*world) codecs { return nil },
			later:  func(w *world) codecs { return codecs{w.keys(newKey)} },
		},
		"a backend that compresses before it encrypts": {
			caller: func(w *world) codecs {
				return codecs{w.keys(newKey), converter.NewZlibCodec(converter.ZlibCodecOptions{AlwaysEncode: true})}
			},
			worker: func(w *world) codecs { return codecs{w.keys(newKey)} },
			later: func(w *world) codecs {
				return codecs{w.keys(newKey), converter.NewZlibCodec(converter.ZlibCodecOptions{})}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shared.Address(), setting{ApproveAbove: 5000})
			speaking := func(all codecs) temporalclient.Client {
				return w.dial(temporalclient.Options{DataConverter: converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), all...)})
			}
			here := speaking(c.worker(w))
			stop := w.work(here)
			w.refunds = client.New(here).WithTaskQueue(w.queue)
			said, unread := w.request(6000, 6000), w.request(2000, 1000)
			w.start(said)
			w.reach(said, refund.StatusAwaitingApproval)
			caller := client.New(speaking(c.caller(w))).WithTaskQueue(w.queue)
			_, err := caller.Start(w.ctx, unread)
			require.NoError(t, err)
			require.NoError(t, caller.Signal(w.ctx, said.Account, said.ID, workflows.SignalApprove, refund.Decision{By: "finance-2"}))
			for _, r := range []refund.Request{said, unread} {
				w.stuck(r)
			}
			stop()

			reader := speaking(c.later(w))
			w.work(reader)
			w.refunds = client.New(reader).WithTaskQueue(w.queue)
			for _, r := range []refund.Request{said, unread} {
				w.paidOnce(r, w.wait(r))
			}
		})
	}
}

// stuck waits until a workflow task of the refund has failed, and the refund has not.
func (w *world) stuck(r refund.Request) {
	w.t.Helper()
	id := refund.WorkflowID(r.Account, r.ID)
	eventually(w.t, w.ctx, r.ID+" is stuck", func() (bool, string) {
		events := w.dialled().GetWorkflowHistory(w.ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		last := ""
		for events.HasNext() {
			e, err := events.Next()
			require.NoError(w.t, err)
			last = e.GetEventType().String()
			if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED {
				return true, ""
			}
		}
		return false, last
	})
	described, err := w.dialled().DescribeWorkflowExecution(w.ctx, id, "")
	require.NoError(w.t, err)
	require.Equal(w.t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.GetWorkflowExecutionInfo().GetStatus())
}
