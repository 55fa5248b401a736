package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// noon of a Saturday in Shanghai; the tests move on from here.
var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func limits(dailyCap, reserve refund.Fen) ledger.Limits {
	return ledger.Limits{DailyCap: dailyCap, Reserve: reserve, Zone: time.FixedZone("Shanghai", 8*3600), Payout: ledger.PayoutWeekly}
}

var noLimits = limits(0, 0)

func opening(id, order string, amount, total refund.Fen) ledger.Opening {
	o := ledger.Opening{
		Request: refund.Request{
			ID: id, Account: "shop", Amount: amount, Reason: "not delivered", Initiator: refund.InitiatorUser, RequestedBy: "agent-17",
			Order: refund.Order{PlatformID: order, Total: total, PaidAt: noon.Add(-day)},
		},
		Number: "N" + id, At: noon,
		Rules: providers.Rules{
			Provider: "baidu", Merchant: "baidu/M1", OrderKey: providers.OrderKeyPlatform, Partial: true,
			Number: refund.NumberFormat{Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-", Max: 64},
		},
	}
	o.Fingerprint = o.Request.Fingerprint()
	return o
}

// books is a ledger in a test; its methods fail the test on an error.
type books struct {
	*testing.T
	*Store
}

// newBooks opens a ledger. memory is an empty one, on PostgreSQL as well when the tests
// run there; a test that changes its schema asks for one of its own with shared.
func newBooks(t *testing.T, dsn string) books {
	t.Helper()
	if dsn == memory && server != nil {
		return books{t, server.fresh(t)}
	}
	s, err := Open(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return books{t, s}
}

func key(id string) ledger.Key { return ledger.Key{Account: "shop", ID: id} }

// opened opens a refund of amount of an order of its own with that total.
func (b books) opened(id string, amount refund.Fen) books {
	b.Helper()
	return b.openedOf(id, "order-"+id, amount, amount)
}

func (b books) openedOf(id, order string, amount, total refund.Fen) books {
	b.Helper()
	o, err := b.Open(b.Context(), opening(id, order, amount, total))
	require.NoError(b, err)
	require.Empty(b, o.Refused)
	return b
}

func (b books) hold(id string, at time.Time, l ledger.Limits) ledger.Hold {
	b.Helper()
	h, err := b.Hold(b.Context(), key(id), at, l)
	require.NoError(b, err)
	return h
}

func (b books) held(id string, at time.Time, l ledger.Limits) books {
	b.Helper()
	require.Equal(b, ledger.Hold{Granted: true}, b.hold(id, at, l))
	return b
}

func (b books) beginSend(id string, at time.Time) ledger.Permit {
	b.Helper()
	p, err := b.BeginSend(b.Context(), key(id), at, noLimits)
	require.NoError(b, err)
	return p
}

func (b books) sent(id string, at time.Time) books {
	b.Helper()
	require.Equal(b, ledger.Permit{Send: true}, b.beginSend(id, at))
	return b
}

func (b books) answered(id string, at time.Time, a ledger.Answer) books {
	b.Helper()
	require.NoError(b, b.EndSend(b.Context(), key(id), at, a))
	return b
}

// absent reads n times, a minute apart, which is the interval.
func (b books) absent(id string, at time.Time, n int) books {
	b.Helper()
	for i := range n {
		_, err := b.NoteAbsent(b.Context(), key(id), at.Add(time.Duration(i+1)*time.Minute), time.Minute)
		require.NoError(b, err)
	}
	return b
}

func (b books) resend(id string, at time.Time, reads, most int) ledger.Permit {
	b.Helper()
	p, err := b.BeginResend(b.Context(), key(id), at, noLimits, reads, most)
	require.NoError(b, err)
	return p
}

func (b books) beginCancel(id string, at time.Time, l ledger.Limits) ledger.Hold {
	b.Helper()
	h, err := b.BeginCancel(b.Context(), key(id), at, l)
	require.NoError(b, err)
	return h
}

func (b books) flagged(at time.Time, reason string) books {
	b.Helper()
	require.NoError(b, b.Flag(b.Context(), "shop", at, reason))
	return b
}

// flag is the account's, "" when its lane is open.
func (b books) flag() string {
	b.Helper()
	u, err := b.Usage(b.Context(), "shop", noon, noLimits)
	require.NoError(b, err)
	return u.Flagged
}

// accountSteps are the journal's lines about the account itself.
func (b books) accountSteps() []string {
	b.Helper()
	return b.steps("")
}

func (b books) settled(id string, amount refund.Fen) books {
	b.Helper()
	require.NoError(b, b.Settle(b.Context(), key(id), settlement("", amount)))
	return b
}

func (b books) finished(id string, status ledger.Status) books {
	b.Helper()
	e := ledger.Ending{Status: status, Reason: "because", At: noon.Add(time.Hour)}
	if status == ledger.Succeeded {
		e.By = "finance-2"
	}
	require.NoError(b, b.Finish(b.Context(), key(id), e))
	return b
}

func settlement(platformID string, amount refund.Fen) ledger.Settlement {
	return ledger.Settlement{At: noon.Add(time.Hour), Reason: "reported",
		Result: providers.Result{State: providers.ResultSucceeded, PlatformRefundID: platformID, Amount: amount}}
}

func (b books) record(id string) ledger.Record {
	b.Helper()
	r, err := b.Refund(b.Context(), key(id))
	require.NoError(b, err)
	return r
}

// used is what the day and its payout period draw, as "cap/reserve" in fen.
func (b books) used(at time.Time) string {
	b.Helper()
	u, err := b.Usage(b.Context(), "shop", at, noLimits)
	require.NoError(b, err)
	return fmt.Sprintf("%d/%d", int64(u.DayUsed), int64(u.PeriodUsed))
}

func (b books) steps(id string) []string {
	b.Helper()
	lines, err := b.Journal(b.Context(), key(id))
	require.NoError(b, err)
	var steps []string
	for _, line := range lines {
		steps = append(steps, line.Step)
	}
	return steps
}

func (b books) balanced() {
	b.Helper()
	found, err := b.Audit(b.Context())
	require.NoError(b, err)
	require.Empty(b, found)
}

// dump is everything that is written, for "nothing changed".
func (b books) dump() string {
	b.Helper()
	return b.booked() + b.tables("waiters")
}

// booked is everything but the line of those who wait.
func (b books) booked() string {
	b.Helper()
	return b.tables("accounts", "refunds", "holds", "usage_counters", "order_turns", "journal", "foreign_refunds", "audits", "platform_words",
		"approvals", "spent_seals")
}

func (b books) tables(names ...string) string {
	b.Helper()
	var lines []string
	for _, table := range names {
		rows, err := b.reader.QueryContext(b.Context(), "SELECT * FROM "+table)
		require.NoError(b, err)
		columns, err := rows.Columns()
		require.NoError(b, err)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			require.NoError(b, rows.Scan(into...))
			lines = append(lines, fmt.Sprintln(table, columns, values))
		}
		require.NoError(b, rows.Err())
		require.NoError(b, rows.Close())
	}
	slices.Sort(lines) // an engine shows them in any order
	return strings.Join(lines, "")
}

func (b books) contradicted(err error, booked, wanted ledger.Status) {
	b.Helper()
	var c *ledger.ContradictionError
	require.ErrorAs(b, err, &c)
	require.Equal(b, booked, c.Booked)
	require.Equal(b, wanted, c.Wanted)
	steps := b.steps(c.Key.ID)
	require.Contains(b, steps[len(steps)-1], "contradiction: ", "it is journaled")
}
