package shengpay

import "github.com/refundflow/refundflow/providers"

// status is refundStatus of the query and the notification (§4.1).
type status string

// The values that are known or expected. A value that is not listed is unknown,
// never failed: that would start a second refund.
const (
	statusSuccess    status = "REFUND_SUCCESS"
	statusProcessing status = "REFUND_PROCESSING" // inferred
	statusFail       status = "REFUND_FAIL"       // inferred
	statusFailed     status = "REFUND_FAILED"     // inferred
	statusClosed     status = "REFUND_CLOSED"     // inferred
)

var results = map[status]providers.ResultState{
	statusSuccess:    providers.ResultSucceeded,
	statusProcessing: providers.ResultProcessing,
	statusFail:       providers.ResultFailed,
	statusFailed:     providers.ResultFailed,
	statusClosed:     providers.ResultFailed,
}

// result says what a value means, by the settings first.
func (p *Provider) result(s status) providers.ResultState {
	if state, ok := p.settings.Statuses[string(s)]; ok {
		return state
	}
	if state, ok := results[s]; ok {
		return state
	}
	return providers.ResultUnknown
}

// final reports whether a state ends a refund, for which a message must be signed.
func final(s providers.ResultState) bool {
	return s == providers.ResultSucceeded || s == providers.ResultFailed
}
