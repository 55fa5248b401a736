package baidu

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

var _ providers.Notified = (*Provider)(nil)

// The messages that Baidu sends by itself, named as failures name operations.
const (
	opNotification op = "refundNotification" // 通知退款状态 (§6.2)
	opAudit        op = "refundAudit"        // 请求业务方退款审核 (§6.1)
)

// notification is the form of the refund notification (§6.2). It does not carry
// bizRefundBatchId: a refund is found by Baidu's batch, or guessed by its order.
type notification struct {
	batch  string
	order  refund.Order
	status notificationStatus
}

// Notification reads the refund notification (§6.2). What it returns is always
// proven: without settings.platform_public_key_file every message is refused.
func (p *Provider) Notification(c providers.Callback) (providers.Notification, error) {
	f, err := p.receive(opNotification, c)
	if err != nil {
		return providers.Notification{}, err
	}
	n := notification{batch: f.long("refundBatchId"), order: f.order(), status: f.notificationStatus()}
	if err := f.failure(opNotification); err != nil {
		return providers.Notification{}, err
	}
	return providers.Notification{
		Proven: true, PlatformRefundID: n.batch, Order: n.order, State: n.status.result(),
	}, nil
}

// NotificationReply is JSON with HTTP 200. Baidu repeats what is answered with
// another errno than 0 after 2, 4, 10, 30 minutes, then every hour, without end.
// Its number is ours to choose (inferred, §6).
func (p *Provider) NotificationReply(taken bool) providers.Reply {
	if !taken {
		return notTaken()
	}
	return replyJSON(`{"errno":0,"msg":"success","data":{}}`)
}

func notTaken() providers.Reply { return replyJSON(`{"errno":1,"msg":"not taken","data":{}}`) }

func replyJSON(body string) providers.Reply {
	return providers.Reply{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: []byte(body)}
}

// receive verifies a callback and returns its fields; the signature comes before
// every other look at them (§9.5).
func (p *Provider) receive(o op, c providers.Callback) (*fields, error) {
	if p.platform == nil {
		return nil, &refund.Failure{Class: refund.ClassMisconfigured, Op: string(o), Code: "no platform key",
			Message: p.verifyCallback(nil).Error(),
			Hint:    "set baidu.platform_public_key_file: Baidu repeats its messages until they can be checked"}
	}
	form, err := wire.ParseForm(c.Body)
	if err != nil {
		return nil, unreadableCallback(o, err)
	}
	if err := p.verifyCallback(form); err != nil {
		return nil, &refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true, Op: string(o), Code: "signature", Message: failure.Clean(err.Error()),
			Hint: "somebody else than Baidu wrote it, or baidu.platform_public_key_file is not the platform's key of the console"}
	}
	f := &fields{form: form}
	// No page lists appKey here. Should it come, a message to another merchant is
	// not ours, though the platform's key may be the same (inferred, §9.5).
	if form.Has("appKey") && form.Get("appKey") != p.settings.AppKey {
		f.bad("appKey is not that of the account")
	}
	return f, nil
}

// unreadableCallback is for what is no form, and for what Baidu signed but its
// documentation does not describe. why names fields, never content.
func unreadableCallback(o op, why error) error {
	return &refund.Failure{Class: refund.ClassNeedsHuman, RequestOnly: true, Op: string(o), Code: "unreadable", Message: failure.Clean(why.Error()),
		Hint: "nothing was believed: compare the callback's shape with Baidu's documentation"}
}

// fields reads a verified form and remembers the first thing that is wrong.
type fields struct {
	form url.Values
	err  error
}

func (f *fields) bad(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

func (f *fields) failure(o op) error {
	if f.err == nil {
		return nil
	}
	return unreadableCallback(o, f.err)
}

// long reads a Long that must be there.
func (f *fields) long(name string) string {
	v := f.form.Get(name)
	if _, err := strconv.ParseInt(v, 10, 64); err != nil || !decimal.MatchString(v) {
		f.bad("%s: want digits without a leading zero, got %s", name, account.Length(v))
	}
	return v
}

// order reads the numbers of the order. userId and tpOrderId may be empty (§6.2),
// and a userId of 0 counts as empty (inferred); tpOrderId is the merchant's own text.
func (f *fields) order() refund.Order {
	o := refund.Order{PlatformID: f.long("orderId"), MerchantID: f.form.Get("tpOrderId")}
	if id := f.form.Get("userId"); id != "" && id != "0" {
		o.UserID = f.long("userId")
	}
	if len(o.MerchantID) > 128 || strings.ContainsFunc(o.MerchantID, unicode.IsControl) {
		f.bad("tpOrderId: want at most 128 bytes without control characters, got %s", account.Length(o.MerchantID))
	}
	return o
}

// notificationStatus must be there. A number that is not listed is for
// [notificationStatus.Result] to call unknown, what is no number is not.
func (f *fields) notificationStatus() notificationStatus {
	text := f.form.Get("refundStatus")
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(v, 10) != text { // "01" and "+1" may be a 1, and an end is not guessed
		f.bad("refundStatus: want a number, got %s", account.Length(text))
	}
	return notificationStatus(v)
}

// amount reads fen; 0 means that the field is not there, which is not the same as
// an amount of 0.
func (f *fields) amount(name string) refund.Fen {
	text := f.form.Get(name)
	if text == "" {
		return 0
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !decimal.MatchString(text) || refund.Fen(v) > refund.MaxFen {
		f.bad("%s: want fen from 1 to %d, got %s", name, int64(refund.MaxFen), account.Length(text))
		return 0
	}
	return refund.Fen(v)
}

// without refuses a field that belongs to another message: all of Baidu's are
// signed alike, so that one can be sent again to the address of another.
func (f *fields) without(name, message string) {
	if f.form.Has(name) {
		f.bad("%s belongs to the %s", name, message)
	}
}
