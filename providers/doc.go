// Package providers is the contract between the saga and a payment platform:
// what a provider must be able to do ([Provider]), what it may be able to do
// besides ([VerificationCanceller], [Notified], [Auditor]), and the data that
// describes its habits ([Rules]), so that the saga never asks which provider it
// speaks to.
//
// One folder per platform fulfils it (baidu, ...). They share three: wire, the
// HTTP exchange, signing and decoding; failure, what an exchange without an answer
// means; account, how settings are checked. registry names the providers,
// providertest proves them all. This package imports only refund: it knows
// neither Temporal nor the ledger.
package providers
