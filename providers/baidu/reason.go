package baidu

import (
	"regexp"

	"github.com/refundflow/refundflow/refund"
)

// safeWord is text whose raw and percent-encoded forms are the same, so that it
// does not matter which one Baidu signs (§9.4). The length is inferred (§3.1).
var safeWord = regexp.MustCompile(`^[0-9A-Za-z_-]{1,50}$`)

// oneForm is the same for text of any length. A merchant's order number may be
// other than that, but then a signature that does not hold says nothing about the
// account's keys (inferred, §9.4).
var oneForm = regexp.MustCompile(`^[0-9A-Za-z._-]*$`)

// wireReason is what Baidu is told. It depends on the request alone, so that a
// repeat carries the same bytes.
func wireReason(how SendReason, r refund.Request) string {
	if how == SendReasonRaw || safeWord.MatchString(r.Reason) {
		return r.Reason
	}
	switch r.Initiator {
	case refund.InitiatorUser:
		return "customer_request"
	case refund.InitiatorSupport:
		return "service_desk"
	case refund.InitiatorSystem:
		return "service_failure"
	}
	return "refund"
}

// refundType is who started a refund, in the numbers of the apply request (§3.1).
type refundType int64

const (
	refundTypeUser    refundType = 1
	refundTypeDesk    refundType = 2
	refundTypeFailure refundType = 3
)

func refundTypeOf(i refund.Initiator) refundType {
	switch i {
	case refund.InitiatorUser:
		return refundTypeUser
	case refund.InitiatorSystem:
		return refundTypeFailure
	case refund.InitiatorSupport:
		return refundTypeDesk
	}
	return refundTypeDesk
}
