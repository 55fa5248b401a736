package wechat

import (
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The limits of refund applications under one merchant number (§13).
const (
	validPerSecond   = 150
	invalidPerSecond = 6
	shieldTime       = time.Minute // how long a number is shut out after too many invalid ones
)

// limit counts the refund applications under one merchant number, per second of sandbox time. A rule by calendar second is
// the plainest reading of "6 qps"; how WeChat counts is not known.
type limit struct {
	second         int64
	valid, invalid int
	shielded       time.Time // until then
}

// limitOf finds the counters of the number that signs; in cloud mode that is WeChat's, so the sub-merchant's is taken.
func (b *book) limitOf(m *merchant) *limit {
	key := m.MchID
	if m.Mode == control.WeChatCloud {
		key = m.number()
	}
	if b.limits[key] == nil {
		b.limits[key] = &limit{}
	}
	return b.limits[key]
}

func (l *limit) turn(now time.Time) {
	if now.Unix() != l.second {
		l.second, l.valid, l.invalid = now.Unix(), 0, 0
	}
}

// tooFast counts a well-formed application.
func (l *limit) tooFast(now time.Time) bool {
	l.turn(now)
	l.valid++
	return l.valid > validPerSecond
}

// tooInvalid counts a refused application and puts up the shield when it was one too many.
func (l *limit) tooInvalid(now time.Time) bool {
	l.turn(now)
	l.invalid++
	if l.invalid <= invalidPerSecond {
		return false
	}
	l.shielded = now.Add(shieldTime)
	return true
}

// limited runs one application under the limits of the merchant number m signs with.
func (b *book) limited(m *merchant, now time.Time, f func() (*refund, *refusal)) (*refund, *refusal) {
	if b.settings.AnyPace {
		return f()
	}
	l := b.limitOf(m)
	if now.Before(l.shielded) {
		return nil, tooMuchInvalid
	}
	r, no := f()
	if no != nil && !no.patient && l.tooInvalid(now) {
		return nil, tooMuchInvalid
	}
	return r, no
}
