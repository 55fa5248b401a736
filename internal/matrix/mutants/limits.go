package main

// Cap, reserve, remainder and the order's turn are checked and taken in one transaction, and the books say
// what has happened.
var breakLimits = []mutant{
	{
		name:  "the cap is not checked",
		costs: "the platform blocks the merchant for the day, and every refund behind this one",
		edits: []edit{{"ledger/sqlstore/obstacle.go", "		if need <= b.left() {\n			continue\n		}\n", "		if need <= b.left() || b.kind == kindCap {\n			continue\n		}\n"}},
		flows: "wechat/v2 | full, capped",
	},
	{
		name:  "the cap is counted on the day before",
		costs: "each day's refunds use up what nobody looks at any more",
		edits: []edit{{"ledger/sqlstore/hold.go", "hold{day: limits.Day(at), period", "hold{day: limits.Day(at.Add(-24 * time.Hour)), period"}},
		flows: "wechat/v2 | full, capped",
	},
	{
		name:  "the cap is read before it is taken",
		costs: "refunds that begin together all find the same room, and cross the cap",
		edits: []edit{{"ledger/sqlstore/hold.go",
			"	err := s.write(ctx, func(t *tx) error {\n		r, err := t.loadOpen(key, \"take budget\")\n		if err != nil {\n			return err\n		}\n",
			`	err := s.read(ctx, func(t *tx) error {
		r, err := t.loadOpen(key, "take budget")
		if err != nil || r.hold != nil || r.Sending != ledger.NotBegun {
			return err
		}
		answer, err = t.obstacle(r, at, limits)
		return err
	})
	if err != nil || answer.Obstacle != "" {
		return answer, err
	}
	limits.DailyCap, limits.Reserve = 0, 0 // there was room
	err = s.write(ctx, func(t *tx) error {
		r, err := t.loadOpen(key, "take budget")
		if err != nil {
			return err
		}
`}},
		crowd: true, why: "one refund alone sees no race",
	},
	{
		name:  "the order's remainder is not looked at",
		costs: "the parts of an order add up to more than was paid for it",
		edits: []edit{
			{"ledger/sqlstore/register.go", "	case sum+amount > total:\n", "	case amount > total:\n"},
			{"ledger/sqlstore/remainder.go", "err != nil || back+r.Amount <= total {", "err != nil || r.Amount <= total {"},
		},
		crowd: true, why: "one refund alone is never more than its order",
	},
	{
		name:  "two of an order at a time",
		costs: "the platform takes the second part of an order in the same minute for a mistake, or for the first",
		edits: []edit{
			{"ledger/sqlstore/turn.go", "	if err != nil || found && other == r.Key {\n		return ledger.Hold{}, err\n	}\n", "	if err != nil || found {\n		return ledger.Hold{}, err\n	}\n"},
			{"ledger/sqlstore/turn.go", "		ON CONFLICT (account, id) DO NOTHING`", "		ON CONFLICT DO NOTHING`"},
		},
		crowd: true, why: "one refund alone has its order to itself",
	},
	{
		name:  "the reserve is not checked",
		costs: "refunds draw more than the merchant has at the platform, and fail after they were accepted",
		edits: []edit{{"ledger/sqlstore/obstacle.go", "		if need <= b.left() {\n			continue\n		}\n", "		if need <= b.left() || b.kind == kindReserve {\n			continue\n		}\n"}},
		flows: "wechat/v2 | full, short of reserve",
	},
	{
		name:  "a hold is never given back",
		costs: "each failed refund makes the day's cap smaller, until no refund goes out",
		edits: []edit{{"ledger/sqlstore/end.go", "	case r.hold != nil:\n		if err := t.letGo(r, e.At); err != nil {\n			return err\n		}\n	}\n", "	}\n"}},
		flows: "wechat/v2 | part, fails",
	},
	{
		name:  "what is held is not counted",
		costs: "the limits stand in the books and stop nobody",
		edits: []edit{{"ledger/sqlstore/hold.go", "	if err := t.count(r, kindCap, h.day); err != nil {\n		return err\n	}\n", ""}},
		flows: "wechat/v2 | full",
	},
	{
		name:  "what was sent is taken out of the day's cap",
		costs: "a refund that failed at the platform is forgotten there by us alone: the cap is crossed",
		edits: []edit{{"ledger/sqlstore/hold.go", "		state, text = spent, \"reserve given back; it stays in the day's cap, since it was sent\"\n	} else if err := t.giveBack", "		state = spent\n	}\n	if err := t.giveBack"}},
		flows: "wechat/v2 | part, fails",
	},
	{
		name:  "the turn is kept for ever",
		costs: "the next refund of the order waits for one that has ended",
		edits: []edit{{"ledger/sqlstore/end.go", "	if err := t.freeTurn(r); err != nil {\n		return err\n	}\n", ""}},
		flows: "wechat/v2 | part",
	},
	{
		name:  "the end is not booked",
		costs: "the books show a refund on its way that has ended, and its budget stays taken",
		edits: []edit{{"workflows/finish.go", "	for s.opened && !end.booked {\n", "	for s.amends && !end.booked {\n"}},
		flows: "wechat/v2 | part",
	},
	{
		name:  "the success is not booked",
		costs: "the books show a refund on its way that is paid",
		edits: []edit{
			{"activities/await.go", "		return Awaited{Result: result, Settled: err == nil}, translate(ctx, AwaitResult, err)", "		return Awaited{Result: result, Settled: true}, nil"},
			{"activities/await.go", "		err := a.Ledger.Settle(ctx, in.Key, ledger.Settlement{\n			Result: result, At: now(ctx, in.Now), Reason: SettledReason(rules.Provider),\n		})\n", ""},
		},
		flows: "wechat/v2 | part",
	},
	{
		name:  "the whole order is booked for a part",
		costs: "the order's remainder is used up by a part, and the accounts do not add up",
		edits: []edit{{"ledger/sqlstore/end.go", "	if named == 0 {\n		return r.Amount\n	}\n", "	if named == 0 {\n		return r.Request.Order.Total\n	}\n"}},
		flows: "baidu/cashier | part",
	},
	{
		name:  "the outcome names the order's total",
		costs: "the shop's accounts book more than was given back",
		edits: []edit{{"workflows/pay.go", "		s.Refunded = s.Request.Amount\n		return &ending{", "		s.Refunded = s.Request.Order.Total\n		return &ending{"}},
		flows: "baidu/cashier | part",
	},
}
