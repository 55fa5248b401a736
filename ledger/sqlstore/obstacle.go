package sqlstore

import (
	"fmt"
	"math"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

// outlook is what would keep an open refund from its budget; nil when it has it, or
// could have it. Nothing is written.
func (t *tx) outlook(r *row, at time.Time, limits ledger.Limits) (*ledger.Hold, error) {
	if r.Status != ledger.Open || r.Sending != ledger.NotBegun {
		return nil, nil
	}
	if spent, err := t.overdrawn(r); err != nil || spent.Obstacle != "" {
		return &spent, err
	}
	if r.hold != nil {
		return nil, nil
	}
	known, err := t.flag(r.Key.Account)
	if err != nil {
		return nil, err
	}
	answer := flagged(r, known, at)
	if !known.stops(r, at) {
		answer, err = t.obstacle(r, at, limits)
	}
	if err != nil || answer.Obstacle == "" {
		return nil, err
	}
	return &answer, nil
}

func flagged(r *row, f flag, at time.Time) ledger.Hold {
	return ledger.Hold{Obstacle: ledger.ObstacleFlag, RetryAt: at.Add(flagPause),
		Why: fmt.Sprintf("account %s is flagged: %s; repair it, then take the flag away", r.Key.Account, f.reason)}
}

// obstacle finds what stands in the way, the longest-lasting first.
func (t *tx) obstacle(r *row, at time.Time, limits ledger.Limits) (ledger.Hold, error) {
	// The stricter reading of the cap, a refund that would cross it waits, is
	// inferred: see the protocol notes, docs/protocols/baidu.md §11.
	rooms := roomsAt(at, limits)
	for _, b := range rooms {
		if b.most > 0 && r.Amount > b.most {
			return ledger.Hold{Obstacle: ledger.ObstacleTooBig, Of: b.of,
				Why: fmt.Sprintf("%s is more than the whole %s of %s: raise it or refund in parts", r.Amount, b.name, b.most)}, nil
		}
	}
	if obstacle, err := t.turnObstacle(r, at); err != nil || obstacle.Obstacle != "" {
		return obstacle, err
	}
	if limits.DailyCap == 0 && limits.Reserve == 0 {
		return ledger.Hold{}, nil // it takes from nobody: who is first does not matter
	}
	if err := t.fill(rooms, r.Key.Account); err != nil {
		return ledger.Hold{}, err
	}
	return t.budgetObstacle(r, at, rooms)
}

// budgetObstacle lets those who come first take theirs in thought, each that fits
// into what the ones before it leave, and looks for room in what is left then. So a
// small refund passes a large one that would not fit anyhow, and takes nothing that
// another would get.
func (t *tx) budgetObstacle(r *row, at time.Time, rooms []*room) (ledger.Hold, error) {
	list, err := t.shares(r, at)
	if err != nil {
		return ledger.Hold{}, err
	}
	last := at // when the last one that takes something looks again
	turns := map[[2]string]bool{}
	for _, c := range list {
		order := [2]string{c.merchant, c.order}
		if turns[order] || !fitAll(rooms, c.amount, c.period) {
			continue // one of an order at a time
		}
		if turns[order] = true; order == [2]string{r.Merchant, r.orderKey} {
			return ledger.Hold{Obstacle: ledger.ObstacleOrder, RetryAt: at.Add(turnPause), Before: 1,
				Why: fmt.Sprintf("another refund of the same order %s waits before it, and has its budget now", r.orderKey)}, nil
		}
		keep(rooms, c.amount, c.period)
		if retry := fromMicros(c.retryAt); retry.After(last) {
			last = retry
		}
	}
	own := ""
	if r.hold != nil {
		own = r.hold.period
	}
	for _, b := range rooms {
		need := b.need(r.Amount, own)
		if need <= b.left() {
			continue
		}
		retry, used := spread(b.next, len(list)), fmt.Sprintf("%s is used", b.used-(r.Amount-need))
		if b.kept > 0 {
			used += fmt.Sprintf(" and %s is kept for those who come first", b.kept)
		}
		if soon := last.Add(linePause); need <= b.left()+b.kept && soon.Before(retry) {
			retry = soon
		}
		return ledger.Hold{Obstacle: b.of, RetryAt: retry, Before: len(list),
			Why: fmt.Sprintf("the %s is %s, of which %s: %s would cross it%s", b.title(), b.most, used, r.Amount, behind(len(list)))}, nil
	}
	return ledger.Hold{}, nil
}

// room is what a limit leaves.
type room struct {
	of           ledger.Obstacle
	name         string
	kind, period string
	most         refund.Fen // 0: no limit
	used         refund.Fen
	kept         refund.Fen // for those who come first
	next         time.Time  // when it starts anew
}

// roomsAt are those of a moment's day and payout period.
func roomsAt(at time.Time, limits ledger.Limits) []*room {
	return []*room{
		{of: ledger.ObstacleCap, name: "daily cap", kind: kindCap, period: limits.Day(at), most: limits.DailyCap, next: limits.NextDay(at)},
		{of: ledger.ObstacleReserve, name: "reserve", kind: kindReserve, period: limits.Period(at), most: limits.Reserve, next: limits.NextPeriod(at)},
	}
}

// fill reads what is used of them.
func (t *tx) fill(rooms []*room, account string) (err error) {
	for _, b := range rooms {
		if b.used, err = t.used(account, b.kind, b.period); err != nil {
			return err
		}
	}
	return nil
}

func (b *room) title() string {
	if b.kind == kindReserve {
		return b.name + " of the payout period from " + b.period
	}
	return b.name + " of " + b.period
}

func (b *room) left() refund.Fen {
	if b.most == 0 {
		return math.MaxInt64
	}
	return b.most - b.used - b.kept
}

// need is what a refund would draw. Of the reserve that is nothing when its living
// hold is of the same period, which the new one takes over.
func (b *room) need(amount refund.Fen, heldIn string) refund.Fen {
	if b.kind == kindReserve && heldIn == b.period {
		return 0
	}
	return amount
}

func fitAll(rooms []*room, amount refund.Fen, heldIn string) bool {
	for _, b := range rooms {
		if b.need(amount, heldIn) > b.left() {
			return false
		}
	}
	return true
}

// keep takes in thought what one who comes first would take.
func keep(rooms []*room, amount refund.Fen, heldIn string) {
	for _, b := range rooms {
		b.kept += b.need(amount, heldIn)
	}
}
