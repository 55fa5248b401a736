package baidu

import (
	"container/heap"
	"crypto/rsa"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// merchant is one payment appKey.
type merchant struct {
	appKey       string
	appID        int64
	publicPEM    string
	public       *rsa.PublicKey
	platform     *rsa.PrivateKey // Baidu's side: signs the callbacks to this merchant
	clientID     string
	clientSecret string
	balance      int64 // enterprise balance, fen
	dailyCap     int64
	capUsed      int64 // fen applied for on capDay; a failed refund gives nothing back before the next day (§11)
	capDay       string
	onRepeat     control.RepeatPolicy
	auditURL     string // empty = nobody is asked
	notifyURL    string // empty = nobody is told
}

// order is one paid (or unpaid) order.
type order struct {
	id, userID  int64
	tpOrderID   string
	m           *merchant
	total       int64
	promo       bool
	paid        bool
	verified    bool
	settleAfter *control.Duration
	outcome     control.RefundStatus
	barred      bool // an audit was rejected
	released    int64
	refunds     []*refund
}

// live is the sum of refunds that are paid or may still be.
func (o *order) live() int64 {
	var sum int64
	for _, r := range o.refunds {
		if r.status != control.Failed {
			sum += r.amount
		}
	}
	return sum
}

// refund is one accepted application.
type refund struct {
	batchID   int64
	bizID     string
	o         *order
	amount    int64
	full      bool
	status    control.RefundStatus
	appliedAt time.Time
	settlesAt time.Time
	drawn     int64 // fen taken from the enterprise balance, given back when the refund fails
	doomed    bool  // accepted without money behind it (ShortBalance "fail")
	elsewhere bool  // made by Baidu's service desk
	audit     control.AuditState
	askAt     time.Time // when the merchant, undecided so far, is asked again; zero = a letter is under way
	notifyURL string    // refundNotifyUrl of the application; overrides the merchant's
}

// book is the platform's whole memory. Its methods expect the platform's lock to be held.
type book struct {
	settings  control.BaiduSettings
	merchants map[string]*merchant
	orders    map[int64]*order
	byTp      map[string]*order                // appKey + NUL + tpOrderId
	byBiz     map[*merchant]map[string]*refund // the first refund of each bizRefundBatchId
	sequence  []*order                         // in order of registration
	pending   settlement
	waiting   []*refund // for the merchant's audit
	post      func(stage.Letter)
	tokens    map[string]token
	nextBatch int64
	nextID    int64
}

func newBook(s control.BaiduSettings, post func(stage.Letter)) *book {
	return &book{settings: s, post: post, merchants: map[string]*merchant{}, orders: map[int64]*order{}, byTp: map[string]*order{},
		byBiz: map[*merchant]map[string]*refund{}, tokens: map[string]token{}, nextBatch: 152713835, nextID: 800200451}
}

// order finds an order that belongs to the merchant.
func (b *book) order(m *merchant, id int64) *order {
	if o := b.orders[id]; o != nil && o.m == m {
		return o
	}
	return nil
}

func (b *book) orderByTp(m *merchant, tp string) *order { return b.byTp[m.appKey+"\x00"+tp] }

// addOrder files an order whose ids are free.
func (b *book) addOrder(o *order) {
	b.orders[o.id], b.byTp[o.m.appKey+"\x00"+o.tpOrderID] = o, o
	b.sequence = append(b.sequence, o)
}

// addRefund files a refund. Refunds come in the order of their batch ids, so the first of each bizRefundBatchId is known.
func (b *book) addRefund(r *refund) {
	m := r.o.m
	r.o.refunds = append(r.o.refunds, r)
	if b.byBiz[m] == nil {
		b.byBiz[m] = map[string]*refund{}
	}
	if b.byBiz[m][r.bizID] == nil {
		b.byBiz[m][r.bizID] = r
	}
	switch {
	case r.status != control.Processing:
	case r.audit == control.AuditWaiting:
		b.waiting = append(b.waiting, r)
	default:
		heap.Push(&b.pending, r)
	}
}

// settle brings the books up to now. It runs before every read and write and whenever the stage's loop finds something due.
func (b *book) settle(now time.Time) {
	b.askAgain(now)
	for len(b.pending) > 0 && !b.pending[0].settlesAt.After(now) {
		r := heap.Pop(&b.pending).(*refund)
		r.status = control.Success
		if r.doomed || r.o.outcome == control.Failed {
			r.fail()
		}
		b.postNotification(r)
	}
	for _, m := range b.merchants {
		if day := stage.Day(now); m.capDay != day {
			m.capDay, m.capUsed = day, 0
		}
	}
}

// next is when settle has something to do by itself; zero = never.
func (b *book) next() (next time.Time) {
	if len(b.pending) > 0 {
		next = b.pending[0].settlesAt
	}
	for _, r := range b.waiting {
		if !r.askAt.IsZero() && (next.IsZero() || r.askAt.Before(next)) {
			next = r.askAt
		}
	}
	return next
}

// fail ends a refund without payment.
func (r *refund) fail() {
	r.status = control.Failed
	r.o.m.balance += r.drawn
}

// settlement orders processing refunds by the moment they become final.
type settlement []*refund

func (s settlement) Len() int { return len(s) }
func (s settlement) Less(i, j int) bool {
	if s[i].settlesAt.Equal(s[j].settlesAt) {
		return s[i].batchID < s[j].batchID
	}
	return s[i].settlesAt.Before(s[j].settlesAt)
}
func (s settlement) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push is for package heap.
func (s *settlement) Push(x any) { *s = append(*s, x.(*refund)) }

// Pop is for package heap.
func (s *settlement) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
