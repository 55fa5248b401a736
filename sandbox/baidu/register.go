package baidu

import (
	"fmt"
	"net/http"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

func (p *Platform) postMerchant(b *book, r *http.Request) (any, error) {
	var in control.NewBaiduMerchant
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	if b.merchants[in.AppKey] != nil {
		return nil, stage.Taken("app_key %q is registered; change it with PATCH", in.AppKey)
	}
	m, err := newMerchant(in)
	if err != nil {
		return nil, err
	}
	// 1024 bit, as Baidu's published platform keys have; at the lower end of what Go accepts (§9.2).
	platform, err := p.stage.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make the platform key: %w", err)
	}
	m.platform, m.capDay = platform, stage.Day(p.stage.Clock.Now())
	b.merchants[m.appKey] = m
	return m.view(), nil
}

// newMerchant checks what the merchant brings along; the platform's side is still to be added.
func newMerchant(in control.NewBaiduMerchant) (*merchant, error) {
	switch {
	case !isName.allows(in.AppKey):
		return nil, stage.Wrong("app_key is not 1..64 printable characters; use the payment appKey, such as MMMabc")
	case in.AppID <= 0:
		return nil, stage.Wrong("app_id is %d; use the payment appId, a positive number", in.AppID)
	}
	m := &merchant{appKey: in.AppKey, appID: in.AppID, onRepeat: control.PayAgain}
	patch := control.BaiduMerchantPatch{PublicKeyPEM: &in.PublicKeyPEM, ClientID: &in.ClientID, ClientSecret: &in.ClientSecret,
		Balance: &in.Balance, DailyCap: &in.DailyCap, RefundAuditURL: &in.RefundAuditURL, RefundNotifyURL: &in.RefundNotifyURL}
	if in.OnRepeat != "" {
		patch.OnRepeat = &in.OnRepeat
	}
	return m, m.change(patch)
}

func (p *Platform) patchMerchant(b *book, r *http.Request) (any, error) {
	m, err := b.findMerchant(r)
	if err != nil {
		return nil, err
	}
	var patch control.BaiduMerchantPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	if err := m.change(patch); err != nil {
		return nil, err
	}
	return m.view(), nil
}

// change applies a patch as a whole or not at all.
func (m *merchant) change(p control.BaiduMerchantPatch) error {
	changed := *m
	if p.PublicKeyPEM != nil {
		key, err := parsePublicKey(*p.PublicKeyPEM)
		if err != nil {
			return err
		}
		changed.public, changed.publicPEM = key, *p.PublicKeyPEM
	}
	stage.Set(&changed.clientID, p.ClientID)
	stage.Set(&changed.clientSecret, p.ClientSecret)
	stage.Set(&changed.balance, p.Balance)
	stage.Set(&changed.dailyCap, p.DailyCap)
	stage.Set(&changed.onRepeat, p.OnRepeat)
	stage.Set(&changed.auditURL, p.RefundAuditURL)
	stage.Set(&changed.notifyURL, p.RefundNotifyURL)
	switch {
	case (changed.clientID == "") != (changed.clientSecret == ""):
		return stage.Wrong("client_id and client_secret belong together; give both or none")
	case changed.balance < 0:
		return stage.Wrong("balance is %d; use fen, 0 or more", changed.balance)
	case changed.dailyCap < 0:
		return stage.Wrong("daily_cap is %d; use fen, or 0 for no cap", changed.dailyCap)
	case changed.auditURL != "" && !isLink.allows(changed.auditURL):
		return stage.Wrong("refund_audit_url is no absolute http or https address; leave it empty for no audit")
	case changed.notifyURL != "" && !isLink.allows(changed.notifyURL):
		return stage.Wrong("refund_notify_url is no absolute http or https address; leave it empty for no notification")
	}
	switch changed.onRepeat {
	case control.PayAgain, control.Replay, control.RefuseRepeat:
	default:
		return stage.Wrong("on_repeat is %q; use pay_again, replay or refuse", changed.onRepeat)
	}
	*m = changed
	return nil
}

func (p *Platform) postOrder(b *book, r *http.Request) (any, error) {
	var in control.NewBaiduOrder
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	m := b.merchants[in.AppKey]
	if m == nil {
		return nil, stage.Unknown("no merchant has app_key %q; create it with POST /sandbox/v1/baidu/merchants", in.AppKey)
	}
	if in.Total <= 0 {
		return nil, stage.Wrong("total is %d; use fen, more than 0", in.Total)
	}
	o := &order{tpOrderID: in.TpOrderID, m: m, total: in.Total, outcome: control.Success, paid: true}
	stage.Set(&o.paid, in.Paid)
	o.verified = o.paid
	var err error
	if o.id, err = b.orderID(in.OrderID); err != nil {
		return nil, err
	}
	if o.userID, err = optionalLong("user_id", in.UserID, o.id+1_450_133_454); err != nil {
		return nil, err
	}
	if o.tpOrderID == "" {
		o.tpOrderID = fmt.Sprintf("T%d", o.id)
	}
	if !isName.allows(o.tpOrderID) {
		return nil, stage.Wrong("tp_order_id is not 1..64 printable characters without blanks")
	}
	if b.orderByTp(m, o.tpOrderID) != nil {
		return nil, stage.Taken("tp_order_id %q is registered for this merchant", o.tpOrderID)
	}
	patch := control.BaiduOrderPatch{Promo: &in.Promo, Verified: in.Verified, SettleAfter: in.SettleAfter}
	if in.Outcome != "" {
		patch.Outcome = &in.Outcome
	}
	if err := o.change(patch); err != nil {
		return nil, err
	}
	b.addOrder(o)
	return o.view(), nil
}

// orderID reads the wanted id or finds a free one.
func (b *book) orderID(wanted string) (int64, error) {
	for b.orders[b.nextID] != nil {
		b.nextID++
	}
	n, err := optionalLong("order_id", wanted, b.nextID)
	if err == nil && b.orders[n] != nil {
		return 0, stage.Taken("order_id %q is registered; change the order with PATCH", wanted)
	}
	return n, err
}

func optionalLong(field, value string, otherwise int64) (int64, error) {
	if value == "" {
		return otherwise, nil
	}
	n, ok := parseLong(value)
	if !ok {
		return 0, stage.Wrong("%s is not a positive 64-bit number in decimal digits; the platform types it Long", field)
	}
	return n, nil
}

func (p *Platform) patchOrder(b *book, r *http.Request) (any, error) {
	o, err := b.findOrder(r)
	if err != nil {
		return nil, err
	}
	var patch control.BaiduOrderPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	if err := o.change(patch); err != nil {
		return nil, err
	}
	return o.view(), nil
}

func (p *Platform) postDeskRefund(b *book, r *http.Request) (any, error) {
	o, err := b.findOrder(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Amount int64 `json:"amount"`
	}
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	if err := b.serviceDesk(o, in.Amount, p.stage.Clock.Now()); err != nil {
		return nil, err
	}
	return o.view(), nil
}

// change applies a patch as a whole or not at all.
func (o *order) change(p control.BaiduOrderPatch) error {
	changed := *o
	stage.Set(&changed.promo, p.Promo)
	stage.Set(&changed.paid, p.Paid)
	stage.Set(&changed.verified, p.Verified)
	stage.Set(&changed.outcome, p.Outcome)
	if p.SettleAfter != nil {
		changed.settleAfter = p.SettleAfter
	}
	if changed.verified && !changed.paid {
		return stage.Wrong("verified is true on an unpaid order; only a paid order can be verified")
	}
	if changed.outcome != control.Success && changed.outcome != control.Failed {
		return stage.Wrong("outcome is %q; use success or failed", changed.outcome)
	}
	*o = changed
	return nil
}
