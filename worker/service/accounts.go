package service

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/config"
)

// accounts are the configured accounts, their keys loaded.
type accounts map[string]activities.Account

// OpenAccounts makes every account ready for use, or lists all mistakes.
func OpenAccounts(c *config.Config) (activities.Accounts, error) {
	all := accounts{}
	var bad []error
	for _, name := range c.Names() {
		a := c.Accounts[name]
		provider, err := a.Settings.Open(c.Dir())
		if err != nil {
			bad = append(bad, fmt.Errorf("accounts.%s: %w", name, err))
			continue
		}
		limits, err := a.Limits.Ledger()
		if err != nil {
			bad = append(bad, fmt.Errorf("accounts.%s.%w", name, err))
			continue
		}
		if n := a.NumberPrefix; n != "" && !provider.Rules().Number.Accepts(n) {
			bad = append(bad, fmt.Errorf("accounts.%s.number_prefix: the platform accepts only %s in refund numbers, at most %d of them",
				name, provider.Rules().Number.Alphabet, provider.Rules().Number.Max))
		}
		all[name] = activities.Account{
			Name: name, Provider: provider, NumberPrefix: a.NumberPrefix, Queue: a.Queue,
			ApproveAbove: a.Approval.Above, Limits: limits,
		}
	}
	return all, errors.Join(bad...)
}

func (a accounts) Account(name string) (activities.Account, error) {
	if account, ok := a[name]; ok {
		return account, nil
	}
	return activities.Account{}, fmt.Errorf("account %q is not configured; there is %s", name,
		strings.Join(slices.Sorted(maps.Keys(a)), ", "))
}
