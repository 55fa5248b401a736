package wechat

import "github.com/refundflow/refundflow/providers"

// refundStatus is the state of one refund, alike in queries and messages (§10).
type refundStatus string

// The states of a refund.
const (
	refundProcessing refundStatus = "PROCESSING"
	refundSuccess    refundStatus = "SUCCESS"
	refundClosed     refundStatus = "REFUNDCLOSE"
	// refundChange: the buyer's card is void or frozen. Not final: the same
	// refund number goes on once staff finish it in the console.
	refundChange refundStatus = "CHANGE"
	// refundFail stands only in texts before about 2017.
	refundFail refundStatus = "FAIL"
)

// result says what the state means. One that is not listed stays under way: the
// refund is known, and "unknown" would count as a sign that it never arrived.
func (s refundStatus) result() providers.ResultState {
	switch s {
	case refundSuccess:
		return providers.ResultSucceeded
	case refundClosed, refundFail:
		return providers.ResultFailed
	case refundProcessing, refundChange:
	}
	return providers.ResultProcessing
}

// tradeState is the state of an order (§3).
type tradeState string

// The states of an order.
const (
	tradeSuccess    tradeState = "SUCCESS"
	tradeRefund     tradeState = "REFUND" // at least one refund was accepted, a partial one too
	tradeNotPay     tradeState = "NOTPAY"
	tradeClosed     tradeState = "CLOSED"
	tradeRevoked    tradeState = "REVOKED"
	tradeUserPaying tradeState = "USERPAYING"
	tradePayError   tradeState = "PAYERROR"
	tradeAccept     tradeState = "ACCEPT" // debit pending
)
