// Package xlife gives money back for in-store payments through Miaojie (喵街,
// alibaba.xlife.onsite.trade.refund) over the gateway of the Taobao Open Platform.
// [New] makes a [Provider] from [Settings].
//
// Its one idea is that there is nothing but the refund itself: xlife answers at
// once, and repeating the identical request is the only way to ask what became
// of the first. So whatever comes back is either a success whose every number is
// ours (refund.go), one row of the code table (codes.go) or one rule about
// transport (classify.go). The younger alibaba.mos family adds real questions
// for apps that are entitled to them (query.go).
//
// It imports providers, its shared packages (account, failure, wire) and refund.
// It knows neither Temporal nor the ledger, and logs nothing. "§n" in comments is a section of the protocol
// notes, docs/protocols/xlife.md; "inferred" marks what rests there on reasoning
// rather than on the platform's documentation.
package xlife
