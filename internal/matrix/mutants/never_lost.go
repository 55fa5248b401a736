package main

// What was accepted ends, or stands visibly before a person; what heals by itself needs none.
var breakNeverLost = []mutant{
	{
		name:  "the deadline of the doubt is a failure",
		costs: "a refund that was paid is reported as failed, and paid again by other means",
		edits: []edit{{"workflows/pay.go",
			`return &attention{reason: "nobody could find out whether the refund was made: " + f.Error(), failure: f}`,
			`return &ending{status: refund.StatusFailed, reason: "nobody could find out whether the refund was made: " + f.Error(), failure: f}`}},
		flows: "baidu/cashier | part",
		only:  "baidu/cashier | part | connection lost, done at exchange applyOrderRefund 1 + gone for a day at exchange findOrderRefund 1",
		why:   "it takes two mishaps: the answer is lost, and nobody can be asked for a day",
	},
	{
		name:  "the end of asking is a failure",
		costs: "a refund whose result nobody told for a month is reported as failed",
		edits: []edit{{"workflows/pay.go",
			`return &attention{failure: f, reason: "no answer for too long: " + f.Error()}`,
			`return &ending{status: refund.StatusFailed, failure: f, reason: "no answer for too long: " + f.Error()}`}},
		flows: "wechat/cloudrun |",
	},
	{
		name:  "a refund stands, and nobody sees it",
		costs: "no list shows the refund that waits for a person, for ever",
		edits: []edit{
			{"workflows/finish.go", "	s.stands(ctx, a)\n", ""},
			{"workflows/inbox.go", "	case s.Status != refund.StatusNeedsAttention && s.attended == nil:\n", "	case s.Status.Final():\n"},
		},
		flows: "baidu/cashier alone |",
	},
	{
		name:  "a person's word is turned around",
		costs: "who resolves a refund as failed has it booked as paid",
		edits: []edit{{"workflows/finish.go",
			"		return s.byHand(refund.StatusFailed, r)\n", "		return s.byHand(refund.StatusSucceeded, r)\n"}},
		flows: "baidu/cashier |", only: "gone for a day at exchange applyOrderRefund",
	},
	{
		name:  "a worker's death ends the step",
		costs: "each deploy puts the refunds that are under way before a person",
		edits: []edit{{"workflows/policies.go",
			"			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Minute,\n			MaximumAttempts: tries,\n",
			"			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Minute,\n			MaximumAttempts: 1,\n"}},
		flows: "shengpay/text |", only: "worker dies",
	},
	{
		name:  "a blink of the database ends the step",
		costs: "each fail-over of the database puts refunds before a person",
		edits: []edit{{"workflows/policies.go",
			"MaximumInterval: 30 * time.Second,\n			MaximumAttempts: tries,\n", "MaximumInterval: 30 * time.Second,\n			MaximumAttempts: 1,\n"}},
		flows: "shengpay/text |", only: "database away",
	},
	{
		name:  "a success goes unnoticed",
		costs: "a refund that is paid is asked about until a person must look",
		edits: []edit{{"providers/baidu/status.go",
			"	case batchSucceeded:\n		return providers.ResultSucceeded\n", "	case batchSucceeded:\n		return providers.ResultProcessing\n"}},
		flows: "baidu/cashier |",
	},
	{
		name:  "turned away is refused for good",
		costs: "a refund fails for good because the platform was busy",
		edits: []edit{{"providers/failure/failure.go", "		f.Class, f.Hint = refund.ClassThrottled, h.Slow", "		f.Class, f.Hint = refund.ClassRejected, h.Slow"}},
		flows: "shengpay/text |", only: "throttled",
	},
	{
		name:  "too little money is refused for good",
		costs: "a refund fails for good because the balance was topped up an hour too late",
		edits: []edit{{"workflows/pay.go", "		return s.awaitFunds(ctx, f)\n", "		return s.refuse(f, \"refused for good: \"+f.Error())\n"}},
		flows: "wechat/v2 |", only: "NOTENOUGH",
	},
	{
		name:  "a refused question is the end",
		costs: "the platform refuses to answer about a refund that it pays, and it is reported as failed",
		edits: []edit{{"workflows/pay.go",
			`return &attention{failure: f, reason: "the question about the result was refused: " + f.Error()}`,
			`return &ending{status: refund.StatusFailed, failure: f, reason: "the question about the result was refused: " + f.Error()}`},
			{"providers/wechat/codes.go", "		if from != o && (row.class == refund.ClassRejected || row.class == refund.ClassInsufficientFunds) {", "		if false {"}},
		flows: "wechat/cloudfunction |", only: "answered TRADE_OVERDUE",
	},
}
