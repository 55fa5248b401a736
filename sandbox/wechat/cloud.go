package wechat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The engine's operations as the cloud dialects name them.
const (
	doRefund      = "refund"
	doQueryRefund = "queryRefund"
	doQueryOrder  = "queryOrder"
)

var integer = regexp.MustCompile(`^-?[0-9]{1,18}$`)

// isNumber are the parameters that are JSON numbers in the cloud dialects; the other ones with a rule are text (§4.1). callback_type
// appears as both. What no table names may be of any type: it is not looked at, as in v2.
var isNumber = map[string]bool{"total_fee": true, "refund_fee": true, "offset": true}

var isText = func() map[string]bool {
	text := map[string]bool{"sub_mch_id": true, "sub_appid": true, "function_name": true, "env_id": true}
	for _, r := range slices.Concat(applyRules, refundQueryRules, orderQueryRules, cloudRules) {
		text[r.name] = !isNumber[r.name]
	}
	return text
}()

// jsonParams turns the members of a JSON object into the engine's parameters; spell rewrites their names. A value of
// the wrong type is named by the error; without any object the parameters are nil.
func jsonParams(body []byte, spell func(string) string) (map[string]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("the body is no JSON object: %w", err)
	}
	if members == nil {
		return nil, errors.New("the body is null instead of a JSON object")
	}
	params := map[string]string{}
	var wrong error
	for name, raw := range members {
		name = spell(name)
		var text string
		switch {
		case string(raw) == "null":
			params[name] = "" // not sent
		case name == "container":
			var c struct{ Service, Path string }
			if err := json.Unmarshal(raw, &c); err != nil {
				wrong = errors.New(name)
			}
			params["container_service"], params["container_path"] = c.Service, c.Path
		case isNumber[name] && integer.Match(bytes.TrimSpace(raw)):
			params[name] = string(bytes.TrimSpace(raw))
		case isNumber[name]:
			wrong = errors.New(name)
		case json.Unmarshal(raw, &text) == nil:
			params[name] = text
		case name == "callback_type":
			params[name] = string(raw)
		case isText[name]:
			wrong = errors.New(name)
		default:
			params[name] = ""
		}
	}
	return params, wrong
}

// outcome of one call through the CloudPay gateway.
type result struct {
	m  *merchant
	f  fields
	no *refusal
}

// gateway is CloudPay: the platform vouches for the caller, so nothing is signed; the sub-merchant's number says for whom.
func (b *book) gateway(what string, params map[string]string, wrong error, from door, now time.Time) result {
	m := b.merchants[params["sub_mch_id"]]
	switch {
	case params["sub_mch_id"] == "":
		return result{no: notUnderstood("参数错误: sub_mch_id")} // required (§4.1); how its absence is answered is inferred
	case m == nil || m.Mode != control.WeChatCloud:
		return result{no: noRelation}
	case m.Unauthorized:
		return result{no: noProduct}
	}
	res := result{m: m}
	check := func() *refusal {
		if wrong != nil {
			return badParam(wrong.Error())
		}
		return checkParams(params, cloudRules...)
	}
	if what == doRefund {
		var r *refund
		if r, res.no = b.limited(m, now, func() (*refund, *refusal) {
			if no := check(); no != nil {
				return nil, no
			}
			if params["callback_type"] == "2" && params["container_path"] == "" {
				return nil, badParam("container") // nowhere to call; inferred
			}
			return b.apply(m, params, from, now)
		}); res.no == nil {
			res.f = r.acceptedCloud()
		}
		return res
	}
	if res.no = check(); res.no != nil {
		return res
	}
	if what == doQueryOrder {
		var o *order
		if o, res.no = b.queryOrder(m, params); res.no == nil {
			res.f = o.payment()
		}
		return res
	}
	var found finding
	if found, res.no = b.queryRefund(m, params, now); res.no == nil {
		res.f = b.cloudFinding(found)
	}
	return res
}

// cloudFinding shows a refund query's answer the way the setting wants it.
func (b *book) cloudFinding(found finding) fields {
	f := append(found.o.head(), field{"refund_count", int64(len(found.page))})
	if found.total > 0 {
		f.add("total_refund_count", found.total)
	}
	if b.settings.CloudQuery == control.CloudIndexed {
		return append(f, indexed(found.page)...)
	}
	return append(f, lists(found.page, b.settings.CloudQuery == control.CloudEmpty)...)
}

// fields are all layers of the result. The sign in them is opaque: its key is WeChat's (§18).
func (res result) fields() fields {
	if res.no != nil && res.no.code == "" {
		return returnFail(res.no)
	}
	f := append(layers(res.m, res.no), res.f...)
	f.add("sign", random())
	return f
}
