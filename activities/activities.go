package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

// Activities holds what the steps need. Register makes them known to a worker.
type Activities struct {
	Accounts Accounts
	Ledger   ledger.Ledger
	// Workflows is for Reconcile and Compare alone.
	Workflows Workflows

	berths berths
}

// Accounts finds the accounts of the configuration.
type Accounts interface {
	// Account returns the account as it is configured now, or an error that names
	// the accounts there are.
	Account(name string) (Account, error)
	// Names lists the accounts there are, in order.
	Names() []string
}

// Account is one merchant account, ready for use.
type Account struct {
	Name     string
	Provider providers.Provider
	// NumberPrefix begins every refund number of this account, so that
	// environments that share a merchant number do not collide.
	NumberPrefix string
	// Queue is the task queue of its provider calls; empty means the workflow's.
	Queue string
	// Inline says which first attempts are made in the workflow's own task; empty means none.
	Inline Inline
	// Approval says which refunds people must approve, and DecisionKeys which keys may
	// have signed their decisions.
	Approval     refund.ApprovalPolicy
	DecisionKeys [][]byte
	Limits       ledger.Limits
	// Budget says what happens when a limit has no room.
	Budget refund.BudgetPolicy
}

// limits are the account's for a step, without those over which the refund was let.
// What it draws is counted all the same.
func (a Account) limits(in Step) ledger.Limits {
	l := a.Limits
	if slices.Contains(in.Over, ledger.ObstacleCap) {
		l.DailyCap = 0
	}
	if slices.Contains(in.Over, ledger.ObstacleReserve) {
		l.Reserve = 0
	}
	return l
}

// Register makes the activities known to a worker under their constant names.
func (a *Activities) Register(r worker.ActivityRegistry) {
	for name, fn := range a.byType() {
		r.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}

// Types are the names of all activities, in order.
func Types() []string { return slices.Sorted(maps.Keys(new(Activities).byType())) }

func (a *Activities) byType() map[string]any {
	return map[string]any{
		Open: a.Open, Hold: a.Hold, Finish: a.Finish, Note: a.Note, Flag: a.Flag, Unflag: a.Unflag,
		Amend: a.Amend, VerifySeal: a.VerifySeal,
		CheckOrder: berthed(a, a.CheckOrder), CancelVerification: berthed(a, a.CancelVerification),
		Apply: berthed(a, a.Apply), FindOut: berthed(a, a.FindOut), AwaitResult: berthed(a, a.AwaitResult),
		Reconcile: a.Reconcile, Compare: a.Compare,
	}
}

// refundOf loads what a step works on: the ledger's record and the account. The
// record is there even when the account is not.
func (a *Activities) refundOf(ctx context.Context, key ledger.Key) (ledger.Record, Account, error) {
	record, err := a.Ledger.Refund(ctx, key)
	if err != nil {
		return ledger.Record{}, Account{}, fmt.Errorf("reading refund %s: %w", key, err)
	}
	account, err := a.Accounts.Account(key.Account)
	if err != nil {
		return record, Account{}, noAccount(ctx, err)
	}
	if now := account.Provider.Rules().Merchant; now != record.Merchant {
		// Its number, and perhaps its money, are known to the other merchant alone.
		return record, Account{}, &refund.Failure{
			Class: refund.ClassMisconfigured, Op: "configuration", Code: "another merchant", RequestOnly: true,
			Message: fmt.Sprintf("the refund was opened for merchant %s, the account is now %s", record.Merchant, now),
			Hint:    "give the account its merchant back and resolve with retry, or look for the refund in the platform's console",
		}
	}
	return record, account, nil
}

const (
	// accountWithin is for how long a step looks for its account: processes read a changed
	// file one after another, and the one that opened the refund knew the account.
	accountWithin = 10 * time.Minute
	accountPause  = 5 * time.Second
)

// noAccount never holds back the account's other refunds: what one process does not know,
// another one may, or this one as soon as it has read its file again.
func noAccount(ctx context.Context, why error) *refund.Failure {
	f := &refund.Failure{
		Class: refund.ClassTransient, Op: "configuration", Code: "no account", Message: why.Error(), RetryAfter: accountPause,
		Hint: "add the account to the configuration of every process that serves its queue, and let each read it again",
	}
	if waited(ctx) >= accountWithin {
		f.Class, f.RequestOnly, f.RetryAfter = refund.ClassMisconfigured, true, 0
		f.Hint += ", then resolve this refund with retry"
	}
	return f
}

func instruction(r ledger.Record) providers.Instruction {
	return providers.Instruction{Number: r.Number, Request: r.Request}
}

// now is the workflow's time carried forward to this attempt: a step that was
// repeated for hours must not confirm its budget for the day it began on.
func now(ctx context.Context, scheduled time.Time) time.Time { return scheduled.Add(waited(ctx)) }

// waited is how long ago the step was first offered. Both times are the server's, so
// that skipped time counts too.
func waited(ctx context.Context) time.Duration {
	info := activity.GetInfo(ctx)
	return max(info.StartedTime.Sub(info.ScheduledTime), 0)
}
