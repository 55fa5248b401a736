package baidu

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Platform is the Baidu stand-in. It is safe for concurrent use: one lock guards the books, so every call sees and leaves
// them consistent.
type Platform struct {
	stage *stage.Stage
	start control.BaiduSettings
	logID atomic.Int64

	mu   sync.Mutex
	book *book
}

// New builds a stand-in with empty books. Settings may be zero; an error names the setting that has no such value.
func New(s *stage.Stage, settings control.BaiduSettings) (*Platform, error) {
	settings, err := checkSettings(settings)
	if err != nil {
		return nil, err
	}
	p := &Platform{stage: s, start: settings, book: newBook(settings, s.Post)}
	p.logID.Store(3200820823)
	return p, nil
}

// platformName is the platform in addresses, logs and letters.
const platformName = "baidu"

// Name is "baidu".
func (p *Platform) Name() string { return platformName }

// Ops are the operations faults can be planned for.
func (p *Platform) Ops() []string {
	return []string{opApply, opCancel, opDetail, opFind, opOrder, opToken, opLegacy}
}

// Reset forgets merchants, orders, refunds and tokens and returns to the settings of the start.
func (p *Platform) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = newBook(p.start, p.stage.Post)
}

// Routes mounts the paths of §2, unchanged, so that a client needs another host and nothing else.
func (p *Platform) Routes(mux *http.ServeMux) {
	openapi := "/rest/2.0/smartapp/pay/paymentservice/"
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		mux.HandleFunc(method+" /cashier/applyOrderRefund", p.cashier(opApply))
		mux.HandleFunc(method+" /cashier/syncOrderStatus", p.cashier(opCancel))
		mux.HandleFunc(method+" /nop/server/rest", p.legacy)
	}
	mux.HandleFunc("GET /platform/entity/openapi/queryorderdetail", p.orderDetail)
	mux.HandleFunc("POST "+openapi+"applyOrderRefund", p.openapi(opApply))
	mux.HandleFunc("GET "+openapi+"findOrderRefund", p.openapi(opFind))
	mux.HandleFunc("GET "+openapi+"findByTpOrderId", p.openapi(opOrder))
	mux.HandleFunc("GET /oauth/2.0/token", p.token)
}

// call is what the log may know of a request: ids in a safe shape, never a signature, token or secret. key is the name of
// the parameter that carries the payment appKey.
func (p *Platform) call(op, transport, key string, params map[string]string) control.Call {
	c := control.Call{Platform: p.Name(), Op: op, Transport: transport, Content: digest(params)}
	if v := params["orderId"]; isLong.allows(v) {
		c.OrderID = v
	}
	if v := params["tpOrderId"]; isName.allows(v) {
		c.TpOrderID = v
	}
	if v := params["bizRefundBatchId"]; isSerial.allows(v) {
		c.RefundNo = v
	}
	c.Amount = mustLong(params, "applyRefundMoney")
	p.completeIDs(&c, params[key])
	return c
}

// completeIDs adds the id the caller did not send, so that faults and the log find an order by either.
func (p *Platform) completeIDs(c *control.Call, appKey string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.book.merchants[appKey]
	if m == nil {
		return
	}
	if id, ok := parseLong(c.OrderID); ok && c.TpOrderID == "" {
		if o := p.book.order(m, id); o != nil {
			c.TpOrderID = o.tpOrderID
		}
	}
	if c.OrderID == "" {
		if o := p.book.orderByTp(m, c.TpOrderID); o != nil {
			c.OrderID = id(o.id)
		}
	}
}

// Settle implements stage.Settler.
func (p *Platform) Settle(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.settle(now)
	return p.book.next()
}

// locked runs f on settled books.
func (p *Platform) locked(f func(b *book) answer) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.settle(p.stage.Clock.Now())
	return f(p.book)
}
