package baidu

import (
	"net/http"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Control mounts the books.
func (p *Platform) Control(mux *http.ServeMux, prefix string) {
	handle := func(pattern, path string, f func(b *book, r *http.Request) (any, error)) {
		mux.HandleFunc(pattern+" "+prefix+path, p.stage.Control(func(r *http.Request) (any, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.book.settle(p.stage.Clock.Now())
			return f(p.book, r)
		}))
	}
	handle("POST", "/merchants", p.postMerchant)
	handle("GET", "/merchants/{key}", func(b *book, r *http.Request) (any, error) {
		m, err := b.findMerchant(r)
		return viewOf(m, err, (*merchant).view)
	})
	handle("PATCH", "/merchants/{key}", p.patchMerchant)
	handle("POST", "/orders", p.postOrder)
	handle("GET", "/orders/{id}", func(b *book, r *http.Request) (any, error) {
		o, err := b.findOrder(r)
		return viewOf(o, err, (*order).view)
	})
	handle("PATCH", "/orders/{id}", p.patchOrder)
	handle("POST", "/orders/{id}/refunds", p.postDeskRefund)
	handle("GET", "/books", p.getBooks)
	handle("GET", "/books/{id}", p.getOrderBook)
	handle("GET", "/settings", func(b *book, _ *http.Request) (any, error) { return b.settings, nil })
	handle("PATCH", "/settings", patchSettings)
}

// ControlHelp lists the resources for GET /sandbox/v1/.
func (p *Platform) ControlHelp() []string {
	return []string{
		"POST  /baidu/merchants              {app_key, app_id, public_key_pem, client_id, client_secret, balance, daily_cap, on_repeat: pay_again|replay|refuse,",
		"                                    refund_audit_url, refund_notify_url}",
		"GET   /baidu/merchants/{app_key}    balance, cap used today, the platform's public key",
		"PATCH /baidu/merchants/{app_key}    {public_key_pem, client_id, client_secret, balance, daily_cap, on_repeat, refund_audit_url, refund_notify_url}",
		"POST  /baidu/orders                 {app_key, total, order_id, user_id, tp_order_id, promo, paid, verified, settle_after, outcome: success|failed}",
		"GET   /baidu/orders/{order_id}      the order with its refunds",
		"PATCH /baidu/orders/{order_id}      {promo, paid, verified, settle_after, outcome}",
		"POST  /baidu/orders/{order_id}/refunds  {amount}: a refund by Baidu's service desk",
		"GET   /baidu/books                  every merchant and order",
		"GET   /baidu/books/{order_id}       one order with its refunds, calls and messages",
		"GET   /baidu/settings               how the stand-in behaves where Baidu's documentation is silent",
		"PATCH /baidu/settings               {settle_after, query_lag, token_ttl, cancel_repeat: ok|refuse, cap_rule: cross|reach, short_balance: refuse|fail, over_total: refuse|pay,",
		"                                    audit_fields: current|older, notify: both|success_only, empty_user: false|true}",
	}
}

func viewOf[T, V any](t T, err error, view func(T) V) (any, error) {
	if err != nil {
		return nil, err
	}
	return view(t), nil
}

func (b *book) findMerchant(r *http.Request) (*merchant, error) {
	m := b.merchants[r.PathValue("key")]
	if m == nil {
		return nil, stage.Unknown("no merchant has app_key %q; create it with POST /sandbox/v1/baidu/merchants", r.PathValue("key"))
	}
	return m, nil
}

func (b *book) findOrder(r *http.Request) (*order, error) {
	n, _ := parseLong(r.PathValue("id"))
	o := b.orders[n]
	if o == nil {
		return nil, stage.Unknown("no order has order_id %q; create it with POST /sandbox/v1/baidu/orders", r.PathValue("id"))
	}
	return o, nil
}

func (p *Platform) getBooks(b *book, _ *http.Request) (any, error) {
	books := control.BaiduBooks{Now: p.stage.Clock.Now(), Merchants: []control.BaiduMerchant{}, Orders: []control.BaiduOrder{}}
	for _, m := range b.merchants {
		books.Merchants = append(books.Merchants, m.view())
	}
	sortByKey(books.Merchants)
	for _, o := range b.sequence {
		books.Orders = append(books.Orders, o.view())
	}
	return books, nil
}

func (p *Platform) getOrderBook(b *book, r *http.Request) (any, error) {
	o, err := b.findOrder(r)
	if err != nil {
		return nil, err
	}
	return control.BaiduOrderBook{BaiduOrder: o.view(), Calls: p.stage.Calls.Find(control.CallFilter{OrderID: id(o.id)}),
		Deliveries: p.stage.Deliveries(p.Name(), id(o.id))}, nil
}

func patchSettings(b *book, r *http.Request) (any, error) {
	s := b.settings
	if err := stage.Read(r, &s); err != nil {
		return nil, err
	}
	s, err := checkSettings(s)
	if err != nil {
		return nil, err
	}
	b.settings = s
	return s, nil
}
