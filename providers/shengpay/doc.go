// Package shengpay gives money back through Shengpay, the payment of WiFi Master
// Key mini-programs (盛付通, 连尚支付), over its JSON and RSA interface: apply for
// the refund, ask what became of it, believe its notification. [New] makes a
// [Provider] from [Settings].
//
// Its one idea is that a message says as much as its signature proves. Every
// answer passes three layers, returnCode, signature and resultCode, in that
// order (reply.go, classify.go); whether it speaks of our refund at all is
// compared once, for answers and notifications alike (facts.go); and nothing
// final is ever taken from a message that is not signed.
//
// Shengpay documents little of this interface. What rests on reasoning is marked
// "inferred" and can be corrected in the configuration: the paths, the statuses
// and the codes. "§n" is a section of the protocol notes,
// docs/protocols/shengpay.md.
//
// It imports providers, its shared packages (account, failure, wire) and refund.
// It knows neither Temporal nor the ledger, and logs nothing.
package shengpay
