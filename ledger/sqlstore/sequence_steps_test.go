package sqlstore

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const modelWhole = refund.Fen(300)

var (
	modelOrders = []string{"o1", "o2", "o3"}
	modelKeys   = []ledger.Key{
		{Account: "shop-a", ID: "r1"}, {Account: "shop-a", ID: "r2"}, {Account: "shop-a", ID: "r3"}, {Account: "shop-a", ID: "r4"},
		{Account: "shop-a", ID: "r5"}, {Account: "shop-a", ID: "r6"}, {Account: "shop-a", ID: "r7"}, {Account: "shop-a", ID: "r8"}, {Account: "shop-b", ID: "r1"}, {Account: "shop-b", ID: "r2"},
		{Account: "shop-b", ID: "r3"}, {Account: "shop-c", ID: "r1"}, {Account: "shop-c", ID: "r2"},
	}
)

// draws takes one of several; what is there twice comes twice as often.
func draws[T any](m *sequence, name string, of ...T) T {
	return rapid.SampledFrom(of).Draw(m.T, name)
}

// step does one thing: what comes next for a refund, or anything else.
func (m *sequence) step(*rapid.T) {
	passes := draws(m, "time passes", 0, 0, 0, 0, 0, 0, time.Second, time.Second, time.Second, time.Minute, time.Minute, 10*time.Minute, time.Hour)
	if passes == time.Hour { // or more
		passes = draws(m, "how long", time.Hour, 3*time.Hour, 12*time.Hour, day, 7*day)
	}
	m.now = m.now.Add(passes)
	steps := map[string]func(){
		"open": m.stepOpen, "hold": m.stepHold, "begin cancel": m.stepBeginCancel, "end cancel": m.stepEndCancel,
		"begin send": m.stepBeginSend, "end send": m.stepEndSend, "absent": m.stepAbsent, "resend": m.stepResend,
		"settle": m.stepSettle, "finish": m.stepFinish, "testify": m.stepTestify, "amend": m.stepAmend, "foreign": m.stepForeign,
		"flag": m.stepFlag, "unflag": m.stepUnflag, "restored": m.stepRestored, "limits": m.stepLimits, "again": m.stepAgain,
	}
	if m.open() < 5 && draws(m, "one more", true, false, false) {
		m.stepOpen()
		return
	}
	if draws(m, "as usual", true, true, true, false) {
		steps[draws(m, "step", m.usual()...)]()
		return
	}
	steps[draws(m, "step", "open", "hold", "begin cancel", "end cancel", "begin send", "end send", "absent", "resend", "settle", "finish", "testify", "testify", "amend",
		"foreign", "foreign", "flag", "unflag", "restored", "limits", "again", "again")]()
}

func (m *sequence) open() (n int) {
	for _, s := range m.paper.slips {
		if !s.ended() {
			n++
		}
	}
	return n
}

// usual is what may come next, as things go.
func (m *sequence) usual() []string {
	switch s := m.paper.slips[m.key]; {
	case s != nil && !s.ended() && s.sending == ledger.NotBegun && s.sends() == 0 && len(s.tries) > 0: // it may have arrived all the same
		return []string{"end send", "end send", "settle", "hold", "hold", "begin send"}
	case s == nil, s.ended() && !s.alert, m.paper.placeOf(s) >= 0 && s.sending == ledger.NotBegun:
		return []string{"open", "hold", "begin send", "begin send", "testify"}
	case s.ended():
		return []string{"amend", "testify"}
	case s.sending == ledger.NotBegun && s.living() != nil && s.living().day != m.limits[s.key.Account].Day(m.now): // yesterday's
		return []string{"begin cancel", "begin cancel", "hold", "begin send"}
	case s.sending == ledger.NotBegun:
		return []string{"hold", "begin send", "begin send", "begin send", "begin send", "begin cancel", "finish", "foreign"}
	case s.sending == ledger.Begun && s.reads > 0:
		return []string{"resend", "resend", "resend", "end send", "absent", "foreign"}
	case s.sending == ledger.Begun:
		return []string{"end send", "end send", "end send", "absent", "absent"}
	}
	return []string{"settle", "finish", "testify", "hold", "begin send", "begin send"}
}

// do does a step, and keeps it: somebody who has not heard the answer does it again.
func (m *sequence) do(step func()) {
	key := m.key
	m.done = append(m.done, func() { m.key = key; step() })
	step()
}

// stepAgain repeats one of the last steps, at its own time: rather the very last.
func (m *sequence) stepAgain() {
	n := len(m.done)
	if n == 0 {
		return
	}
	m.Logf("     again:")
	m.done[n-1-draws(m, "steps ago", 0, 0, 0, 0, 1, 2, 3, 5, 8)%n]()
}

// refund is one that was opened, rather the same as before than another, and rather an
// open one; false while there is none.
func (m *sequence) refund() (ledger.Key, bool) {
	var keys []ledger.Key
	for _, key := range m.paper.keys() {
		if keys = append(keys, key); !m.paper.slips[key].ended() {
			keys = append(keys, key, key)
		}
	}
	if len(keys) == 0 {
		return ledger.Key{}, false
	}
	if s := m.paper.slips[m.key]; s != nil && (!s.ended() || s.alert) {
		keys = append(keys, slices.Repeat([]ledger.Key{m.key}, len(keys))...)
	}
	m.key = draws(m, "refund", keys...)
	return m.key, true
}

func (m *sequence) opening(key ledger.Key, order string, amount, total refund.Fen) ledger.Opening {
	o := opening(key.ID, order, amount, total)
	o.Request.Account, o.Number, o.At, o.Limits = key.Account, "N"+key.Account+key.ID, m.now, m.limits[key.Account]
	if o.Request.Order.PaidAt = noon.Add(-day); key.Account == "shop-c" {
		o.Rules.Merchant = "baidu/M2"
	}
	o.Fingerprint = o.Request.Fingerprint()
	return o
}

func (m *sequence) stepOpen() {
	m.key = draws(m, "refund", modelKeys...)
	o, known := m.plans[m.key]
	if o.At, o.Limits = m.now, m.limits[m.key.Account]; !known || draws(m, "as before", true, true, false) == false {
		o = m.opening(m.key, draws(m, "order", modelOrders...), draws(m, "amount", refund.Fen(50), 50, 100, 100, 100, 150, 300), draws(m, "total", modelWhole, modelWhole, modelWhole, modelWhole, modelWhole, 400))
		o.Rules.OrderGap = draws(m, "gap", 0, 0, 0, time.Minute, 2*time.Hour)
		o.Rules.MaxRefundsPerOrder = draws(m, "most refunds", 0, 0, 0, 2)
		o.Rules.Window = draws(m, "window", 0, 0, 0, 5*day)
		o.Rules.Partial = draws(m, "partial", true, true, true, true, true, true, false)
		if draws(m, "shared number", false, false, false, true) {
			o.Number = "N" + m.key.ID // as if two accounts had the same prefix
		}
	}
	o.Sent = draws(m, "sent before", false, false, false, false, false, false, false, false, true)
	key := m.key
	m.do(func() {
		opened, err := m.store.Open(m.Context(), o)
		got := reply{refused: opened.Refused != "", opened: opened.Record, outlook: opened.Outlook}
		if m.seen["refused"]++; opened.Record != nil {
			m.seen["opened"]++
			m.seen["refused"]--
			m.plans[key] = o
		}
		want := m.paper.open(o)
		m.did(fmt.Sprintf("open %s: %s of %s (%s), number %s, gap %s, at most %d, window %s, partial %v, sent %v", key, o.Request.Amount, o.Request.Order.PlatformID,
			o.Request.Order.Total, o.Number, o.Rules.OrderGap, o.Rules.MaxRefundsPerOrder, o.Rules.Window, o.Rules.Partial, o.Sent), got, opened.Refused, err, want)
	})
}

// limitsNow are the account's, or without those that somebody let the refund over.
func (m *sequence) limitsNow(account string) ledger.Limits {
	l := m.limits[account]
	switch draws(m, "let over", "", "", "", "", "", "", "cap", "reserve", "both") {
	case "cap":
		l.DailyCap = 0
	case "reserve":
		l.Reserve = 0
	case "both":
		l.DailyCap, l.Reserve = 0, 0
	}
	return l
}

func show(l ledger.Limits) string {
	return fmt.Sprintf("cap %s, reserve %s %s, zone %v", l.DailyCap, l.Reserve, l.Payout, l.Zone)
}

func (m *sequence) sawHold(h ledger.Hold) {
	if h.Granted {
		h.Obstacle = "granted"
	}
	if h.Obstacle != "" {
		m.seen[string(h.Obstacle)]++
	}
}

func (m *sequence) stepHold() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, l := m.now, m.limitsNow(key.Account)
	m.do(func() {
		h, err := m.store.Hold(m.Context(), key, at, l)
		m.sawHold(h)
		m.did(fmt.Sprintf("hold %s (%s)", key, show(l)), reply{hold: h}, h.Why, err, m.paper.hold(key, at, l))
	})
}

func (m *sequence) stepBeginCancel() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, l := m.now, m.limitsNow(key.Account)
	m.do(func() {
		h, err := m.store.BeginCancel(m.Context(), key, at, l)
		m.did(fmt.Sprintf("begin cancel %s (%s)", key, show(l)), reply{hold: h}, h.Why, err, m.paper.beginCancel(key, at, l))
	})
}

func (m *sequence) stepEndCancel() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, done := m.now, draws(m, "done", false, true)
	m.do(func() {
		err := m.store.EndCancel(m.Context(), key, at, done, "")
		m.did(fmt.Sprintf("end cancel %s, done %v", key, done), reply{}, "", err, m.paper.endCancel(key, done))
	})
}

func (m *sequence) sawPermit(p ledger.Permit) {
	for what, is := range map[string]bool{"send": p.Send, "doubt": p.Doubt, "accepted": p.Accepted != nil, "exhausted": p.Exhausted} {
		if is {
			m.seen[what]++
		}
	}
	m.sawHold(p.Hold)
}

func (m *sequence) stepBeginSend() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, l := m.now, m.limitsNow(key.Account)
	m.do(func() {
		p, err := m.store.BeginSend(m.Context(), key, at, l)
		m.sawPermit(p)
		m.did(fmt.Sprintf("begin send %s (%s)", key, show(l)), reply{permit: p}, p.Hold.Why, err, m.paper.beginSend(key, at, l))
	})
}

// number is one that the platform may tell: none, the refund's own, or another one.
func (m *sequence) number(key ledger.Key) string {
	own := "P-" + key.Account + key.ID
	return draws(m, "number", "", own, own, own, own+"-2", "F1")
}

// ago is a moment that an answer or a word may be of.
func (m *sequence) ago() time.Time {
	return m.now.Add(-draws(m, "heard ago", 0, 0, 0, 0, time.Minute, 2*time.Hour))
}

func (m *sequence) stepEndSend() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, a, what := m.ago(), ledger.Answer{Text: "answer"}, draws(m, "answer", "accepted", "accepted", "accepted at once", "refused", "not sent", "unknown", "unknown")
	switch what {
	case "accepted", "accepted at once":
		a.Receipt = &providers.Receipt{PlatformRefundID: m.number(key), Amount: draws(m, "amount", 0, 0, m.paper.slips[key].Request.Amount, 70)}
		if what != "accepted" {
			a.Receipt.State = draws(m, "state", succeeded, failed, processing)
		}
		what = fmt.Sprintf("%s as %q with %s, %s", what, a.Receipt.PlatformRefundID, a.Receipt.Amount, a.Receipt.State)
	case "refused":
		a.Refused = true
	case "not sent":
		a.NotSent = true
	}
	m.do(func() {
		err := m.store.EndSend(m.Context(), key, at, a)
		m.did(fmt.Sprintf("end send %s, %s, %s ago", key, what, m.now.Sub(at)), reply{}, "", err, m.paper.endSend(key, at, a))
	})
}

func (m *sequence) stepAbsent() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, pause := m.ago(), draws(m, "interval", 0, time.Minute, time.Hour)
	m.do(func() {
		n, err := m.store.NoteAbsent(m.Context(), key, at, pause)
		m.did(fmt.Sprintf("absent %s, %s ago, interval %s", key, m.now.Sub(at), pause), reply{n: n}, "", err, m.paper.noteAbsent(key, at, pause))
	})
}

func (m *sequence) stepResend() {
	key, ok := m.refund()
	if !ok {
		return
	}
	at, l, reads, most := m.now, m.limitsNow(key.Account), draws(m, "reads", 1, 1, 2), draws(m, "most", 0, 1, 2)
	m.do(func() {
		p, err := m.store.BeginResend(m.Context(), key, at, l, reads, most)
		m.sawPermit(p)
		m.did(fmt.Sprintf("resend %s after %d reads, at most %d (%s)", key, reads, most, show(l)), reply{permit: p}, p.Hold.Why, err,
			m.paper.beginResend(key, at, l, reads, most))
	})
}
