package wechat

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
			p.settle(p.stage.Clock.Now())
			return f(p.book, r)
		}))
	}
	handle("POST", "/merchants", p.postMerchant)
	handle("GET", "/merchants/{number}", func(b *book, r *http.Request) (any, error) {
		m, err := b.findMerchant(r)
		return viewOf(m, err, (*merchant).view)
	})
	handle("PATCH", "/merchants/{number}", patchMerchant)
	handle("POST", "/orders", p.postOrder)
	handle("GET", "/orders", func(b *book, _ *http.Request) (any, error) {
		all := []control.Order{}
		for _, o := range b.sequence {
			all = append(all, o.view())
		}
		return all, nil
	})
	handle("GET", "/orders/{id}", p.getOrderBook)
	handle("PATCH", "/orders/{id}", p.patchOrder)
	handle("POST", "/orders/{id}/refunds", p.postRefund)
	handle("GET", "/settings", func(b *book, _ *http.Request) (any, error) { return b.settings, nil })
	handle("PATCH", "/settings", patchSettings)
}

// ControlHelp lists the resources for GET /sandbox/v1/.
func (p *Platform) ControlHelp() []string {
	return []string{
		"POST  /wechat/merchants             {mode: v2|cloud, mch_id, app_id, api_key, sub_mch_id, sub_app_id, balance, unauthorized, notify_url, container_url,",
		"                                    app_secret, env_id, function, forward_url, forward_secret}; answers once with cert_pem and key_pem (v2)",
		"GET   /wechat/merchants/{number}    number: sub_mch_id, or mch_id where there is none",
		"PATCH /wechat/merchants/{number}    {api_key, balance, unauthorized, notify_url, container_url, app_secret, env_id, function, forward_url, forward_secret}",
		"POST  /wechat/orders                {merchant, total, platform_id, merchant_id, coupon, paid, paid_at, settle_after, outcome: success|failed|abnormal}",
		"GET   /wechat/orders                every order",
		"GET   /wechat/orders/{platform_id}  one order with its refunds, calls and deliveries",
		"PATCH /wechat/orders/{platform_id}  {paid, settle_after, outcome}: a new outcome ends abnormal refunds, too, as the console does",
		"POST  /wechat/orders/{platform_id}/refunds   {amount}: a refund made in WeChat's console",
		"GET   /wechat/settings              how the stand-in behaves",
		"PATCH /wechat/settings              {settle_after, query_lag, token_ttl, order_gap, any_pace, function_time, require_certificate,",
		"                                    cloud_query: empty|lists|indexed, cloud_err_code: hidden|shown}",
		"faults of kind answer: code is err_code (\"FAIL\": return_code FAIL), or errno 0 and msg \"CODE text\"; error_code is the errcode of the",
		"                                    cloud gateway or function trigger",
	}
}

func viewOf[T, V any](t T, err error, view func(T) V) (any, error) {
	if err != nil {
		return nil, err
	}
	return view(t), nil
}

func (b *book) findMerchant(r *http.Request) (*merchant, error) {
	return b.namedMerchant(r.PathValue("number"))
}

func (b *book) namedMerchant(number string) (*merchant, error) {
	if m := b.merchants[number]; m != nil {
		return m, nil
	}
	return nil, stage.Unknown("no merchant has the number %q (sub_mch_id, or mch_id where there is none); create it with POST /sandbox/v1/wechat/merchants", number)
}

func (b *book) pathOrder(r *http.Request) (*order, error) {
	if o := b.orders[r.PathValue("id")]; o != nil {
		return o, nil
	}
	return nil, stage.Unknown("no order has platform_id %q (transaction_id); create it with POST /sandbox/v1/wechat/orders", r.PathValue("id"))
}

func (p *Platform) getOrderBook(b *book, r *http.Request) (any, error) {
	o, err := b.pathOrder(r)
	if err != nil {
		return nil, err
	}
	return control.OrderBook{Order: o.view(), Calls: p.stage.Calls.Find(control.CallFilter{OrderID: o.id}),
		Deliveries: p.stage.Deliveries(p.Name(), o.id)}, nil
}

// postRefund is somebody in WeChat's console: no number of the merchant's, no limits of the interface, but the same money.
func (p *Platform) postRefund(b *book, r *http.Request) (any, error) {
	o, err := b.pathOrder(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Amount int64 `json:"amount"`
	}
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	sum, _ := o.live()
	now := p.stage.Clock.Now()
	switch {
	case !o.paid:
		return nil, stage.Wrong("order %q is not paid; there is nothing to refund", o.id)
	case in.Amount <= 0 || in.Amount > o.total-sum:
		return nil, stage.Wrong("amount is %d; use fen, from 1 to the remaining %d", in.Amount, o.total-sum)
	}
	if no := b.enter(&refund{o: o, amount: in.Amount, door: doorConsole}, now); no != nil {
		return nil, stage.Wrong("balance of merchant %q is less than the refund; raise it with PATCH", o.m.number())
	}
	p.settle(now)
	return o.view(), nil
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
