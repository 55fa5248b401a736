package main

// Baidu's cancel-verification has no inverse: amount, order, cap, reserve and approval are settled before it.
var breakLastStep = []mutant{
	{
		name:  "the verification is cancelled for a part",
		costs: "an order that stays sold can never be verified again, and Baidu refuses its partial refund",
		edits: []edit{{"workflows/prepare.go", "s.wantsCancelling = full && rules", "s.wantsCancelling = rules"}},
		flows: "baidu/cashier |",
	},
	{
		name:  "cancelled before the budget",
		costs: "an order loses its verification for a refund that the day's cap then stops",
		edits: []edit{
			{"workflows/workflow.go", "s.open, s.approve, s.check, s.hold, s.cancelVerification, s.apply, s.await,", "s.open, s.approve, s.check, s.cancelVerification, s.hold, s.apply, s.await,"},
			{"ledger/sqlstore/cancel.go", "		if answer, err = t.grant(r, at, limits); err != nil || !answer.Granted {\n			return err\n		}\n", "		answer.Granted = true\n"},
		},
		flows: "baidu/cashier |",
	},
	{
		name:  "cancelled before the approval",
		costs: "an order loses its verification for a refund that finance then rejects",
		edits: []edit{{"workflows/workflow.go", "s.open, s.approve, s.check, s.hold, s.cancelVerification, s.apply, s.await,", "s.open, s.check, s.hold, s.cancelVerification, s.approve, s.apply, s.await,"}},
		flows: "baidu/cashier |",
	},
	{
		name:  "the approval is not awaited",
		costs: "a large refund goes out that nobody has seen",
		edits: []edit{{"workflows/council.go", "return max(c.terms.Approvers-len(c.approvedBy), 0)", "return 0"}},
		flows: "shengpay/text | full, approved",
	},
	{
		name:  "who asks may approve",
		costs: "one dishonest agent is enough for any amount",
		edits: []edit{{"workflows/approval.go", "	case !reject && refund.SamePerson(v.By, s.Request.RequestedBy):", "	case !reject && v.By == \"\":"}},
		flows: "shengpay/text | full, approved",
	},
	{
		name:  "a simple failure after the cancellation",
		costs: "the order stands without its verification, unpaid, and nobody was told",
		edits: []edit{{"workflows/pay.go", "	if s.cancelled {\n		return &attention{", "	if false {\n		return &attention{"}},
		flows: "baidu/cashier | full, fails",
	},
	{
		name:  "the answer to a cancellation is not written down",
		costs: "the verification of one order is cancelled twice, and the second answer looks like a refusal",
		edits: []edit{{"activities/order.go", "		return Cancelled{}, a.Ledger.EndCancel(ctx, in.Key, at, true, \"cancelled by the platform\")", "		return Cancelled{}, a.Ledger.EndCancel(ctx, in.Key, at, false, \"cancelled by the platform\")"}},
		flows: "baidu/cashier |", only: "CancelVerification",
	},
	{
		name:  "a cancellation in doubt did not happen",
		costs: "an order whose verification is gone is treated as if it could simply be left alone",
		edits: []edit{
			{"activities/order.go", "	case mayHaveHappened(err):\n		return Cancelled{}, err // it may have happened: the intent stays, and whoever goes on looks first\n", ""},
			{"activities/errors.go", "	CancelVerification: {refund.ClassTransient: true, refund.ClassThrottled: true, refund.ClassAmbiguous: true},", "	CancelVerification: {refund.ClassTransient: true, refund.ClassThrottled: true},"},
			{"workflows/pay.go", "		if f.MayHaveHappened() {\n			s.cancelled = true\n		}\n", ""},
		},
		flows: "baidu/cashier |", only: "at exchange syncOrderStatus",
	},
	{
		name:  "who was cancelled is not looked at before the repeat",
		costs: "a cancellation that did happen is called again, and its refusal puts the refund before a person",
		edits: []edit{{"activities/order.go", "		if state.Asked && !state.Verified {", "		if !state.Asked {"}},
		flows: "baidu/cashier | full", only: "connection lost, done at exchange syncOrderStatus",
	},
	{
		name:  "what was never verified is cancelled",
		costs: "an order's state is changed for nothing, without a way back",
		edits: []edit{{"workflows/prepare.go", "rules.FullWantsUnverified && state.Verified\n", "rules.FullWantsUnverified\n"}},
		flows: "baidu/cashier | full, never verified",
	},
}
