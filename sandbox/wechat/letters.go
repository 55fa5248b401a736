package wechat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// The kinds of letters, for the delivery log.
const (
	kindV2        = "refund notification"
	kindContainer = "container callback"
	kindForward   = "forwarded callback"
)

// ladder are the pauses after each attempt that was not taken (§7.1). cloudLadder stretches it to the two days of the cloud
// dialects (§7.2); its steps are inferred.
var (
	ladder = []time.Duration{15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute,
		30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour}
	cloudLadder = append(slices.Clone(ladder), 6*time.Hour, 6*time.Hour, 6*time.Hour, 5*time.Hour)
)

// Settle settles what is due and tells the merchants.
func (p *Platform) Settle(now time.Time) (next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settle(now)
}

// settle expects the lock. It runs before every read and write too, so that nobody sees books of the past.
func (p *Platform) settle(now time.Time) (next time.Time) {
	for _, r := range p.book.settle(now) {
		p.tell(r, now)
	}
	if len(p.book.pending) > 0 {
		next = p.book.pending[0].settlesAt
	}
	for r, f := range p.book.forwards {
		if !f.due.After(now) {
			p.forward(r, now)
		}
		if f = p.book.forwards[r]; f != (forwarding{}) && (next.IsZero() || f.due.Before(next)) {
			next = f.due
		}
	}
	return next
}

// tell sends a final result the way of the door the refund came in by; the console's refunds go the way of the merchant.
func (p *Platform) tell(r *refund, now time.Time) {
	m := r.o.m
	cloud := m.Mode == control.WeChatCloud
	switch {
	case r.door == doorRun && m.ContainerURL != "" && r.path != "":
		p.stage.Post(r.letter(kindContainer, m.ContainerURL+"/"+strings.TrimPrefix(r.path, "/"), cloudLadder, mustJSON(r.event()),
			http.Header{"X-Wx-Source": {"wx_pay"}})) // the header is what counts, its value is not known (§7.2)
	case cloud && r.door != doorRun && m.ForwardURL != "":
		p.forward(r, now)
	case !cloud && (r.notifyURL != "" || m.NotifyURL != ""):
		to := r.notifyURL
		if to == "" {
			to = m.NotifyURL
		}
		l := r.letter(kindV2, to, ladder, r.notification(), nil)
		l.ContentType = "text/xml; charset=utf-8"
		p.stage.Post(l)
	}
}

func (r *refund) letter(kind, to string, pauses []time.Duration, body []byte, header http.Header) stage.Letter {
	return stage.Letter{Platform: "wechat", Kind: kind, OrderID: r.o.id, RefundNo: r.number, URL: to,
		ContentType: "application/json; charset=utf-8", Header: header, Body: body, Ladder: pauses, Timeout: 5 * time.Second}
}

// forwarding is a result on its way through the merchant's callback function. WeChat calls the function anew each time, and
// each call signs with its own time; so the outbox gets a fresh letter per attempt instead of one with a ladder.
type forwarding struct {
	attempts int // made so far
	due      time.Time
}

// forward makes one attempt and plans the next, which Answered calls off when this one is taken.
func (p *Platform) forward(r *refund, now time.Time) {
	body := mustJSON(r.event())
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(r.o.m.ForwardSecret))
	mac.Write([]byte(stamp + "." + string(body)))
	p.stage.Post(r.letter(kindForward, r.o.m.ForwardURL, nil, body, http.Header{
		"X-Refundflow-Timestamp": {stamp}, "X-Refundflow-Signature": {hex.EncodeToString(mac.Sum(nil))}}))
	f := p.book.forwards[r]
	if f.attempts >= len(cloudLadder) {
		delete(p.book.forwards, r)
		return
	}
	p.book.forwards[r] = forwarding{f.attempts + 1, now.Add(cloudLadder[f.attempts])}
}

// Answered reads a merchant's answer: v2 wants return_code SUCCESS in XML, the cloud dialects errcode 0 in JSON (§7).
func (p *Platform) Answered(l stage.Letter, status int, body []byte) (problem string) {
	if status != http.StatusOK {
		return fmt.Sprintf("HTTP status %d instead of 200", status)
	}
	if l.Kind == kindV2 {
		values, err := parseXML(body, xmlRoot)
		switch {
		case err != nil:
			return "the answer is not the XML of return_code and return_msg: " + err.Error()
		case values["return_code"] != "SUCCESS":
			return "return_code is not SUCCESS"
		}
		return ""
	}
	var answer struct {
		ErrCode *json.Number `json:"errcode"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.ErrCode == nil || answer.ErrCode.String() != "0" {
		return "the answer is not a JSON object with errcode 0"
	}
	if l.Kind == kindForward {
		p.mu.Lock()
		defer p.mu.Unlock()
		if o := p.book.orders[l.OrderID]; o != nil {
			delete(p.book.forwards, p.book.byNumber[o.m][l.RefundNo])
		}
	}
	return ""
}

// result are the fields of a result, as they stand in req_info (§7.1).
func (r *refund) result() fields {
	f := fields{{"out_refund_no", r.number}, {"out_trade_no", r.o.outTradeNo}, {"refund_account", r.account}, {"refund_fee", r.amount},
		{"refund_id", r.id()}, {"refund_recv_accout", receiver}, {"refund_request_source", r.source()}, {"refund_status", r.state()},
		{"settlement_refund_fee", r.drawn()}, {"settlement_total_fee", r.o.total - r.o.coupon}}
	if r.status == control.Success {
		f.add("success_time", r.settlesAt.Format(beijing))
	}
	f.add("total_fee", r.o.total)
	f.add("transaction_id", r.o.id)
	return f
}

func (r *refund) source() string {
	if r.door == doorConsole {
		return "VENDOR_PLATFORM"
	}
	return "API"
}

// notification is the v2 envelope: no sign, the secret is the encryption of req_info (§7.1).
func (r *refund) notification() []byte {
	var info fields
	for _, e := range r.result() {
		info.add(e.name, e.text()) // numbers are in CDATA here, too
	}
	f := r.envelope()
	f.add("req_info", sealInfo(r.o.m.APIKey, info.xml("root")))
	return f.xml("xml")
}

func (r *refund) envelope() fields {
	m := r.o.m
	f := fields{{"return_code", "SUCCESS"}, {"appid", m.AppID}, {"mch_id", m.MchID}}
	f.addText("sub_appid", m.SubAppID)
	f.addText("sub_mch_id", m.SubMchID)
	f.add("nonce_str", random())
	return f
}

// event is the callback of the cloud dialects, the same fields in plain camelCase JSON; no official sample exists (§7.2).
func (r *refund) event() map[string]any {
	f := append(r.envelope(), field{"result_code", "SUCCESS"})
	return append(f, r.result()...).object(camel)
}
