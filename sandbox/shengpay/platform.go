package shengpay

import (
	"crypto/rsa"
	"net/http"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// The operations; each is its path without the leading slash.
const (
	opRefund       = "pay/refund"              // withholding product
	opOrderRefund  = "refund/orderRefund"      // aggregate product
	opWalletRefund = "api/v1/payment/refund"   // enterprise wallet, at a host of its own
	opQueryRefund  = "refund/queryRefundOrder" //
	opQueryOrder   = "pay/queryOrder"          //
)

// Platform is the Shengpay stand-in. It is safe for concurrent use: one lock guards the books, so every call sees and
// leaves them consistent.
type Platform struct {
	stage *stage.Stage
	start control.ShengpaySettings

	mu   sync.Mutex
	book *book
}

// paidWith is what Shengpay knows of an order beyond the shared shape.
type paidWith struct {
	Coupons []control.ShengpayCoupon `json:"coupons"`
}

// source is what Shengpay knows of a refund beyond the shared shape.
type source struct {
	Op        string                   `json:"op"` // that made it; empty for the console
	NotifyURL string                   `json:"notify_url"`
	Account   string                   `json:"account"` // refundAccount as sent, maybe empty
	From      control.Choice           `json:"from"`    // the balance that paid
	Drawn     int64                    `json:"drawn"`   // fen taken from it, given back when the refund fails
	Coupons   []control.ShengpayCoupon `json:"coupons"`
}

type (
	order  = orders.Order[paidWith, source]
	refund = orders.Refund[paidWith, source]
)

// book is the platform's whole memory. Its methods expect the platform's lock to be held.
type book struct {
	*orders.Book[paidWith, source]
	settings  control.ShengpaySettings
	key       *rsa.PrivateKey      // Shengpay's, made with the first merchant; signs answers and notifications
	merchants map[string]*merchant // by mchId
	refunds   map[string]*refund   // mchId + NUL + outRefundNo
	nextID    int64
}

func (p *Platform) newBook(s control.ShengpaySettings) *book {
	b := &book{Book: orders.New[paidWith, source]("shengpay", control.Success, control.Failed, control.Abnormal), settings: s,
		merchants: map[string]*merchant{}, refunds: map[string]*refund{}, nextID: 1}
	b.Settled = func(r *refund) { b.settled(r, p.stage.Post) }
	return b
}

// New builds a stand-in with empty books. Settings may be zero; an error names the setting that has no such value.
func New(s *stage.Stage, settings control.ShengpaySettings) (*Platform, error) {
	settings, err := checkSettings(settings)
	if err != nil {
		return nil, err
	}
	p := &Platform{stage: s, start: settings}
	p.book = p.newBook(settings)
	return p, nil
}

// Name is "shengpay".
func (p *Platform) Name() string { return "shengpay" }

// Ops are the operations faults can be planned for.
func (p *Platform) Ops() []string {
	return []string{opRefund, opOrderRefund, opWalletRefund, opQueryRefund, opQueryOrder}
}

// Reset forgets merchants, orders, refunds and the platform key and returns to the settings of the start.
func (p *Platform) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = p.newBook(p.start)
}

// Settle is for the stage's loop: notifications go out when refunds settle, not when somebody looks.
func (p *Platform) Settle(now time.Time) (next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Settle(now)
}

// Routes mounts the paths of §2, unchanged, so that a client needs another host and nothing else.
func (p *Platform) Routes(mux *http.ServeMux) {
	for _, op := range p.Ops() {
		mux.HandleFunc("POST /"+op, func(w http.ResponseWriter, r *http.Request) {
			params, nulls, bodyErr := readBody(r)
			p.stage.Serve(w, p.call(op, params), func() stage.Reply {
				return p.locked(func(b *book, now time.Time) stage.Reply { return b.reply(b.decide(op, params, nulls, bodyErr, now)) })
			}, p.forge)
		})
	}
}

// locked runs f on settled books.
func (p *Platform) locked(f func(b *book, now time.Time) stage.Reply) stage.Reply {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.stage.Clock.Now()
	p.book.Settle(now)
	return f(p.book, now)
}

// call is what the log may know of a request: ids in a safe shape, never a signature.
func (p *Platform) call(op string, params map[string]string) control.Call {
	c := control.Call{Platform: p.Name(), Op: op, Transport: "json", Content: digest(params)}
	for name, into := range map[string]*string{"transactionId": &c.OrderID, "outTradeNo": &c.TpOrderID, "outRefundNo": &c.RefundNo} {
		if v := params[name]; orders.Plain.MatchString(v) {
			*into = v
		}
	}
	c.Amount, _ = orders.Fen(params["refundFee"])
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.book.find(params["mchId"], c.OrderID, c.TpOrderID)
	if r := p.book.refunds[params["mchId"]+"\x00"+c.RefundNo]; o == nil && r != nil {
		o = r.Order
	}
	if o != nil { // so that faults and the log find an order by either id, and a query by neither
		c.OrderID, c.TpOrderID = o.PlatformID, o.MerchantID
	}
	return c
}
