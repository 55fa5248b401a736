package shengpay

import (
	"fmt"
	"slices"

	"github.com/refundflow/refundflow/sandbox/control"
	"github.com/refundflow/refundflow/sandbox/orders"
)

// The values of control.ShengpaySettings that are compared by name.
const (
	signAll         control.Choice = "true"
	signNone        control.Choice = "false"
	signSuccesses   control.Choice = "failures_unsigned"
	asCode          control.Choice = "code"
	asReturnFail    control.Choice = "return_fail"
	asNumber        control.Choice = "number"
	asText          control.Choice = "text"
	asRefundOrderNo control.Choice = "refundOrderNo"
	asOutRefundNo   control.Choice = "outRefundNo"
	asBoth          control.Choice = "both"
	unsettled       control.Choice = "UNSETTLED" // today's turnover that has not been settled, §8
	recharge        control.Choice = "RECHARGE"  // the recharge balance, §8
)

// checkSettings fills in defaults and refuses values that mean nothing.
func checkSettings(s control.ShengpaySettings) (control.ShengpaySettings, error) {
	for _, c := range []struct {
		name    string
		value   *control.Choice
		allowed []control.Choice // the first is the default
	}{
		{"sign_answers", &s.SignAnswers, []control.Choice{signAll, signNone, signSuccesses}},
		{"sign_error_as", &s.SignErrorAs, []control.Choice{asCode, asReturnFail}},
		{"amounts_as", &s.AmountsAs, []control.Choice{asNumber, asText}},
		{"refund_no_as", &s.RefundNoAs, []control.Choice{asRefundOrderNo, asOutRefundNo, asBoth}},
		{"default_account", &s.DefaultAccount, []control.Choice{unsettled, recharge}},
	} {
		if *c.value == "" {
			*c.value = c.allowed[0]
		}
		if !slices.Contains(c.allowed, *c.value) {
			return s, fmt.Errorf("%s is %q; use one of %q", c.name, *c.value, c.allowed)
		}
	}
	if s.QueryUnknown == "" {
		s.QueryUnknown = "REFUND_NOT_EXIST"
	}
	if s.OddStatus == "" {
		s.OddStatus = "REFUND_SUSPENDED"
	}
	switch {
	case s.SettleAfter < 0 || s.QueryLag < 0:
		return s, fmt.Errorf("settle_after or query_lag is negative; the sandbox never goes back in time")
	case !orders.Plain.MatchString(s.QueryUnknown) || len(s.QueryUnknown) > 32:
		return s, fmt.Errorf("query_unknown is not 1..32 printable characters; use an errorCode")
	case !orders.Plain.MatchString(s.OddStatus):
		return s, fmt.Errorf("odd_status is not 1..64 printable characters; use a refundStatus no list knows")
	}
	return s, nil
}
