package activities_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/sandbox/control"
)

const opFind = "findOrderRefund"

func TestAnOpenRefundThatThePlatformHasDecidedIsWokenOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		order func(*control.NewBaiduOrder)
		woken int
	}{
		{"paid", nil, 1},
		{"failed", refundtest.Failing, 1},
		{"still processed", refundtest.SettlesAfter(1000 * time.Hour), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, refundtest.Options{})
			d.refund("R1", c.order, sent...)
			d.Pass(24 * time.Hour)
			for i := range 3 {
				got := d.compare("R1")
				require.Equal(t, 1, got.Compared)
				require.Len(t, got.Odd, c.woken, "while it stands, it is listed")
				require.Len(t, d.woken, c.woken, "comparison %d", i)
			}
			require.Len(t, d.lines("R1"), c.woken)
			require.Equal(t, ledger.Open, d.record().Status, "its workflow ends it, nobody else")
		})
	}
}

// says is a platform whose answer about refunds is of the test's choice.
type says struct {
	providers.Provider
	result providers.Result
}

func (s says) Query(context.Context, providers.Instruction) (providers.Result, error) {
	return s.result, nil
}

func TestAnEndIsComparedWithThePlatformsWord(t *testing.T) {
	word := func(r providers.Result) func(*desk) {
		return func(d *desk) {
			d.Configure(func(a *activities.Account) *activities.Account { a.Provider = says{a.Provider, r}; return a })
		}
	}
	booked := func(s ledger.Status) func(*desk) { return func(d *desk) { d.byHand(s) } }
	settled := func(d *desk) { require.NoError(d, d.do(activities.AwaitResult, nil)) }
	for _, c := range []struct {
		name  string
		order func(*control.NewBaiduOrder)
		ends  func(*desk)
		word  func(*desk) // nil: the sandbox's own
		odd   string      // "": they agree
		alert bool
	}{
		{name: "paid, and booked so", ends: settled},
		{name: "paid, and booked so by hand", ends: booked(ledger.Succeeded)},
		{name: "failed, and booked so", order: refundtest.Failing, ends: booked(ledger.Failed)},
		{name: "paid, and booked as failed", ends: booked(ledger.Failed), odd: "gave back ¥30.50", alert: true},
		{name: "failed, and booked as paid", order: refundtest.Failing, ends: booked(ledger.Succeeded), odd: "reports that it failed", alert: true},
		{name: "another amount", ends: settled, word: word(providers.Result{State: providers.ResultSucceeded, Amount: 3000}),
			odd: "¥30.50 is booked as given back, the platform reports ¥30.00", alert: true},
		{name: "not shown, and booked as paid", ends: booked(ledger.Succeeded), word: word(providers.Result{State: providers.ResultAbsent}), odd: "does not show it"},
		{name: "not shown, and booked as failed", ends: booked(ledger.Failed), word: word(providers.Result{State: providers.ResultAbsent})},
		{name: "not decided yet", order: refundtest.SettlesAfter(1000 * time.Hour), ends: booked(ledger.Failed), odd: "not decided it yet"},
		{name: "the platform cannot say", ends: booked(ledger.Failed), word: word(providers.Result{State: providers.ResultUnknown})},
		{name: "an answer about the order alone", ends: booked(ledger.Failed),
			word: word(providers.Result{State: providers.ResultSucceeded, Weak: true})},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, refundtest.Options{})
			d.refund("R1", c.order, sent...)
			d.Pass(24 * time.Hour)
			c.ends(d)
			if c.word != nil {
				c.word(d)
			}
			status, resumed := d.record().Status, 0
			if c.alert {
				resumed = 1
			}
			for range 2 {
				got := d.compare("R1")
				require.Equal(t, activities.Reconciled{Compared: 1, Odd: got.Odd, Resumed: got.Resumed, Running: got.Running}, got)
				require.Equal(t, c.alert, d.record().Alert != "", d.record().Alert)
				require.Equal(t, status, d.record().Status, "the books keep their end until a person amends it")
				require.Len(t, d.resumed, resumed)
				if c.odd == "" {
					require.Empty(t, got.Odd)
					require.Empty(t, d.lines("R1"))
					continue
				}
				require.Len(t, got.Odd, 1)
				require.Contains(t, got.Odd[0].What, c.odd)
				require.Len(t, d.lines("R1"), 1+resumed, "the same find is journaled once")
			}
			require.Empty(t, d.woken)
		})
	}
}

// A person may know better than the platform; the reconciler does not ask twice.
func TestWhatAPersonHasDecidedAgainstThePlatformIsNotAskedAgain(t *testing.T) {
	d := newDesk(t, refundtest.Options{})
	d.refund("R1", nil, sent...)
	d.Pass(24 * time.Hour)
	d.byHand(ledger.Failed)
	require.Equal(t, 1, d.compare("R1").Resumed)
	require.NotEmpty(t, d.record().Alert)
	require.NoError(t, d.Ledger.Amend(t.Context(), d.key(), ledger.Ending{Status: ledger.Failed, Reason: "taken back by the bank", By: "finance-2", At: d.Now()}))
	d.running["R1"] = false
	for range 2 {
		got := d.compare("R1")
		require.Zero(t, got.Resumed)
		require.Len(t, got.Odd, 1, "it stays on the list")
		require.Empty(t, d.record().Alert)
	}
	require.Equal(t, []string{"R1"}, d.resumed)
}

func TestAFailedQuestionIsCountedAndAnAccountIsSpared(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault control.Fault
		want  activities.Reconciled
	}{
		{"an answer that cannot be read: the others are asked", fault(opFind, control.FaultHTML, control.After),
			activities.Reconciled{Compared: 2, Failures: 1}},
		{"too many questions: no more of them", control.Fault{Op: opFind, Kind: control.FaultStatus, Status: 429},
			activities.Reconciled{Failures: 1, Left: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, refundtest.Options{})
			for _, id := range []string{"R1", "R2", "R3"} {
				d.refund(id, nil, append(sent, activities.AwaitResult)...)
			}
			d.Fault(c.fault)
			require.Equal(t, c.want, d.compare("R1", "R2", "R3"))
		})
	}
}

func TestTheListOfFindingsIsBounded(t *testing.T) {
	var sum, more activities.Reconciled
	for i := range activities.MaxFindings + 5 {
		sum.Find(ledger.Key{Account: "a", ID: fmt.Sprint(i)}, "odd")
	}
	require.Equal(t, 5, sum.LeftOff)
	more.Add(sum)
	more.Add(sum)
	require.Len(t, more.Odd, activities.MaxFindings)
	require.Equal(t, 5+5+activities.MaxFindings, more.LeftOff, "none is forgotten")
}
