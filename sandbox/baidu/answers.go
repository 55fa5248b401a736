package baidu

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/stage"
)

// Operation names, Baidu's own.
const (
	opApply  = "applyOrderRefund"
	opCancel = "syncOrderStatus"
	opDetail = "queryorderdetail"
	opFind   = "findOrderRefund"
	opOrder  = "findByTpOrderId"
	opToken  = "token"
	opLegacy = "rest" // a legacy call whose method names no operation
)

// answer is what the platform decided. A gateway answer has error_code and error_msg and no errno (§8.3).
type answer struct {
	code    int64
	msg     string
	data    any
	gateway bool
}

// data is an empty array wherever there is nothing to say, also where an object is declared (§3.1, trap 7).
func nothing() any { return []any{} }

func accept(data any) answer               { return answer{code: 0, msg: "success", data: data} }
func refuse(code int64, msg string) answer { return answer{code: code, msg: msg, data: nothing()} }
func barrier(code int64, msg string) answer {
	return answer{code: code, msg: msg, gateway: true}
}

// Cashier refusals, §8.1. The Chinese texts are part of the protocol: clients tell the three kinds of 10002 apart by them.
var (
	badSignature   = refuse(10000, "签名校验失败")
	orderNotFound  = refuse(10002, "系统错误，订单未找到")
	appKeyNotFound = refuse(10002, "系统错误，appKey 未找到")
	stillVerified  = refuse(10002, "系统错误，已消费订单不允许退款")
	internalError  = refuse(10003, "系统内部错误，请稍候重试")
	crossSite      = refuse(4010006, "检测到跨站脚本攻击")
	noMethod       = refuse(4010004, "缺少系统参数 method")
	noPermission   = refuse(970, "没有接口访问权限")
	overTotal      = refuse(10001, "参数错误，退款金额超过可退金额")
	promoInFull    = refuse(10001, "参数错误，优惠订单仅支持全额退款")
)

// Refusals for which the notes know the rule but no number; the choice is the sandbox's own.
var (
	capReached       = refuse(10005, "当日退款金额已达上限") // §11: "error number when hit: undocumented"
	partialNeedsPaid = refuse(10002, "系统错误，部分退款的订单必须是核销状态")
	notPaid          = refuse(10002, "系统错误，订单未支付")
	notVerified      = refuse(10002, "系统错误，订单未核销")
	orderBarred      = refuse(10002, "系统错误，商户已拒绝该订单退款") // §6.1: rejecting bars the order; no number is given
	alreadyExists    = refuse(40000, "记录已存在")           // an openapi code, borrowed for the cashier too
	noData           = refuse(60021, "未获取到有效数据")
	noService        = refuse(60008, "支付服务不存在")
	notYours         = refuse(6001, "没有权限")
)

// Gateway refusals, §8.3.
var (
	tokenMissing = barrier(100, "Invalid parameter")
	tokenInvalid = barrier(110, "Access token invalid or no longer valid")
	tokenExpired = barrier(111, "Access token expired")
)

// cashierParam words a broken field the way the cashier does.
func cashierParam(e *fieldError) answer {
	if e.missing {
		return refuse(10001, "参数错误，"+e.name+" 不能为空")
	}
	return refuse(10001, "参数错误，"+e.name+" 取值不合法")
}

// openapiParam words a broken field with the openapi codes.
func openapiParam(e *fieldError) answer {
	if e.missing {
		return refuse(40001, "param error: "+e.name+" is empty")
	}
	return refuse(41000, "param type error: "+e.name)
}

// render writes an answer as the operation's wire form.
func (p *Platform) render(op string, a answer) stage.Reply {
	var body map[string]any
	switch {
	case a.gateway:
		body = map[string]any{"error_code": a.code, "error_msg": a.msg}
	case op == opDetail: // §4.3
		if a.code == 0 {
			a.msg = "成功"
		}
		body = map[string]any{"errno": a.code, "errmsg": a.msg, "msg": a.msg, "data": a.data,
			"timestamp": p.stage.Clock.Now().Unix(), "cached": 0, "serverlogid": strconv.FormatInt(p.logID.Add(1), 10)}
	default:
		body = map[string]any{"errno": a.code, "msg": a.msg, "data": a.data}
	}
	return stage.Reply{Status: http.StatusOK, Body: mustJSON(body), Outcome: strconv.FormatInt(a.code, 10) + " " + a.msg}
}

// forge writes the bodies of the fault kinds "answer", "no_errno" and "no_code".
func (p *Platform) forge(op string) stage.Forge {
	return func(f control.Fault, real []byte) []byte {
		if f.Kind == control.FaultNoErrno || f.Kind == control.FaultNoCode {
			return withoutCode(real)
		}
		if f.ErrorCode != nil {
			return p.render(op, barrier(*f.ErrorCode, f.Msg)).Body
		}
		a := refuse(errnoOf(f), f.Msg)
		if f.Data != nil {
			a.data = f.Data
		}
		return p.render(op, a).Body
	}
}

// errnoOf is the errno of a planned answer. Baidu's codes are numbers: a code given as text is read as one, and any other text,
// meant for a platform whose codes are words, becomes the internal error.
func errnoOf(f control.Fault) int64 {
	if f.Errno != nil {
		return *f.Errno
	}
	if n, err := strconv.ParseInt(f.Code, 10, 64); err == nil {
		return n
	}
	return internalError.code
}

// withoutCode drops what tells success from failure: errno, and for a token answer the token.
func withoutCode(real []byte) []byte {
	fields := map[string]json.RawMessage{"msg": []byte(`"success"`), "data": []byte(`[]`)}
	if real != nil {
		fields = map[string]json.RawMessage{}
		if err := json.Unmarshal(real, &fields); err != nil {
			return []byte(`{}`)
		}
	}
	delete(fields, "errno")
	delete(fields, "access_token")
	return mustJSON(fields)
}

// mustJSON encodes maps of plain values, which cannot fail; a fault's raw data was checked when the fault was read.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`{}`)
	}
	return b
}
