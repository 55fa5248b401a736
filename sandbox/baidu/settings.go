package baidu

import (
	"fmt"
	"slices"
	"time"

	"github.com/refundflow/refundflow/sandbox/control"
)

// tokenLife is expires_in of the published samples (§2.3).
const tokenLife = 30 * 24 * time.Hour

// checkSettings fills in defaults and refuses values that mean nothing.
func checkSettings(s control.BaiduSettings) (control.BaiduSettings, error) {
	for _, c := range []struct {
		name    string
		value   *control.Choice
		allowed []control.Choice // the first is the default
	}{
		{"cancel_repeat", &s.CancelRepeat, []control.Choice{control.OK, control.Refuse}},
		{"cap_rule", &s.CapRule, []control.Choice{control.Cross, control.Reach}},
		{"short_balance", &s.ShortBalance, []control.Choice{control.Refuse, control.Fail}},
		{"over_total", &s.OverTotal, []control.Choice{control.Refuse, control.Pay}},
		{"audit_fields", &s.AuditFields, []control.Choice{control.Current, control.Older}},
		{"notify", &s.Notify, []control.Choice{control.Both, control.SuccessOnly}},
	} {
		if *c.value == "" {
			*c.value = c.allowed[0]
		}
		if !slices.Contains(c.allowed, *c.value) {
			return s, fmt.Errorf("%s is %q; use one of %q", c.name, *c.value, c.allowed)
		}
	}
	if s.TokenTTL == 0 {
		s.TokenTTL = control.Duration(tokenLife)
	}
	for name, d := range map[string]control.Duration{"settle_after": s.SettleAfter, "query_lag": s.QueryLag, "token_ttl": s.TokenTTL} {
		if d < 0 {
			return s, fmt.Errorf("%s is negative; the sandbox never goes back in time", name)
		}
	}
	if s.TokenTTL < control.Duration(time.Second) {
		return s, fmt.Errorf("token_ttl is %s; expires_in counts whole seconds, use 1s or more", time.Duration(s.TokenTTL))
	}
	return s, nil
}
