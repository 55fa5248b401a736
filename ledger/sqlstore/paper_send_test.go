package sqlstore

import (
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// try is one request that left, or was about to.
type try struct {
	at     time.Time
	answer string // "" while it is unknown, or "not sent", "refused"
}

// sends counts the requests that left.
func (s *slip) sends() (n int) {
	for _, t := range s.tries {
		if t.answer != "not sent" {
			n++
		}
	}
	if s.sending == ledger.Done {
		return max(n, 1)
	}
	return n
}

func (s *slip) lastSent() (last time.Time) {
	for _, t := range s.tries {
		if t.at.After(last) {
			last = t.at
		}
	}
	return last
}

// repeats counts what was sent again since the doubt began.
func (s *slip) repeats() (n int) {
	for _, t := range s.tries[s.doubt+1:] {
		if t.answer != "not sent" {
			n++
		}
	}
	return n
}

func (s *slip) try(at time.Time) {
	if s.sending == ledger.NotBegun {
		s.doubt = len(s.tries)
	}
	s.sending = ledger.Begun
	s.tries = append(s.tries, &try{at: at})
	s.living().sent = true
	s.reads, s.lastRead = 0, at
}

func (p *paper) beginCancel(key ledger.Key, at time.Time, l ledger.Limits) reply {
	s := p.slips[key]
	switch left, spent := p.spent(s); {
	case s.ended():
		return s.clashes(ledger.Open)
	case s.verification != ledger.NotBegun:
		return reply{hold: ledger.Hold{Granted: true}}
	case spent:
		p.leave(s)
		return spentReply(left)
	}
	answer := p.confirm(s, at, l)
	if answer.hold.Granted {
		s.verification = ledger.Begun
	}
	return answer
}

func (p *paper) endCancel(key ledger.Key, done bool) reply {
	s := p.slips[key]
	if done {
		s.verification = ledger.Done
	} else if s.verification == ledger.Begun {
		s.verification = ledger.NotBegun
	}
	return reply{}
}

func (p *paper) beginSend(key ledger.Key, at time.Time, l ledger.Limits) reply {
	s := p.slips[key]
	switch {
	case s.ended():
		return s.clashes(ledger.Open)
	case s.sending == ledger.Done:
		return s.accepted()
	case s.sending == ledger.Begun:
		return reply{permit: ledger.Permit{Doubt: true}}
	}
	if answer := p.hold(key, at, l); !answer.hold.Granted {
		return reply{permit: ledger.Permit{Hold: answer.hold}, says: answer.says}
	}
	s.try(at)
	asks := s.evidence != nil || s.askFirst // who knows what was sent before
	return reply{permit: ledger.Permit{Send: !asks, Doubt: asks}}
}

func (s *slip) accepted() reply {
	return reply{permit: ledger.Permit{Accepted: &providers.Receipt{PlatformRefundID: s.platformID, Amount: s.receipt}}}
}

func (p *paper) beginResend(key ledger.Key, at time.Time, l ledger.Limits, reads, most int) reply {
	s := p.slips[key]
	if s.askFirst {
		most++ // the first real sending repeats none that is known
	}
	switch left, spent := p.spent(s); {
	case s.ended():
		return s.clashes(ledger.Open)
	case s.sending == ledger.Done:
		return s.accepted()
	case s.sending == ledger.NotBegun:
		return reply{wrong: true}
	case s.reads < reads:
		return reply{permit: ledger.Permit{Doubt: true}}
	case s.repeats() >= most:
		p.leave(s)
		return reply{permit: ledger.Permit{Exhausted: true}}
	case spent:
		p.leave(s)
		answer := spentReply(left)
		return reply{permit: ledger.Permit{Exhausted: true, Hold: answer.hold}, says: answer.says}
	}
	if answer := p.take(s, at, l); !answer.hold.Granted {
		return reply{permit: ledger.Permit{Hold: answer.hold}, says: answer.says}
	}
	s.try(at)
	return reply{permit: ledger.Permit{Send: true}}
}

// endSend: an answer counts once, and only while its try is the last one.
func (p *paper) endSend(key ledger.Key, at time.Time, a ledger.Answer) reply {
	s := p.slips[key]
	if a.Receipt != nil {
		answer := p.accept(s, at, *a.Receipt)
		if isEnd(a.Receipt.State) { // evidence all the same
			heard := p.testify(key, ledger.Evidence{State: a.Receipt.State, PlatformRefundID: a.Receipt.PlatformRefundID,
				Amount: a.Receipt.Amount, At: at, Source: "answer"})
			if heard.clash != nil {
				return heard
			}
		}
		return answer
	}
	if s.ended() || s.sending != ledger.Begun || at.Before(s.lastSent()) || !a.NotSent && !a.Refused {
		return reply{}
	}
	last := s.tries[len(s.tries)-1]
	if last.answer != "" {
		return reply{}
	}
	if last.answer = "refused"; a.NotSent {
		last.answer = "not sent"
	}
	if s.reads = 0; at.After(s.lastRead) {
		s.lastRead = at
	}
	if s.doubt == len(s.tries)-1 { // no other request may have arrived
		s.sending, s.askFirst = ledger.NotBegun, false
	}
	if d := s.living(); s.sends() == 0 && d != nil {
		d.sent = false
	}
	return reply{}
}

func (p *paper) accept(s *slip, at time.Time, receipt providers.Receipt) reply {
	refuses := func(wanted ledger.Status) reply {
		if s.ended() && s.hears(at, "accepted", receipt.PlatformRefundID, receipt.Amount) {
			s.alert = true
		}
		return s.clashes(wanted)
	}
	if !s.stands() {
		return refuses(ledger.Open)
	}
	if s.receipt != 0 && receipt.Amount != 0 && s.receipt != receipt.Amount {
		return refuses(s.status)
	}
	if s.platformID != "" && receipt.PlatformRefundID != "" && s.platformID != receipt.PlatformRefundID {
		return refuses(s.status)
	}
	p.learn(s, receipt.PlatformRefundID)
	s.receipt = max(s.receipt, receipt.Amount)
	if s.sending != ledger.Done {
		s.sending = ledger.Done
		s.drawn()
		p.leave(s)
		p.unflag(s.key.Account, at, "the acceptance of refund "+s.key.ID)
	}
	return reply{}
}

func (p *paper) noteAbsent(key ledger.Key, at time.Time, interval time.Duration) reply {
	s := p.slips[key]
	if s.ended() {
		return s.clashes(ledger.Open)
	}
	next := s.lastRead.Add(time.Microsecond) // times are kept so
	if s.reads > 0 && interval > time.Microsecond {
		next = s.lastRead.Add(interval)
	}
	if s.sending == ledger.Begun && !at.Before(next) {
		s.reads++
		s.lastRead = at
	}
	return reply{n: s.reads}
}

func (p *paper) restored(until time.Time) (n reply) {
	p.asked = append(p.asked, until)
	for _, s := range p.slips {
		if !s.ended() && s.sending == ledger.NotBegun {
			s.askFirst = true
			n.n++
		}
	}
	return n
}

// learn keeps the platform's number, and tells whether it is the known one.
func (p *paper) learn(s *slip, id string) bool {
	if s.platformID == "" && id != "" {
		s.platformID = id
		delete(p.foreign, s.order.merchant+" "+id)
	}
	return id == "" || s.platformID == id
}

// amountOf: a success that names no amount gave what was asked for.
func (s *slip) amountOf(named refund.Fen) refund.Fen {
	if named == 0 {
		return s.Request.Amount
	}
	return named
}
