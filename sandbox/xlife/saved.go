package xlife

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

type savedBook struct {
	Settings  control.XLifeSettings `json:"settings"`
	NextID    int64                 `json:"next_id"`
	Merchants []*merchant           `json:"merchants"` // by app key
	Orders    []*order              `json:"orders"`    // in order of registration
	Used      map[string]usage      `json:"used"`
}

// Save is the whole of the books as JSON, secrets included.
func (p *Platform) Save() (json.RawMessage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.book
	s := savedBook{Settings: b.settings, NextID: b.nextID, Merchants: []*merchant{}, Orders: b.Book.Save(), Used: b.used}
	for _, key := range slices.Sorted(maps.Keys(b.merchants)) {
		s.Merchants = append(s.Merchants, b.merchants[key])
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
	b := newBook(settings)
	b.nextID = s.NextID
	maps.Copy(b.used, s.Used)
	for i, m := range s.Merchants {
		if m == nil || b.merchants[m.AppKey] != nil {
			return fmt.Errorf("merchants[%d] is null or there twice", i)
		}
		if err := m.change(control.XLifeMerchantPatch{}); err != nil {
			return fmt.Errorf("merchants[%d]: %w", i, err)
		}
		b.merchants[m.AppKey] = m
	}
	if err := b.Book.Restore(s.Orders, b.allowed); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = b
	return nil
}
