package main

import (
	"fmt"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// fact is what everybody says of one refund.
type fact struct {
	wish *wish
	// answers are what its callers were told.
	answers []answer
	// outcome is what a caller hears who waits for the end; nil while it has not ended. view
	// is where it stands then, and lost why not even that is known.
	outcome *refund.Outcome
	view    *refund.View
	lost    error
	record  *ledger.Record // nil: the ledger has no such refund
}

// placed is an order in a platform's books.
type placed struct {
	account string
	total   int64
	refunds []control.PlacedRefund
}

// facts are everything that was gathered after a run.
type facts struct {
	refunds []fact
	// books are the platforms', by [orderKey].
	books map[string]placed
	// caps are the accounts' budgets of a day in Asia/Shanghai, in fen.
	caps map[string]int64
	// audit is what the ledger's own audit found.
	audit []string
}

// finding is something that does not hold; the key is empty where it is of no one refund.
type finding struct {
	key  ledger.Key
	text string
}

func (f finding) String() string {
	if f.key == (ledger.Key{}) {
		return f.text
	}
	return f.key.String() + ": " + f.text
}

// orderKey finds an order in the books. A platform's number alone would not: each stand-in
// counts its own.
func orderKey(account, platformID string) string { return account + "/" + platformID }

// wrong is everything that does not hold.
func (f *facts) wrong() []finding {
	var all []finding
	numbers := map[string]ledger.Key{}
	held := f.held()
	for i := range f.refunds {
		r := &f.refunds[i]
		say := func(format string, args ...any) {
			all = append(all, finding{r.wish.key(), fmt.Sprintf(format, args...)})
		}
		r.checkStarts(say)
		if !r.behind(held) {
			r.checkEnd(say)
		}
		r.checkLedger(say)
		f.checkPaid(r, say)
		if r.record == nil {
			continue
		}
		number := r.wish.order.account.number + "/" + r.record.Number
		if other, taken := numbers[number]; taken {
			say("its refund number %s is that of %s, too", r.record.Number, other)
		}
		numbers[number] = r.wish.key()
	}
	all = append(all, f.checkOrders(numbers)...)
	all = append(all, f.checkCaps()...)
	for _, sentence := range f.audit {
		all = append(all, finding{text: "the ledger's audit: " + sentence})
	}
	return all
}

type sayer func(format string, args ...any)

// checkStarts: all callers of an id got one and the same refund.
func (r *fact) checkStarts(say sayer) {
	runs, fresh := map[string]bool{}, 0
	for _, a := range r.answers {
		if a.err != nil {
			say("a caller could not start it: %v", a.err)
			continue
		}
		runs[a.RunID] = true
		if !a.Existing {
			fresh++
		}
	}
	if len(r.answers) != r.wish.callers {
		say("%d of %d callers had an answer", len(r.answers), r.wish.callers)
	}
	if len(runs) > 1 || fresh > 1 {
		say("%d callers at once started %d workflows, and %d were told that theirs is the first", len(r.answers), len(runs), fresh)
	}
}

// checkEnd: it ended as it has to, or stands where a person sees it, and may stand there.
func (r *fact) checkEnd(say sayer) {
	switch {
	case r.outcome == nil && r.view == nil:
		say("is lost: %v", r.lost)
	case r.outcome == nil && r.view.Status != refund.StatusNeedsAttention:
		waits := "nothing"
		if r.view.Waiting != nil {
			waits = fmt.Sprintf("%s: %s", r.view.Waiting.For, r.view.Waiting.Why)
		}
		say("has not ended in time: %s since %s (%s), waiting for %s", r.view.Status, r.view.Since.Format(time.TimeOnly), r.view.Sentence, waits)
	case r.outcome == nil:
		if r.excuse() == "" {
			say("needs a person, and nothing on this account may lead there: %s", r.view.Sentence)
		}
	case r.outcome.Status == refund.StatusSucceeded && r.wish.wants == wantsFailure,
		r.outcome.Status == refund.StatusFailed && r.wish.wants == wantsSuccess,
		r.outcome.Status != refund.StatusSucceeded && r.outcome.Status != refund.StatusFailed:
		say("has %s (%s), and must have %s", r.outcome.Status, r.outcome.Reason, r.wish.wants)
	}
}

// held are the orders whose turn a refund has that stands where it may.
func (f *facts) held() map[*order]bool {
	held := map[*order]bool{}
	for i := range f.refunds {
		if r := &f.refunds[i]; r.stands() && r.excuse() != "" {
			held[r.wish.order] = true
		}
	}
	return held
}

// behind reports whether the refund waits for its turn after one that needs a person.
func (r *fact) behind(held map[*order]bool) bool {
	return r.outcome == nil && r.view != nil && r.view.Waiting != nil && r.view.Waiting.For == refund.WaitOrderTurn && held[r.wish.order]
}

// stands reports whether the refund waits for a person.
func (r *fact) stands() bool {
	return r.outcome == nil && r.view != nil && r.view.Status == refund.StatusNeedsAttention
}

// unanswered is the worker's word for sendings that are used up, and none of which is known to
// have arrived or not.
const unanswered = "unanswered"

// excuse says why a refund may need a person, "" where it may not.
func (r *fact) excuse() string {
	switch {
	case r.wish.order.account.blind:
		return "the cloud function shows no refund that is asked for: an answer that was lost is a person's affair"
	case r.view != nil && r.view.Failure != nil && r.view.Failure.Code == unanswered:
		return "each sending that is permitted went without a clear answer, for faults or kills, and the platform does not show the refund"
	}
	return ""
}

// checkLedger: the ledger says what the caller was told.
func (r *fact) checkLedger(say sayer) {
	switch {
	case r.record == nil:
		// Refused before it was written down: only that may be missing.
		if r.outcome != nil && (r.outcome.Status != refund.StatusFailed || r.outcome.ProviderNumber != "") {
			say("the ledger does not know it, the caller was told %s", r.outcome.Status)
		}
		if r.outcome == nil && r.stands() {
			say("the ledger does not know it, and it needs a person")
		}
		return
	case r.outcome == nil:
		if r.record.Status != ledger.Open {
			say("the ledger shows it as %s, and its workflow goes on", r.record.Status)
		}
		return
	}
	for _, c := range []struct {
		what         string
		told, booked any
	}{
		{"end", r.outcome.Status, refund.Status(r.record.Status)},
		{"amount given back", r.outcome.Amount, r.record.Refunded},
		{"refund number", r.outcome.ProviderNumber, r.record.Number},
		{"amount asked for", refund.Fen(r.wish.amount), r.record.Amount},
	} {
		if c.told != c.booked {
			say("%s: the caller was told %v, the ledger says %v", c.what, c.told, c.booked)
		}
	}
	if r.record.Alert != "" {
		say("the ledger has an alert: %s", r.record.Alert)
	}
}

// checkPaid: paid once where it succeeded, else not at all; and never twice while it stands.
func (f *facts) checkPaid(r *fact, say sayer) {
	order, known := f.books[orderKey(r.wish.order.account.name, r.wish.order.made.PlatformID)]
	if !known {
		say("its order is not in the platform's books")
		return
	}
	number := ""
	if r.record != nil {
		number = r.record.Number
	}
	var paid []control.PlacedRefund
	for _, p := range order.refunds {
		if live(p) && p.Number == number && !p.Elsewhere {
			paid = append(paid, p)
		}
	}
	for _, p := range paid {
		if p.Amount != r.wish.amount {
			say("%d fen were asked for, the platform's books show %d", r.wish.amount, p.Amount)
		}
	}
	succeeded := r.outcome != nil && r.outcome.Status == refund.StatusSucceeded
	switch {
	case len(paid) > 1:
		say("paid %d times by the platform's books, under %s", len(paid), number)
	case succeeded && len(paid) == 0:
		say("the caller was told that it succeeded, the platform's books show no such refund")
	case succeeded && paid[0].Status != control.Success:
		say("the caller was told that it succeeded, by the platform's books it is %s", paid[0].Status)
	case r.outcome != nil && !succeeded && len(paid) > 0:
		say("the caller was told %s, by the platform's books it is %s", r.outcome.Status, paid[0].Status)
	}
	if succeeded && int64(r.outcome.Amount) != r.wish.amount {
		say("%d fen were asked for, the caller was told %d", r.wish.amount, int64(r.outcome.Amount))
	}
}

// live is a refund whose money is gone, or on its way.
func live(p control.PlacedRefund) bool { return p.Status != control.Failed }
