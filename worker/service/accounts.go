package service

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/providers/wire"
)

// accounts are the configured accounts, their keys loaded.
type accounts map[string]activities.Account

// OpenAccounts makes every account ready for use, or lists all mistakes.
func OpenAccounts(c *config.Config) (activities.Accounts, error) {
	all, err := openAccounts(c, c.Names())
	return all, err
}

func openAccounts(c *config.Config, names []string) (accounts, error) {
	all := accounts{}
	var bad []error
	for _, name := range names {
		account, err := openAccount(c, name)
		if err != nil {
			bad = append(bad, err)
		}
		all[name] = account
	}
	return all, errors.Join(bad...)
}

func openAccount(c *config.Config, name string) (activities.Account, error) {
	a := c.Accounts[name]
	var bad []error
	provider, err := a.Settings.Open(c.Dir())
	if err != nil {
		bad = append(bad, fmt.Errorf("accounts.%s: %w", name, err))
	} else if n := a.NumberPrefix; n != "" && !provider.Rules().Number.Accepts(n) {
		bad = append(bad, fmt.Errorf("accounts.%s.number_prefix: the platform accepts only %s in refund numbers, at most %d of them",
			name, provider.Rules().Number.Alphabet, provider.Rules().Number.Max))
	}
	limits, err := a.Limits.Ledger()
	if err != nil {
		bad = append(bad, fmt.Errorf("accounts.%s.%w", name, err))
	}
	keys, err := decisionKeys(c, a.Approval.DecisionKeyFiles)
	if err != nil {
		bad = append(bad, fmt.Errorf("accounts.%s.approval.%w", name, err))
	}
	return activities.Account{
		Name: name, Provider: provider, NumberPrefix: a.NumberPrefix, Queue: a.Queue, Inline: a.Inline,
		Approval: a.Approval.Policy(), DecisionKeys: keys, Limits: limits, Budget: a.Limits.Budget(),
	}, errors.Join(bad...)
}

// shortestDecisionKey is the length of the signature's hash: a key that can be
// guessed signs for whoever guesses.
const shortestDecisionKey = 32

// decisionKeys reads the files until one is wrong.
func decisionKeys(c *config.Config, files []string) ([][]byte, error) {
	var keys [][]byte
	for i, file := range files {
		file = c.Beside(file)
		key, err := wire.SecretFile(file)
		if err != nil {
			return nil, fmt.Errorf("decision_key_files[%d]: %w", i, err)
		}
		if len(key) < shortestDecisionKey {
			return nil, fmt.Errorf("decision_key_files[%d]: %s holds %d bytes, want at least %d: make another with openssl rand -hex 32",
				i, file, len(key), shortestDecisionKey)
		}
		keys = append(keys, []byte(key))
	}
	return keys, nil
}

func (a accounts) Account(name string) (activities.Account, error) {
	if account, ok := a[name]; ok {
		return account, nil
	}
	return activities.Account{}, fmt.Errorf("account %q is not configured; there is %s", name, strings.Join(a.Names(), ", "))
}

func (a accounts) Names() []string { return slices.Sorted(maps.Keys(a)) }

// register holds the accounts as they are configured now. A step asks it once and
// ends with what it was told; the next step may be told otherwise.
type register struct{ now atomic.Pointer[accounts] }

func (r *register) Account(name string) (activities.Account, error) {
	return r.now.Load().Account(name)
}

func (r *register) Names() []string { return r.now.Load().Names() }
