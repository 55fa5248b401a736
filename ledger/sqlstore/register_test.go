package sqlstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(books)
		change func(*ledger.Opening)
		want   string // empty: it is opened
	}{
		{name: "nothing, when the order has enough left",
			before: func(b books) { b.openedOf("a", "o1", 60, 100) }},
		{name: "more than the open refunds leave",
			before: func(b books) { b.openedOf("a", "o1", 61, 100) },
			want:   "order o1 of ¥1.00 has ¥0.39 left: ¥0.61 is given back or on its way, ¥0.40 is asked for"},
		{name: "more than the succeeded refunds leave",
			before: func(b books) { b.openedOf("a", "o1", 61, 100).settled("a", 0) },
			want:   "order o1 of ¥1.00 has ¥0.39 left: ¥0.61 is given back or on its way, ¥0.40 is asked for"},
		{name: "what a provider gave back beyond the amount",
			before: func(b books) { b.openedOf("a", "o1", 50, 100).settled("a", 70) },
			want:   "order o1 of ¥1.00 has ¥0.30 left: ¥0.70 is given back or on its way, ¥0.40 is asked for"},
		{name: "the amount of a success that gave back less",
			before: func(b books) { b.openedOf("a", "o1", 61, 100).settled("a", 10) },
			want:   "order o1 of ¥1.00 has ¥0.39 left: ¥0.61 is given back or on its way, ¥0.40 is asked for"},
		{name: "not what a failed refund asked for",
			before: func(b books) { b.openedOf("a", "o1", 100, 100).finished("a", ledger.Failed) }},
		{name: "what a failed refund gave back against the books",
			before: func(b books) {
				b.openedOf("a", "o1", 100, 100).finished("a", ledger.Failed)
				b.contradicted(b.Settle(b.Context(), key("a"), settlement("P1", 0)), ledger.Failed, ledger.Succeeded)
			},
			want: "order o1 of ¥1.00 has ¥0.00 left: ¥1.00 is given back or on its way, ¥0.40 is asked for"},
		{name: "more than another account of the same merchant leaves",
			before: func(b books) {
				o := opening("a", "o1", 61, 100)
				o.Request.Account = "other-shop"
				_, err := b.Open(b.Context(), o)
				require.NoError(b, err)
			},
			want: "order o1 of ¥1.00 has ¥0.39 left: ¥0.61 is given back or on its way, ¥0.40 is asked for"},
		{name: "nothing for the same order number at another merchant",
			before: func(b books) {
				o := opening("a", "o1", 61, 100)
				o.Rules.Merchant = "baidu/M2"
				_, err := b.Open(b.Context(), o)
				require.NoError(b, err)
			}},
		{name: "another total than the order had",
			before: func(b books) { b.openedOf("a", "o1", 10, 200) },
			want:   "order o1 was refunded before with a total of ¥2.00, this request says ¥1.00: correct order.total"},
		{name: "not the right total after a refund that failed with a wrong one",
			before: func(b books) { b.openedOf("a", "o1", 10, 200).finished("a", ledger.Failed) }},
		{name: "a number of another refund",
			before: func(b books) { b.openedOf("a", "o2", 10, 10) },
			change: func(o *ledger.Opening) { o.Number = "Na" },
			want:   `refund number "Na" of merchant baidu/M1 belongs to refund shop/a: accounts that share a merchant number need different settings of number_prefix`},
		{name: "a number of an ended refund",
			before: func(b books) { b.openedOf("a", "o2", 10, 10).finished("a", ledger.Rejected) },
			change: func(o *ledger.Opening) { o.Number = "Na" },
			want:   `refund number "Na" of merchant baidu/M1 belongs to refund shop/a: accounts that share a merchant number need different settings of number_prefix`},
		{name: "nothing for the same number at another merchant",
			before: func(b books) { b.openedOf("a", "o2", 10, 10) },
			change: func(o *ledger.Opening) { o.Number, o.Rules.Merchant = "Na", "baidu/M2" }},
		{name: "a part where only whole orders are given back",
			change: func(o *ledger.Opening) { o.Rules.Partial = false },
			want:   "baidu gives back whole orders only: ¥0.40 of ¥1.00 is a part"},
		{name: "more refunds of an order than permitted",
			before: func(b books) { b.openedOf("a", "o1", 10, 100).openedOf("b", "o1", 10, 100).settled("b", 0) },
			change: func(o *ledger.Opening) { o.Rules.MaxRefundsPerOrder = 2 },
			want:   "order o1 has 2 refunds, and baidu permits 2"},
		{name: "the fifty-first refund of an order that permits 50",
			before: func(b books) { openedMany(b, 50) },
			change: func(o *ledger.Opening) { o.Rules.MaxRefundsPerOrder = 50 },
			want:   "order o1 has 50 refunds, and baidu permits 50"},
		{name: "not the fiftieth",
			before: func(b books) { openedMany(b, 49) },
			change: func(o *ledger.Opening) { o.Rules.MaxRefundsPerOrder = 50 }},
		{name: "not for refunds that did not succeed",
			before: func(b books) {
				b.openedOf("a", "o1", 10, 100).openedOf("b", "o1", 10, 100).finished("b", ledger.Cancelled)
			},
			change: func(o *ledger.Opening) { o.Rules.MaxRefundsPerOrder = 2 }},
		{name: "an order whose window is over",
			change: func(o *ledger.Opening) { o.Rules.Window, o.Request.Order.PaidAt = 7*day, noon.Add(-7*day-time.Second) },
			want:   "baidu gives back within 7 days of the payment: the order was paid at 2026-11-14T03:59:59Z, 168h0m1s ago"},
		{name: "not at the last moment of the window",
			change: func(o *ledger.Opening) { o.Rules.Window, o.Request.Order.PaidAt = 7*day, noon.Add(-7*day) }},
		{name: "an order a microsecond after a window of 365 days",
			change: func(o *ledger.Opening) {
				o.Rules.Window, o.Request.Order.PaidAt = 365*day, noon.Add(-365*day-time.Microsecond)
			},
			want: "baidu gives back within 365 days of the payment: the order was paid at 2025-11-21T03:59:59Z, 8760h0m0s ago"},
		{name: "not at the last moment of 365 days, told in the payer's own zone",
			change: func(o *ledger.Opening) {
				o.Rules.Window, o.Request.Order.PaidAt = 365*day, noon.Add(-365*day).In(time.FixedZone("", 8*3600))
			}},
		{name: "not when the time of payment is unknown",
			change: func(o *ledger.Opening) { o.Rules.Window, o.Request.Order.PaidAt = 7*day, time.Time{} }},
		{name: "an order without the number the platform knows it by",
			change: func(o *ledger.Opening) { o.Rules.OrderKey = providers.OrderKeyMerchant },
			want:   "order.merchant_id is missing: baidu knows an order by it"},
		{name: "a request that does not validate",
			change: func(o *ledger.Opening) { o.Request.Amount = -1 },
			want:   "the request is not complete: amount: want an integer number of fen greater than 0, got -1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory)
			if c.before != nil {
				c.before(b)
			}
			o := opening("new", "o1", 40, 100)
			if c.change != nil {
				c.change(&o)
			}
			before := b.dump()
			got, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Refused)
			require.False(t, got.Conflict)
			if c.want != "" {
				require.Nil(t, got.Record)
				require.Equal(t, before, b.dump(), "a refused opening writes nothing")
				return
			}
			require.Equal(t, ledger.Record{
				Key: key("new"), Fingerprint: o.Fingerprint, Request: o.Request, Provider: "baidu", Merchant: o.Rules.Merchant,
				Number: o.Number, Amount: 40, Approval: &o.Approval,
				Status: ledger.Open, Opened: noon, Verification: ledger.NotBegun, Sending: ledger.NotBegun,
			}, *got.Record)
			require.Equal(t, []string{"open"}, b.steps("new"))
		})
	}
}

// openedMany opens n refunds of one fen, half of them settled.
func openedMany(b books, n int) {
	for i := range n {
		id := fmt.Sprintf("n%d", i)
		if b.openedOf(id, "o1", 1, 100); i%2 == 0 {
			b.settled(id, 0)
		}
	}
}

func TestOpenKnowsAnIDForEver(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100).held("a", noon, noLimits).sent("a", noon).settled("a", 0)
	o := opening("a", "order-a", 100, 100)

	same, err := b.Open(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, b.record("a"), *same.Record, "the same content finds the refund as it stands")
	require.Equal(t, ledger.Succeeded, same.Record.Status)

	o.Request.Reason = "another reason"
	o.Fingerprint = o.Request.Fingerprint()
	o.At = noon.Add(1000 * day)
	before := b.dump()
	other, err := b.Open(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, ledger.Opened{Conflict: true, Refused: `id "a" was first used on 2026-11-21 04:00:00 UTC for other content ` +
		`(¥1.00 of an order of ¥1.00): give this refund an id of its own`}, other)
	require.Equal(t, before, b.dump())
}

func TestOpenTellsAProgramItsMistakes(t *testing.T) {
	b := newBooks(t, memory)
	for _, c := range []struct {
		want   string
		change func(*ledger.Opening)
	}{
		{"no Fingerprint", func(o *ledger.Opening) { o.Fingerprint = "" }},
		{"no At", func(o *ledger.Opening) { o.At = time.Time{} }},
		{"no Rules.Merchant", func(o *ledger.Opening) { o.Rules.Merchant = "" }},
		{`Rules.OrderKey is ""`, func(o *ledger.Opening) { o.Rules.OrderKey = "" }},
		{"Number has 0 characters", func(o *ledger.Opening) { o.Number = "" }},
		{"Number has 2 characters", func(o *ledger.Opening) { o.Number = "a " }},
	} {
		t.Run(c.want, func(t *testing.T) {
			o := opening("a", "o1", 1, 1)
			c.change(&o)
			_, err := b.Open(t.Context(), o)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestWhatARefundWasOpenedWithNeverChanges(t *testing.T) {
	b := newBooks(t, memory).opened("a", 100)
	for _, change := range []string{
		`UPDATE refunds SET number = 'other'`, `UPDATE refunds SET amount = 1`, `UPDATE refunds SET fingerprint = ''`,
	} {
		_, err := b.writer.ExecContext(t.Context(), change)
		require.ErrorContains(t, err, "never changes", change)
	}
	_, err := b.writer.ExecContext(t.Context(), `DELETE FROM refunds`)
	require.ErrorContains(t, err, "permanent")
}
