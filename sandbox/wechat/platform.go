package wechat

import (
	"net/http"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Operation names: the last parts of the paths, with the dialect before those of Cloud Run.
const (
	opRefund      = "refund"
	opRefundQuery = "refundquery"
	opOrderQuery  = "orderquery"
	opRunRefund   = "cloudrun.refund"
	opRunQuery    = "cloudrun.queryrefund"
	opRunOrder    = "cloudrun.queryorder"
	opToken       = "cgi-bin.token"
	opInvoke      = "invokecloudfunction"
)

// Platform is the WeChat stand-in. It is safe for concurrent use: one lock guards the books, so every call sees and leaves
// them consistent.
type Platform struct {
	stage *stage.Stage
	start control.WeChatSettings

	mu   sync.Mutex
	book *book
}

var (
	_ stage.Platform  = (*Platform)(nil)
	_ stage.Recipient = (*Platform)(nil)
	_ stage.Settler   = (*Platform)(nil)
)

// New builds a stand-in with empty books. Settings may be zero; an error names the setting that has no such value.
func New(s *stage.Stage, settings control.WeChatSettings) (*Platform, error) {
	settings, err := checkSettings(settings)
	if err != nil {
		return nil, err
	}
	return &Platform{stage: s, start: settings, book: newBook(settings)}, nil
}

// Name is "wechat".
func (p *Platform) Name() string { return "wechat" }

// Ops are the operations faults can be planned for.
func (p *Platform) Ops() []string {
	return []string{opRefund, opRefundQuery, opOrderQuery, opRunRefund, opRunQuery, opRunOrder, opToken, opInvoke}
}

// Reset forgets merchants, orders, refunds and tokens and returns to the settings of the start.
func (p *Platform) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = newBook(p.start)
}

// Routes mounts the paths of §1, unchanged, so that a client needs another host and nothing else. All methods are let in:
// the wrong one has an answer of its own.
func (p *Platform) Routes(mux *http.ServeMux) {
	mux.HandleFunc("/secapi/pay/refund", p.v2(opRefund))
	mux.HandleFunc("/pay/refundquery", p.v2(opRefundQuery))
	mux.HandleFunc("/pay/orderquery", p.v2(opOrderQuery))
	mux.HandleFunc("/_/pay/refund", p.cloudRun(opRunRefund))
	mux.HandleFunc("/_/pay/queryrefund", p.cloudRun(opRunQuery))
	mux.HandleFunc("/_/pay/queryorder", p.cloudRun(opRunOrder))
	mux.HandleFunc("/cgi-bin/token", p.token)
	mux.HandleFunc("/tcb/invokecloudfunction", p.invoke)
}

// locked runs f on settled books at one moment.
func (p *Platform) locked(f func(b *book, now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.stage.Clock.Now()
	p.settle(now)
	f(p.book, now)
}

// call is what the log may know of a request: ids in a safe shape, never a signature, token or secret.
func (p *Platform) call(op, transport string, params map[string]string) control.Call {
	c := control.Call{Platform: p.Name(), Op: op, Transport: transport, Content: digest(params)}
	if v := params["transaction_id"]; platformNo(v) {
		c.OrderID = v
	}
	if v := params["out_trade_no"]; orderNo(v) {
		c.TpOrderID = v
	}
	if v := params["out_refund_no"]; refundNo(v) {
		c.RefundNo = v
	}
	if fen(params["refund_fee"]) {
		c.Amount = number(params, "refund_fee")
	}
	p.completeIDs(&c, params)
	return c
}

// completeIDs adds the ids the caller did not send, so that faults and the log find an order by any of them.
func (p *Platform) completeIDs(c *control.Call, params map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.book.merchants[params["sub_mch_id"]]
	if m == nil {
		m = p.book.merchants[params["mch_id"]]
	}
	if m == nil {
		return
	}
	o := p.book.orders[c.OrderID]
	if o == nil && c.OrderID == "" {
		o = p.book.byOut[m][c.TpOrderID]
		if r := p.book.byNumber[m][c.RefundNo]; o == nil && r != nil && c.TpOrderID == "" {
			o = r.o
		}
		if r := p.book.byID[params["refund_id"]]; o == nil && r != nil {
			o = r.o
		}
	}
	if o != nil && o.m == m {
		c.OrderID, c.TpOrderID = o.id, o.outTradeNo
	}
}
