package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
)

// lined is a desk whose cap of ¥99.99 is taken by refund "first", and has four refunds
// of ¥30.50 in line behind it.
func lined(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, refundtest.Options{Limits: ledger.Limits{DailyCap: 9999}})
	d.request = d.Request("first", d.Order(9800), 9800)
	require.NoError(t, d.do(activities.Open, nil))
	require.NoError(t, d.do(activities.Hold, nil))
	for i := range 4 {
		d.refund(fmt.Sprintf("R%d", i+1), nil, activities.Hold)
	}
	for _, r := range append(d.inLine(), "first") {
		d.running[r] = true
	}
	require.Len(t, d.inLine(), 4)
	return d
}

func (d *desk) inLine() (ids []string) {
	d.Helper()
	line, err := d.Ledger.Waiting(d.Context(), refundtest.AccountName)
	require.NoError(d, err)
	for _, w := range line {
		ids = append(ids, w.Key.ID)
	}
	return ids
}

// free gives the cap back that "first" has taken.
func (d *desk) free() {
	d.Helper()
	require.NoError(d, d.Ledger.Finish(d.Context(), ledger.Key{Account: refundtest.AccountName, ID: "first"},
		ledger.Ending{Status: ledger.Cancelled, Reason: "cancelled", At: d.Now()}))
}

func TestBudgetThatComesFreeIsOfferedToThoseWhoWouldGetIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		then  func(*desk)
		page  []func(*activities.Page)
		told  []string
		fails int
	}{
		{name: "none is free"},
		{name: "as much as it is enough for, in their order", then: (*desk).free, told: []string{"R1", "R2", "R3"}},
		{name: "on the first page alone", then: (*desk).free, page: []func(*activities.Page){
			func(p *activities.Page) { p.After = ledger.Key{Account: "a", ID: "a"} }}},
		{name: "not with the ended refunds", then: (*desk).free, page: []func(*activities.Page){ended}},
		{name: "to nobody of an account that was taken out", then: func(d *desk) {
			d.free()
			d.Configure(func(*activities.Account) *activities.Account { return nil })
		}},
		{name: "by the limits of now", then: func(d *desk) {
			d.Configure(func(a *activities.Account) *activities.Account { a.Limits.DailyCap += 3050; return a })
		}, told: []string{"R1"}},
		{name: "to nobody of a flagged account", then: func(d *desk) {
			d.free()
			require.NoError(d, d.Ledger.Flag(d.Context(), refundtest.AccountName, d.Now(), "bad key"))
		}},
		{name: "a line that cannot be read is counted", then: func(d *desk) {
			d.free()
			d.Ledger.Ledger = torn{d.Ledger.Ledger}
		}, fails: 1},
		{name: "one that cannot be told is counted", then: func(d *desk) { d.free(); d.deaf = errors.New("away") }, fails: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := lined(t)
			if c.then != nil {
				c.then(d)
			}
			got := d.page(c.page...)
			require.Equal(t, c.told, d.looking)
			require.Equal(t, len(c.told), got.Offered)
			require.Equal(t, c.fails, got.Failures)
			require.Empty(t, d.resumed)
			for _, id := range d.inLine() {
				require.Empty(t, d.lines(id), "an offer is no news")
			}
		})
	}
}

// torn are books whose line cannot be read.
type torn struct{ ledger.Ledger }

func (torn) Ready(context.Context, string, time.Time, ledger.Limits) ([]ledger.Key, error) {
	return nil, refundtest.ErrAway
}
