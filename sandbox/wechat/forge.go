package wechat

import (
	"encoding/json"
	"strings"

	"github.com/refundflow/refundflow/sandbox/control"
)

// The faults "answer" and "no_code" in WeChat's words. A fault's code is the business code (err_code) with msg as its
// text; code "FAIL" is the layer above, return_code FAIL. With errno, a number that WeChat does not have, msg holds both:
// "SYSTEMERROR 系统超时". error_code is the errcode of the outermost layer of the cloud dialects.

func refusalOf(f control.Fault) *refusal {
	if f.Code == "" {
		f.Code, f.Msg, _ = strings.Cut(f.Msg, " ")
	}
	if f.Code == "FAIL" || f.ErrorCode != nil {
		return notUnderstood(f.Msg)
	}
	return refuse(f.Code, f.Msg)
}

func dropsCode(f control.Fault) bool {
	return f.Kind == control.FaultNoCode || f.Kind == control.FaultNoErrno
}

// spoken finds the merchant in whose name a spoilt answer goes out.
func (p *Platform) spoken(number string) *merchant {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.book.merchants[number]; m != nil {
		return m
	}
	return p.book.account(number, "")
}

// forgeV2 signs what it invents, since a client must survive a well-formed answer above all.
func (p *Platform) forgeV2(params map[string]string) func(control.Fault, []byte) []byte {
	return func(f control.Fault, real []byte) []byte {
		number := params["sub_mch_id"]
		if number == "" {
			number = params["mch_id"]
		}
		m := p.spoken(number)
		if dropsCode(f) {
			values, err := parseXML(real, xmlRoot)
			if err != nil || m == nil {
				return fields{{"return_msg", "OK"}}.xml("xml")
			}
			var left fields
			for name, value := range values {
				if name != "result_code" && name != "return_code" && name != "sign" {
					left.add(name, value)
				}
			}
			return seal(left, m, params).xml("xml")
		}
		no := refusalOf(f)
		if m == nil {
			return returnFail(no).xml("xml")
		}
		return dressV2(m, params, nil, no).Body
	}
}

func (p *Platform) forgeRun(params map[string]string) func(control.Fault, []byte) []byte {
	return func(f control.Fault, real []byte) []byte {
		m := p.spoken(params["sub_mch_id"])
		if dropsCode(f) || f.ErrorCode != nil || m == nil {
			return forgeGateway(f, real)
		}
		return runBody(result{m: m, no: refusalOf(f)})
	}
}

func (p *Platform) forgeFunction(params map[string]string) func(control.Fault, []byte) []byte {
	return func(f control.Fault, real []byte) []byte {
		m := p.spoken(params["sub_mch_id"])
		if dropsCode(f) || f.ErrorCode != nil || m == nil {
			return forgeGateway(f, real)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return triggerBody(p.book.cloudPay(doRefund, result{m: m, no: refusalOf(f)}))
	}
}

// forgeGateway speaks for the outermost layer.
func forgeGateway(f control.Fault, real []byte) []byte {
	if dropsCode(f) {
		members := map[string]json.RawMessage{}
		if real == nil || json.Unmarshal(real, &members) != nil {
			members = map[string]json.RawMessage{"errmsg": []byte(`"ok"`)}
		}
		for _, name := range []string{"errcode", "respdata", "resp_data", "access_token"} {
			delete(members, name)
		}
		return mustJSON(members)
	}
	code := int64(-1)
	if f.ErrorCode != nil {
		code = *f.ErrorCode
	}
	return gatewayReply(code, f.Msg).Body
}
