package sqlstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

func foreign(state providers.ResultState, amount refund.Fen, at time.Time) ledger.ForeignRefund {
	return ledger.ForeignRefund{Merchant: "baidu/M1", Account: "shop", PlatformRefundID: "F1", OrderKey: "o1", Amount: amount, State: state, First: at, Last: at}
}

func (b books) foreigns() []ledger.ForeignRefund {
	b.Helper()
	list, err := b.ForeignRefunds(b.Context(), "baidu/M1")
	require.NoError(b, err)
	return list
}

func TestAForeignRefundIsWhatThePlatformLastSaid(t *testing.T) {
	later := noon.Add(time.Hour)
	for _, c := range []struct {
		name          string
		first, second ledger.ForeignRefund
		state         providers.ResultState
		amount        refund.Fen
		changed       bool
		counts        refund.Fen // in the order's remainder
	}{
		{"said again", foreign(processing, 30, noon), foreign(processing, 30, later), processing, 30, false, 30},
		{"succeeds", foreign(processing, 30, noon), foreign(succeeded, 30, later), succeeded, 30, true, 30},
		{"fails, and counts no more", foreign(processing, 30, noon), foreign(failed, 30, later), failed, 30, true, 0},
		{"learns its amount", foreign(processing, 0, noon), foreign(succeeded, 30, later), succeeded, 30, true, 30},
		{"without an amount counts as nothing", foreign(processing, 0, noon), foreign(succeeded, 0, later), succeeded, 0, true, 0},
		{"keeps its amount when a message names none", foreign(processing, 30, noon), foreign(succeeded, 0, later), succeeded, 30, true, 30},
		{"corrects its amount", foreign(processing, 30, noon), foreign(processing, 20, later), processing, 20, true, 20},
		{"is not begun again by a message that comes late", foreign(failed, 30, noon), foreign(processing, 30, later), failed, 30, false, 0},
		{"succeeds after a failure", foreign(failed, 30, noon), foreign(succeeded, 30, later), succeeded, 30, true, 30},
		{"does not fail after a success", foreign(succeeded, 30, noon), foreign(failed, 30, later), succeeded, 30, false, 30},
		{"does not shrink after a success", foreign(succeeded, 30, noon), foreign(succeeded, 20, later), succeeded, 30, false, 30},
		{"keeps its state when a message says nothing", foreign(processing, 30, noon), foreign(providers.ResultUnknown, 0, later), processing, 30, false, 30},
		{"larger than the order leaves nothing", foreign(processing, 300, noon), foreign(succeeded, 300, later), succeeded, 300, true, 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory)
			changed, err := b.NoteForeign(t.Context(), c.first)
			require.NoError(t, err)
			require.True(t, changed, "it is new")
			said := func(known providers.ResultState, want bool) {
				changed, err := b.NoteForeign(t.Context(), c.second)
				require.Equal(t, want, changed)
				if !final(known) || !final(c.second.State) || known == c.second.State {
					require.NoError(t, err)
					return
				}
				var ends *ledger.ForeignEndsError
				require.ErrorAs(t, err, &ends, "two ends are for a person, and written all the same")
				require.Equal(t, ledger.ForeignEndsError{Merchant: "baidu/M1", PlatformRefundID: "F1", Booked: known, Reported: c.second.State}, *ends)
			}
			said(c.first.State, c.changed)
			once := b.dump()
			said(c.state, false)
			require.Equal(t, once, b.dump())

			want := c.first
			want.State, want.Amount, want.Last = c.state, c.amount, later
			require.Equal(t, []ledger.ForeignRefund{want}, b.foreigns())
			require.Contains(t, b.accountSteps(), "foreign refund")
			o, err := b.Open(t.Context(), opening("all", "o1", 400, 400))
			require.NoError(t, err)
			if require.Equal(t, c.counts == 0, o.Refused == "", o.Refused); c.counts == 0 {
				return
			}
			b.openedOf("rest", "o1", 400-c.counts, 400)
			b.balanced()
		})
	}
}

func TestOpenMindsForeignRefunds(t *testing.T) {
	noted := func(f ledger.ForeignRefund) func(books) {
		return func(b books) { _, err := b.NoteForeign(b.Context(), f); require.NoError(b, err) }
	}
	elsewhere := foreign(succeeded, 100, noon)
	elsewhere.Merchant = "baidu/M2"
	for _, c := range []struct {
		name   string
		before []func(books)
		most   int
		want   string
	}{
		{"and says how much they are", []func(books){noted(foreign(processing, 61, noon))}, 0,
			"order o1 of ¥1.00 has ¥0.39 left: ¥0.61 is given back or on its way (¥0.61 of it not made here), ¥0.40 is asked for"},
		{"beside its own", []func(books){noted(foreign(succeeded, 31, noon)), func(b books) { b.openedOf("x", "o1", 30, 100) }}, 0,
			"order o1 of ¥1.00 has ¥0.39 left: ¥0.61 is given back or on its way (¥0.31 of it not made here), ¥0.40 is asked for"},
		{"that came too late for the total", []func(books){func(b books) { b.openedOf("x", "o1", 90, 100) }, noted(foreign(succeeded, 90, noon))}, 0,
			"order o1 of ¥1.00 has ¥0.00 left: ¥1.80 is given back or on its way (¥0.90 of it not made here), ¥0.40 is asked for"},
		{"up to the last fen", []func(books){noted(foreign(processing, 60, noon))}, 0, ""},
		{"but not failed ones", []func(books){noted(foreign(failed, 100, noon))}, 0, ""},
		{"but not those of another merchant", []func(books){noted(elsewhere)}, 0, ""},
		{"in the number of an order's refunds", []func(books){noted(foreign(processing, 0, noon)), func(b books) { b.openedOf("x", "o1", 1, 100) }}, 2,
			"order o1 has 2 refunds (1 of them not made here), and baidu permits 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t, memory)
			for _, do := range c.before {
				do(b)
			}
			o := opening("new", "o1", 40, 100)
			o.Rules.MaxRefundsPerOrder = c.most
			opened, err := b.Open(t.Context(), o)
			require.NoError(t, err)
			require.Equal(t, c.want, opened.Refused)
			b.balanced()
		})
	}
}

func TestWhatIsOursIsNotForeign(t *testing.T) {
	for name, learn := range map[string]func(books) error{
		"by its acceptance": func(b books) error { return b.EndSend(b.Context(), key("a"), noon, answeredAtOnce("F1", "")) },
		"by evidence":       func(b books) error { return b.testify(evidence(succeeded, "F1", 100)) },
		"by its settlement": func(b books) error { return b.Settle(b.Context(), key("a"), settlement("F1", 100)) },
		"by an audit": func(b books) error {
			b.answered("a", noon, ledger.Answer{Receipt: &providers.Receipt{}})
			_, err := b.DecideAudit(b.Context(), question("F1", "o1", 100, noon))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t, memory).openedOf("a", "o1", 100, 200).sent("a", noon)
			_, err := b.NoteForeign(t.Context(), foreign(processing, 100, noon))
			require.NoError(t, err)
			require.Len(t, b.foreigns(), 1)
			require.NoError(t, learn(b))
			require.Empty(t, b.foreigns())
			require.Contains(t, b.accountSteps(), "not foreign")

			changed, err := b.NoteForeign(t.Context(), foreign(succeeded, 100, noon))
			require.NoError(t, err)
			require.False(t, changed, "nor can it become so again")
			require.Empty(t, b.foreigns())
			b.openedOf("b", "o1", 100, 200).balanced()
		})
	}
	b := newBooks(t, memory).openedOf("a", "o1", 100, 200)
	f := foreign(succeeded, 100, noon)
	f.Number = "Na"
	changed, err := b.NoteForeign(t.Context(), f)
	require.NoError(t, err)
	require.False(t, changed, "our own number says that it is ours")
}

func TestForeignRefundsAreListed(t *testing.T) {
	b := newBooks(t, memory)
	for i, f := range []ledger.ForeignRefund{{Merchant: "m1", PlatformRefundID: "old"}, {Merchant: "m2", PlatformRefundID: "other"}, {Merchant: "m1", PlatformRefundID: "new"}} {
		f.Account, f.State, f.Last = "shop", processing, noon.Add(time.Duration(i)*time.Hour)
		_, err := b.NoteForeign(t.Context(), f)
		require.NoError(t, err)
	}
	for merchant, want := range map[string][]string{"": {"new", "other", "old"}, "m1": {"new", "old"}, "m3": nil} {
		list, err := b.ForeignRefunds(t.Context(), merchant)
		require.NoError(t, err)
		var ids []string
		for _, f := range list {
			ids = append(ids, f.PlatformRefundID)
		}
		require.Equal(t, want, ids, merchant)
	}
}

func TestNoteForeignTellsAProgramItsMistakes(t *testing.T) {
	b := newBooks(t, memory)
	for want, change := range map[string]func(*ledger.ForeignRefund){
		"no Merchant":          func(f *ledger.ForeignRefund) { f.Merchant = "" },
		"or no Account":        func(f *ledger.ForeignRefund) { f.Account = "" },
		"no PlatformRefundID":  func(f *ledger.ForeignRefund) { f.PlatformRefundID = "" },
		"no Last":              func(f *ledger.ForeignRefund) { f.First, f.Last = time.Time{}, time.Time{} },
		`State "" is not`:      func(f *ledger.ForeignRefund) { f.State = "" },
		`State is "absent"`:    func(f *ledger.ForeignRefund) { f.State = providers.ResultAbsent },
		"ForeignRefund.Amount": func(f *ledger.ForeignRefund) { f.Amount = -1 },
	} {
		f := foreign(processing, 1, noon)
		change(&f)
		_, err := b.NoteForeign(t.Context(), f)
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, b.foreigns())
}
