package wechat

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// The saved forms are the words of the control API plus what that never shows.

type savedBook struct {
	Settings  control.WeChatSettings      `json:"settings"`
	NextSeq   int64                       `json:"next_seq"`
	NextOrder int64                       `json:"next_order"`
	Merchants []control.NewWeChatMerchant `json:"merchants"` // by number
	Orders    []savedOrder                `json:"orders"`    // in order of registration
	Tokens    map[string]savedToken       `json:"tokens"`
	Shields   map[string]time.Time        `json:"shields"` // by merchant number; the counters of a second are not worth keeping
}

type savedOrder struct {
	control.Order               // its sums are for the reader; they follow from the refunds
	Refunds       []savedRefund `json:"refunds"` // takes the place of the order's own
}

type savedRefund struct {
	control.PlacedRefund
	Seq       int64            `json:"seq"`
	Account   string           `json:"account"`
	Door      door             `json:"door"`
	NotifyURL string           `json:"notify_url,omitempty"`
	Path      string           `json:"path,omitempty"`
	Forward   *savedForwarding `json:"forward,omitempty"`
}

type savedForwarding struct {
	Attempts int       `json:"attempts"`
	Due      time.Time `json:"due"`
}

type savedToken struct {
	AppID   string    `json:"app_id"`
	Expires time.Time `json:"expires"`
}

// Save is the whole of the books as JSON, secrets included.
func (p *Platform) Save() (json.RawMessage, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.book
	s := savedBook{Settings: b.settings, NextSeq: b.nextSeq, NextOrder: b.nextOrder, Merchants: []control.NewWeChatMerchant{},
		Orders: []savedOrder{}, Tokens: map[string]savedToken{}, Shields: map[string]time.Time{}}
	for _, number := range slices.Sorted(maps.Keys(b.merchants)) {
		s.Merchants = append(s.Merchants, b.merchants[number].NewWeChatMerchant)
	}
	for _, o := range b.sequence {
		s.Orders = append(s.Orders, b.saveOrder(o))
	}
	for value, t := range b.tokens {
		s.Tokens[value] = savedToken{t.appID, t.expires}
	}
	for number, l := range b.limits {
		if !l.shielded.IsZero() {
			s.Shields[number] = l.shielded
		}
	}
	return json.Marshal(s)
}

func (b *book) saveOrder(o *order) savedOrder {
	s := savedOrder{Order: o.view(), Refunds: []savedRefund{}}
	for i, shown := range s.Order.Refunds {
		r := o.refunds[i]
		saved := savedRefund{PlacedRefund: shown, Seq: r.seq, Account: r.account, Door: r.door, NotifyURL: r.notifyURL, Path: r.path}
		if f, waiting := b.forwards[r]; waiting {
			saved.Forward = &savedForwarding{f.attempts, f.due}
		}
		s.Refunds = append(s.Refunds, saved)
	}
	return s
}

// Restore builds the books anew from what Save gave and takes them over only if every part is sound.
func (p *Platform) Restore(saved json.RawMessage) error {
	var s savedBook
	if err := stage.Decode(bytes.NewReader(saved), &s); err != nil {
		return err
	}
	b, err := s.book()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = b
	return nil
}

func (s *savedBook) book() (*book, error) {
	settings, err := checkSettings(s.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if s.NextSeq <= 0 || s.NextOrder <= 0 {
		return nil, fmt.Errorf("next_seq or next_order is not positive; ids count up from there")
	}
	b := newBook(settings)
	b.nextSeq, b.nextOrder = s.NextSeq, s.NextOrder
	for i, in := range s.Merchants {
		m, err := newMerchant(in)
		if err == nil {
			err = b.fits(m)
		}
		if err != nil {
			return nil, fmt.Errorf("merchants[%d]: %w", i, err)
		}
		b.addMerchant(m)
	}
	for i, saved := range s.Orders {
		if err := b.restoreOrder(saved); err != nil {
			return nil, fmt.Errorf("orders[%d]: %w", i, err)
		}
	}
	for value, t := range s.Tokens {
		b.tokens[value] = token{t.AppID, t.Expires}
	}
	for number, until := range s.Shields {
		b.limits[number] = &limit{shielded: until}
	}
	return b, nil
}

func (b *book) restoreOrder(s savedOrder) error {
	o := &order{id: s.PlatformID, outTradeNo: s.MerchantID, m: b.merchants[s.Merchant], total: s.Total, coupon: s.Coupon, paid: s.Paid,
		paidAt: s.PaidAt.In(stage.Shanghai), settleAfter: s.SettleAfter, outcome: s.Outcome}
	if o.m == nil {
		return fmt.Errorf("merchant %q is none of this file", s.Merchant)
	}
	if err := b.fitsOrder(o); err != nil {
		return err
	}
	b.addOrder(o)
	slices.SortStableFunc(s.Refunds, func(x, y savedRefund) int { return cmp.Compare(x.Seq, y.Seq) })
	for i, saved := range s.Refunds {
		r := &refund{seq: saved.Seq, number: saved.Number, o: o, amount: saved.Amount, coupon: saved.Coupon, account: saved.Account,
			door: saved.Door, notifyURL: saved.NotifyURL, path: saved.Path, status: saved.Status,
			appliedAt: saved.AppliedAt.In(stage.Shanghai), settlesAt: saved.SettlesAt.In(stage.Shanghai)}
		if r.door == doorConsole {
			r.number = r.id()
		}
		if err := b.fitsRefund(r); err != nil {
			return fmt.Errorf("refunds[%d]: %w", i, err)
		}
		b.addRefund(r)
		if f := saved.Forward; f != nil {
			b.forwards[r] = forwarding{f.Attempts, f.Due}
		}
	}
	return nil
}

// fitsRefund guards what the engine relies on.
func (b *book) fitsRefund(r *refund) error {
	sum, coupon := r.o.live()
	switch {
	case r.seq <= 0 || r.seq >= b.nextSeq || b.byID[r.id()] != nil:
		return fmt.Errorf("seq %d is there twice or not below next_seq", r.seq)
	case b.byNumber[r.o.m][r.number] != nil || !refundNo(r.number):
		return fmt.Errorf("number %q is there twice or no refund number", r.number)
	case r.amount <= 0 || r.coupon < 0 || r.coupon > r.amount:
		return fmt.Errorf("amount or coupon is out of range")
	case r.status != control.Failed && (r.amount > r.o.total-sum || r.coupon > r.o.coupon-coupon):
		return fmt.Errorf("the refunds exceed the order's total or coupon")
	}
	switch r.status {
	case control.Processing, control.Success, control.Failed, control.Abnormal:
	default:
		return fmt.Errorf("status is %q; use processing, success, failed or abnormal", r.status)
	}
	switch r.door {
	case doorV2, doorRun, doorFunction, doorConsole:
		return nil
	}
	return fmt.Errorf("door is %q; use v2, cloudrun, cloudfunction or console", r.door)
}
