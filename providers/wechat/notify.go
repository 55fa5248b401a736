package wechat

import (
	"errors"
	"net/http"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/refund"
)

// Notification reads WeChat's word about a refund (§7). What a message of the
// cloud dialects leaves out makes it a hint; one that is not proven is never
// more.
func (p *Provider) Notification(c providers.Callback) (providers.Notification, error) {
	f, proven, err := p.dialect.open(c)
	if err == nil {
		var n providers.Notification
		if n, err = readNotification(f); err == nil {
			n.Proven = proven && (n.Number != "" || n.PlatformRefundID != "") // what names no refund proves none
			return n, nil
		}
	}
	return providers.Notification{}, fail(opNotification, refund.Failure{Class: refund.ClassMisconfigured, RequestOnly: true,
		Code: "not taken", Message: failure.Clean(err.Error()), Hint: "the message is not believed; WeChat sends it again"})
}

// NotificationReply is what WeChat wants to hear; anything else makes it repeat
// the message for a day or two.
func (p *Provider) NotificationReply(taken bool) providers.Reply { return p.dialect.reply(taken) }

func readNotification(f fields) (providers.Notification, error) {
	r, err := readRefund(f, "")
	if err != nil {
		return providers.Notification{}, err
	}
	total, totalErr := f.fenIfAny("total_fee")
	platform, platformErr := f.id("transaction_id")
	merchant, merchantErr := f.id("out_trade_no")
	if err := errors.Join(totalErr, platformErr, merchantErr); err != nil {
		return providers.Notification{}, err
	}
	n := providers.Notification{
		Number: r.number, PlatformRefundID: r.id,
		Order:     refund.Order{PlatformID: platform, MerchantID: merchant, Total: total},
		State:     providers.ResultUnknown,
		Elsewhere: f["refund_request_source"] == "VENDOR_PLATFORM",
	}
	if r.fee != nil {
		n.Amount = *r.fee
	}
	if f.has("result_code") && f.word("result_code") != returnSuccess {
		return n, nil // says no to what it then reports: a hint to ask
	}
	switch r.status {
	case refundSuccess, refundClosed, refundChange, refundProcessing, refundFail:
		// An end that names no amount cannot be compared with anything.
		if n.Amount > 0 && n.Number != "" {
			n.State = r.status.result()
		}
	}
	return n, nil
}

// cloudReply is the answer to a callback of the cloud dialects (§7.2).
func cloudReply(taken bool) providers.Reply {
	body := `{"errcode":0,"errmsg":"ok"}`
	if !taken {
		body = `{"errcode":1,"errmsg":"retry later"}`
	}
	return providers.Reply{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: []byte(body)}
}

// openCloud reads a callback of the cloud dialects (§7.2), whose body nobody has
// documented for refunds: both spellings are accepted. named: it says that it is
// ours and of which order. What does not is never proven, however it came: the
// way it came is the same for every account behind one service or one secret.
func (p *Provider) openCloud(body []byte) (f fields, named bool, err error) {
	f, err = parseCloud(body)
	switch {
	case err != nil:
		return nil, false, err
	case f.has("return_code") && f.word("return_code") != returnSuccess:
		return nil, false, errors.New("return_code is not SUCCESS")
	case f.has("sub_mch_id") && f["sub_mch_id"] != p.settings.SubMchID:
		return nil, false, errors.New("sub_mch_id is not ours")
	}
	return f, f.has("sub_mch_id") && (f.has("out_trade_no") || f.has("transaction_id")), nil
}
