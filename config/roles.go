package config

import (
	"slices"
	"strings"

	"github.com/refundflow/refundflow/providers/registry"
)

// Role is one part of what a worker does: [RoleWorkflows], [RoleCallbacks], or the
// name of a provider.
type Role string

const (
	// RoleWorkflows runs workflows and everything else on the workflows' own task
	// queue: ledger steps, comparisons, and the provider calls of accounts without a
	// queue of their own.
	RoleWorkflows Role = "workflows"
	// RoleCallbacks receives the platforms' messages.
	RoleCallbacks Role = "callbacks"
)

// Does reports whether this process has the role. A provider's role covers the task
// queues that its accounts name.
func (c *Config) Does(r Role) bool { return len(c.Roles) == 0 || slices.Contains(c.Roles, r) }

// Queues are the task queues that the process works on: the workflows' own with that
// role, and those that accounts name whose provider is one of its roles.
func (c *Config) Queues() []string {
	var all []string
	if c.Does(RoleWorkflows) {
		all = append(all, c.TaskQueue)
	}
	for _, name := range c.Names() {
		a := c.Accounts[name]
		if a.Queue != "" && c.Does(Role(a.Settings.Name())) && !slices.Contains(all, a.Queue) {
			all = append(all, a.Queue)
		}
	}
	return all
}

// Serves lists the accounts that a process on these queues needs with their keys. Who
// runs workflows judges every account's refunds by its platform's rules, and who
// receives callbacks proves them with its keys: both need all. A provider's lane needs
// those whose calls come along its queues, of another platform too where that shares one.
func (c *Config) Serves(queues []string) []string {
	if c.Does(RoleWorkflows) || c.Does(RoleCallbacks) {
		return c.Names()
	}
	return slices.DeleteFunc(c.Names(), func(name string) bool { return !slices.Contains(queues, c.Accounts[name].Queue) })
}

func (c *Config) checkRoles(add func(format string, args ...any)) {
	known := []string{string(RoleWorkflows), string(RoleCallbacks)}
	known = append(known, registry.Names()...)
	for i, r := range c.Roles {
		switch {
		case !slices.Contains(known, string(r)):
			add("roles[%d]: want one of %s, got %d characters", i, strings.Join(known, ", "), len(r))
		case slices.Contains(c.Roles[:i], r):
			add("roles[%d]: %s stands there twice: remove one", i, r)
		}
	}
	if c.Roles != nil && len(c.Roles) == 0 {
		add("roles: want at least one of %s, or leave it out for all", strings.Join(known, ", "))
	}
	if len(c.Roles) > 0 && c.Does(RoleCallbacks) && c.Callbacks.Listen == "" {
		add("callbacks.listen: the role callbacks needs it")
	}
	for _, name := range registry.Names() {
		if len(c.Roles) > 0 && c.Does(Role(name)) && !c.Does(RoleWorkflows) {
			c.checkLane(name, add)
		}
	}
}

// checkLane demands that a process which makes one provider's calls alone can be given
// any: calls on the workflows' own queue go to whoever runs workflows.
func (c *Config) checkLane(provider string, add func(format string, args ...any)) {
	found := false
	for _, name := range c.Names() {
		if a := c.Accounts[name]; a.Settings.Name() == provider {
			found = true
			if a.Queue == "" || a.Queue == c.TaskQueue {
				add("accounts.%s.queue: the role %s serves queues of its accounts' own: name one that is not %s", name, provider, c.TaskQueue)
			}
		}
	}
	if !found {
		add("roles: %s has no account here: add one, or remove the role", provider)
	}
}
