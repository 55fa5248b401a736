package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

var (
	accountName  = regexp.MustCompile(`^[0-9a-z][0-9a-z._-]{0,63}$`)
	numberPrefix = regexp.MustCompile(`^[0-9A-Za-z_-]{0,16}$`)
)

// check lists every mistake that can be seen without opening a file.
func (c *Config) check() error {
	var bad []error
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	if kind, file, ok := strings.Cut(c.Ledger, ":"); !ok || kind != "sqlite" || file == "" {
		// An address of another kind may hold a password: it is not repeated.
		add(`ledger: want "sqlite:FILE", got %d characters that begin otherwise or name no file`, len(c.Ledger))
	}
	if !slices.Contains([]string{"debug", "info", "warning", "error"}, c.Log.Level) {
		add("log.level: want debug, info, warning or error, got %q", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		add("log.format: want text or json, got %q", c.Log.Format)
	}
	if len(c.Accounts) == 0 {
		add("accounts: want at least one account; the README shows one")
	}
	for _, name := range c.Names() {
		for _, err := range c.Accounts[name].check(name) {
			bad = append(bad, fmt.Errorf("accounts.%s%w", name, err))
		}
	}
	return errors.Join(bad...)
}

func (a Account) check(name string) (bad []error) {
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	if !accountName.MatchString(name) {
		add(": an account's name is 1 to 64 characters of 0-9 a-z . _ -, a digit or letter first")
	}
	if !numberPrefix.MatchString(a.NumberPrefix) {
		add(".number_prefix: want at most 16 characters of 0-9 A-Z a-z _ -, got %d", len(a.NumberPrefix))
	}
	for setting, fen := range map[string]refund.Fen{"daily_cap": a.Limits.DailyCap, "reserve": a.Limits.Reserve} {
		if fen < 0 || fen > refund.MaxFen {
			add(".limits.%s: want 0 to %d fen, got %d", setting, int64(refund.MaxFen), int64(fen))
		}
	}
	if above := a.Approval.Above; above != nil && *above < 0 {
		add(".approval.above: want 0 or more fen, got %d; 0 asks a person for every refund", int64(*above))
	}
	switch a.Limits.Payout {
	case ledger.PayoutDaily, ledger.PayoutWeekly, ledger.PayoutMonthly:
	default:
		add(".limits.payout: want daily, weekly or monthly, got %q", a.Limits.Payout)
	}
	if _, err := a.Limits.Ledger(); err != nil {
		add(".%w", err)
	}
	if err := a.Settings.Check(); err != nil {
		add(": %w", err)
	}
	return bad
}
