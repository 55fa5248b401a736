package shengpay

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

type savedBook struct {
	Settings       control.ShengpaySettings   `json:"settings"`
	NextID         int64                      `json:"next_id"`
	PlatformKeyPEM string                     `json:"platform_key_pem,omitempty"` // private, PKCS #8
	Merchants      []control.ShengpayMerchant `json:"merchants"`                  // by mchId
	Orders         []*order                   `json:"orders"`                     // in order of registration
}

// Save is the whole of the books as JSON, the platform's private key included.
func (p *Platform) Save() (json.RawMessage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.book
	s := savedBook{Settings: b.settings, NextID: b.nextID, Merchants: []control.ShengpayMerchant{}, Orders: b.Book.Save()}
	if b.key != nil {
		der, err := x509.MarshalPKCS8PrivateKey(b.key)
		if err != nil {
			return nil, fmt.Errorf("platform key: %w", err)
		}
		s.PlatformKeyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	for _, id := range slices.Sorted(maps.Keys(b.merchants)) {
		s.Merchants = append(s.Merchants, b.merchants[id].ShengpayMerchant)
	}
	return json.Marshal(s)
}

// Restore builds the books anew from what Save gave and takes them over only if every part is sound.
func (p *Platform) Restore(saved json.RawMessage) error {
	var s savedBook
	if err := stage.Decode(bytes.NewReader(saved), &s); err != nil {
		return err
	}
	settings, err := checkSettings(s.Settings)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if s.NextID <= 0 {
		return fmt.Errorf("next_id is not positive; ids count up from there")
	}
	b := p.newBook(settings)
	b.nextID = s.NextID
	if b.key, err = restoreKey(s.PlatformKeyPEM, len(s.Merchants) > 0); err != nil {
		return err
	}
	for i, shown := range s.Merchants {
		m := &merchant{ShengpayMerchant: shown}
		if err := m.change(control.ShengpayMerchantPatch{PublicKeyPEM: &shown.PublicKeyPEM}); err != nil {
			return fmt.Errorf("merchants[%d]: %w", i, err)
		}
		if b.merchants[m.MchID] != nil || b.byApp(m.AppID) != nil {
			return fmt.Errorf("merchants[%d]: mch_id %q or its app_id is there twice", i, m.MchID)
		}
		b.merchants[m.MchID] = m
	}
	if err := b.Book.Restore(s.Orders, b.sound); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = b
	return nil
}

// sound checks an order and takes up its refunds' numbers.
func (b *book) sound(o *order) error {
	if err := b.allowed(o); err != nil {
		return err
	}
	for i, r := range o.Refunds {
		key := o.Merchant + "\x00" + r.Number
		switch {
		case r.Elsewhere:
			continue
		case b.refunds[key] != nil:
			return fmt.Errorf("refunds[%d]: number %q is there twice", i, r.Number)
		}
		b.refunds[key] = r
	}
	return nil
}

func restoreKey(text string, needed bool) (*rsa.PrivateKey, error) {
	if text == "" && !needed {
		return nil, nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("platform_key_pem is no PEM block, and there are merchants who check with it")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("platform_key_pem: %w", err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("platform_key_pem holds a %T; the platform knows RSA only", key)
	}
	return private, nil
}
