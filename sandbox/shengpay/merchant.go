package shengpay

import (
	"crypto/rsa"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// merchant goes into the books file as it is shown, its platform key left out: that is the book's.
type merchant struct {
	control.ShengpayMerchant
	public *rsa.PublicKey
}

func newMerchant(in control.NewShengpayMerchant) (*merchant, error) {
	m := &merchant{ShengpayMerchant: control.ShengpayMerchant{AppID: in.AppID, MchID: in.MchID}}
	return m, m.change(control.ShengpayMerchantPatch{PublicKeyPEM: &in.PublicKeyPEM, Recharge: &in.Recharge,
		Unsettled: &in.Unsettled, Denied: &in.Denied})
}

// change applies a patch as a whole or not at all, and checks all of the merchant.
func (m *merchant) change(p control.ShengpayMerchantPatch) error {
	changed := *m
	if p.PublicKeyPEM != nil {
		key, err := parsePublicKey(*p.PublicKeyPEM)
		if err != nil {
			return err
		}
		changed.public, changed.PublicKeyPEM = key, *p.PublicKeyPEM
	}
	stage.Set(&changed.Recharge, p.Recharge)
	stage.Set(&changed.Unsettled, p.Unsettled)
	stage.Set(&changed.Denied, p.Denied)
	if changed.Denied == nil {
		changed.Denied = []string{}
	}
	switch {
	case !orders.Plain.MatchString(changed.AppID) || len(changed.AppID) > 32:
		return stage.Wrong("app_id is not 1..32 printable characters without blanks")
	case !orders.Plain.MatchString(changed.MchID) || len(changed.MchID) > 20:
		return stage.Wrong("mch_id is not 1..20 printable characters without blanks")
	case changed.Recharge < 0:
		return stage.Wrong("recharge is %d; use fen, 0 or more", changed.Recharge)
	case changed.Unsettled < 0:
		return stage.Wrong("unsettled is %d; use fen, 0 or more", changed.Unsettled)
	}
	for _, op := range changed.Denied {
		if requests[op] == nil {
			return stage.Wrong("denied names %q; use some of %q", op, (&Platform{}).Ops())
		}
	}
	*m = changed
	return nil
}

// balance is the money behind a source (§8). The unsettled turnover does not empty itself at midnight here: tests set it.
func (m *merchant) balance(from control.Choice) *int64 {
	if from == recharge {
		return &m.Recharge
	}
	return &m.Unsettled
}

func (b *book) byApp(appID string) *merchant {
	for _, m := range b.merchants {
		if m.AppID == appID {
			return m
		}
	}
	return nil
}

// view is the merchant as the control API shows it.
func (b *book) view(m *merchant) control.ShengpayMerchant {
	v := m.ShengpayMerchant
	v.Denied = slices.Clone(v.Denied)
	v.PlatformPublicKeyPEM = publicPEM(b.key)
	return v
}

func (p *Platform) postMerchant(b *book, r *http.Request, _ time.Time) (any, error) {
	var in control.NewShengpayMerchant
	if err := stage.Read(r, &in); err != nil {
		return nil, err
	}
	if b.merchants[in.MchID] != nil || b.byApp(in.AppID) != nil {
		return nil, stage.Taken("mch_id %q or app_id %q is registered; change the merchant with PATCH", in.MchID, in.AppID)
	}
	m, err := newMerchant(in)
	if err != nil {
		return nil, err
	}
	if b.key == nil { // 1024 bit, as the one platform key that was seen in public (§5.4)
		if b.key, err = p.stage.NewKey(); err != nil {
			return nil, fmt.Errorf("make the platform key: %w", err)
		}
	}
	b.merchants[m.MchID] = m
	return b.view(m), nil
}

func (b *book) namedMerchant(r *http.Request) (*merchant, error) {
	m := b.merchants[r.PathValue("key")]
	if m == nil {
		return nil, stage.Unknown("no merchant has mch_id %q; create it with POST /sandbox/v1/shengpay/merchants", r.PathValue("key"))
	}
	return m, nil
}

func (b *book) patchMerchant(r *http.Request, _ time.Time) (any, error) {
	m, err := b.namedMerchant(r)
	if err != nil {
		return nil, err
	}
	var patch control.ShengpayMerchantPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	if err := m.change(patch); err != nil {
		return nil, err
	}
	return b.view(m), nil
}
