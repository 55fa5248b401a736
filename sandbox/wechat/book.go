package wechat

import (
	"container/heap"
	"math/bits"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// merchant is one direct merchant, or one sub-merchant of a service provider.
type merchant struct {
	control.NewWeChatMerchant
}

// number is how the merchant is named everywhere, and the scope of its order and refund numbers. The notes say "inside the
// merchant number"; that it is the sub-merchant's where there is one is inferred.
func (m *merchant) number() string {
	if m.SubMchID != "" {
		return m.SubMchID
	}
	return m.MchID
}

// order is one paid (or unpaid) order.
type order struct {
	id, outTradeNo string
	m              *merchant
	total, coupon  int64
	paid           bool
	paidAt         time.Time
	settleAfter    *control.Duration
	outcome        control.RefundStatus
	refunds        []*refund
}

// live is what refunds took that are paid or may still be: the sum and the coupon's part of it. An abnormal refund counts, its
// number stays valid (§10).
func (o *order) live() (sum, coupon int64) {
	for _, r := range o.refunds {
		if r.status != control.Failed {
			sum += r.amount
			coupon += r.coupon
		}
	}
	return sum, coupon
}

// couponPart is what the coupon gets of a refund: refunds are shared in proportion (§4.3), and rounding is made good by
// the next one, so that a fully refunded order has given back exactly its coupon.
func (o *order) couponPart(amount int64) int64 {
	sum, given := o.live()
	hi, lo := bits.Mul64(uint64(sum+amount), uint64(o.coupon))
	due, _ := bits.Div64(hi, lo, uint64(o.total)) // sum+amount <= total, so the quotient is at most the coupon
	return min(max(int64(due)-given, 0), amount)
}

// door is where a refund came in; its result goes back the same way.
type door string

const (
	doorV2       door = "v2"
	doorRun      door = "cloudrun"
	doorFunction door = "cloudfunction"
	doorConsole  door = "console"
)

// refund is one accepted application.
type refund struct {
	seq       int64  // in order of acceptance over all orders
	number    string // out_refund_no; on the console's refunds the platform's own
	o         *order
	amount    int64
	coupon    int64
	account   string // refund_account
	door      door
	notifyURL string // v2: of the request
	path      string // Cloud Run: of the request's container
	status    control.RefundStatus
	appliedAt time.Time
	settlesAt time.Time
}

// drawn is what the merchant pays: a coupon that is no recharge never was the merchant's money (§4.2).
func (r *refund) drawn() int64 { return r.amount - r.coupon }

// book is the platform's whole memory. Its methods expect the platform's lock to be held.
type book struct {
	settings  control.WeChatSettings
	merchants map[string]*merchant
	orders    map[string]*order                // by transaction_id
	byOut     map[*merchant]map[string]*order  // by out_trade_no
	byNumber  map[*merchant]map[string]*refund // by out_refund_no
	byID      map[string]*refund               // by refund_id
	sequence  []*order                         // in order of registration
	pending   settlement
	forwards  map[*refund]forwarding // results whose callback function has not been heard yet
	tokens    map[string]token
	limits    map[string]*limit // by the merchant number that signs
	nextSeq   int64             // of refunds
	nextOrder int64
}

func newBook(s control.WeChatSettings) *book {
	return &book{settings: s, merchants: map[string]*merchant{}, orders: map[string]*order{}, byOut: map[*merchant]map[string]*order{},
		byNumber: map[*merchant]map[string]*refund{}, byID: map[string]*refund{}, forwards: map[*refund]forwarding{}, tokens: map[string]token{},
		limits: map[string]*limit{}, nextSeq: 1, nextOrder: 1}
}

// addMerchant files a merchant whose number is free.
func (b *book) addMerchant(m *merchant) {
	b.merchants[m.number()] = m
	b.byOut[m], b.byNumber[m] = map[string]*order{}, map[string]*refund{}
}

// account is a merchant that signs with this v2 number, the named sub-merchant if it is one of them; they share key and app.
func (b *book) account(mchID, subMchID string) *merchant {
	if m := b.merchants[subMchID]; m != nil && m.Mode == control.WeChatV2 && m.MchID == mchID {
		return m
	}
	for _, m := range b.merchants {
		if m.Mode == control.WeChatV2 && m.MchID == mchID {
			return m
		}
	}
	return nil
}

// addOrder files an order whose ids are free.
func (b *book) addOrder(o *order) {
	b.orders[o.id], b.byOut[o.m][o.outTradeNo] = o, o
	b.sequence = append(b.sequence, o)
}

// addRefund files a refund whose numbers are free.
func (b *book) addRefund(r *refund) {
	r.o.refunds = append(r.o.refunds, r)
	b.byNumber[r.o.m][r.number], b.byID[r.id()] = r, r
	if r.status == control.Processing {
		heap.Push(&b.pending, r)
	}
}

// settle brings the books up to now and returns the refunds that have just become final.
func (b *book) settle(now time.Time) []*refund {
	var final []*refund
	for len(b.pending) > 0 && !b.pending[0].settlesAt.After(now) {
		r := heap.Pop(&b.pending).(*refund)
		r.status = r.o.outcome
		if r.status == control.Failed {
			r.o.m.Balance += r.drawn()
		}
		final = append(final, r)
	}
	return final
}

// finish is the merchant's staff in WeChat's console, seeing to refunds that could not reach the buyer: an abnormal one is not
// final, and its number stays valid (§10). They end now, as the order's outcome says.
func (b *book) finish(o *order, now time.Time) {
	for _, r := range o.refunds {
		if r.status == control.Abnormal {
			r.status, r.settlesAt = control.Processing, now
			heap.Push(&b.pending, r)
		}
	}
}

// settlement orders processing refunds by the moment they become final.
type settlement []*refund

func (s settlement) Len() int { return len(s) }
func (s settlement) Less(i, j int) bool {
	if s[i].settlesAt.Equal(s[j].settlesAt) {
		return s[i].seq < s[j].seq
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
