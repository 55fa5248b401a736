package xlife

import (
	"net/http"
	"sync"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Platform is the xlife stand-in. It is safe for concurrent use: one lock guards the books, so every call sees and leaves
// them consistent.
type Platform struct {
	stage *stage.Stage
	start control.XLifeSettings

	mu   sync.Mutex
	book *book
}

// parts is what xlife knows of an order beyond the shared shape: how it was paid, and where it lives.
type parts struct {
	Subsidy   int64 `json:"subsidy"`
	Marketing int64 `json:"marketing"`
	NewCore   bool  `json:"new_core"`
}

// origin is what xlife knows of a refund beyond the shared shape.
type origin struct {
	Method string `json:"method"` // that made it; empty for the console
}

type (
	order  = orders.Order[parts, origin]
	refund = orders.Refund[parts, origin]
)

// book is the platform's whole memory. Its methods expect the platform's lock to be held.
type book struct {
	*orders.Book[parts, origin]
	settings  control.XLifeSettings
	merchants map[string]*merchant
	used      map[string]usage // calls in the current limit window, by what is counted together
	nextID    int64
}

func newBook(s control.XLifeSettings) *book {
	return &book{Book: orders.New[parts, origin]("xlife", control.Success, control.Failed), settings: s,
		merchants: map[string]*merchant{}, used: map[string]usage{}, nextID: 1}
}

// New builds a stand-in with empty books. Settings may be zero; an error names the setting that has no such value.
func New(s *stage.Stage, settings control.XLifeSettings) (*Platform, error) {
	settings, err := checkSettings(settings)
	if err != nil {
		return nil, err
	}
	return &Platform{stage: s, start: settings, book: newBook(settings)}, nil
}

// Name is "xlife".
func (p *Platform) Name() string { return "xlife" }

// Ops are the operations faults can be planned for: the methods, and "rest" for calls that name none of them.
func (p *Platform) Ops() []string { return append(methodNames(), opRest) }

// Reset forgets merchants, orders, refunds and call counts and returns to the settings of the start.
func (p *Platform) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = newBook(p.start)
}

// Routes mounts the gateway's path (§1). All HTTP methods end here, because TOP has an answer of its own to wrong ones.
func (p *Platform) Routes(mux *http.ServeMux) { mux.HandleFunc("/router/rest", p.rest) }

// rest leads one gateway call through faults, checks and the method it names.
func (p *Platform) rest(w http.ResponseWriter, r *http.Request) {
	params, formErr := readForm(r)
	op := params["method"]
	if _, known := methods[op]; !known {
		op = opRest
	}
	f := formOf(params)
	p.stage.Serve(w, p.call(op, r.Method, params), func() stage.Reply {
		return f.reply(op, p.locked(func(b *book, now time.Time) answer { return b.gateway(r.Method, params, formErr, now) }))
	}, forge(op, f))
}

// locked runs f on settled books.
func (p *Platform) locked(f func(b *book, now time.Time) answer) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.stage.Clock.Now()
	p.book.Settle(now)
	return f(p.book, now)
}

// call is what the log may know of a request: ids in a safe shape, never a signature, session or secret.
func (p *Platform) call(op, transport string, params map[string]string) control.Call {
	c := control.Call{Platform: p.Name(), Op: op, Transport: "top " + transport, Content: digest(params)}
	if transport != http.MethodGet && transport != http.MethodPost {
		c.Transport = "top"
	}
	asked := params
	if field := methods[op].structure; field != "" {
		asked, _ = orders.Flat([]byte(params[field]))
	}
	plain := func(names ...string) string {
		for _, name := range names {
			if v := asked[name]; orders.Plain.MatchString(v) {
				return v
			}
		}
		return ""
	}
	c.OrderID, c.TpOrderID, c.RefundNo = plain("trade_no", "order_no"), plain("out_trade_no"), plain("out_request_no")
	c.Amount, _ = orders.Fen(asked["refund_amount"])
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.book.find(params["app_key"], c.OrderID, c.TpOrderID); o != nil {
		c.OrderID, c.TpOrderID = o.PlatformID, o.MerchantID
	}
	return c
}
