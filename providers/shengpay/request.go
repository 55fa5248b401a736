package shengpay

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const (
	jsonType = "application/json; charset=utf-8"
	// maxDescription is in bytes: String(128) may mean either, and a shortened
	// reason harms less than a refused refund (inferred, §3.1).
	maxDescription = 128
)

// amountFields are written as amounts asks for; all else is text.
var amountFields = map[string]bool{"refundFee": true, "totalFee": true}

// refundParams is the business content of a refund (§3.1): the same for every
// repeat. The order is named by outTradeNo alone, of the two numbers the page
// wants one, and which of two that disagree would count is not documented.
func (p *Provider) refundParams(in providers.Instruction) map[string]string {
	r := in.Request
	account := string(p.settings.RefundAccount)
	if own := r.Extra[extraRefundAccount]; own != "" {
		account = own
	}
	return map[string]string{
		"appId":         p.settings.AppID,
		"mchId":         p.settings.MchID,
		"outTradeNo":    r.Order.MerchantID,
		"outRefundNo":   in.Number,
		"totalFee":      strconv.FormatInt(int64(r.Order.Total), 10),
		"refundFee":     strconv.FormatInt(int64(r.Amount), 10),
		"refundDesc":    description(r.Reason),
		"refundAccount": account,
		"notifyUrl":     p.settings.NotifyURL,
		"applyMchId":    p.settings.ApplyMchID,
		"applyType":     string(p.settings.ApplyType),
	}
}

// description is the reason on one line and within its limit. It depends on the
// request alone, so that a repeat carries the same.
func description(reason string) string {
	s := refund.CleanText(reason)
	for len(s) > maxDescription {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimRight(s, " ") // a blank that a reader trims would spoil the signature
}

// call makes a signed request. The nonce is new on every attempt, as all clients
// do it; whether an old one is refused is not documented (§5.3). What is empty is
// not sent, so that nothing is sent that is not signed.
func (p *Provider) call(path string, params map[string]string) (wire.Call, error) {
	params[fieldNonce], params[fieldSignType] = p.nonce(), signTypeRSA
	signature, err := sign(p.key, params)
	if err != nil {
		return wire.Call{}, err
	}
	params[fieldSign] = signature
	body, err := encode(params, p.settings.Amounts)
	if err != nil {
		return wire.Call{}, err
	}
	return wire.Call{Method: http.MethodPost, URL: strings.TrimRight(p.settings.URL, "/") + path, ContentType: jsonType, Body: body}, nil
}

// encode writes the values that were signed, without the \u003c of encoding/json:
// what is sent, signed and looked for in a trace stays one text (§5.3).
func encode(params map[string]string, amounts Amounts) (string, error) {
	members := map[string]any{}
	for name, value := range params {
		switch {
		case value == "":
		case amountFields[name] && amounts == AmountsNumber:
			members[name] = json.Number(value)
		default:
			members[name] = value
		}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(members); err != nil {
		return "", err
	}
	return strings.TrimSuffix(body.String(), "\n"), nil
}
