// Package wechat stands in for WeChat's refunds over real HTTP: Pay API v2 (XML, signed, client certificate), the Cloud Run
// open API (JSON), and a cloud function that calls CloudPay, behind its HTTP trigger and access tokens. All three lead into one
// refund engine, as they do at WeChat, and report results the way each dialect does.
//
// It is written from the protocol notes (docs/protocols/wechat.md) alone and shares no code with the client, so that each
// checks the other. What the notes tag "inferred", or do not know at all, is marked where it is decided here; part of it
// can be switched through control.WeChatSettings.
//
// May import: sandbox/control, sandbox/stage and the standard library; never providers.
package wechat
