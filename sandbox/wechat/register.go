package wechat

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// WeChat's own numbers as the service provider of the cloud dialects, as the samples have them.
const (
	cloudMchID = "1800000000"
	cloudAppID = "wx8888888888888888"
)

func (p *Platform) postMerchant(b *book, r *http.Request) (any, error) {
	var in control.NewWeChatMerchant
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	m, err := newMerchant(in)
	if err != nil {
		return nil, err
	}
	if err := b.fits(m); err != nil {
		return nil, err
	}
	view := m.view()
	if m.Mode == control.WeChatV2 {
		if view.CertPEM, view.KeyPEM, err = p.stage.Authority().Issue(m.MchID); err != nil {
			return nil, fmt.Errorf("issue the client certificate: %w", err)
		}
	}
	b.addMerchant(m)
	return view, nil
}

// newMerchant checks a merchant by itself.
func newMerchant(in control.NewWeChatMerchant) (*merchant, error) {
	if in.Mode == "" {
		in.Mode = control.WeChatV2
	}
	if in.Mode == control.WeChatCloud {
		in.MchID = or(in.MchID, cloudMchID)
		in.AppID = or(in.AppID, cloudAppID)
	}
	for name, value := range map[string]string{"mch_id": in.MchID, "app_id": in.AppID} {
		if !platformNo(value) {
			return nil, stage.Wrong("%s is not 1..32 letters and digits", name)
		}
	}
	for name, value := range map[string]string{"sub_mch_id": in.SubMchID, "sub_app_id": in.SubAppID} {
		if value != "" && !platformNo(value) {
			return nil, stage.Wrong("%s is not 1..32 letters and digits; leave it out if there is none", name)
		}
	}
	switch {
	case in.Mode != control.WeChatV2 && in.Mode != control.WeChatCloud:
		return nil, stage.Wrong("mode is %q; use v2 or cloud", in.Mode)
	case in.Mode == control.WeChatCloud && in.SubMchID == "":
		return nil, stage.Wrong("sub_mch_id is missing; in cloud mode it is the merchant's number, WeChat being the service provider")
	case in.SubMchID == in.MchID:
		return nil, stage.Wrong("sub_mch_id equals mch_id; leave it out for a direct merchant")
	case in.SubAppID != "" && in.SubMchID == "":
		return nil, stage.Wrong("sub_app_id needs sub_mch_id; a direct merchant has app_id alone")
	}
	m := &merchant{in}
	return m, m.change(control.WeChatMerchantPatch{})
}

// fits checks a merchant against the others.
func (b *book) fits(m *merchant) error {
	if b.merchants[m.number()] != nil {
		return stage.Taken("merchant number %q is registered; change it with PATCH", m.number())
	}
	for _, other := range b.merchants {
		switch {
		case m.AppSecret != "" && other.AppSecret != "" && m.SubAppID == other.SubAppID && m.AppSecret != other.AppSecret:
			return stage.Taken("sub_app_id %q is registered with another app_secret; a mini program has one", m.SubAppID)
		case m.Mode != other.Mode || m.MchID != other.MchID:
		case (m.SubMchID == "") != (other.SubMchID == ""):
			return stage.Taken("mch_id %q is registered as the other kind; a number is a direct merchant or a service provider", m.MchID)
		case m.AppID != other.AppID || m.APIKey != other.APIKey:
			return stage.Taken("mch_id %q is registered with another app_id or api_key; sub-merchants of one provider share both", m.MchID)
		}
	}
	return nil
}

func patchMerchant(b *book, r *http.Request) (any, error) {
	m, err := b.findMerchant(r)
	if err != nil {
		return nil, err
	}
	var patch control.WeChatMerchantPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	if err := m.change(patch); err != nil {
		return nil, err
	}
	for _, other := range b.merchants {
		if other.Mode == m.Mode && other.MchID == m.MchID {
			other.APIKey = m.APIKey
		}
	}
	return m.view(), nil
}

// change applies a patch as a whole or not at all.
func (m *merchant) change(p control.WeChatMerchantPatch) error {
	c := m.NewWeChatMerchant
	for _, s := range []struct{ target, value *string }{{&c.APIKey, p.APIKey}, {&c.NotifyURL, p.NotifyURL}, {&c.ContainerURL, p.ContainerURL},
		{&c.AppSecret, p.AppSecret}, {&c.EnvID, p.EnvID}, {&c.Function, p.Function}, {&c.ForwardURL, p.ForwardURL}, {&c.ForwardSecret, p.ForwardSecret}} {
		if s.value != nil {
			*s.target = *s.value
		}
	}
	if p.Balance != nil {
		c.Balance = *p.Balance
	}
	if p.Unauthorized != nil {
		c.Unauthorized = *p.Unauthorized
	}
	cloud := c.Mode == control.WeChatCloud
	switch {
	case c.Balance < 0:
		return stage.Wrong("balance is %d; use fen, 0 or more", c.Balance)
	case !cloud && len(c.APIKey) != 32:
		return stage.Wrong("api_key has %d bytes; the v2 key has 32", len(c.APIKey))
	case cloud && (c.APIKey != "" || c.NotifyURL != ""):
		return stage.Wrong("api_key or notify_url is given; both are for v2 merchants only")
	case !cloud && (c.ContainerURL != "" || c.AppSecret != "" || c.EnvID != "" || c.Function != "" || c.ForwardURL != "" || c.ForwardSecret != ""):
		return stage.Wrong("container_url, app_secret, env_id, function, forward_url or forward_secret is given; these are for mode cloud")
	case c.AppSecret != "" && (c.SubAppID == "" || c.EnvID == "" || c.Function == ""):
		return stage.Wrong("app_secret needs sub_app_id, env_id and function; together they name the cloud function")
	case (c.ForwardURL == "") != (c.ForwardSecret == ""):
		return stage.Wrong("forward_url and forward_secret belong together; give both or none")
	}
	for name, value := range map[string]string{"notify_url": c.NotifyURL, "container_url": c.ContainerURL, "forward_url": c.ForwardURL} {
		if value != "" && !notifyAddress(value) {
			return stage.Wrong("%s is not an absolute http or https address without query, of at most 256 bytes", name)
		}
	}
	if u, err := url.Parse(c.ContainerURL); err != nil || u.Path != "" && u.Path != "/" {
		return stage.Wrong("container_url has a path; the path comes with each refund, in container.path")
	} else if u.Path == "/" {
		c.ContainerURL = c.ContainerURL[:len(c.ContainerURL)-1]
	}
	m.NewWeChatMerchant = c
	return nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func (p *Platform) postOrder(b *book, r *http.Request) (any, error) {
	var in control.NewOrder
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	m, err := b.namedMerchant(in.Merchant)
	if err != nil {
		return nil, err
	}
	now := p.stage.Clock.Now()
	for in.PlatformID == "" || in.MerchantID == "" { // until both are free
		id, out := or(in.PlatformID, fmt.Sprintf("4200001%s%013d", now.Format("20060102"), b.nextOrder)), or(in.MerchantID, fmt.Sprintf("ORDER%010d", b.nextOrder))
		b.nextOrder++
		if (in.PlatformID != "" || b.orders[id] == nil) && (in.MerchantID != "" || b.byOut[m][out] == nil) {
			in.PlatformID, in.MerchantID = id, out
		}
	}
	paidAt := now.AddDate(0, 0, -1)
	if in.PaidAt != nil {
		paidAt = *in.PaidAt
	}
	o := &order{id: in.PlatformID, outTradeNo: in.MerchantID, m: m, total: in.Total, coupon: in.Coupon, paid: true,
		paidAt: paidAt.In(stage.Shanghai), settleAfter: in.SettleAfter, outcome: in.Outcome}
	if in.Paid != nil {
		o.paid = *in.Paid
	}
	if o.outcome == "" {
		o.outcome = control.Success
	}
	if in.StoreID != "" || in.StoreIDType != "" {
		return nil, stage.Wrong("store_id or store_id_type is given; WeChat knows no stores, leave them out")
	}
	if err := b.fitsOrder(o); err != nil {
		return nil, err
	}
	b.addOrder(o)
	return o.view(), nil
}

// fitsOrder checks an order by itself and against the others.
func (b *book) fitsOrder(o *order) error {
	switch {
	case !platformNo(o.id):
		return stage.Wrong("platform_id is not 1..32 letters and digits; it is the transaction_id")
	case !orderNo(o.outTradeNo):
		return stage.Wrong("merchant_id is not 1..32 of 0-9 A-Z a-z _ - | *; it is the out_trade_no")
	case o.total <= 0 || o.total > 99_999_999_999:
		return stage.Wrong("total is %d; use fen, from 1 to 99999999999", o.total)
	case o.coupon < 0 || o.coupon > o.total:
		return stage.Wrong("coupon is %d; use fen, from 0 to the total", o.coupon)
	case b.orders[o.id] != nil:
		return stage.Taken("platform_id %q is registered; change the order with PATCH", o.id)
	case b.byOut[o.m][o.outTradeNo] != nil:
		return stage.Taken("merchant_id %q is registered for this merchant", o.outTradeNo)
	}
	return checkOutcome(o.outcome)
}

func checkOutcome(s control.RefundStatus) error {
	if s != control.Success && s != control.Failed && s != control.Abnormal {
		return stage.Wrong("outcome is %q; use success, failed or abnormal", s)
	}
	return nil
}

func (p *Platform) patchOrder(b *book, r *http.Request) (any, error) {
	o, err := b.pathOrder(r)
	if err != nil {
		return nil, err
	}
	var patch control.OrderPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	if patch.Outcome != nil {
		if err := checkOutcome(*patch.Outcome); err != nil {
			return nil, err
		}
		o.outcome = *patch.Outcome
	}
	if patch.Paid != nil {
		o.paid = *patch.Paid
	}
	if patch.SettleAfter != nil {
		o.settleAfter = patch.SettleAfter
	}
	if patch.Outcome != nil && o.outcome != control.Abnormal {
		now := p.stage.Clock.Now()
		b.finish(o, now)
		p.settle(now)
	}
	return o.view(), nil
}
