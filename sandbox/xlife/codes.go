package xlife

import "fmt"

// Refusals of the gateway, §7.3. They come before the method is reached.
var (
	httpMethodNotAllowed = answer{code: 9, msg: "Http Action Not Allowed"}
	notEntitled          = answer{code: 11, msg: "Insufficient isv permissions", subCode: "isv.permission-api-package-not-allowed", subMsg: "应用没有权限调用该接口"}
	missingMethod        = answer{code: 21, msg: "Missing method"}
	invalidMethod        = answer{code: 22, msg: "Invalid method"}
	invalidFormat        = answer{code: 23, msg: "Invalid format"}
	missingSignature     = answer{code: 24, msg: "Missing signature"}
	invalidSignature     = answer{code: 25, msg: "Invalid signature"}
	missingSession       = answer{code: 26, msg: "Missing session"}
	expiredSession       = answer{code: 27, msg: "Invalid session", subCode: "session-expired", subMsg: "SessionKey has expired"}
	missingAppKey        = answer{code: 28, msg: "Missing app Key"}
	invalidAppKey        = answer{code: 29, msg: "Invalid app Key"}
	missingTimestamp     = answer{code: 30, msg: "Missing timestamp"}
	invalidTimestamp     = answer{code: 31, msg: "Invalid timestamp"}
	missingVersion       = answer{code: 32, msg: "Missing version"}
	invalidVersion       = answer{code: 33, msg: "Invalid version"}
)

// foreignSession quotes TOP's entity-escaped text (§7, sub_msg).
func foreignSession(appKey string) answer {
	return answer{code: 27, msg: "Invalid session", subCode: "sessionkey-not-generated-by-server",
		subMsg: "RealSession don&apos;t belong app and user ! appKey is : " + appKey + " , user id is : 1"}
}

func missingArgument(name string) answer {
	return answer{code: 40, msg: "Missing required arguments:" + name, subCode: "isv.missing-parameter:" + name, subMsg: "缺少参数 " + name}
}

func invalidArgument(name, why string) answer {
	return answer{code: 41, msg: "Invalid arguments:" + name, subCode: "isv.invalid-parameter:" + name, subMsg: "非法参数，" + why}
}

// business is a refusal by the back end; the gateway puts its own code above it (setting business_code).
func (b *book) business(subCode, subMsg string) answer {
	return answer{code: b.settings.BusinessCode, msg: "Remote service error", subCode: subCode, subMsg: subMsg}
}

// The six business refusals of the refund page, §7.1.
func (b *book) invalidParams(why string) answer {
	return b.business("isv.REFUND_INVALID_PARAMS", "退款操作，传入无效参数"+why)
}
func (b *book) amountInvalid() answer {
	return b.business("isv.REFUND_AMOUNT_INVALID", "退款操作，传入退款金额不等于订单消费总额")
}
func (b *book) notAllowed() answer {
	return b.business("isp.REFUND_NOT_ALLOWED_ERROR", "订单状态不允许退款")
}
func (b *book) createFailed() answer {
	return b.business("isp.REFUND_CREATE_FAILED", "退款交易创建操作失败")
}
func (b *book) existsRefunding() answer {
	return b.business("isp.EXISTS_REFUNDING_ORDER", "存在在途订单")
}
func (b *book) storeNoMatch() answer {
	return b.business("isv.REFUND_FAILED_STORE_NOMATCH", "退款操作失败，退款的门店与订单的门店不一致")
}

// gaveUp is the gateway's answer when the back end takes too long; the back end goes on working (§7.2).
var gaveUp = answer{code: 15, msg: "Remote service error", subCode: "isp.top-remote-connection-timeout", subMsg: "调用远程服务超时"}

// The err_code numbers of a mos result. None is published (§6.3): these are the sandbox's own.
const (
	mosParam     = 1001
	mosNoOrder   = 1002
	mosNoRefund  = 1003
	mosOldCore   = 1004
	mosRefunding = 1005
	mosState     = 1006
	mosAmount    = 1007
	mosStore     = 1008
	mosCreate    = 1009
)

// refused is a refusal inside a mos result; to the gateway it is an answer like any other.
func refused(code int64, msg string) answer {
	return answer{outcome: fmt.Sprintf("result %d %s", code, msg),
		content: object{{"result", object{{"success", false}, {"err_code", code}, {"err_msg", msg}}}}}
}

// accepted is a mos result with its data, an object or a bool.
func accepted(data any) answer {
	return answer{content: object{{"result", object{{"success", true}, {"err_code", int64(0)}, {"err_msg", ""}, {"data", data}}}}}
}
