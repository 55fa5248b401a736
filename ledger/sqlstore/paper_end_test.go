package sqlstore

import (
	"strings"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// word is what the platform said of a refund, once for each meaning.
type word struct {
	state     string
	amount    refund.Fen
	number    string // "" for the refund's own
	last      time.Time
	overruled bool // by a person, and a later word
}

// hears keeps a word, and tells whether it is new. A success that is told again is the
// last word again.
func (s *slip) hears(at time.Time, state, number string, amount refund.Fen) bool {
	w := word{state: state, amount: s.amountOf(amount), number: number, last: at}
	if state == string(failed) {
		w.amount = 0
	}
	if number == s.platformID {
		w.number = ""
	}
	for _, known := range s.words {
		if known.state == w.state && known.amount == w.amount && known.number == w.number {
			if state == string(succeeded) && at.After(known.last) {
				known.last = at
			}
			return false
		}
	}
	s.words = append(s.words, &w)
	return true
}

// proven is the largest success under each number, summed.
func (s *slip) proven() (sum refund.Fen) {
	largest := map[string]refund.Fen{}
	for _, w := range s.words {
		if w.state == string(succeeded) && !w.overruled {
			largest[w.number] = max(largest[w.number], w.amount)
		}
	}
	for _, amount := range largest {
		sum += amount
	}
	return sum
}

// overrule is a person's word that it failed: where the platform's last word is a failure
// as well, the successes before it count no more.
func (s *slip) overrule(by string) {
	last := map[string]time.Time{}
	for _, w := range s.words {
		if w.last.After(last[w.state]) {
			last[w.state] = w.last
		}
	}
	for _, w := range s.words {
		if by != "" && w.state == string(succeeded) && last[string(failed)].After(last[string(succeeded)]) {
			w.overruled = true
		}
	}
}

func (p *paper) testify(key ledger.Key, e ledger.Evidence) reply {
	s := p.slips[key]
	back, wanted := e.State == succeeded, ledger.Failed
	if back {
		wanted = ledger.Succeeded
	}
	ours := p.learn(s, e.PlatformRefundID)
	news := s.hears(e.At, string(e.State), e.PlatformRefundID, e.Amount)
	otherwise := !ours || s.evidence != nil && (s.evidence.State != e.State || apart(s.evidence.Amount, e.Amount))
	againstEnd := s.ended() && (back != (s.status == ledger.Succeeded) || back && apart(s.success, e.Amount))
	if !back && !s.stands() {
		againstEnd = false // it ended without money, and so says the platform
	}
	if news && (againstEnd || s.ended() && back && !ours) {
		s.alert = true
	}
	switch {
	case s.evidence == nil && !s.ended():
		e.Contradicted = otherwise
		s.evidence = &e
	case s.evidence != nil && otherwise:
		s.evidence.Contradicted = true
	case s.evidence != nil && !againstEnd:
		if s.evidence.PlatformRefundID == "" {
			s.evidence.PlatformRefundID = e.PlatformRefundID
		}
		s.evidence.Amount = max(s.evidence.Amount, e.Amount)
	}
	if otherwise || againstEnd {
		return s.clashes(wanted)
	}
	return reply{}
}

// apart: two amounts that were both told, and differ.
func apart(a, b refund.Fen) bool { return a != 0 && b != 0 && a != b }

func (p *paper) settle(key ledger.Key, done ledger.Settlement) reply {
	s, named := p.slips[key], done.Result.Amount
	ours := p.learn(s, done.Result.PlatformRefundID)
	news := s.hears(done.At, string(succeeded), done.Result.PlatformRefundID, named)
	if e := s.evidence; e != nil && (e.State != succeeded || apart(e.Amount, named)) {
		e.Contradicted = true
	}
	ends := !s.ended()
	if ends {
		p.end(s, ledger.Ending{Status: ledger.Succeeded, At: done.At, Refunded: named})
	}
	byHand := false // who ended it by hand knew what else the platform had said
	switch {
	case s.status != ledger.Succeeded, !ours, apart(s.success, named):
	case s.evidence != nil && s.evidence.Contradicted:
		byHand = true
	default:
		return reply{}
	}
	if ends || news && !byHand {
		s.alert = true
	}
	return s.clashes(ledger.Succeeded)
}

func (p *paper) finish(key ledger.Key, e ledger.Ending) reply {
	s := p.slips[key]
	withdrawn := e.Status == ledger.Rejected || e.Status == ledger.Cancelled
	paid := s.evidence != nil && s.evidence.State == succeeded && !s.evidence.Contradicted
	switch {
	case s.ended() && s.status != e.Status, s.ended() && apart(s.refunded(), e.Refunded):
		return s.clashes(e.Status)
	case s.ended():
		return reply{}
	case withdrawn && (s.sending != ledger.NotBegun || s.verification != ledger.NotBegun):
		return s.clashes(e.Status)
	case e.Status != ledger.Succeeded && paid && (withdrawn || e.By == ""):
		return s.clashes(e.Status)
	}
	if e.Status != ledger.Succeeded {
		s.overrule(e.By)
	}
	p.end(s, e)
	if e.By == "" && s.evidence != nil && s.evidence.Contradicted {
		s.alert = true // nobody has decided which word is true
	}
	return reply{}
}

func (p *paper) end(s *slip, e ledger.Ending) {
	s.status, s.endedAt = e.Status, e.At
	if e.Status == ledger.Succeeded {
		s.success = s.amountOf(e.Refunded)
		s.drawn()
	} else if d := s.living(); d != nil {
		d.lives = false
	}
	if p.turns[s.order] == s.key {
		delete(p.turns, s.order)
	}
	p.leave(s)
}

func (p *paper) amend(key ledger.Key, e ledger.Ending) reply {
	s := p.slips[key]
	switch said := p.once["amend "+key.String()+" "+string(e.Status)]; {
	case !s.ended():
		return s.clashes(e.Status)
	case !s.alert && said && s.status == e.Status && !apart(s.refunded(), e.Refunded):
		return reply{}
	case !s.alert:
		return s.clashes(e.Status)
	case !p.first("amend", key, e.Status, e.At, e.By):
		return reply{} // a replay takes away no later alert
	}
	p.once["amend "+key.String()+" "+string(e.Status)] = true
	s.status, s.endedAt, s.alert = e.Status, e.At, false
	d := s.living()
	switch {
	case e.Status == ledger.Succeeded:
		s.success = s.amountOf(e.Refunded)
		s.drawn()
	case d != nil:
		d.lives = false
		fallthrough
	default:
		s.overrule(e.By)
	}
	return reply{}
}

// drawn: the money has left. Where the hold was given up before, it is drawn again on the
// day of the last one that was sent, else of the last one, and nobody is asked for room.
func (s *slip) drawn() {
	last := s.living()
	for _, d := range s.draws {
		if !d.lives && (last == nil || !last.lives && (d.sent || !last.sent)) {
			last = d
		}
	}
	if last != nil {
		last.lives, last.sent = true, true
	}
}

// noteForeign writes down what was made elsewhere, unless it turns out to be of here.
func (p *paper) noteForeign(f ledger.ForeignRefund) reply {
	for _, s := range p.slips {
		if s.order.merchant == f.Merchant && (s.platformID == f.PlatformRefundID || f.Number != "" && s.Number == f.Number) {
			return reply{}
		}
	}
	id := f.Merchant + " " + f.PlatformRefundID
	known := p.foreign[id]
	if known == nil {
		p.foreign[id] = &foreignSlip{key: f.OrderKey, number: f.Number, amount: f.Amount, state: f.State}
		return reply{n: 1}
	}
	before := *known
	if known.number == "" {
		known.number = f.Number
	}
	ended := isEnd(known.state)
	switch {
	case known.state == succeeded: // nothing undoes it
		known.amount = max(known.amount, f.Amount)
	case f.State == failed || f.State == succeeded || !ended && f.State == processing:
		known.state = f.State
		fallthrough
	default:
		if f.Amount != 0 {
			known.amount = f.Amount
		}
	}
	answer := reply{wrong: ended && isEnd(f.State) && before.state != f.State}
	if *known != before && !answer.wrong {
		answer.n = 1
	}
	return answer
}

// isOf tells whether a foreign refund is of the slip's merchant.
func (s *slip) isOf(foreign string) bool {
	return strings.HasPrefix(foreign, s.order.merchant+" ")
}

func numberIn(foreign string) string {
	_, number, _ := strings.Cut(foreign, " ")
	return number
}

func isEnd(s providers.ResultState) bool { return s == succeeded || s == failed }
