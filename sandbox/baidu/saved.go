package baidu

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// The saved forms are the words of the control API plus what that never shows, so the books file reads like GET /baidu/books.

type savedBook struct {
	Settings  control.BaiduSettings `json:"settings"`
	NextBatch int64                 `json:"next_batch"`
	NextID    int64                 `json:"next_id"`
	LogID     int64                 `json:"log_id"`
	Merchants []savedMerchant       `json:"merchants"` // by app key
	Orders    []savedOrder          `json:"orders"`    // in order of registration
	Tokens    map[string]savedToken `json:"tokens"`
}

type savedMerchant struct {
	control.NewBaiduMerchant
	PlatformKeyPEM string `json:"platform_key_pem"` // private, PKCS #8
	CapUsed        int64  `json:"cap_used"`
	CapDay         string `json:"cap_day"`
}

type savedOrder struct {
	control.BaiduOrder               // its sums are for the reader; they follow from the refunds
	Refunds            []savedRefund `json:"refunds"` // takes the place of the order's own
}

type savedRefund struct {
	control.BaiduRefund
	Drawn     int64     `json:"drawn"`
	Doomed    bool      `json:"doomed"`
	AskAt     time.Time `json:"ask_at,omitzero"`
	NotifyURL string    `json:"notify_url,omitempty"`
}

type savedToken struct {
	ClientID string    `json:"client_id"`
	Expires  time.Time `json:"expires"`
}

// Save is the whole of the books as JSON, secrets included.
func (p *Platform) Save() (json.RawMessage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.book
	s := savedBook{Settings: b.settings, NextBatch: b.nextBatch, NextID: b.nextID, LogID: p.logID.Load(),
		Merchants: []savedMerchant{}, Orders: []savedOrder{}, Tokens: map[string]savedToken{}}
	for _, key := range slices.Sorted(maps.Keys(b.merchants)) {
		m, err := b.merchants[key].save()
		if err != nil {
			return nil, err
		}
		s.Merchants = append(s.Merchants, m)
	}
	for _, o := range b.sequence {
		s.Orders = append(s.Orders, o.save())
	}
	for value, t := range b.tokens {
		s.Tokens[value] = savedToken{t.clientID, t.expires}
	}
	return json.Marshal(s)
}

func (m *merchant) save() (savedMerchant, error) {
	der, err := x509.MarshalPKCS8PrivateKey(m.platform)
	if err != nil {
		return savedMerchant{}, fmt.Errorf("platform key of merchant %q: %w", m.appKey, err)
	}
	return savedMerchant{
		NewBaiduMerchant: control.NewBaiduMerchant{AppKey: m.appKey, AppID: m.appID, PublicKeyPEM: m.publicPEM, ClientID: m.clientID,
			ClientSecret: m.clientSecret, Balance: m.balance, DailyCap: m.dailyCap, OnRepeat: m.onRepeat,
			RefundAuditURL: m.auditURL, RefundNotifyURL: m.notifyURL},
		PlatformKeyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		CapUsed:        m.capUsed, CapDay: m.capDay,
	}, nil
}

func (o *order) save() savedOrder {
	s := savedOrder{BaiduOrder: o.view(), Refunds: []savedRefund{}}
	for i, shown := range s.BaiduOrder.Refunds {
		r := o.refunds[i]
		s.Refunds = append(s.Refunds, savedRefund{BaiduRefund: shown, Drawn: r.drawn, Doomed: r.doomed, AskAt: r.askAt, NotifyURL: r.notifyURL})
	}
	return s
}

// Restore builds the books anew from what Save gave and takes them over only if every part is sound.
func (p *Platform) Restore(saved json.RawMessage) error {
	var s savedBook
	if err := stage.Decode(bytes.NewReader(saved), &s); err != nil {
		return err
	}
	b, err := s.book(p.stage.Post)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = b
	p.logID.Store(s.LogID)
	return nil
}

func (s *savedBook) book(post func(stage.Letter)) (*book, error) {
	settings, err := checkSettings(s.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if s.NextBatch <= 0 || s.NextID <= 0 {
		return nil, fmt.Errorf("next_batch or next_id is not positive; ids count up from there")
	}
	b := newBook(settings, post)
	b.nextBatch, b.nextID = s.NextBatch, s.NextID
	for i, saved := range s.Merchants {
		m, err := saved.restore()
		if err != nil {
			return nil, fmt.Errorf("merchants[%d]: %w", i, err)
		}
		if b.merchants[m.appKey] != nil {
			return nil, fmt.Errorf("merchants[%d]: app_key %q is there twice", i, m.appKey)
		}
		b.merchants[m.appKey] = m
	}
	var refunds []*refund
	for i, saved := range s.Orders {
		o, of, err := saved.restore(b)
		if err != nil {
			return nil, fmt.Errorf("orders[%d]: %w", i, err)
		}
		b.addOrder(o)
		refunds = append(refunds, of...)
	}
	// Across all orders, because the first refund of a merchant's number may be on any of them.
	slices.SortFunc(refunds, func(x, y *refund) int { return cmp.Compare(x.batchID, y.batchID) })
	for i, r := range refunds {
		if r.batchID >= b.nextBatch || i > 0 && r.batchID == refunds[i-1].batchID {
			return nil, fmt.Errorf("refund_batch_id %d is there twice or not below next_batch", r.batchID)
		}
		b.addRefund(r)
	}
	for value, t := range s.Tokens {
		b.tokens[value] = token{t.ClientID, t.Expires}
	}
	return b, nil
}

func (s *savedMerchant) restore() (*merchant, error) {
	m, err := newMerchant(s.NewBaiduMerchant)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(s.PlatformKeyPEM))
	if block == nil {
		return nil, fmt.Errorf("platform_key_pem is no PEM block")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("platform_key_pem: %w", err)
	}
	platform, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("platform_key_pem holds a %T; the platform knows RSA only", key)
	}
	m.platform, m.capUsed, m.capDay = platform, s.CapUsed, s.CapDay
	return m, nil
}

// restore gives the order without its refunds, and the refunds apart.
func (s *savedOrder) restore(b *book) (*order, []*refund, error) {
	o := &order{tpOrderID: s.TpOrderID, m: b.merchants[s.AppKey], total: s.Total, barred: s.Barred, released: s.Released}
	if o.m == nil {
		return nil, nil, fmt.Errorf("app_key %q is no merchant of this file", s.AppKey)
	}
	var err error
	if o.id, err = number("order_id", s.OrderID); err != nil {
		return nil, nil, err
	}
	if o.userID, err = number("user_id", s.UserID); err != nil {
		return nil, nil, err
	}
	if b.orders[o.id] != nil || b.orderByTp(o.m, o.tpOrderID) != nil {
		return nil, nil, fmt.Errorf("order_id %q or its tp_order_id is there twice", s.OrderID)
	}
	patch := control.BaiduOrderPatch{Promo: &s.Promo, Paid: &s.Paid, Verified: &s.Verified, SettleAfter: s.SettleAfter, Outcome: &s.Outcome}
	if err := o.change(patch); err != nil {
		return nil, nil, err
	}
	var refunds []*refund
	for i, saved := range s.Refunds {
		r := &refund{o: o, bizID: saved.BizRefundBatchID, amount: saved.Amount, full: saved.Full, status: saved.Status,
			appliedAt: saved.AppliedAt, settlesAt: saved.SettlesAt, drawn: saved.Drawn, doomed: saved.Doomed,
			audit: saved.Audit, askAt: saved.AskAt, elsewhere: saved.Elsewhere, notifyURL: saved.NotifyURL}
		if r.batchID, err = number("refund_batch_id", saved.RefundBatchID); err != nil {
			return nil, nil, fmt.Errorf("refunds[%d]: %w", i, err)
		}
		switch r.status {
		case control.Processing, control.Success, control.Failed:
		default:
			return nil, nil, fmt.Errorf("refunds[%d]: status is %q; use processing, success or failed", i, r.status)
		}
		switch r.audit {
		case control.AuditNone, control.AuditWaiting, control.AuditApproved, control.AuditRejected:
		default:
			return nil, nil, fmt.Errorf("refunds[%d]: audit is %q; use waiting, approved, rejected or leave it out", i, r.audit)
		}
		refunds = append(refunds, r)
	}
	return o, refunds, nil
}

// number reads an id back. Any 64-bit number will do: the control API has let it in.
func number(field, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a 64-bit number in decimal digits", field)
	}
	return n, nil
}
