package xlife

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// answer is what the platform decided: a refusal if code is set, else the content of the method's response.
type answer struct {
	code            int
	msg             string
	subCode, subMsg string
	content         object
	outcome         string // for the log of a mos answer, whose refusals look like successes to the gateway; else empty
}

// object is a structure in TOP's order of members; a value is a string, an int64, a bool, an object or a list.
type object []member

type member struct {
	name  string
	value any
}

// list is repeated under the name of its item type, in XML and in normal JSON alike; simplify drops that name (§2.3).
type list struct {
	item string
	of   []object
}

// form is how the caller wants the answer written.
type form struct {
	json     bool
	simplify bool
}

// formOf reads format and simplify; XML is TOP's default, and simplify exists for JSON only (§1).
func formOf(params map[string]string) form {
	isJSON := params["format"] == "json"
	return form{json: isJSON, simplify: isJSON && params["simplify"] == "true"}
}

// requestID is TOP's number of a call, for the support desk; nothing rests on it.
func requestID() string { return "zt0" + strings.ToLower(rand.Text()[:12]) }

// reply writes an answer on the wire. The HTTP status is 200 also for refusals (§1, inferred).
func (f form) reply(op string, a answer) stage.Reply {
	outcome := a.outcome
	if outcome == "" {
		outcome = "0 success"
		if a.code != 0 {
			outcome = strings.Join(strings.Fields(strconv.Itoa(a.code)+" "+a.subCode+" "+a.msg), " ")
		}
	}
	return stage.Reply{Status: http.StatusOK, Body: f.body(op, a), ContentType: f.contentType(), Outcome: outcome}
}

func (f form) contentType() string {
	if f.json {
		return "application/json;charset=UTF-8"
	}
	return "text/xml;charset=UTF-8"
}

func (f form) body(op string, a answer) []byte {
	root, content := strings.ReplaceAll(op, ".", "_")+"_response", a.content
	if a.code != 0 {
		root, content = "error_response", object{{"code", int64(a.code)}, {"msg", a.msg}}
		if a.subCode != "" {
			content = append(content, member{"sub_code", a.subCode}, member{"sub_msg", a.subMsg})
		}
	}
	content = append(content[:len(content):len(content)], member{"request_id", requestID()})
	var out bytes.Buffer
	switch {
	case !f.json:
		out.WriteString(`<?xml version="1.0" encoding="utf-8" ?>`)
		writeXML(&out, root, content)
	case f.simplify && a.code == 0:
		writeJSON(&out, content, true)
	default: // a refusal keeps its envelope; a client of the reduced form tells it by that [inferred from public clients]
		writeJSON(&out, object{{root, content}}, f.simplify)
	}
	return out.Bytes()
}

func writeJSON(out *bytes.Buffer, value any, simplify bool) {
	switch v := value.(type) {
	case object:
		out.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			out.Write(orders.JSON(m.name))
			out.WriteByte(':')
			writeJSON(out, m.value, simplify)
		}
		out.WriteByte('}')
	case list:
		if !simplify {
			out.WriteByte('{')
			out.Write(orders.JSON(v.item))
			out.WriteByte(':')
		}
		out.WriteByte('[')
		for i, o := range v.of {
			if i > 0 {
				out.WriteByte(',')
			}
			writeJSON(out, o, simplify)
		}
		out.WriteByte(']')
		if !simplify {
			out.WriteByte('}')
		}
	default:
		out.Write(orders.JSON(v))
	}
}

func writeXML(out *bytes.Buffer, name string, value any) {
	open := name
	if _, isList := value.(list); isList {
		open += ` list="true"`
	}
	out.WriteString("<" + open + ">")
	switch v := value.(type) {
	case object:
		for _, m := range v {
			writeXML(out, m.name, m.value)
		}
	case list:
		for _, o := range v.of {
			writeXML(out, v.item, o)
		}
	case string:
		_ = xml.EscapeText(out, []byte(v)) // a bytes.Buffer takes everything
	case int64:
		out.WriteString(strconv.FormatInt(v, 10))
	case bool:
		out.WriteString(strconv.FormatBool(v))
	}
	out.WriteString("</" + name + ">")
}

// forge writes the bodies of the fault kinds that need the platform's words. code is a sub code, msg its text, under the code
// it belongs to; with error_code, a code of choice, msg may hold both: "isp.remote-service-timeout 调用远程服务超时". errno is
// the err_code of a mos result, where the method has that layer, and else like error_code. Without its result code, an
// answer has nothing but its request_id.
func forge(op string, f form) stage.Forge {
	return func(fault control.Fault, _ []byte) []byte {
		code := fault.ErrorCode
		if code == nil {
			code = fault.Errno
		}
		a := answer{msg: "Remote service error", subCode: fault.Code, subMsg: fault.Msg}
		switch {
		case fault.Code != "":
			a.code = parentOf(fault.Code)
		case fault.Kind != control.FaultAnswer || code == nil || *code == 0:
			a = answer{}
		case fault.ErrorCode == nil && methods[op].result:
			a = refused(*code, fault.Msg)
		default:
			a.code = int(*code)
			a.subCode, a.subMsg, _ = strings.Cut(fault.Msg, " ")
			if !strings.ContainsAny(a.subCode, ".-") { // no sub code: the text of the code itself
				a = answer{code: a.code, msg: fault.Msg}
			}
		}
		return f.body(op, a)
	}
}

// parentOf is the code under which a sub code is seen in the samples (§7.2), or whose meaning it repeats (§7.3).
func parentOf(subCode string) int {
	switch {
	case strings.HasPrefix(subCode, "accesscontrol."):
		return 7
	case strings.HasPrefix(subCode, "session"):
		return 27
	case strings.HasPrefix(subCode, "isv.permission-"):
		return 11
	case strings.HasPrefix(subCode, "isv.missing-parameter"):
		return 40
	case strings.HasPrefix(subCode, "isp.top-") || strings.HasPrefix(subCode, "isp.remote-"):
		return 15
	}
	return 50
}
