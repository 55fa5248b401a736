package activities_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
)

var sent = []string{activities.Hold, activities.Apply}

func TestAnUnfinishedRefundHasAWorkflowOrGetsOneAgain(t *testing.T) {
	lost := activities.Reconciled{Looked: 1, Resumed: 1}
	for _, c := range []struct {
		name string
		age  time.Duration
		make func(*desk)
		want activities.Reconciled
	}{
		{"one that runs is left alone", time.Hour, func(d *desk) { d.running["R1"] = true }, activities.Reconciled{Looked: 1, Running: 1}},
		{"one that is lost goes on", time.Hour, func(*desk) {}, lost},
		{"one that was opened just now is not missed", time.Minute, func(*desk) {}, activities.Reconciled{Looked: 1}},
		{"one that ends while the page is read is not begun again", time.Hour,
			func(d *desk) { d.meanwhile = func() { d.byHand(ledger.Cancelled) } }, activities.Reconciled{Looked: 1}},
		{"one that somebody else begins at the same moment is no find", time.Hour,
			func(d *desk) { d.faster["R1"] = true }, activities.Reconciled{Looked: 1, Running: 1}},
		{"one that Temporal cannot tell about is passed over", time.Hour,
			func(d *desk) { d.away["R1"] = errors.New("away") }, activities.Reconciled{Looked: 1, Failures: 1}},
		{"one that the books cannot tell about is passed over", time.Hour,
			func(d *desk) { d.Ledger.Fail("Refund", 1, false) }, activities.Reconciled{Looked: 1, Failures: 1}},
		{"one that ended and was contradicted gets a workflow that asks", time.Hour, func(d *desk) {
			d.byHand(ledger.Failed)
			require.Error(d, d.Ledger.Testify(d.Context(), d.key(), ledger.Evidence{State: providers.ResultSucceeded, At: d.Now(), Source: "notification"}))
		}, lost},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, refundtest.Options{})
			d.refund("R1", nil)
			d.Pass(c.age)
			c.make(d)
			require.Equal(t, activities.Paged{Reconciled: c.want}, d.page())
			require.Len(t, d.resumed, c.want.Resumed)
			require.Len(t, d.lines("R1"), c.want.Resumed, "it is journaled")
			d.meanwhile, d.away = nil, nil
			d.page()
			require.LessOrEqual(t, len(d.resumed), 1, "once")
		})
	}
}

func TestOneRefundThatCannotBeLookedAtStopsNoOther(t *testing.T) {
	d := newDesk(t, refundtest.Options{})
	for _, id := range []string{"R1", "R2", "R3"} {
		d.refund(id, nil)
	}
	d.Pass(time.Hour)
	d.away["R2"] = errors.New("away")
	require.Equal(t, activities.Reconciled{Looked: 3, Resumed: 2, Failures: 1}, d.page().Reconciled)
	require.Equal(t, []string{"R1", "R3"}, d.resumed)
}

func TestARefundThatIsLostTwiceIsBegunTwice(t *testing.T) {
	d := newDesk(t, refundtest.Options{})
	d.refund("R1", nil)
	for range 2 {
		d.Pass(time.Hour)
		d.running["R1"] = false
		require.Equal(t, 1, d.page().Resumed)
	}
	require.Len(t, d.lines("R1"), 2)
}

// The platform is asked only where its answer is evidence, and nobody else asks.
func TestThePlatformIsAskedWhereItsAnswerWouldHelp(t *testing.T) {
	day := func(d *desk) { d.Pass(24 * time.Hour) }
	settled := append(slices.Clone(sent), activities.AwaitResult)
	for _, c := range []struct {
		name  string
		o     refundtest.Options
		steps []string
		then  func(*desk)
		page  []func(*activities.Page)
		want  []string
	}{
		{name: "sent, open for a day", steps: sent, then: day, want: []string{":R1"}},
		{name: "sent an hour ago", steps: sent, then: func(d *desk) { d.Pass(time.Hour) }},
		{name: "never sent", steps: sent[:1], then: day},
		{name: "without its workflow: that will ask", steps: sent, then: func(d *desk) { day(d); d.running["R1"] = false }},
		{name: "a platform that cannot be asked by number", o: refundtest.Options{CashierOnly: true}, steps: sent, then: day},
		{name: "an account that was taken out", steps: sent, then: func(d *desk) {
			day(d)
			d.Configure(func(*activities.Account) *activities.Account { return nil })
		}},
		{name: "through the account's own queue", steps: sent, then: func(d *desk) {
			day(d)
			d.Configure(func(a *activities.Account) *activities.Account { a.Queue = "slow"; return a })
		}, want: []string{"slow:R1"}},
		{name: "no questions left", steps: sent, then: day, page: []func(*activities.Page){func(p *activities.Page) { p.Questions = 0 }}},
		{name: "asked the last time", steps: sent, then: day, page: []func(*activities.Page){
			func(p *activities.Page) { p.AskAfter = ledger.Key{Account: refundtest.AccountName, ID: "R1"} }}},
		{name: "open, and given to another merchant: its number means nothing there", steps: sent, then: func(d *desk) { day(d); d.otherMerchant() }},
		{name: "ended, and given to another merchant", steps: settled, then: func(d *desk) { day(d); d.otherMerchant() }, page: []func(*activities.Page){ended}},
		{name: "ended with an alert: a person is being asked", steps: settled, then: func(d *desk) { day(d); d.contradicted() }, page: []func(*activities.Page){ended}},
		{name: "unfinished for its alert alone", steps: settled, then: func(d *desk) { day(d); d.contradicted() }},
		{name: "not asked the last time", steps: sent, then: day, page: []func(*activities.Page){
			func(p *activities.Page) { p.AskAfter = ledger.Key{Account: refundtest.AccountName, ID: "R0"} }}, want: []string{":R1"}},
		{name: "ended yesterday", steps: settled, then: day, page: []func(*activities.Page){ended}, want: []string{":R1"}},
		{name: "ended a week ago", steps: settled, then: func(d *desk) { d.Pass(7 * 24 * time.Hour) }, page: []func(*activities.Page){ended}},
		{name: "ended without a sending", steps: sent[:1], then: func(d *desk) { d.byHand(ledger.Failed) }, page: []func(*activities.Page){ended}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, c.o)
			d.refund("R1", nil, c.steps...)
			d.running["R1"] = true
			c.then(d)
			require.Equal(t, c.want, asked(d.page(c.page...)))
		})
	}
}

func TestPagesCoverTheBooks(t *testing.T) {
	d := newDesk(t, refundtest.Options{})
	order := d.Order(9800)
	for i := range 250 {
		d.request = d.Request(fmt.Sprintf("R%03d", i), order, 1)
		require.NoError(t, d.do(activities.Open, nil))
	}
	d.Pass(time.Hour)
	seen, pages := 0, 0
	next := &ledger.Key{}
	for ; next != nil; pages++ {
		p := d.page(func(p *activities.Page) { p.After = *next })
		seen, next = seen+p.Resumed, p.Next
	}
	require.Equal(t, 3, pages)
	require.Equal(t, 250, seen)
	slices.Sort(d.resumed)
	require.Len(t, slices.Compact(d.resumed), 250, "each once")
}
