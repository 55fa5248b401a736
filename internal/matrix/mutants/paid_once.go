package main

// One refund has one number and one content, and is sent again only after the platform was asked.
var breakPaidOnce = []mutant{
	{
		name:  "a new number for the repeat",
		costs: "the platform takes the repeat for a second refund, and pays both",
		edits: []edit{{"activities/apply.go",
			"	receipt, err := account.Provider.Apply(ctx, instruction(record))\n",
			`	wanted := instruction(record)
	if repeats == again {
		wanted.Number += "a"
	}
	receipt, err := account.Provider.Apply(ctx, wanted)
`}},
		flows: "baidu/cashier |", only: "at exchange applyOrderRefund",
	},
	{
		name:  "a number of the moment",
		costs: "no repeat and no question ever speaks of the refund that was sent",
		edits: []edit{
			{"activities/apply.go", "account.Provider.Apply(ctx, instruction(record))", "account.Provider.Apply(ctx, numbered(ctx, record))"},
			{"activities/apply.go", "// accepted is an acceptance in a line", `func numbered(ctx context.Context, r ledger.Record) providers.Instruction {
	wanted := instruction(r)
	wanted.Number += fmt.Sprint(activity.GetInfo(ctx).StartedTime.UnixMicro())
	return wanted
}

// accepted is an acceptance in a line`},
		},
		flows: "baidu/cashier |",
	},
	{
		name:  "the repeat asks for the whole order",
		costs: "a repeat of a part gives back more than was asked for",
		edits: []edit{{"activities/apply.go",
			"	receipt, err := account.Provider.Apply(ctx, instruction(record))\n",
			`	wanted := instruction(record)
	if repeats == again {
		wanted.Request.Amount = wanted.Request.Order.Total
	}
	receipt, err := account.Provider.Apply(ctx, wanted)
`}},
		flows: "baidu/cashier | part", only: "at exchange applyOrderRefund",
	},
	{
		name:  "a repeat with a reason of its own",
		costs: "the platform compares every field of a repeat, and refuses it or takes it for another refund",
		edits: []edit{
			{"providers/wechat/request.go", `ps.text("refund_desc", cut(in.Request.Reason))`, `ps.text("refund_desc", cut(p.nonce()[:8]+in.Request.Reason))`},
		},
		flows: "wechat/v2 | part", only: "at exchange refund 1",
	},
	{
		name:  "the intent is not written",
		costs: "a worker that dies after the request has left sends it again",
		edits: []edit{{"ledger/sqlstore/send.go", "		r.Sending = ledger.Begun\n		switch {", "		switch {"}},
		flows: "baidu/cashier |", only: "at ledger EndSend",
	},
	{
		name:  "the intent is not respected",
		costs: "whoever finds an intent without an answer sends again instead of asking",
		edits: []edit{{"ledger/sqlstore/send.go",
			"		case ledger.Begun:\n			permit.Doubt = true\n			return nil\n		case ledger.NotBegun:\n",
			"		case ledger.Begun, ledger.NotBegun:\n"}},
		flows: "baidu/cashier |", only: "at ledger EndSend",
	},
	{
		name:  "sent again without asking",
		costs: "a refund whose answer was lost is paid twice",
		edits: []edit{{"activities/apply.go",
			"	result, err := outcome(ctx, record, account)\n",
			"	result, err := providers.Result{State: providers.ResultAbsent}, error(nil)\n"}},
		flows: "baidu/cashier |", only: "done at exchange applyOrderRefund",
	},
	{
		name:  "absence is believed after one reading",
		costs: "a platform that shows its refunds late pays twice",
		edits: []edit{{"providers/baidu/provider.go", "AbsenceReads:         3,", "AbsenceReads:         1,"}},
		flows: "baidu/cashier | part, shown late", only: "done at exchange applyOrderRefund",
	},
	{
		name:  "readings in one breath count",
		costs: "three readings within a second prove no more than one, and the refund is sent again",
		edits: []edit{
			{"ledger/sqlstore/send.go", "			pause = max(pause, interval.Microseconds())\n", ""},
			{"activities/apply.go", "				reads, rules.AbsenceReads), rules.AbsenceInterval)", "				reads, rules.AbsenceReads), time.Second)"},
		},
		flows: "baidu/cashier | part, shown late", only: "done at exchange applyOrderRefund",
	},
	{
		name:  "the HTTP client repeats what it lost",
		costs: "a request whose answer was lost is sent twice, and nobody knows",
		edits: []edit{{"providers/wire/exchange.go",
			"	response, err := c.transport.RoundTrip(request)\n",
			`	response, err := c.transport.RoundTrip(request)
	if err != nil {
		if request, err = newRequest(ctx, call); err == nil {
			response, err = c.transport.RoundTrip(request)
		}
	}
`}},
		flows: "baidu/cashier |", only: "connection lost, done at exchange applyOrderRefund",
	},
	{
		name:  "the whole order for a part",
		costs: "the customer keeps the goods and gets all of the money",
		edits: []edit{{"providers/shengpay/facts.go", `{{"refundFee", in.Request.Amount}, {"totalFee", in.Request.Order.Total}}`, `{{"refundFee", in.Request.Order.Total}, {"totalFee", in.Request.Order.Total}}`},
			{"providers/shengpay/request.go", "strconv.FormatInt(int64(r.Amount), 10)", "strconv.FormatInt(int64(r.Order.Total), 10)"}},
		flows: "shengpay/number | part",
	},
}
