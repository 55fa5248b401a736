package main

// Keys, tokens and secrets never enter an error, a log, the journal or the history.
var breakSecrets = []mutant{
	{
		name:  "the address of a failed call in its error",
		costs: "the client secret, which Baidu wants in the address, is in every log and history of a bad night",
		edits: []edit{{"providers/baidu/token.go", "		return \"\", 0, transportFailure(opToken, err)\n",
			"		return \"\", 0, fail(opToken, refund.Failure{Class: refund.ClassTransient, Code: \"transport\", Hint: \"GET \" + p.settings.OpenAPIURL + \"?client_secret=\" + p.clientSecret})\n"}},
		flows: "baidu/cashier |", only: "at exchange token",
	},
	{
		name:  "the signed text in the error",
		costs: "the API key, with which anybody can pay out, is in the history of each answer that was not signed",
		edits: []edit{{"providers/wechat/v2.go", "	if err := v.signer.verify(f); err != nil {\n		return nil, unreadableFailure(o, err)\n",
			"	if err := v.signer.verify(f); err != nil {\n		return nil, fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: \"signature\", Hint: \"signed was \" + canonical.Text(f) + \"&key=\" + v.signer.key})\n"},
			{"providers/wechat/v2.go", "	\"github.com/refundflow/refundflow/providers/wire\"\n", "	\"github.com/refundflow/refundflow/providers/wire\"\n	\"github.com/refundflow/refundflow/refund\"\n"}},
		flows: "wechat/v2 |", only: "forged",
	},
	{
		name:  "the session in the merchant's name",
		costs: "the key to a seller's shop is in the books, the history and every list",
		edits: []edit{{"providers/xlife/provider.go", "Merchant: \"xlife/\" + p.settings.AppKey,", "Merchant: \"xlife/\" + p.settings.AppKey + \"/\" + p.session,"}},
		flows: "xlife/alone |",
	},
	{
		name:  "the request in the log",
		costs: "who reads the worker's log can sign requests of the merchant",
		edits: []edit{{"activities/errors.go", "\"code\", failure.Code, \"repeats\", again)", "\"code\", failure.Code, \"repeats\", again, \"failure\", failure)"},
			{"providers/xlife/classify.go", "		return nil, transportFailure(o, err)\n", "		return nil, fail(o, refund.Failure{Class: refund.ClassAmbiguous, Code: \"transport\", Message: p.form(o, own, at).Encode()})\n"}},
		flows: "xlife/alone |", only: "connection lost",
	},
	{
		name:  "the callback's secret in the receiver's log",
		costs: "who reads the log can forge the platform's messages",
		edits: []edit{{"providers/wechat/notify.go", "Hint: \"the message is not believed; WeChat sends it again\"", "Hint: fmt.Sprintf(\"the message is not believed by %+v\", p.dialect)"},
			{"providers/wechat/notify.go", "	\"errors\"\n", "	\"errors\"\n	\"fmt\"\n"}},
		flows: "wechat/cloudfunction", only: "forged",
	},
}
