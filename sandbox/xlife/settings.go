package xlife

import (
	"fmt"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// checkSettings fills in defaults and refuses values that mean nothing.
func checkSettings(s control.XLifeSettings) (control.XLifeSettings, error) {
	if s.BusinessCode == 0 {
		s.BusinessCode = 50
	}
	if s.LimitWindow == 0 {
		s.LimitWindow = control.Duration(time.Minute)
	}
	if s.LimitKind == "" {
		s.LimitKind = control.LimitApp
	}
	kinds := []control.XLifeLimit{control.LimitApp, control.LimitAPI, control.LimitAppAPI}
	switch {
	case s.SettleAfter < 0:
		return s, fmt.Errorf("settle_after is negative; the sandbox never goes back in time")
	case s.BusinessCode != 50 && s.BusinessCode != 15:
		return s, fmt.Errorf("business_code is %d; use 50 (the method's page) or 15 (TOP's pages)", s.BusinessCode)
	case s.CallLimit < 0:
		return s, fmt.Errorf("call_limit is %d; use a number of calls, or 0 for any", s.CallLimit)
	case s.LimitWindow < control.Duration(time.Second) || s.LimitWindow > control.Duration(24*time.Hour):
		return s, fmt.Errorf("limit_window is %s; use 1s to 24h", s.LimitWindow.Std())
	case !slices.Contains(kinds, s.LimitKind):
		return s, fmt.Errorf("limit_kind is %q; use one of %q", s.LimitKind, kinds)
	}
	return s, nil
}
