package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// unasked goes at a platform that cannot be asked about orders, nor for results: xlife's answer to the refund holds its
// result.
func unasked(y way) func(*testing.T) (*world, refund.Request) {
	return func(t *testing.T) (*world, refund.Request) {
		t.Helper()
		return y.at(t, merchants.NewXLife("34567890"), "")
	}
}

// at goes the way at another platform than Baidu, whose block of the configuration gets one more setting: an order of ¥98.00,
// given back as a whole.
func (y way) at(t *testing.T, merchant merchants.Merchant, setting string) (*world, refund.Request) {
	t.Helper()
	w, _ := emptyWorld(t, shared.Address())
	block, err := merchant.Register(w.ctx, merchants.Site{
		Account: w.account, Folder: w.dir, Sandbox: w.sandbox, URL: w.url, Poll: "[200ms]", AbsenceInterval: "300ms",
		Callbacks: "http://127.0.0.1:1", // nobody listens there
	})
	require.NoError(t, err)
	text := fmt.Sprintf("temporal: {address: %q}\ntask_queue: %s\nledger: sqlite:ledger.db\nlog: {level: error}\nreconcile: {every: 0s}\naccounts:\n  %s:\n    %s\n%s      %s\n",
		w.address, w.queue, w.account, y.account, block, setting)
	require.NoError(t, os.WriteFile(w.file("refundflow.yaml"), []byte(text), 0o600))
	w.refunds = client.New(w.dial(temporalclient.Options{})).WithTaskQueue(w.queue)
	w.work(nil)
	paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC()
	order, err := merchant.Order(w.ctx, w.sandbox, control.NewOrder{Total: 9800, Paid: new(true), PaidAt: &paidAt, SettleAfter: new(control.Duration(0))})
	require.NoError(t, err)
	r := refund.Request{
		ID: "R1", Account: w.account, Amount: 9800, Order: order, Reason: "parcel never arrived",
		Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
	}
	y.starts(w, r)
	return w, r
}

func TestShengpayWithoutAnOrderQuerySavesTheFirstStep(t *testing.T) {
	t.Parallel()
	w, r := way{}.at(t, merchants.NewShengpay("23456780", "app23456780"), "order_path: none")
	require.Equal(t, refund.StatusSucceeded, w.wait(r).Status)
	h := w.settled(refund.WorkflowID(r.Account, r.ID))
	require.Equal(t, 2, count(h, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), "the sending, and the question for its result")
	require.Len(t, h.GetEvents(), named(t, plain).events-6)
}
