package main

// A message moves a refund only after its signature is checked and its figures agree; what cannot be proven
// is a hint to ask.
var breakOnlyProvider = []mutant{
	{
		name:  "Baidu's messages are not verified",
		costs: "anybody who knows the address ends refunds as he likes",
		edits: []edit{{"providers/baidu/notification.go", "	if err := p.verifyCallback(form); err != nil {\n", "	if err := p.verifyCallback(form); err != nil && p.key == nil {\n"}},
		flows: "baidu/cashier |", only: "forged at message",
	},
	{
		name:  "Shengpay's messages are not verified",
		costs: "anybody who knows the address ends refunds as he likes",
		edits: []edit{{"providers/shengpay/notification.go", "		err = verify(p.platform, members)\n", "		_ = verify(p.platform, members)\n"}},
		flows: "shengpay/text |", only: "forged at message",
	},
	{
		name:  "the cloud function's messages are not verified",
		costs: "anybody who knows the address ends refunds as he likes",
		edits: []edit{{"providers/wechat/cloudfunction.go", "	if c.callbackSecret != \"\" {\n		if err := c.verify(callback); err != nil {\n			return nil, false, err\n		}\n	}\n", ""}},
		flows: "wechat/cloudfunction", only: "forged at message",
	},
	{
		name:  "a hint is proof",
		costs: "a message that anybody may have written ends a refund",
		edits: []edit{{"providers/wechat/cloudrun.go", "named && c.p.settings.TrustCallback && callback.Header.Get(\"X-Wx-Source\") != \"\"", "named"}},
		flows: "wechat/cloudrun |", only: "forged at message",
	},
	{
		name:  "the receiver takes hints at their word",
		costs: "a message that anybody may have written ends a refund",
		edits: []edit{{"callback/notification.go", "	if !n.Proven {\n		return h.hinted(ctx, m, n)\n	}\n", ""}},
		flows: "wechat/cloudrun |", only: "forged at message",
	},
	{
		name:  "WeChat's answers are not verified",
		costs: "whoever stands in the way decides which refunds are paid",
		edits: []edit{{"providers/wechat/v2.go", "	if err := v.signer.verify(f); err != nil {\n", "	if err := v.signer.verify(f); err != nil && o == opToken {\n"}},
		flows: "wechat/v2 |", only: "at exchange ref",
	},
	{
		name:  "Shengpay's answers are not verified",
		costs: "whoever stands in the way decides which refunds are paid",
		edits: []edit{{"providers/shengpay/reply.go", "	unsigned := verify(p.platform, members)\n", "	unsigned := verify(p.platform, members)\n	unsigned = nil\n"}},
		flows: "shengpay/text |", only: "answer tampered with",
	},
	{
		name:  "the audit is answered without the books",
		costs: "the platform pays what nobody here has asked for",
		edits: []edit{{"callback/audit.go", "	answer, err := h.decide(ctx, ledger.AuditQuestion{", "	answer, err := yes(ctx, ledger.AuditQuestion{"},
			{"callback/audit.go", "// decide asks the books, and asks again", `func yes(_ context.Context, q ledger.AuditQuestion) (ledger.AuditAnswer, error) {
	return ledger.AuditAnswer{Verdict: providers.AuditVerdict{Decision: providers.AuditApprove, Amount: q.Amount}}, nil
}

// decide asks the books, and asks again`}},
		flows: "baidu/cashier |", only: "at message audit",
	},
	{
		name:  "the audit is approved with the order's total",
		costs: "a part is asked for, and the platform pays the whole order",
		edits: []edit{{"ledger/sqlstore/judge.go", "providers.AuditVerdict{Decision: providers.AuditUndecided, Amount: r.Amount}", "providers.AuditVerdict{Decision: providers.AuditUndecided, Amount: r.Request.Order.Total}"}},
		flows: "baidu/cashier | part, with messages",
	},
}
