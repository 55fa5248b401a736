package main

import (
	"context"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// scenario is one refund of the demo: what is set up, what is done while it
// runs, and how it must end.
type scenario struct {
	name    string
	what    string
	account *account
	total   refund.Fen
	amount  refund.Fen
	order   func(*control.NewOrder)
	// before disturbs the stand-in; during acts while the refund runs.
	before, during []act
	// answers is the status in the answer to a refund that is submitted; the others
	// are started, which says nothing of what becomes of them.
	answers refund.Status
	// ends is the status it must end in, paid how many refunds the platform's books
	// must show for the order.
	ends refund.Status
	paid int
	// passed are statuses it must have gone through, in this order.
	passed []refund.Status
	// nights are the midnights for which it must have waited before it was sent.
	nights int
	// heard are the platform's messages that the worker must have taken.
	heard []string
}

// act is something done about a scenario's refund, at the stand-in or by people.
type act func(ctx context.Context, w *world, c *course) error

// The platforms' messages, as [merchants.Book] calls them.
const (
	audit        = "audit"
	notification = "notification"
	forwarded    = "forwarded callback"
)

var scenarios = []scenario{
	{
		name: "full", what: "a verified order in full: its verification is cancelled first, Baidu asks whether to pay, and tells when it has",
		account: shop, total: 9800, amount: 9800, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusCancellingVerification, refund.StatusApplying, refund.StatusProcessing},
		heard:  []string{audit, notification},
	},
	{
		name: "part", what: "a verified order in part: it stays verified",
		account: shop, total: 12000, amount: 3050, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusApplying, refund.StatusProcessing},
		heard:  []string{audit},
	},
	{
		name: "lost", what: "Baidu pays, but its answer is lost: asked for by number and found",
		account: shop, total: 4500, amount: 4500, ends: refund.StatusSucceeded, paid: 1,
		before: []act{spoil(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.After})},
		passed: []refund.Status{refund.StatusApplying, refund.StatusInDoubt, refund.StatusProcessing},
		heard:  []string{audit},
	},
	{
		name: "large", what: "¥899.00 wants a person",
		account: shop, total: 89900, amount: 89900, ends: refund.StatusSucceeded, paid: 1,
		during: []act{approveByUpdate("finance-2")},
		passed: []refund.Status{refund.StatusAwaitingApproval, refund.StatusApplying},
		heard:  []string{audit},
	},
	{
		name: "pair", what: "¥1899.00 wants two people, neither of them the one who asks for it",
		account: shop, total: 189900, amount: 189900, ends: refund.StatusSucceeded, paid: 1,
		answers: refund.StatusAwaitingApproval,
		during:  []act{approveOwn, approveBySignal("finance-2"), approveByUpdate("finance-3")},
		passed:  []refund.Status{refund.StatusAwaitingApproval, refund.StatusApplying},
		heard:   []string{audit},
	},
	{
		name: "unpaid", what: "the order was never paid: refused for good",
		account: shop, total: 6600, amount: 6600, ends: refund.StatusFailed, paid: 0,
		order: func(o *control.NewOrder) { o.Paid = new(false) },
	},
	{
		name: "byhand", what: "Baidu pays, its answer is lost, and asked it has no valid data: a person looks into its books",
		account: quiet, total: 7300, amount: 7300, ends: refund.StatusSucceeded, paid: 1,
		before: []act{
			spoil(control.Fault{Op: "applyOrderRefund", Kind: control.FaultDisconnect, Phase: control.After}),
			spoil(control.Fault{Op: "findOrderRefund", Kind: control.FaultAnswer, Errno: new(int64(60021)), Msg: "未获取到有效数据", Times: -1}),
		},
		during: []act{resolveByHand},
		passed: []refund.Status{refund.StatusApplying, refund.StatusInDoubt, refund.StatusNeedsAttention},
	},
	{
		name: "sealed", what: "in part through a client certificate: ended by the encrypted notification",
		account: wechat, total: 12000, amount: 3050, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusApplying, refund.StatusProcessing},
		heard:  []string{notification},
	},
	{
		name: "topup", what: "the merchant's balance is too low: topped up, and told to look again",
		account: wechat, total: 45000, amount: 45000, ends: refund.StatusSucceeded, paid: 1,
		before: []act{balance(10000)}, during: []act{topUp},
		passed: []refund.Status{refund.StatusApplying, refund.StatusAwaitingBudget, refund.StatusApplying, refund.StatusProcessing},
		heard:  []string{notification},
	},
	{
		name: "signed", what: "through a cloud function, where asking tells nothing: ended by the signed callback alone",
		account: cloud, total: 7700, amount: 7700, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusApplying, refund.StatusProcessing},
		heard:  []string{forwarded},
	},
	{
		name: "instant", what: "the answer holds the result: nothing to wait for",
		account: xlife, total: 8800, amount: 8800, ends: refund.StatusSucceeded, paid: 1,
		passed: []refund.Status{refund.StatusApplying},
	},
	{
		name: "repeat", what: "xlife pays, but its answer is lost: the same request again tells (fund_change N), and pays nothing",
		account: xlife, total: 5200, amount: 5200, ends: refund.StatusSucceeded, paid: 1,
		before: []act{spoil(control.Fault{Op: "alibaba.xlife.onsite.trade.refund", Kind: control.FaultDisconnect, Phase: control.After})},
		passed: []refund.Status{refund.StatusApplying, refund.StatusInDoubt},
	},
	{
		name: "garbled", what: "a page of HTML for an answer: found by query, ended by the notification",
		account: shengpay, total: 15900, amount: 5900, ends: refund.StatusSucceeded, paid: 1,
		before: []act{spoil(control.Fault{Op: "pay/refund", Kind: control.FaultHTML, Phase: control.After})},
		passed: []refund.Status{refund.StatusApplying, refund.StatusInDoubt, refund.StatusProcessing},
		heard:  []string{notification},
	},
	// The capped account's are started one after the other, before the first night.
	// The capped account's are started one after the other, before the first night.
	{
		name: "today", what: "¥60.00 of today's ¥100.00 budget",
		account: capped, total: 6000, amount: 6000, ends: refund.StatusSucceeded, paid: 1,
		heard: []string{audit},
	},
	{
		name: "tomorrow", what: "another ¥60.00: waits for the next business day (the clock is moved on)",
		account: capped, total: 6000, amount: 6000, ends: refund.StatusSucceeded, paid: 1, nights: 1,
		answers: refund.StatusAwaitingBudget,
		passed:  []refund.Status{refund.StatusAwaitingBudget, refund.StatusApplying},
		heard:   []string{audit},
	},
	{
		name: "later", what: "¥60.00 once more: first come, first served, so it waits for two nights",
		account: capped, total: 6000, amount: 6000, ends: refund.StatusSucceeded, paid: 1, nights: 2,
		answers: refund.StatusAwaitingBudget,
		passed:  []refund.Status{refund.StatusAwaitingBudget, refund.StatusApplying},
		heard:   []string{audit},
	},
}
