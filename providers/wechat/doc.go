// Package wechat gives money back through WeChat Pay: apply for the refund, ask
// what became of it, read WeChat's own message about it. [New] makes a
// [Provider] from [Settings].
//
// Its one idea is that WeChat's three dialects (the Pay API v2 in XML, the open
// interface of Cloud Run and CloudPay behind a cloud function, both in JSON) are
// one refund engine with the same fields, limits and codes. So a dialect
// (v2.go, cloudrun.go, cloudfunction.go) only carries: what it receives becomes
// the same flat set of fields under v2's names (fields.go), and one code table
// (codes.go), one reader of answers (receipt.go, query.go, order.go) and one of
// messages (notify.go) serve all three.
//
// It imports providers, its shared packages (account, failure, wire) and refund.
// It knows neither Temporal nor the ledger, and logs nothing. "§n" in comments is a section of the
// protocol notes, docs/protocols/wechat.md; "inferred" marks what rests there on
// reasoning rather than on WeChat's documentation.
package wechat
