package shengpay

import (
	"errors"
	"net/http"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

// maxNotification is far above any message seen; what is larger is something else.
const maxNotification = 64 << 10

// Notification reads the platform's word about a refund (§4.2). The fields of
// this message are inferred, so that its signature is checked over whatever
// arrives and few of them are read. Without a signature that holds there is no
// notification; one that does not name our merchant or application is a hint, and
// one without amount or order is no result: see named.
func (p *Provider) Notification(c providers.Callback) (providers.Notification, error) {
	if len(c.Body) > maxNotification {
		return providers.Notification{}, unreadableFailure(opNotification, errors.New("the message is larger than 64 KiB"))
	}
	members, err := parseMessage(c.Body)
	if err == nil {
		err = verify(p.platform, members)
	}
	if err != nil {
		return providers.Notification{}, unreadableFailure(opNotification, err)
	}
	f, err := readFacts(members)
	if err != nil {
		return providers.Notification{}, unreadableFailure(opNotification, err)
	}
	switch {
	case p.stranger(f):
		return providers.Notification{}, fail(opNotification, refund.Failure{Class: refund.ClassAmbiguous, Code: "other merchant",
			Hint: "compare app_id, mch_id and notify_url of the accounts: this message is for another merchant"})
	case !numberFormat.Accepts(f.number): // a payment notification has none
		return providers.Notification{}, unreadableFailure(opNotification, errors.New("refundOrderNo is missing or no refund number"))
	}
	n := providers.Notification{
		Proven:           f.named(),
		Number:           f.number,
		PlatformRefundID: f.ids["refundId"],
		Order:            refund.Order{MerchantID: f.ids["outTradeNo"], PlatformID: f.ids["transactionId"], Total: f.fees["totalFee"]},
		State:            p.result(status(f.ids["refundStatus"])),
		Amount:           f.fees["refundFee"],
	}
	whole := n.Amount > 0 && (n.Order.MerchantID != "" || n.Order.PlatformID != "")
	if !n.Proven || final(n.State) && !whole || !successful(members) || f.excess() != "" {
		n.State = providers.ResultUnknown
	}
	return n, nil
}

// successful: neither layer of the envelope, as far as it is there, says anything
// but SUCCESS.
func successful(members wire.Object) bool {
	for _, name := range []string{"returnCode", "resultCode"} {
		if v, err := readVerdict(members, name); given(members, name) && (err != nil || v != verdictSuccess) {
			return false
		}
	}
	return true
}

// NotificationReply is the bare word that ends the repeats, or another that makes
// Shengpay send the same again, up to 10 times (§4.2).
func (p *Provider) NotificationReply(taken bool) providers.Reply {
	word := "FAIL"
	if taken {
		word = "SUCCESS"
	}
	return providers.Reply{Status: http.StatusOK, ContentType: "text/plain", Body: []byte(word)}
}
