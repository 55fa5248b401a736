package sqlstore

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// draw is what a refund takes from one day's cap and one payout period's reserve. It
// lives until it is given up; what was sent under it stays in the day's cap.
type draw struct {
	day, period string
	lives, sent bool
}

// living is the draw that the refund has now, nil for none.
func (s *slip) living() *draw {
	for _, d := range s.draws {
		if d.lives {
			return d
		}
	}
	return nil
}

// used adds up what an account has drawn.
func (p *paper) used(account, day, period string) (ofDay, ofPeriod refund.Fen) {
	for _, s := range p.slips {
		if s.key.Account != account {
			continue
		}
		for _, d := range s.draws {
			if d.day == day && (d.lives || d.sent) {
				ofDay += s.Request.Amount
			}
			if d.period == period && d.lives {
				ofPeriod += s.Request.Amount
			}
		}
	}
	return ofDay, ofPeriod
}

// waiting is a place in the line.
type waiting struct {
	*slip
	since, retry time.Time
	of           ledger.Obstacle
}

// overdue: nobody waits any more for one who is two hours late.
func (w *waiting) overdue(at time.Time) bool { return w.retry.Before(at.Add(-2 * time.Hour)) }

// before are those in the line who came before the refund.
func (p *paper) before(s *slip) []*waiting {
	if i := p.placeOf(s); i >= 0 {
		return p.line[:i]
	}
	return p.line
}

func (p *paper) placeOf(s *slip) int {
	return slices.IndexFunc(p.line, func(w *waiting) bool { return w.slip == s })
}

func (p *paper) leave(s *slip) {
	p.line = slices.DeleteFunc(p.line, func(w *waiting) bool { return w.slip == s })
}

// paperFlag closes an account's lane.
type paperFlag struct {
	reason string
	since  time.Time // put up, or last tried
	trial  *slip     // who tries it
}

func (p *paper) flagOf(account string) *paperFlag {
	if p.flags[account] == nil {
		p.flags[account] = &paperFlag{}
	}
	return p.flags[account]
}

// closed tells whether the account's lane is closed to the refund.
func (p *paper) closed(s *slip, at time.Time) bool {
	f := p.flagOf(s.key.Account)
	return f.reason != "" && f.trial != s && at.Before(f.since.Add(time.Hour))
}

func (p *paper) flag(account string, at time.Time, reason string) reply {
	f := p.flagOf(account)
	if f.reason != reason && p.first("flag", account, at, reason) && f.reason == "" {
		*f = paperFlag{reason: reason, since: at}
	}
	return reply{}
}

func (p *paper) unflag(account string, at time.Time, by string) reply {
	if f := p.flagOf(account); f.reason != "" && p.first("unflag", account, at, by) {
		*f = paperFlag{}
	}
	return reply{}
}

// hold gives up a hold of another day when there is no room for the new one.
func (p *paper) hold(key ledger.Key, at time.Time, l ledger.Limits) reply {
	s := p.slips[key]
	if s.ended() {
		return s.clashes(ledger.Open)
	}
	answer := p.confirm(s, at, l)
	if d := s.living(); !answer.hold.Granted && answer.hold.Obstacle != ledger.ObstacleFlag && d != nil {
		d.lives = false
	}
	return answer
}

// confirm sees to the hold of the day; what is not granted changes the line at most.
func (p *paper) confirm(s *slip, at time.Time, l ledger.Limits) reply {
	if s.sending != ledger.NotBegun {
		return reply{hold: ledger.Hold{Granted: true}}
	}
	if left, spent := p.spent(s); spent && !s.askFirst {
		p.leave(s)
		return spentReply(left)
	}
	if p.closed(s, at) {
		if i := p.placeOf(s); i >= 0 {
			p.line[i].retry = at.Add(5 * time.Minute)
		}
		return reply{hold: ledger.Hold{Obstacle: ledger.ObstacleFlag, RetryAt: at.Add(5 * time.Minute)}, says: p.flagOf(s.key.Account).reason}
	}
	answer := p.take(s, at, l)
	if f := p.flagOf(s.key.Account); answer.hold.Granted && f.reason != "" && f.trial != s {
		f.since, f.trial = at, s
	}
	return answer
}

func spentReply(left refund.Fen) reply {
	return reply{hold: ledger.Hold{Obstacle: ledger.ObstacleSpent}, says: fmt.Sprintf("has %s left", left)}
}

// take draws on the day, or puts the refund into the line.
func (p *paper) take(s *slip, at time.Time, l ledger.Limits) reply {
	old := s.living()
	if old != nil && old.day == l.Day(at) {
		p.leave(s)
		return reply{hold: ledger.Hold{Granted: true}}
	}
	answer := p.obstacle(s, at, l)
	switch h := answer.hold; {
	case h.Obstacle == ledger.ObstacleTooBig:
		p.leave(s) // it waits for a person
		return answer
	case h.Obstacle != "":
		i := p.placeOf(s)
		if i < 0 {
			i, p.line = len(p.line), append(p.line, &waiting{slip: s, since: at})
		}
		p.line[i].of, p.line[i].retry = h.Obstacle, h.RetryAt
		return answer
	}
	if old != nil {
		old.lives = false
	}
	s.draws = append(s.draws, &draw{day: l.Day(at), period: l.Period(at), lives: true})
	p.turns[s.order] = s.key
	p.leave(s)
	return reply{hold: ledger.Hold{Granted: true}}
}

// outlook is what a refund that was just opened would meet.
func (p *paper) outlook(s *slip, at time.Time, l ledger.Limits) *ledger.Hold {
	if s.ended() || s.sending != ledger.NotBegun {
		return nil
	}
	var h ledger.Hold
	if left, spent := p.spent(s); spent && !s.askFirst {
		h = spentReply(left).hold
	} else if s.living() != nil {
		return nil
	} else if p.closed(s, at) {
		h = ledger.Hold{Obstacle: ledger.ObstacleFlag, RetryAt: at.Add(5 * time.Minute)}
	} else {
		h = p.obstacle(s, at, l).hold
	}
	if h.Obstacle == "" {
		return nil
	}
	return &h
}

// obstacle is what stands in the refund's way: its size, its order's others, the budget.
func (p *paper) obstacle(s *slip, at time.Time, l ledger.Limits) reply {
	amount := s.Request.Amount
	if l.DailyCap > 0 && amount > l.DailyCap {
		return reply{hold: ledger.Hold{Obstacle: ledger.ObstacleTooBig, Of: ledger.ObstacleCap}, says: l.DailyCap.String()}
	}
	if l.Reserve > 0 && amount > l.Reserve {
		return reply{hold: ledger.Hold{Obstacle: ledger.ObstacleTooBig, Of: ledger.ObstacleReserve}, says: l.Reserve.String()}
	}
	if answer := p.turnObstacle(s, at); answer.hold.Obstacle != "" {
		return answer
	}
	if l.DailyCap == 0 && l.Reserve == 0 {
		return reply{}
	}
	return p.budgetObstacle(s, at, l)
}

func (p *paper) turnObstacle(s *slip, at time.Time) reply {
	owner, taken := p.turns[s.order]
	if taken && owner == s.key {
		return reply{}
	}
	ahead := 0
	for _, w := range p.before(s) {
		if w.order == s.order && w.of == ledger.ObstacleOrder && !w.overdue(at) && p.flagOf(w.key.Account).reason == "" {
			ahead++
		}
	}
	inTurn := func(from time.Time) ledger.Hold {
		return ledger.Hold{Obstacle: ledger.ObstacleOrder, Before: ahead, RetryAt: from.Add(time.Duration(ahead) * 100 * time.Millisecond)}
	}
	var sent time.Time
	for _, other := range p.ofOrder(s.order) {
		if last := other.lastSent(); other != s && last.After(sent) {
			sent = last
		}
	}
	switch gap := s.Rules.OrderGap; {
	case taken:
		return reply{hold: inTurn(at.Add(time.Minute)), says: owner.String()}
	case gap > 0 && at.Before(sent.Add(gap)):
		return reply{hold: inTurn(sent.Add(gap)), says: "the platform wants"}
	case ahead > 0:
		return reply{hold: inTurn(at.Add(time.Minute)), says: "one at a time"}
	}
	return reply{}
}

// budgetObstacle lets those who came before take theirs in thought.
func (p *paper) budgetObstacle(s *slip, at time.Time, l ledger.Limits) reply {
	usedCap, usedReserve := p.used(s.key.Account, l.Day(at), l.Period(at))
	leftCap, leftReserve := remains(l.DailyCap, usedCap), remains(l.Reserve, usedReserve)
	fromReserve := func(s *slip) refund.Fen { // what it has of the period already it takes along
		if d := s.living(); d != nil && d.period == l.Period(at) {
			return 0
		}
		return s.Request.Amount
	}
	keptCap, keptReserve := refund.Fen(0), refund.Fen(0)
	orders, before, last := map[order]bool{}, 0, at
	for _, w := range p.before(s) {
		owner, taken := p.turns[w.order]
		forBudget := w.of == ledger.ObstacleCap || w.of == ledger.ObstacleReserve
		if w.key.Account != s.key.Account || !forBudget || w.overdue(at) || taken && owner != w.key {
			continue // takes nothing now, or not from here
		}
		before++
		if orders[w.order] || w.Request.Amount > leftCap-keptCap || fromReserve(w.slip) > leftReserve-keptReserve {
			continue
		}
		if w.order == s.order {
			return reply{hold: ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: at.Add(time.Minute), Before: 1}, says: "waits before it"}
		}
		orders[w.order] = true
		keptCap += w.Request.Amount
		keptReserve += fromReserve(w.slip)
		if w.retry.After(last) {
			last = w.retry
		}
	}
	own := fromReserve(s)
	for _, limit := range []struct {
		of               ledger.Obstacle
		need, left, kept refund.Fen
		used             refund.Fen
		next             time.Time
	}{
		{ledger.ObstacleCap, s.Request.Amount, leftCap, keptCap, usedCap, l.NextDay(at)},
		{ledger.ObstacleReserve, own, leftReserve, keptReserve, usedReserve - (s.Request.Amount - own), l.NextPeriod(at)},
	} {
		if limit.need <= limit.left-limit.kept {
			continue
		}
		retry := limit.next.Add(time.Duration(before) * 100 * time.Millisecond)
		if soon := last.Add(time.Minute); limit.need <= limit.left && soon.Before(retry) {
			retry = soon // there is room, but for those before it
		}
		return reply{hold: ledger.Hold{Obstacle: limit.of, RetryAt: retry, Before: before}, says: limit.used.String() + " is used"}
	}
	return reply{}
}

// remains of a limit; one of 0 has no end.
func remains(limit, used refund.Fen) refund.Fen {
	if limit == 0 {
		return math.MaxInt64 / 2
	}
	return limit - used
}
