package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// checkOrders: no order gave back more than was paid, or to a number that nobody has.
func (f *facts) checkOrders(numbers map[string]ledger.Key) (all []finding) {
	merchant := map[string]string{}
	for _, a := range accounts {
		merchant[a.name] = a.number
	}
	of := map[string]ledger.Key{} // whose course is told
	for i := range f.refunds {
		w := f.refunds[i].wish
		of[orderKey(w.order.account.name, w.order.made.PlatformID)] = w.key()
	}
	for where, o := range f.books {
		var sum int64
		for _, p := range o.refunds {
			if !live(p) {
				continue
			}
			sum += p.Amount
			if _, ours := numbers[merchant[o.account]+"/"+p.Number]; !ours {
				all = append(all, finding{of[where], fmt.Sprintf("order %s: %d fen under number %q, which no refund in the ledger has", where, p.Amount, p.Number)})
			}
		}
		if sum > o.total {
			all = append(all, finding{of[where], fmt.Sprintf("order %s: %d fen given back, %d were paid", where, sum, o.total)})
		}
	}
	slices.SortFunc(all, func(a, b finding) int { return strings.Compare(a.text, b.text) })
	return all
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// midnight is how long after it a refund may still belong to the day before: it was held for
// that one a moment before it arrived.
const midnight = time.Minute

// checkCaps: on no day did an account give back more than its budget, by the platform's
// books. What failed after it was sent counts in the day, too; in the first minute of a day
// nobody can tell to which one a refund belongs, so it counts in neither.
func (f *facts) checkCaps() (all []finding) {
	type day struct{ account, date string }
	given := map[day]int64{}
	for _, o := range f.books {
		for _, p := range o.refunds {
			at := p.AppliedAt.In(shanghai)
			if begun := at.Add(-midnight); begun.Day() == at.Day() {
				given[day{o.account, at.Format(time.DateOnly)}] += p.Amount
			}
		}
	}
	for d, sum := range given {
		if limit := f.caps[d.account]; limit > 0 && sum > limit {
			all = append(all, finding{text: fmt.Sprintf("account %s gave back %d fen on %s, its cap is %d", d.account, sum, d.date, limit)})
		}
	}
	slices.SortFunc(all, func(a, b finding) int { return cmp.Compare(a.text, b.text) })
	return all
}
