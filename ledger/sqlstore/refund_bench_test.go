package sqlstore

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// wayOf is what a refund that meets no obstacle asks of the books, call by call, in the
// order in which the saga and its activities do.
type wayOf struct {
	name    string
	limits  ledger.Limits
	cancels bool // the order's verification
	receipt providers.Receipt
	gap     bool // the platform wants a pause between two refunds of an order
}

var waysOfRefunds = []wayOf{
	{name: "wechat", limits: noLimits, gap: true, receipt: providers.Receipt{PlatformRefundID: "P", Amount: 100}},
	{name: "baidu", limits: limits(refund.MaxFen, refund.MaxFen), cancels: true, receipt: providers.Receipt{PlatformRefundID: "P"}},
}

// refund makes one of them, and tells how many transactions that took. Each is of an order
// of its own.
func (w wayOf) refund(ctx context.Context, s *Store, id string) (calls int, err error) {
	key, o, receipt := key(id), opening(id, "order-"+id, 100, 100), w.receipt
	receipt.PlatformRefundID += id
	if w.gap {
		o.Rules.OrderGap = 65e9
	}
	o.Limits = w.limits
	did := func(now bool, bad error) {
		if calls++; err == nil && bad == nil && !now {
			bad = fmt.Errorf("call %d of refund %s was not granted", calls, id)
		}
		if err == nil {
			err = bad
		}
	}
	known := func() { _, bad := s.Refund(ctx, key); did(true, bad) }

	opened, bad := s.Open(ctx, o)
	did(opened.Refused == "" && opened.Outlook == nil, bad)
	known() // for CheckOrder
	hold, bad := s.Hold(ctx, key, noon, w.limits)
	did(hold.Granted, bad)
	if w.cancels {
		known()
		hold, bad = s.BeginCancel(ctx, key, noon, w.limits)
		did(hold.Granted, bad)
		did(true, s.EndCancel(ctx, key, noon, true, "cancelled by the platform"))
	}
	known() // for Apply
	permit, bad := s.BeginSend(ctx, key, noon, w.limits)
	did(permit.Send, bad)
	did(true, s.EndSend(ctx, key, noon, ledger.Answer{Receipt: &receipt, Text: "accepted by the platform as " + receipt.PlatformRefundID}))
	known() // for AwaitResult
	did(true, s.Settle(ctx, key, settlement(receipt.PlatformRefundID, 100)))
	return calls, err
}

// BenchmarkRefund is what the books cost a refund, in a file, or on the server that
// REFUNDFLOW_TEST_POSTGRES names: alone, and with forty at once.
func BenchmarkRefund(b *testing.B) {
	for _, way := range waysOfRefunds {
		for _, crowd := range []int{1, 40} {
			b.Run(fmt.Sprintf("%s/crowd=%d", way.name, crowd), func(b *testing.B) { refundsOf(b, benchBooks(b), way, crowd) })
		}
	}
}

// benchBooks is an empty ledger like one in earnest.
func benchBooks(b *testing.B) *Store {
	b.Helper()
	if server != nil {
		return server.fresh(b)
	}
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// benched numbers the refunds of all benchmarks.
var benched atomic.Int64

// refundsOf times b.N refunds, so many at once.
func refundsOf(b *testing.B, s *Store, way wayOf, crowd int) {
	b.Helper()
	var statements, transactions atomic.Int64
	rebind := s.dialect.rebind
	s.dialect.rebind = func(query string) string { statements.Add(1); return rebind(query) }
	defer func() { s.dialect.rebind = rebind }()
	b.SetParallelism(max(crowd/2, 1))
	b.ResetTimer()
	one := func() {
		calls, err := way.refund(b.Context(), s, fmt.Sprintf("bench-%d", benched.Add(1)))
		if err != nil {
			b.Error(err)
		}
		transactions.Add(int64(calls))
	}
	if crowd == 1 {
		for range b.N {
			one()
		}
	} else {
		b.RunParallel(func(more *testing.PB) {
			for more.Next() {
				one()
			}
		})
	}
	b.ReportMetric(float64(statements.Load())/float64(b.N), "statements/refund")
	b.ReportMetric(float64(transactions.Load())/float64(b.N), "transactions/refund")
}
