package wechat

// refusal is a no. Without a code the message as a whole was not understood: return_code FAIL, and nothing below it
// (§4.2). With a code it was understood and not accepted: result_code FAIL.
type refusal struct {
	code, text string
	// patient refusals say nothing against the request itself; they do not count as invalid requests (§13).
	patient bool
}

func notUnderstood(text string) *refusal { return &refusal{text: text} }
func refuse(code, text string) *refusal  { return &refusal{code: code, text: text} }

func badParam(name string) *refusal {
	return refuse("PARAM_ERROR", "参数错误: "+name) // the notes give the code; how the text goes on is ours
}

// outcome is the refusal in the call log.
func (r *refusal) outcome() string {
	switch {
	case r == nil:
		return "SUCCESS"
	case r.code == "":
		return "return FAIL " + r.text
	}
	return "FAIL " + r.code + " " + r.text
}

// Messages that were not understood (§11.1). That the transport mistakes and unknown merchant numbers come without a
// signature is inferred: there is no key to sign with before the sender is known.
var (
	needsPost    = notUnderstood("请使用post方法") // REQUIRE_POST_METHOD
	badXML       = notUnderstood("XML格式错误")   // XML_FORMAT_ERROR
	noMerchant   = notUnderstood("MCHID不存在")  // MCHID_NOT_EXIST
	badSignature = notUnderstood("签名错误")      // SIGNERROR
	noRelation   = notUnderstood("受理关系不存在")
	noProduct    = notUnderstood("特约子商户商户号未授权服务商的产品权限")
	subForbidden = notUnderstood("普通商户不允许传sub_mch_id")
	wrongSubApp  = notUnderstood("sub_mch_id与sub_appid不匹配") // not in the notes
)

// Refusals of the engine; codes and texts of §11.1 and §11.3.
var (
	noApp          = refuse("APPID_NOT_EXIST", "APPID不存在")
	badTransaction = refuse("INVALID_TRANSACTIONID", "无效transaction_id")
	noOrder        = refuse("ORDERNOTEXIST", "订单不存在")
	otherOrder     = refuse("INVALID_REQUEST", "您的请求参数与订单信息不一致")
	mismatch       = refuse("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
	overdue        = refuse("TRADE_OVERDUE", "订单已经超过退款期限")
	fullyRefunded  = refuse("ERROR", "订单已全额退款")
	overTotal      = refuse("ERROR", "累计退款金额大于支付金额")
	tooManyParts   = refuse("ERROR", "部分退款次数超过限制") // the limit is in the notes, code and text are ours
	noRefund       = refuse("REFUNDNOTEXIST", "not exist")
	tooMuchInvalid = &refusal{code: "INVALID_REQ_TOO_MUCH", text: "无效请求过多", patient: true}
	notEnough      = &refusal{code: "NOTENOUGH", text: "基本账户余额不足，请充值后重新发起", patient: true}
	tooFast        = &refusal{code: "FREQUENCY_LIMITED", text: "频率限制，请降低申请频率再重试", patient: true}
	tooSoon        = &refusal{code: "FREQUENCY_LIMITED", text: "频率限制，同一笔订单多次退款请间隔1分钟再重试", patient: true}
)
