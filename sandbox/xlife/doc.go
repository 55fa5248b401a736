// Package xlife stands in for in-store payment through Miaojie (喵街) on the Taobao Open Platform, over real HTTP: the gateway
// address /router/rest with its system parameters, signatures, formats and call limits, the refund
// alibaba.xlife.onsite.trade.refund, and of the successor family alibaba.mos.onsite.trade.* the methods query, queryrefund,
// refund and isnewpayorder. oldrefund is not served: the one string it answers is documented nowhere.
//
// It is written from the protocol notes (docs/protocols/xlife.md) alone and shares no code with the client, so that each
// checks the other. What the notes tag "inferred", or do not know at all, is marked where it is decided here.
//
// May import: sandbox/control, sandbox/orders, sandbox/stage and the standard library; never providers.
package xlife
