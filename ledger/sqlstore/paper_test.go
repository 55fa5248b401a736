package sqlstore

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// paper is the ledger as somebody would keep it by hand who has read ledger.go and
// docs/design.md: slips of paper, and every sum added up anew. It is written from those
// words and not from the statements, so that a mistake in one is no mistake in the other.
// A method is named like the ledger's and foretells its answer.
type paper struct {
	slips   map[ledger.Key]*slip
	line    []*waiting              // first come first
	turns   map[order]ledger.Key    // who has the order's turn
	flags   map[string]*paperFlag   // by account; one without a reason is down
	foreign map[string]*foreignSlip // by merchant and the platform's number
	asked   []time.Time             // until when a new refund may be one that was forgotten
	once    map[string]bool         // what is written once: a replay finds it
}

type order struct{ merchant, key string }

// slip is one refund.
type slip struct {
	ledger.Opening
	key          ledger.Key
	order        order
	status       ledger.Status
	endedAt      time.Time
	success      refund.Fen // what its success gave back, 0 of any other end
	verification ledger.Progress
	sending      ledger.Progress
	tries        []*try
	doubt        int // index of the first try that is in doubt, while sending is begun
	reads        int
	lastRead     time.Time // or the last sending
	askFirst     bool
	draws        []*draw
	platformID   string
	receipt      refund.Fen
	evidence     *ledger.Evidence
	words        []*word
	alert        bool
}

// foreignSlip is a refund that was made elsewhere.
type foreignSlip struct {
	key, number string
	amount      refund.Fen
	state       providers.ResultState
}

func newPaper() *paper {
	return &paper{slips: map[ledger.Key]*slip{}, turns: map[order]ledger.Key{}, flags: map[string]*paperFlag{},
		foreign: map[string]*foreignSlip{}, once: map[string]bool{}}
}

// first tells whether a line is written for the first time.
func (p *paper) first(line ...any) bool {
	name := fmt.Sprint(line...)
	known := p.once[name]
	p.once[name] = true
	return !known
}

// reply is what a method answers. says is what the sentence in it must contain.
type reply struct {
	clash   *clash // a contradiction
	wrong   bool   // any other error
	says    string
	refused bool
	opened  *ledger.Record
	outlook *ledger.Hold
	hold    ledger.Hold
	permit  ledger.Permit
	n       int
}

// clash is what a [ledger.ContradictionError] says; of one to be called wrong it is empty.
type clash struct{ booked, wanted ledger.Status }

func (s *slip) clashes(wanted ledger.Status) reply { return reply{clash: &clash{s.status, wanted}} }

func (s *slip) ended() bool { return s.status != ledger.Open }

// stands: it is open, or gave the money back.
func (s *slip) stands() bool { return s.status == ledger.Open || s.status == ledger.Succeeded }

// refunded is what the end in the books gave back.
func (s *slip) refunded() refund.Fen {
	switch s.status {
	case ledger.Open:
		return 0
	case ledger.Succeeded:
		return s.success
	case ledger.Failed, ledger.Rejected, ledger.Cancelled:
	}
	return s.proven()
}

// share is what the refund counts in its order.
func (s *slip) share() refund.Fen {
	if s.stands() {
		return max(s.Request.Amount, s.refunded(), s.proven())
	}
	return s.refunded()
}

func (p *paper) open(o ledger.Opening) reply {
	key := ledger.KeyOf(o.Request)
	s := p.slips[key]
	switch {
	case s != nil && s.Fingerprint != o.Fingerprint:
		return reply{refused: true, says: "for other content"}
	case s != nil:
		s.askFirst = s.askFirst || o.Sent && !s.ended() && s.sending == ledger.NotBegun
		return p.found(s, o)
	}
	s = p.fresh(o)
	if why := p.refusal(s); why != "" {
		return reply{refused: true, says: why}
	}
	p.slips[key] = s
	for id, f := range p.foreign { // the platform spoke of it before
		if f.number != s.Number || f.key != s.order.key || !s.isOf(id) {
			continue
		}
		s.askFirst = true
		word := ledger.Evidence{State: f.state, PlatformRefundID: numberIn(id), Amount: f.amount, At: o.At, Source: "a message of before"}
		if isEnd(f.state) {
			p.testify(s.key, word)
		} else {
			p.learn(s, word.PlatformRefundID)
		}
		break
	}
	return p.found(s, o)
}

func (p *paper) fresh(o ledger.Opening) *slip {
	s := &slip{Opening: o, key: ledger.KeyOf(o.Request), order: order{o.Rules.Merchant, o.Request.Order.PlatformID}, status: ledger.Open,
		verification: ledger.NotBegun, sending: ledger.NotBegun, askFirst: o.Sent}
	for _, until := range p.asked {
		s.askFirst = s.askFirst || !o.At.After(until)
	}
	return s
}

func (p *paper) found(s *slip, o ledger.Opening) reply {
	record := s.record()
	return reply{opened: &record, outlook: p.outlook(s, o.At, o.Limits)}
}

// refusal is what an opening's sentence must contain; "" when it is written down.
func (p *paper) refusal(s *slip) string {
	total, amount := s.Request.Order.Total, s.Request.Amount
	switch {
	case !s.Sent && !s.Rules.Partial && amount < total:
		return "whole orders only"
	case !s.Sent && s.Rules.Window > 0 && s.At.Sub(s.Request.Order.PaidAt) > s.Rules.Window:
		return "of the payment"
	}
	for _, other := range p.slips {
		if other.order.merchant == s.order.merchant && other.Number == s.Number {
			return "belongs to refund " + other.key.String()
		}
	}
	if s.Sent {
		return "" // it may be what is missing
	}
	n, gone, otherTotal := 0, refund.Fen(0), false
	for _, other := range p.ofOrder(s.order) {
		if other.stands() {
			n++
			otherTotal = otherTotal || other.Request.Order.Total != total
		}
		gone += other.share()
	}
	for id, f := range p.foreign {
		// What is, or may be, this very refund is not held against it.
		itself := f.number == s.Number || f.number == "" && s.askFirst
		if f.key == s.order.key && s.isOf(id) && f.state != failed && !itself {
			n++
			gone += f.amount
		}
	}
	switch {
	case otherTotal:
		return "with a total of"
	case s.Rules.MaxRefundsPerOrder > 0 && n >= s.Rules.MaxRefundsPerOrder:
		return fmt.Sprintf("has %d refunds", n)
	case gone+amount > total:
		return fmt.Sprintf("has %s left", max(total-gone, 0))
	}
	return ""
}

// spent tells what the order has left, and whether the refund does not fit into it any
// more: what others of the order have really given back is looked at once more.
func (p *paper) spent(s *slip) (left refund.Fen, spent bool) {
	left = s.Request.Order.Total
	for _, other := range p.ofOrder(s.order) {
		if other.ended() {
			left -= other.share()
		}
	}
	for id, f := range p.foreign {
		if f.key == s.order.key && s.isOf(id) && f.state != failed {
			left -= f.amount
		}
	}
	return max(left, 0), left < s.Request.Amount
}

// ofOrder are the order's refunds, whichever account they came through.
func (p *paper) ofOrder(of order) (list []*slip) {
	for _, s := range p.slips {
		if s.order == of {
			list = append(list, s)
		}
	}
	return list
}

// record is what the ledger must show of the refund. Sentences are left out; that there
// is an alert is not.
func (s *slip) record() ledger.Record {
	r := ledger.Record{Key: s.key, Number: s.Number, Amount: s.Request.Amount, Status: s.status, EndedAt: s.endedAt,
		Opened: s.At, Verification: s.verification, Sending: s.sending, Sends: s.sends(), Attempted: len(s.tries) > 0,
		AskFirst: s.askFirst, AbsentReads: s.reads, PlatformRefundID: s.platformID, Receipt: s.receipt, Refunded: s.refunded(),
		Evidence: s.evidence}
	if s.alert {
		r.Alert = "alert"
	}
	if s.evidence != nil {
		e := *s.evidence
		r.Evidence = &e
	}
	return r
}

// keys are all refunds, in order.
func (p *paper) keys() (list []ledger.Key) {
	for key := range p.slips {
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b ledger.Key) int { return cmp.Compare(a.String(), b.String()) })
	return list
}
