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
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// shop is a world whose account is any platform's, with a worker that takes callbacks. After its first question it asks
// for a result once an hour: whatever ends sooner was ended by a callback.
type shop struct {
	*world
	merchants.Merchant
	tap   *tap // between the stand-in and the worker
	asked int  // for merchants.AskAgain
}

// settles is how long the platforms take in these tests, by their own clock; moving a clock on by so little does not make a
// signed callback too old.
const settles = 5 * time.Minute

func newShop(t *testing.T, m merchants.Merchant) *shop {
	t.Helper()
	w, stand := emptyWorld(t, shared.Address())
	listen := "127.0.0.1:" + freePort(t)
	s := &shop{world: w, Merchant: m, tap: newTap(t, listen)}
	block, err := m.Register(w.ctx, merchants.Site{
		Account: w.account, Folder: w.dir, Sandbox: w.sandbox, URL: stand.URL(), TLSURL: stand.TLSURL(), CAPEM: stand.CAPEM(),
		Callbacks: s.tap.URL() + "/callbacks/" + w.account, Poll: "[1h]", AbsenceInterval: "300ms",
	})
	require.NoError(t, err)
	text := fmt.Sprintf("temporal: {address: %q}\ntask_queue: %s\nledger: sqlite:ledger.db\nlog: {level: error}\ncallbacks: {listen: %q}\naccounts:\n  %s:\n%s",
		w.address, w.queue, listen, w.account, block)
	require.NoError(t, os.WriteFile(w.file("refundflow.yaml"), []byte(text), 0o600))
	w.refunds = client.New(w.dial(temporalclient.Options{})).WithTaskQueue(w.queue)
	return s
}

// wish is an order of the merchant's, and the request to give some of it back.
func (s *shop) wish(total, amount refund.Fen) refund.Request {
	s.t.Helper()
	late, paidAt := control.Duration(settles), time.Now().Add(-26*time.Hour).Truncate(time.Second).UTC()
	order, err := s.Order(s.ctx, s.sandbox, control.NewOrder{Total: int64(total), SettleAfter: &late, PaidAt: &paidAt})
	require.NoError(s.t, err)
	s.orders++
	return refund.Request{
		ID: fmt.Sprintf("R%d", s.orders), Account: s.account, Amount: amount, Reason: "parcel never arrived",
		Initiator: refund.InitiatorUser, RequestedBy: "agent-17", Order: order,
	}
}

// underWay starts the refund and returns when the platform has it, was asked for its result, did not have one yet, and has
// nothing more to ask itself.
func (s *shop) underWay(r refund.Request) refund.View {
	s.t.Helper()
	s.start(r)
	view := s.reach(r, refund.StatusProcessing)
	eventually(s.t, s.ctx, "the one question for the result", func() (bool, string) {
		which, applied := control.CallFilter{RefundNo: view.ProviderNumber}, 1
		if s.Platform() == "Baidu" { // asks by the order
			which, applied = control.CallFilter{Op: "findOrderRefund", OrderID: r.Order.PlatformID}, 0
		}
		calls, err := s.sandbox.Calls(s.ctx, which)
		require.NoError(s.t, err)
		return len(calls) > applied, fmt.Sprintf("%d calls", len(calls))
	})
	if s.Platform() == "Baidu" {
		eventually(s.t, s.ctx, "the audit", func() (bool, string) {
			_, err := merchants.AskAgain(s.ctx, s.sandbox, r.Order, &s.asked)
			require.NoError(s.t, err)
			book, err := s.sandbox.Baidu().OrderBook(s.ctx, r.Order.PlatformID)
			require.NoError(s.t, err)
			return len(book.Refunds) == 1 && book.Refunds[0].Audit == control.AuditApproved, fmt.Sprintf("%+v", book.Refunds)
		})
	}
	return view
}

// pass moves the stand-in's clock.
func (s *shop) pass(d time.Duration) {
	s.t.Helper()
	_, err := s.sandbox.Advance(s.ctx, d)
	require.NoError(s.t, err)
}

// delivered waits for an attempt to deliver a message about the order that is as wanted.
func (s *shop) delivered(r refund.Request, what string, want func(control.Delivery) bool) control.Delivery {
	s.t.Helper()
	var found control.Delivery
	eventually(s.t, s.ctx, what, func() (bool, string) {
		all := s.bookOf(r).Deliveries
		for _, d := range all {
			if want(d) {
				found = d
				return true, ""
			}
		}
		return false, fmt.Sprintf("%+v", all)
	})
	return found
}

func (s *shop) bookOf(r refund.Request) merchants.Book {
	s.t.Helper()
	book, err := s.Book(s.ctx, s.sandbox, r.Order)
	require.NoError(s.t, err)
	return book
}

// books opens the worker's ledger beside it.
func (s *shop) books() *sqlstore.Store {
	s.t.Helper()
	books, err := sqlstore.Open(s.ctx, "sqlite:"+s.file("ledger.db"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = books.Close() })
	return books
}

func (s *shop) record(r refund.Request) ledger.Record {
	s.t.Helper()
	record, err := s.books().Refund(s.ctx, ledger.KeyOf(r))
	require.NoError(s.t, err)
	return record
}

// paidOnce demands one refund in the platform's books, evidence in ours that a message brought, and an audit without fault.
func (s *shop) paidOnce(r refund.Request, out refund.Outcome) {
	s.t.Helper()
	require.Equal(s.t, refund.StatusSucceeded, out.Status, out.Reason)
	require.Equal(s.t, r.Amount, out.Amount)
	placed := s.bookOf(r).Refunds
	require.Len(s.t, placed, 1, "refunds in the platform's books")
	require.Equal(s.t, int64(r.Amount), placed[0].Amount)
	require.Equal(s.t, control.Success, placed[0].Status)
	require.Equal(s.t, out.ProviderNumber, placed[0].Number)
	evidence := s.record(r).Evidence
	require.NotNil(s.t, evidence, "the message was written down")
	require.Equal(s.t, "notification", evidence.Source)
	require.False(s.t, evidence.Contradicted)
	wrong, err := s.books().Audit(s.ctx)
	require.NoError(s.t, err)
	require.Empty(s.t, wrong, "audit")
}
