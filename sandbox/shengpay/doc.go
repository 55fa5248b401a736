// Package shengpay stands in for Shengpay (盛付通 / 连尚支付) over real HTTP: the JSON/RSA interface with the refunds of its
// three products, /pay/refund, /refund/orderRefund and the wallet's /api/v1/payment/refund, the queries
// /refund/queryRefundOrder and /pay/queryOrder, and the refund notification.
//
// It is written from the protocol notes (docs/protocols/shengpay.md) alone and shares no code with the client, so that each
// checks the other. What the notes tag "inferred", or do not know at all, is marked where it is decided here; most of it
// can be switched through control.ShengpaySettings.
//
// May import: sandbox/control, sandbox/orders, sandbox/stage and the standard library; never providers.
package shengpay
