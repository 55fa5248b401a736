package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// unasked goes at a platform that cannot be asked about orders, nor for results: xlife's answer to the refund holds its
// result. Of the way's account, order and faults it takes those that it can.
func unasked(y way) func(*testing.T) (*world, refund.Request) {
	return func(t *testing.T) (*world, refund.Request) {
		t.Helper()
		w, _ := emptyWorld(t, shared.Address())
		merchant := merchants.NewXLife("34567890")
		block, err := merchant.Register(w.ctx, merchants.Site{
			Account: w.account, Folder: w.dir, Sandbox: w.sandbox, URL: w.url, Poll: "[200ms]", AbsenceInterval: "300ms",
		})
		require.NoError(t, err)
		if y.account != "" {
			block = "    " + y.account + "\n" + block
		}
		text := fmt.Sprintf("temporal: {address: %q}\ntask_queue: %s\nledger: sqlite:ledger.db\nlog: {level: error}\nreconcile: {every: 0s}\naccounts:\n  %s:\n%s",
			w.address, w.queue, w.account, block)
		require.NoError(t, os.WriteFile(w.file("refundflow.yaml"), []byte(text), 0o600))
		w.refunds = client.New(w.dial(temporalclient.Options{})).WithTaskQueue(w.queue)
		w.work(nil)
		paidAt := time.Now().Add(-26 * time.Hour).Truncate(time.Second).UTC()
		order, err := merchant.Order(w.ctx, w.sandbox, control.NewOrder{Total: 9800, Paid: new(true), PaidAt: &paidAt})
		require.NoError(t, err)
		r := refund.Request{
			ID: "R1", Account: w.account, Amount: 9800, Order: order, Reason: "parcel never arrived",
			Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
		}
		y.starts(w, r)
		return w, r
	}
}
