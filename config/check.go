package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/refundflow/refundflow/activities"
)

var (
	accountName  = regexp.MustCompile(`^[0-9a-z][0-9a-z._-]{0,63}$`)
	numberPrefix = regexp.MustCompile(`^[0-9A-Za-z_-]{0,16}$`)
)

// check lists every mistake in the values that can be seen without opening a
// file. As for how they are written, see [written]. No text is repeated: it may
// be a secret in the wrong place.
func (c *Config) check() error {
	var bad []error
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	checkQueue("task_queue", c.TaskQueue, add)
	c.checkLedger(add)
	if !slices.Contains([]string{"debug", "info", "warning", "error"}, c.Log.Level) {
		add("log.level: want debug, info, warning or error, got %d characters", len(c.Log.Level))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		add("log.format: want text or json, got %d characters", len(c.Log.Format))
	}
	if c.Callbacks.Listen != "" {
		checkListen("callbacks", c.Callbacks.Listen, "127.0.0.1:8088", add)
	}
	c.checkRoles(add)
	c.Monitor.check(add)
	c.checkApart(add)
	c.Tracing.check(add)
	c.Encryption.check(add)
	c.Versioning.check(add)
	c.Reconcile.check(add)
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

// longestQueue leaves room for the id of the reconciler's schedule, which is longer, in
// Temporal's 255 characters.
const longestQueue = 200

func checkQueue(setting, queue string, add func(format string, args ...any)) {
	if len(queue) > longestQueue {
		add("%s: want at most %d characters, got %d", setting, longestQueue, len(queue))
	}
}

// checkInline keeps a queue of the account's own what it is for: calls in the workflow's task
// would go round it.
func (a Account) checkInline(add func(format string, args ...any)) {
	switch a.Inline {
	case activities.InlineNone:
	case activities.InlineReads, activities.InlineAll:
		if a.Queue != "" {
			add(".inline: %s makes calls in the workflow's own task, around the account's queue with its rate limit and its kill switch: "+
				"remove one of inline and queue", a.Inline)
		}
	default:
		add(".inline: want none, reads or all, got %d characters", len(a.Inline))
	}
}

func (a Account) check(name string) (bad []error) {
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	if !accountName.MatchString(name) {
		add(": an account's name is 1 to 64 characters of 0-9 a-z . _ -, a digit or letter first")
	}
	if !numberPrefix.MatchString(a.NumberPrefix) {
		add(".number_prefix: want at most 16 characters of 0-9 A-Z a-z _ -, got %d", len(a.NumberPrefix))
	}
	checkQueue(".queue", a.Queue, add)
	a.checkInline(add)
	a.Approval.check(add)
	a.Limits.check(add)
	if err := a.Settings.Check(); err != nil {
		add(": %w", err)
	}
	return bad
}
