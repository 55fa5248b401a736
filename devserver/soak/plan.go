package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Amounts above these, in fen, want one or two people.
const oneApproves, twoApprove refund.Fen = 500_00, 1500_00

// Of a hundred refunds of a crash run, so many are of each kind; the rest is in full.
const (
	ofUnpaid, ofFailing, ofUnverified, ofPart, ofSeveral, ofLarge = 4, 5, 8, 20, 14, 8
	// everyCrowd: each such refund is started by a crowd of callers at once.
	everyCrowd, crowd = 10, 8
)

// wish is a planned refund.
type wish struct {
	id     string
	order  *order
	amount int64
	wants  wants
	// callers start it at the same moment.
	callers int
	// bySignal: those who approve leave a signal, else they wait for the answer.
	bySignal bool
}

// wants is how a refund of the plan has to end, whatever happens on its way.
type wants string

const (
	wantsSuccess wants = "succeeded"
	wantsFailure wants = "failed"
	// wantsEither: it depends on who comes first, for a budget or what is left of an order.
	wantsEither wants = "succeeded or failed"
)

func (w *wish) key() ledger.Key { return ledger.Key{Account: w.order.account.name, ID: w.id} }

func (w *wish) request() refund.Request {
	return refund.Request{
		ID: w.id, Account: w.order.account.name, Amount: refund.Fen(w.amount), Reason: "parcel never arrived", Initiator: refund.InitiatorUser,
		RequestedBy: "agent-17", Order: w.order.made,
	}
}

// approvers is how many people it waits for.
func (w *wish) approvers() int {
	switch amount := refund.Fen(w.amount); {
	case amount > twoApprove:
		return 2
	case amount > oneApproves:
		return 1
	}
	return 0
}

// death is a planned kill: once so many refunds were started, and a while later.
type death struct {
	server bool
	worker int // which of them
	after  int
	delay  time.Duration
	pause  time.Duration // before it is started again
}

// plan is what a seed stands for.
type plan struct {
	orders []*order
	wishes []*wish
	deaths []death
	// cap of the account that has one, in fen.
	cap int64
}

// size is what a plan is asked for.
type size struct{ refunds, faults, workers, kills, serverKills int }

// crashPlan mixes refunds, faults and kills by the seed.
func crashPlan(seed uint64, s size) *plan {
	chance := rand.New(rand.NewPCG(seed, 1))
	p := &plan{}
	for len(p.wishes) < s.refunds {
		p.more(chance, s)
	}
	p.wishes = p.wishes[:s.refunds] // an order's last refunds may be cut off: then it has more left
	chance.Shuffle(len(p.wishes), func(i, j int) { p.wishes[i], p.wishes[j] = p.wishes[j], p.wishes[i] })
	for i, w := range p.wishes {
		if i%everyCrowd == 0 {
			w.callers = crowd
		}
		if w.order.account.capped {
			p.cap += w.amount
		}
	}
	p.cap = p.cap * 6 / 10
	p.deaths = deaths(rand.New(rand.NewPCG(seed, 2)), s)
	return p
}

// more plans an order and its refunds.
func (p *plan) more(chance *rand.Rand, s size) {
	o := &order{account: accounts[len(p.orders)%len(accounts)], total: 500 + chance.Int64N(9300)}
	p.orders = append(p.orders, o)
	a, roll := o.account, chance.IntN(100)
	is := func(share int) bool {
		roll -= share
		return roll < 0 && roll >= -share
	}
	amounts, ends := []int64{o.total}, wantsSuccess
	part := func() int64 { return o.total/4 + chance.Int64N(o.total/2) }
	switch {
	case is(ofUnpaid) && a.sure:
		o.unpaid, ends = true, wantsFailure
	case is(ofFailing) && a.partial: // xlife answers with the result, and a failure is none
		o.outcome, ends = control.Failed, wantsFailure
		if a.verifies { // in full, a refusal after the cancelled verification is a person's affair
			amounts = []int64{part()}
		}
	case is(ofUnverified) && a.verifies:
		o.unverified = true
	case is(ofPart) && a.partial:
		amounts = []int64{part()}
	case is(ofSeveral) && a.several: // together more than was paid
		amounts, ends = []int64{o.total * 2 / 5, o.total * 2 / 5, o.total * 2 / 5}, wantsEither
	case is(ofLarge):
		o.total = int64(oneApproves) + 1 + chance.Int64N(2*int64(twoApprove-oneApproves))
		amounts = []int64{o.total}
	}
	if a.capped && ends == wantsSuccess {
		ends = wantsEither
	}
	for _, amount := range amounts {
		p.wishes = append(p.wishes, &wish{
			id: fmt.Sprintf("S%d", len(p.wishes)), order: o, amount: amount, wants: ends, callers: 1, bySignal: chance.IntN(2) == 0,
		})
	}
	if chance.IntN(100) < s.faults {
		for range 1 + chance.IntN(2) {
			o.faults = append(o.faults, fault(chance, a))
		}
	}
}

// fault is one misfortune at any of the order's exchanges.
func fault(chance *rand.Rand, a *account) control.Fault {
	f := control.Fault{Op: "*", Nth: 1 + chance.IntN(4), Phase: control.Before}
	if chance.IntN(2) == 0 {
		f.Phase = control.After
	}
	kinds := []control.FaultKind{
		control.FaultDisconnect, control.FaultDisconnect, control.FaultStatus, control.FaultStatus, control.FaultHTML, control.FaultTruncated,
		control.FaultNoCode, control.FaultDelay,
	}
	if a.told {
		kinds = append(kinds, control.FaultDuplicate)
		// Where the message is the only answer, or the platform's question, one that never
		// comes leaves the refund waiting for ever, and rightly so.
		if !a.blind && !a.asking {
			kinds = append(kinds, control.FaultDrop)
		}
	}
	switch f.Kind = kinds[chance.IntN(len(kinds))]; f.Kind {
	case control.FaultStatus:
		if f.Status = []int{502, 503, 429}[chance.IntN(3)]; f.Status == 429 {
			f.Phase = control.Before // it says that the call was turned away unread, and is believed
		}
		if chance.IntN(2) == 0 {
			f.RetryAfter = control.Duration(time.Second)
		}
	case control.FaultDelay:
		f.Delay = control.Duration(time.Second + time.Duration(chance.IntN(1000))*time.Millisecond)
	case control.FaultDuplicate, control.FaultDrop:
		f.Op, f.Phase, f.Nth = control.OpNotify, "", 1
	default:
	}
	if a.told && f.Kind == control.FaultDelay && chance.IntN(2) == 0 {
		f.Op, f.Phase, f.Nth = control.OpNotify, "", 1
	}
	return f
}

// deaths are spread over the starts, in their order.
func deaths(chance *rand.Rand, s size) []death {
	var all []death
	for i := range s.kills + s.serverKills {
		all = append(all, death{
			server: i >= s.kills, worker: chance.IntN(s.workers), after: 1 + chance.IntN(s.refunds),
			delay: time.Duration(chance.IntN(3000)) * time.Millisecond, pause: time.Duration(200+chance.IntN(2800)) * time.Millisecond,
		})
	}
	slices.SortStableFunc(all, func(a, b death) int { return a.after - b.after })
	return all
}

// loadPlan is many refunds of orders of their own, in full and undisturbed. The account
// that is asked and the one that is only told are left out: they wait for messages.
func loadPlan(seed uint64, refunds int) *plan {
	chance := rand.New(rand.NewPCG(seed, 1))
	ready := slices.DeleteFunc(slices.Clone(accounts), func(a *account) bool { return a.asking || a.blind || a.capped })
	p := &plan{}
	for i := range refunds {
		o := &order{account: ready[i%len(ready)], total: 500 + chance.Int64N(9300)}
		p.orders = append(p.orders, o)
		p.wishes = append(p.wishes, &wish{id: fmt.Sprintf("L%d", i), order: o, amount: o.total, wants: wantsSuccess, callers: 1})
	}
	return p
}
