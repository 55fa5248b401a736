package shengpay

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// answer is what the platform decided: a refusal if code is set, else the fields of success. A string is written as text, an
// int64 as the setting amounts_as says; counts are written as amounts are.
type answer struct {
	returnFail string // returnMsg of a returnCode FAIL
	code, text string // errorCode and errorCodeDes
	fields     map[string]any
}

func refuse(code, text string) answer { return answer{code: code, text: text} }

// Refusals of the seed's table, §7.1. ORDER_PAID is not made: it is senseless for a refund.
var (
	noAuth        = refuse("NO_AUTH", "商户无此接口权限")
	orderClosed   = refuse("ORDER_CLOSED", "订单已关闭")
	appIDUnknown  = refuse("APP_ID_NOT_EXIST", "appId不存在")
	mchIDUnknown  = refuse("MCH_ID_NOT_EXIST", "mchId不存在")
	notAPair      = refuse("APP_ID_AND_MCH_ID_NOT_MATCH", "appId和mchId不匹配")
	signError     = refuse("SIGN_ERROR", "签名错误")
	signErrorFail = answer{returnFail: "签名错误"}
)

func lacks(name string) answer { return refuse("LACK_PARAMS", "缺少参数："+name) }
func wrong(name string) answer { return refuse("PARAMS_ERROR", "参数问题："+name) }

// numberUsed borrows the table's word for a repeated order number: what a repeated refund number with other content gets is
// documented nowhere (§6).
var numberUsed = refuse("OUT_TRADE_NO_USED", "商户退款订单号重复")

// Refusals for which the table has no code (§7.1): codes and texts are the sandbox's own, in the words the notes expect.
var (
	orderUnknown = refuse("ORDER_NOT_EXIST", "订单不存在")
	orderUnpaid  = refuse("ORDER_NOT_PAID", "订单未支付")
	tooMuch      = refuse("REFUND_FEE_EXCEED", "退款金额超过可退金额")
	shortBalance = refuse("BALANCE_NOT_ENOUGH", "余额不足")
)

// reply writes an answer on the wire.
func (b *book) reply(a answer) stage.Reply {
	outcome := "SUCCESS"
	switch {
	case a.returnFail != "":
		outcome = "FAIL " + a.returnFail
	case a.code != "":
		outcome = a.code + " " + a.text
	}
	return stage.Reply{Status: http.StatusOK, Body: b.body(a), Outcome: outcome}
}

func (b *book) body(a answer) []byte {
	fields := map[string]any{"returnCode": "SUCCESS", "returnMsg": "OK", "resultCode": "SUCCESS"}
	for name, v := range a.fields {
		fields[name] = v
	}
	failed := true
	switch {
	case a.returnFail != "":
		fields = map[string]any{"returnCode": "FAIL", "returnMsg": a.returnFail, "resultCode": "FAIL"}
	case a.code != "":
		fields["resultCode"], fields["errorCode"], fields["errorCodeDes"] = "FAIL", a.code, a.text
	default:
		failed = false
	}
	return b.seal(fields, b.settings.SignAnswers == signAll || b.settings.SignAnswers == signSuccesses && !failed)
}

// seal adds nonce and signature to a message of the platform. Before there is a merchant there is no key to sign with, and
// nobody who could check.
func (b *book) seal(fields map[string]any, withSign bool) []byte {
	fields["nonceStr"], fields["signType"] = rand.Text(), "RSA"
	signing := map[string]string{}
	for name, v := range fields {
		switch v := v.(type) {
		case string:
			signing[name] = v
		case int64:
			signing[name] = strconv.FormatInt(v, 10)
			if b.settings.AmountsAs == asText {
				fields[name] = signing[name]
			}
		}
	}
	if withSign && b.key != nil {
		signature, err := sign(b.key, signing)
		if err != nil { // a key of 1024 bits made here signs everything
			return nil
		}
		fields["sign"] = signature
	}
	return orders.JSON(fields)
}

// forge writes the bodies of the fault kinds that need the platform's words. code is an errorCode with msg as its text; code
// FAIL, or error_code, is the level above: a returnCode FAIL with msg. With errno, a number Shengpay does not have, msg holds
// code and text: "SYSTEM_ERROR 系统错误". Without its result code, an answer looks like the published samples that lack
// returnCode and sign (§3.2).
func (p *Platform) forge(f control.Fault, real []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Kind == control.FaultAnswer {
		if f.Code == "" && f.ErrorCode == nil {
			f.Code, f.Msg, _ = strings.Cut(f.Msg, " ")
		}
		if f.Code == "" || f.Code == "FAIL" {
			return p.book.body(answer{returnFail: cmp.Or(f.Msg, "系统错误")})
		}
		return p.book.body(refuse(f.Code, f.Msg))
	}
	fields := map[string]json.RawMessage{}
	if real == nil {
		real = p.book.body(answer{})
	}
	if err := json.Unmarshal(real, &fields); err != nil {
		return []byte(`{}`)
	}
	for _, name := range []string{"returnCode", "returnMsg", "resultCode", "sign"} {
		delete(fields, name)
	}
	return orders.JSON(fields)
}
