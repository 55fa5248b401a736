// Package baidu stands in for Baidu's cashier (百度收银台) over real HTTP: the signed cashier calls on the new and the legacy
// address, the signed order query, the openapi family with its tokens, and the two letters Baidu sends by itself: the refund audit,
// whose answer it acts on, and the refund notification. It keeps books of its own, so that a test can
// compare what a client believes with what was really paid.
//
// It is written from the protocol notes (docs/protocols/baidu.md) alone and shares no code with the client, so that each
// checks the other. What the notes tag "inferred", or do not know at all, is marked where it is decided here; most of it
// can be switched through control.BaiduSettings.
//
// May import: sandbox/control, sandbox/stage and the standard library; never providers.
package baidu
