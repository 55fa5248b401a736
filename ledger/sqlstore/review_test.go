package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func question(id, order string, amount refund.Fen, at time.Time) ledger.AuditQuestion {
	return ledger.AuditQuestion{Merchant: "baidu/M1", Account: "shop", PlatformRefundID: id, OrderKey: order, Amount: amount, At: at}
}

func (b books) ask(q ledger.AuditQuestion) ledger.AuditAnswer {
	b.Helper()
	a, err := b.DecideAudit(b.Context(), q)
	require.NoError(b, err)
	return a
}

func (b books) audit(id string) ledger.AuditEntry {
	b.Helper()
	list, err := b.Audits(b.Context(), "baidu/M1")
	require.NoError(b, err)
	for _, a := range list {
		if a.PlatformRefundID == id {
			return a
		}
	}
	require.Fail(b, "no audit "+id)
	return ledger.AuditEntry{}
}

// TestAnAuditIsAnswered follows the table of the protocol notes,
// docs/protocols/baidu.md §6.1.
func TestAnAuditIsAnswered(t *testing.T) {
	const approve, undecided = providers.AuditApprove, providers.AuditUndecided
	noNumber := ledger.Answer{Receipt: &providers.Receipt{}}
	known := func(b books) { b.sent("a", noon).answered("a", noon, accepted1) }
	unnamed := func(b books) { b.sent("a", noon).answered("a", noon, noNumber) }
	q := func(id string, amount refund.Fen) ledger.AuditQuestion { return question(id, "o1", amount, noon) }
	for _, c := range []struct {
		name   string
		whole  bool // "a" is of ¥1.00: the whole order, or a part of ¥2.00
		before func(books)
		ask    ledger.AuditQuestion
		want   providers.AuditDecision
		amount refund.Fen
		alert  bool
		ours   bool // it is known to be the refund's
		listed bool // as foreign
		why    string
	}{
		{"known batch of this amount", false, known, q("P1", 100), approve, 100, false, true, false, "refund shop/a asked for it"},
		{"known batch, no order in the question", false, known, question("P1", "", 100, noon), approve, 100, false, true, false, "asked for it"},
		{"known batch of a refund that is settled already", false, func(b books) { known(b); b.settled("a", 0) }, q("P1", 100),
			approve, 100, false, true, false, "asked for it"},
		{"known batch of another amount", false, known, q("P1", 99), undecided, 100, true, true, false, "refund shop/a is of ¥1.00, asked is about ¥0.99"},
		{"known batch of another order", false, known, question("P1", "o2", 100, noon), undecided, 100, true, true, false, "refund shop/a is of order o1, asked is about order o2"},
		{"known batch of a failed refund", false, func(b books) { known(b); b.finished("a", ledger.Failed) }, q("P1", 100),
			undecided, 100, true, true, false, "refund shop/a is failed"},
		{"known batch of a refund that a person ended", false, func(b books) { known(b); b.finished("a", ledger.Succeeded) }, q("P1", 100),
			undecided, 100, true, true, false, "refund shop/a was ended by finance-2"},
		{"known batch that failed, says the platform", false, func(b books) { known(b); b.testified(evidence(failed, "P1", 0)) }, q("P1", 100),
			undecided, 100, true, true, false, "has reported that refund shop/a failed"},
		{"unknown batch, accepted without a number", false, unnamed, q("P1", 100), approve, 100, false, true, false, "asked for it"},
		{"unknown batch, accepted without a number, of another amount", false, unnamed, q("P1", 101), undecided, 100, true, true, false, "asked is about ¥1.01"},
		{"unknown batch while the sending is in doubt", false, func(b books) { b.sent("a", noon) }, q("P1", 100),
			undecided, 100, false, true, false, "its acceptance is not written yet"},
		{"unknown batch of another amount while in doubt", false, func(b books) { b.sent("a", noon) }, q("P1", 99),
			undecided, 100, true, true, false, "asked is about ¥0.99"},
		{"a second batch of one refund", false, known, q("P2", 100), undecided, 100, true, false, true, "refund shop/a of the same order is the platform's P1"},
		{"unknown batch, nothing sent", false, func(b books) { b.held("a", noon, noLimits) }, q("P1", 100),
			undecided, 100, true, false, true, "no refund of this order was sent from here"},
		{"unknown batch, the refund cancelled", false, func(b books) { b.finished("a", ledger.Cancelled) }, q("P1", 100),
			undecided, 100, true, false, true, "no refund of this order"},
		{"unknown batch of an unknown order", false, nil, question("P1", "o9", 70, noon), undecided, 70, true, false, true, "no refund of this order"},
		{"no amount asked, the whole order", true, known, q("P1", 0), approve, 100, false, true, false, "asked for it"},
		{"no amount asked, a part", false, known, q("P1", 0), undecided, 100, true, true, false, "the question names no amount"},
		{"no amount asked, nothing known", false, nil, q("P1", 0), undecided, 0, true, false, true, "no refund of this order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			total := refund.Fen(200)
			if c.whole {
				total = 100
			}
			b := newBooks(t, memory).openedOf("a", "o1", 100, total)
			if c.before != nil {
				c.before(b)
			}
			got := b.ask(c.ask)
			require.Contains(t, got.Why, c.why)
			require.Equal(t, providers.AuditVerdict{Decision: c.want, Amount: c.amount}, got.Verdict)
			require.Equal(t, c.alert, got.Alert)
			entry := b.audit(c.ask.PlatformRefundID)
			require.Equal(t, c.ask, entry.AuditQuestion)
			require.Equal(t, got.Why, entry.Why)
			require.Equal(t, c.ours, entry.Key == key("a"))
			require.Equal(t, c.listed, len(b.foreigns()) == 1)
			require.Contains(t, b.accountSteps(), "audit "+string(c.want))
			if c.want == approve {
				require.Equal(t, "P1", b.record("a").PlatformRefundID, "the number is bound")
			}
			b.balanced()

			once := b.dump()
			require.Equal(t, got, b.ask(c.ask))
			require.Equal(t, once, b.dump(), "a replay writes nothing")
			c.ask.At = noon.Add(5 * time.Minute)
			require.Equal(t, got, b.ask(c.ask), "asked again")
			entry = b.audit(c.ask.PlatformRefundID)
			require.Equal(t, 2, entry.Asked)
			require.Equal(t, noon, entry.At)
			require.Equal(t, c.ask.At, entry.Last)
		})
	}
}

func TestWhatIsUndecidedIsDecidedWhenMoreIsKnown(t *testing.T) {
	b := newBooks(t, memory).openedOf("a", "o1", 100, 200)
	ask := func(minute int) ledger.AuditAnswer {
		t.Helper()
		return b.ask(question("P1", "o1", 100, noon.Add(time.Duration(minute)*time.Minute)))
	}
	require.True(t, ask(0).Alert, "before anything was sent")
	require.Len(t, b.foreigns(), 1)
	b.sent("a", noon)
	require.False(t, ask(5).Alert, "sent, and in doubt")
	b.answered("a", noon, accepted1)
	require.Empty(t, b.foreigns(), "it was ours")
	require.Equal(t, providers.AuditApprove, ask(10).Verdict.Decision)
	b.finished("a", ledger.Failed)
	last := ask(15)
	require.Equal(t, providers.AuditVerdict{Decision: providers.AuditApprove, Amount: 100}, last.Verdict, "the same answer for ever")
	require.True(t, last.Alert, "it was approved, and has failed since")
	require.Equal(t, 4, b.audit("P1").Asked)

	other := b.ask(question("P1", "o1", 60, noon.Add(20*time.Minute)))
	require.Equal(t, last.Verdict, other.Verdict, "whatever is asked under that number")
	require.True(t, other.Alert)
	require.Contains(t, other.Why, "asked for ¥1.00 then and is asked for ¥0.60 now")
}

func TestAPersonSettlesWhatIsUndecided(t *testing.T) {
	const approve, refuse = providers.AuditApprove, providers.AuditRefuse
	for _, c := range []struct {
		name     string
		before   func(books)
		amount   refund.Fen
		decision providers.AuditDecision
		want     string // error
	}{
		{"by an approval", nil, 70, approve, ""},
		{"by a refusal", nil, 70, refuse, ""},
		{"by a refusal of what names no amount", nil, 0, refuse, ""},
		{"but approves no amount that was not named", nil, 0, approve, "names no amount"},
		{"but not of a refund of ours in flight", func(b books) { b.sent("a", noon) }, 100, refuse, "belongs to refund shop/a"},
		{"nor approves one that was asked for with another amount", func(b books) { b.sent("a", noon).answered("a", noon, accepted1) }, 70, approve, "belongs to refund shop/a"},
		{"nor approves one that failed", func(b books) { b.sent("a", noon).answered("a", noon, accepted1).finished("a", ledger.Failed) }, 100, approve, "belongs to refund shop/a"},
		{"but refuses one that failed", func(b books) { b.sent("a", noon).answered("a", noon, accepted1).finished("a", ledger.Failed) }, 100, refuse, ""},
		{"but not what nobody asked", nil, -1, refuse, "was not asked about P1"},
		{"but not by no decision", nil, 70, providers.AuditUndecided, `the decision is "undecided"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("a", "o1", 100, 200)
			if c.before != nil {
				c.before(b)
			}
			if c.amount >= 0 {
				require.Equal(t, providers.AuditUndecided, b.ask(question("P1", "o1", c.amount, noon)).Verdict.Decision)
			}
			settle := func(d providers.AuditDecision) error {
				return b.SettleAudit(t.Context(), "baidu/M1", "P1", d, "finance-2", "looked at the console", noon)
			}
			before := b.dump()
			err := settle(c.decision)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				require.Equal(t, before, b.dump())
				return
			}
			require.NoError(t, err)
			entry := b.audit("P1")
			require.Equal(t, c.decision, entry.Decision)
			require.Equal(t, "finance-2", entry.By)
			require.Equal(t, "decided by finance-2: looked at the console", entry.Why)
			require.Equal(t, 1, entry.Asked, "a decision is no question")
			require.Contains(t, b.accountSteps(), "audit "+string(c.decision))
			once := b.dump()
			require.NoError(t, settle(c.decision))
			require.Equal(t, once, b.dump(), "twice the same")

			require.Equal(t, providers.AuditVerdict{Decision: c.decision, Amount: c.amount},
				b.ask(question("P1", "o1", c.amount, noon.Add(5*time.Minute))).Verdict, "the platform hears it when it asks again")
			opposite := map[providers.AuditDecision]providers.AuditDecision{approve: refuse, refuse: approve}[c.decision]
			var decided *ledger.AuditDecidedError
			require.ErrorAs(t, settle(opposite), &decided)
			require.Equal(t, c.decision, decided.Booked)
			require.Contains(t, b.accountSteps(), "audit contradiction")
			require.Equal(t, c.decision, b.audit("P1").Decision)
			b.balanced()
		})
	}
}

func TestAuditsTellAProgramItsMistakes(t *testing.T) {
	b := newBooks(t, memory)
	for want, change := range map[string]func(*ledger.AuditQuestion){
		"no Merchant":          func(q *ledger.AuditQuestion) { q.Merchant = "" },
		"or no Account":        func(q *ledger.AuditQuestion) { q.Account = "" },
		"no PlatformRefundID":  func(q *ledger.AuditQuestion) { q.PlatformRefundID = "" },
		"no At":                func(q *ledger.AuditQuestion) { q.At = time.Time{} },
		"AuditQuestion.Amount": func(q *ledger.AuditQuestion) { q.Amount = -1 },
	} {
		q := question("P1", "o1", 1, noon)
		change(&q)
		_, err := b.DecideAudit(t.Context(), q)
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, b.SettleAudit(t.Context(), "baidu/M1", "P1", providers.AuditRefuse, "", "", noon), "by is missing")
	b.ask(question("old", "o1", 1, noon))
	b.ask(question("new", "o2", 1, noon.Add(time.Hour)))
	require.ErrorContains(t, b.SettleAudit(t.Context(), "baidu/M1", "old", providers.AuditRefuse, "finance-2", "", time.Time{}), "has no time")
	for merchant, want := range map[string]int{"": 2, "baidu/M1": 2, "baidu/M2": 0} {
		list, err := b.Audits(t.Context(), merchant)
		require.NoError(t, err)
		require.Len(t, list, want)
		if want > 0 {
			require.Equal(t, "new", list[0].PlatformRefundID, "newest first")
		}
	}
}
