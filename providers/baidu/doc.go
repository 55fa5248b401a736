// Package baidu gives money back through the cashier of Baidu smart
// mini-programs (百度收银台): cancel the verification of an order, apply for the
// refund, ask what became of it, believe Baidu's notification and answer its audit.
// [New] makes a [Provider] from [Settings].
//
// Its one idea is that Baidu's answers are translated once, here. Whatever can
// come back is one row of the code table (codes.go), one number of a message's
// own status type (status.go) or one rule about transport (classify.go), and
// leaves as a [refund.Failure] or an answer the provider can vouch for.
//
// It imports providers, its shared packages (account, failure, wire) and refund.
// It knows neither Temporal nor the ledger, and logs nothing. "§n" in comments is a section of the
// protocol notes, docs/protocols/baidu.md; "inferred" marks what rests there on
// reasoning rather than on Baidu's documentation.
package baidu
