package wechat

import (
	"fmt"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// checkSettings fills in defaults and refuses values that mean nothing.
func checkSettings(s control.WeChatSettings) (control.WeChatSettings, error) {
	for _, c := range []struct {
		name    string
		value   *control.Choice
		allowed []control.Choice // the first is the default
	}{
		{"cloud_query", &s.CloudQuery, []control.Choice{control.CloudEmpty, control.CloudLists, control.CloudIndexed}},
		{"cloud_err_code", &s.CloudErrCode, []control.Choice{control.CloudHidden, control.CloudShown}},
	} {
		if *c.value == "" {
			*c.value = c.allowed[0]
		}
		if !slices.Contains(c.allowed, *c.value) {
			return s, fmt.Errorf("%s is %q; use one of %q", c.name, *c.value, c.allowed)
		}
	}
	for _, c := range []struct {
		name     string
		value    *control.Duration
		standard time.Duration
	}{
		{"settle_after", &s.SettleAfter, 0}, {"query_lag", &s.QueryLag, 0}, {"function_time", &s.FunctionTime, 0},
		{"token_ttl", &s.TokenTTL, 2 * time.Hour}, {"order_gap", &s.OrderGap, time.Minute},
	} {
		if *c.value == 0 {
			*c.value = control.Duration(c.standard)
		}
		if *c.value < 0 {
			return s, fmt.Errorf("%s is negative; the sandbox never goes back in time", c.name)
		}
	}
	if s.TokenTTL < control.Duration(time.Second) {
		return s, fmt.Errorf("token_ttl is %s; expires_in counts whole seconds, use 1s or more", s.TokenTTL.Std())
	}
	return s, nil
}
