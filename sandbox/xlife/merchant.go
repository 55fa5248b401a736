package xlife

import (
	"net/http"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// merchant is one application with the session a merchant granted it. It goes into the books file as it is.
type merchant struct {
	control.XLifeMerchant
	AppSecret string `json:"app_secret"`
	Session   string `json:"session"`
}

func newMerchant(in control.NewXLifeMerchant) (*merchant, error) {
	m := &merchant{XLifeMerchant: control.XLifeMerchant{AppKey: in.AppKey, RefundWindow: in.RefundWindow, Stores: in.Stores,
		Entitled: methodNames()}, AppSecret: in.AppSecret, Session: in.Session}
	if len(m.Stores) == 0 {
		m.Stores = []control.XLifeStore{{ID: "12345678", OutID: "S0001", Name: "银泰城西店"}}
	}
	return m, m.change(control.XLifeMerchantPatch{Entitled: in.Entitled})
}

// change applies a patch as a whole or not at all, and checks all of the merchant.
func (m *merchant) change(p control.XLifeMerchantPatch) error {
	changed := *m
	stage.Set(&changed.AppSecret, p.AppSecret)
	stage.Set(&changed.SessionExpired, p.SessionExpired)
	if p.Session != nil {
		changed.Session = *p.Session
		changed.SessionExpired = p.SessionExpired != nil && *p.SessionExpired
	}
	stage.Set(&changed.Stores, p.Stores)
	stage.Set(&changed.Entitled, p.Entitled)
	stage.Set(&changed.RefundWindow, p.RefundWindow)
	if changed.Entitled == nil {
		changed.Entitled = []string{}
	}
	switch {
	case !orders.Plain.MatchString(changed.AppKey):
		return stage.Wrong("app_key is not 1..64 printable characters without blanks; use the application's key, such as 12345678")
	case changed.AppSecret == "":
		return stage.Wrong("app_secret is empty; use the application's secret")
	case changed.Session == "":
		return stage.Wrong("session is empty; use the session key the merchant granted")
	case changed.RefundWindow < 0:
		return stage.Wrong("refund_window is negative; use a duration such as \"720h\", or 0 for no end")
	case len(changed.Stores) == 0:
		return stage.Wrong("stores is empty; an order belongs to a store")
	}
	for i, s := range changed.Stores {
		if !orders.Plain.MatchString(s.ID) || s.OutID != "" && !orders.Plain.MatchString(s.OutID) || s.Name == "" {
			return stage.Wrong("stores[%d] needs an id and a name; ids are 1..64 printable characters without blanks", i)
		}
		if slices.ContainsFunc(changed.Stores[:i], func(t control.XLifeStore) bool { return t.ID == s.ID || s.OutID != "" && t.OutID == s.OutID }) {
			return stage.Wrong("stores[%d] has the id or out_id of another store", i)
		}
	}
	for _, name := range changed.Entitled {
		if _, known := methods[name]; !known {
			return stage.Wrong("entitled names %q; use some of %q", name, methodNames())
		}
	}
	*m = changed
	return nil
}

// store finds a store by one of its two numbers, nil if the merchant has none such.
func (m *merchant) store(kind, id string) *control.XLifeStore {
	for i, s := range m.Stores {
		if kind == "out" && id != "" && s.OutID == id || kind == "miaojie" && s.ID == id {
			return &m.Stores[i]
		}
	}
	return nil
}

// sameStore tells whether the store a caller names, under either number, is the order's.
func (m *merchant) sameStore(o *order, kind, id string) bool {
	named, own := m.store(kind, id), m.store(o.StoreIDType, o.StoreID)
	return named != nil && own != nil && named.ID == own.ID
}

func (m *merchant) storeName(o *order) string {
	if s := m.store(o.StoreIDType, o.StoreID); s != nil {
		return s.Name
	}
	return ""
}

func (b *book) postMerchant(r *http.Request, _ time.Time) (any, error) {
	var in control.NewXLifeMerchant
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
	b.merchants[m.AppKey] = m
	return m.XLifeMerchant, nil
}

func (b *book) namedMerchant(r *http.Request) (*merchant, error) {
	m := b.merchants[r.PathValue("key")]
	if m == nil {
		return nil, stage.Unknown("no merchant has app_key %q; create it with POST /sandbox/v1/xlife/merchants", r.PathValue("key"))
	}
	return m, nil
}

func (b *book) patchMerchant(r *http.Request, _ time.Time) (any, error) {
	m, err := b.namedMerchant(r)
	if err != nil {
		return nil, err
	}
	var patch control.XLifeMerchantPatch
	if err := stage.Read(r, &patch); err != nil {
		return nil, err
	}
	if err := m.change(patch); err != nil {
		return nil, err
	}
	return m.XLifeMerchant, nil
}
