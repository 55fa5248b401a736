package sqlstore

import (
	"context"
	"errors"
	flags "flag" // a flag is an account's here
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

const modelChecks = "150"

// modelFlags are the defaults of rapid's flags here: a run of each engine takes some
// seconds. More is tried with
//
//	go test ./ledger/sqlstore -run TestTheBooksAgreeWithPaper -rapid.checks=100000
//
// What fails is printed with its seed, and leaves no file in the tree.
func modelFlags() {
	for name, value := range map[string]string{"rapid.checks": modelChecks, "rapid.steps": "50", "rapid.nofailfile": "true"} {
		if err := flags.Set(name, value); err != nil {
			panic(err)
		}
	}
}

// TestTheBooksAgreeWithPaper does one thing after another at random, foretells each
// answer of the ledger from a model that is kept beside it, and compares all that is
// written after each. What fails is made as short as it gets, and printed step by step.
func TestTheBooksAgreeWithPaper(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		m := newSequence(rt, seen)
		rt.Repeat(map[string]func(*rapid.T){"": func(*rapid.T) { m.compare() }, "step": m.step})
		m.compareAll()
	})
	t.Logf("%v", seen)
	if flags.Lookup("rapid.checks").Value.String() != modelChecks || testing.Short() {
		return // perhaps too few for all of these to happen
	}
	for _, what := range []string{"granted", "daily_cap", "reserve", "order_turn", "account_flagged", "too_big", "order_spent",
		"send", "doubt", "accepted", "exhausted", "opened", "refused", "contradiction"} {
		require.Positive(t, seen[what], "%q never happened: %v", what, seen)
	}
}

// sequence is one of many things done one after another: the ledger, the paper beside it, and the world around both.
type sequence struct {
	*rapid.T
	store  *Store
	paper  *paper
	now    time.Time
	limits map[string]ledger.Limits
	plans  map[ledger.Key]ledger.Opening // as each was opened first
	key    ledger.Key                    // of the last step
	done   []func()                      // do it again
	seen   map[string]int
	n      int
}

var modelAccounts = []string{"shop-a", "shop-b", "shop-c"} // the third one is of another merchant

func newSequence(t *rapid.T, seen map[string]int) *sequence {
	m := &sequence{T: t, paper: newPaper(), now: noon, limits: map[string]ledger.Limits{}, plans: map[ledger.Key]ledger.Opening{}, seen: seen}
	for i, account := range modelAccounts {
		m.limits[account] = limits(150+50*refund.Fen(i), 200-50*refund.Fen(i))
	}
	if server != nil {
		m.store = server.fresh(t)
		return m
	}
	s, err := Open(context.Background(), memory)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	m.store = s
	return m
}

// did compares an answer with what was foretold. why is the sentence in it.
func (m *sequence) did(what string, got reply, why string, err error, want reply) {
	m.Helper()
	m.n++
	var c *ledger.ContradictionError
	switch {
	case errors.As(err, &c):
		got = reply{clash: &clash{c.Booked, c.Wanted}}
		m.seen["contradiction"]++
	case err != nil:
		got = reply{wrong: true}
	}
	m.Logf("%3d. %s  %s: %s", m.n, m.now.Format("Mon 2 Jan 15:04:05"), what, outcome(got, why, err))
	says := want.says
	want.says = ""
	require.Equal(m, want.tidy(), got.tidy(), "%s: what the paper foretells, and what the ledger answers (%v)", what, err)
	require.Contains(m, why, says, "%s: the sentence", what)
}

func (r reply) tidy() reply {
	tidied := func(h ledger.Hold) ledger.Hold {
		h.Why, h.RetryAt = "", h.RetryAt.UTC()
		return h
	}
	r.hold, r.permit.Hold = tidied(r.hold), tidied(r.permit.Hold)
	if r.outlook != nil {
		h := tidied(*r.outlook)
		r.outlook = &h
	}
	if r.opened != nil {
		o := shown(*r.opened)
		r.opened = &o
	}
	return r
}

// shown is a record without what it was opened with, and without sentences.
func shown(r ledger.Record) ledger.Record {
	r.Request, r.Provider, r.Merchant, r.Fingerprint, r.Reason, r.Approval = refund.Request{}, "", "", "", "", nil
	if r.Alert != "" {
		r.Alert = "alert"
	}
	return r
}

func outcome(r reply, why string, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case r.refused:
		return "refused, " + why
	case r.permit.Send:
		return "send"
	case r.permit.Doubt:
		return "in doubt"
	case r.permit.Accepted != nil:
		return "accepted before"
	case r.permit.Exhausted:
		return "exhausted " + why
	case r.hold.Granted:
		return "granted"
	case why != "":
		return why
	}
	return "ok"
}

// compare looks at what a step may have changed: the line, its refund, and what that one's
// account uses and its order has left.
func (m *sequence) compare() {
	m.Helper()
	ctx := m.Context()
	m.compareLine(ctx)
	if s := m.paper.slips[m.key]; s != nil {
		m.compareRecord(s)
		m.compareUsage(m.key.Account, m.now)
		for _, d := range s.draws {
			at, err := time.Parse(time.DateOnly, d.day)
			require.NoError(m, err)
			m.compareUsage(m.key.Account, at.Add(12*time.Hour))
		}
		m.compareRemainder(s.order)
	}
}

// compareAll looks at the rest too, at the end of a sequence.
func (m *sequence) compareAll() {
	m.Helper()
	for _, account := range modelAccounts {
		for at := m.now; !at.Before(noon) && at.After(m.now.Add(-40*day)); at = at.Add(-day) {
			m.compareUsage(account, at)
		}
	}
	for _, key := range m.paper.keys() {
		m.compareRecord(m.paper.slips[key])
		m.compareRemainder(m.paper.slips[key].order)
	}
	m.compareAudit(m.Context())
}

func (m *sequence) compareRecord(s *slip) {
	m.Helper()
	got, err := m.store.Refund(m.Context(), s.key)
	require.NoError(m, err)
	require.Equal(m, s.record(), shown(got), "%s on paper, and in the books", s.key)
}

func (m *sequence) compareUsage(account string, at time.Time) {
	m.Helper()
	l := m.limits[account]
	want := ledger.Usage{Day: l.Day(at), Period: l.Period(at), Flagged: m.paper.flagOf(account).reason}
	want.DayUsed, want.PeriodUsed = m.paper.used(account, want.Day, want.Period)
	got, err := m.store.Usage(m.Context(), account, at, l)
	require.NoError(m, err)
	require.Equal(m, want, got, "what %s uses on paper, and in the books", account)
}

func (m *sequence) compareLine(ctx context.Context) {
	m.Helper()
	var want []ledger.Waiter
	for _, w := range m.paper.line {
		want = append(want, ledger.Waiter{Key: w.slip.key, For: w.of, Amount: w.Request.Amount, Since: w.since, RetryAt: w.retry.UTC()})
	}
	got, err := m.store.Waiting(ctx, "")
	require.NoError(m, err)
	require.Equal(m, want, got, "the line on paper, and in the books")
}

// compareAudit: an order may give back too much where the platform did, and that is all
// that the audit may find.
func (m *sequence) compareAudit(ctx context.Context) {
	m.Helper()
	booked, least := map[order]refund.Fen{}, map[order]refund.Fen{}
	for _, s := range m.paper.slips {
		amount := min(s.refunded(), s.Request.Amount) // that one was paid twice is for the next sending to mind
		if s.stands() {
			amount = max(s.refunded(), s.Request.Amount)
		}
		if total := s.Request.Order.Total; amount > 0 && !s.Sent {
			booked[s.order] += amount
			if least[s.order] == 0 || total < least[s.order] {
				least[s.order] = total
			}
		}
	}
	want := []string{}
	for of, sum := range booked {
		if sum > least[of] {
			want = append(want, fmt.Sprintf("order %s of merchant %s: %d fen given back or on their way, paid were %d", of.key, of.merchant, int64(sum), int64(least[of])))
		}
	}
	slices.Sort(want)
	got, err := m.store.Audit(ctx)
	require.NoError(m, err)
	slices.Sort(got)
	require.Equal(m, strings.Join(want, "\n"), strings.Join(got, "\n"), "what the audit should find, and what it finds")
}

// compareRemainder asks for the whole of an order: what is refused says what is left, and
// leaves no trace.
func (m *sequence) compareRemainder(of order) {
	m.Helper()
	account := modelAccounts[1]
	if of.merchant != m.opening(ledger.Key{Account: account}, "", 1, 1).Rules.Merchant {
		account = modelAccounts[2]
	}
	o := m.opening(ledger.Key{Account: account, ID: "probe"}, of.key, modelWhole, modelWhole)
	why := m.paper.refusal(m.paper.fresh(o))
	if why == "" {
		return // all is left, and would be taken
	}
	got, err := m.store.Open(m.Context(), o)
	require.NoError(m, err)
	require.Contains(m, got.Refused, why, "what is left of order %s of %s", of.key, of.merchant)
}
