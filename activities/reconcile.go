package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
)

const (
	// pageSize is how many refunds one attempt looks at. Each costs one question to
	// Temporal; a page is done within a second or two.
	pageSize = 100
	// doubtGrace is how old an open refund must be for the platform to be asked beside
	// its workflow, which asks by itself for as long as it makes sense.
	doubtGrace = 6 * time.Hour
)

// Workflows is Temporal, as far as the reconciler needs it.
type Workflows interface {
	// Running reports whether the refund's workflow runs.
	Running(context.Context, ledger.Key) (bool, error)
	// Resume begins the workflow of a refund anew that the books show as open. One that
	// runs is left alone: then it returns false. So is one whose last run ended as this
	// refund: then it returns how.
	Resume(context.Context, refund.Request) (started bool, ended *refund.Outcome, err error)
	// Reopen begins the workflow of a refund anew that has ended and has an alert. One
	// that runs is left alone: then it returns false.
	Reopen(context.Context, refund.Request) (bool, error)
	// Wake asks the refund's workflow to look for its result now. One that does not run
	// needs no waking: that is no error.
	Wake(context.Context, ledger.Key) error
	// LookAgain asks a refund that waits for budget, or for its order's turn, to look for
	// it now; otherwise it is as Wake.
	LookAgain(context.Context, ledger.Key) error
}

// Reconcile compares one page of the books with Temporal: an unfinished refund whose
// workflow is gone gets a new one, which goes on from what the books say; where the workflow
// has ended the refund, the books were restored from before that, and its end is booked again. With the first
// page it offers what came free to those in line. It names those about which the platform should
// be asked. What is wrong with one refund is
// counted and does not stop the others; only a page that cannot be read is an error.
func (a *Activities) Reconcile(ctx context.Context, in Page) (Paged, error) {
	records, err := a.page(ctx, in)
	if err != nil {
		return Paged{}, fmt.Errorf("reading the %s refunds after %q: %w", in.Of, in.After, err)
	}
	var out Paged
	if in.Of == ShelfUnfinished && in.After == (ledger.Key{}) {
		a.offer(ctx, in, &out.Reconciled)
	}
	if len(records) == pageSize {
		out.Next = &records[pageSize-1].Key
	}
	for _, r := range records {
		activity.RecordHeartbeat(ctx, r.Key.String())
		if err := ctx.Err(); err != nil {
			return Paged{}, err // the worker stops, or the page took too long
		}
		out.Looked++
		if in.Of == ShelfUnfinished && !a.tend(ctx, in, r, &out.Reconciled) {
			continue
		}
		if queue, ok := a.questionable(in, r); ok && in.Questions > 0 && following(r.Key, in.AskAfter) {
			in.Questions--
			out.ask(queue, r.Key)
		}
	}
	return out, nil
}

func (a *Activities) page(ctx context.Context, in Page) ([]ledger.Record, error) {
	switch in.Of {
	case ShelfUnfinished:
		return a.Ledger.Unfinished(ctx, in.After, pageSize)
	case ShelfEnded:
		return a.Ledger.Ended(ctx, in.Since, in.After, pageSize)
	}
	return nil, fmt.Errorf("there is no such shelf: want %q or %q", ShelfUnfinished, ShelfEnded)
}

// tend sees to it that an unfinished refund has a workflow, and reports whether it had
// one before.
func (a *Activities) tend(ctx context.Context, in Page, r ledger.Record, sum *Reconciled) bool {
	if r.Status == ledger.Open && r.Opened.After(in.OpenedBefore) {
		return false
	}
	runs, err := a.Workflows.Running(ctx, r.Key)
	switch {
	case err != nil:
		sum.fail(ctx, r.Key, err)
		return false
	case runs:
		sum.Running++
		return true
	}
	if err := a.resume(ctx, in.Now, r.Key, sum); err != nil {
		sum.fail(ctx, r.Key, err)
	}
	return false
}

// resume gives an unfinished refund a new workflow, or its end. The books are read again:
// it may have ended, with its workflow, since the page was read.
func (a *Activities) resume(ctx context.Context, now time.Time, key ledger.Key, sum *Reconciled) error {
	r, err := a.Ledger.Refund(ctx, key)
	if err != nil || r.Status != ledger.Open && r.Alert == "" {
		return err
	}
	var started bool
	var ended *refund.Outcome
	if r.Alert != "" {
		started, err = a.Workflows.Reopen(ctx, r.Request)
	} else {
		started, ended, err = a.Workflows.Resume(ctx, r.Request)
	}
	switch {
	case err != nil:
		return err
	case ended != nil:
		return a.rebook(ctx, now, r, *ended, sum)
	case !started:
		sum.Running++ // somebody else was faster
		return nil
	}
	sum.Resumed++
	// The time makes the line a new one when the workflow is lost again.
	return a.tell(ctx, now, key, fmt.Sprintf("it had no workflow: began one anew at %s", now.UTC().Format(time.RFC3339)))
}

// rebook brings the end of an open refund into the books, which come from a backup that was
// taken before it.
func (a *Activities) rebook(ctx context.Context, now time.Time, r ledger.Record, ended refund.Outcome, sum *Reconciled) error {
	booked, err := Rebook(ctx, a.Accounts, a.Ledger, Remembered{Request: r.Request, Opened: r.Opened, Outcome: ended, Now: now})
	if err != nil || !booked {
		return err
	}
	sum.Rebooked++
	what := fmt.Sprintf("the books had forgotten that it ended as %s: booked again from Temporal's record of its end", ended.Status)
	sum.Find(r.Key, what)
	activity.GetLogger(ctx).Warn("reconciler", "account", r.Key.Account, "refund", r.Key.ID, "finding", what) // the books have journaled it
	return nil
}

// questionable says whether the platform's answer about a refund would be evidence
// that somebody might miss, and through which queue it is asked.
func (a *Activities) questionable(in Page, r ledger.Record) (queue string, ok bool) {
	if r.Alert != "" { // a person is being asked already
		return "", false
	}
	if in.Of == ShelfUnfinished && (r.Sending == ledger.NotBegun || in.Now.Sub(r.Opened) < doubtGrace) {
		return "", false
	}
	account, err := a.Accounts.Account(r.Key.Account)
	if err != nil {
		return "", false // taken out of the configuration: nobody can ask
	}
	rules := account.Provider.Rules()
	return account.Queue, rules.Query == providers.QueryByNumber && rules.Merchant == r.Merchant
}

func (p *Paged) ask(queue string, key ledger.Key) {
	i := slices.IndexFunc(p.Ask, func(l Lane) bool { return l.Queue == queue })
	if i < 0 {
		i, p.Ask = len(p.Ask), append(p.Ask, Lane{Queue: queue})
	}
	p.Ask[i].Keys = append(p.Ask[i].Keys, key)
	p.LastAsked = &key
}

// following is the order of keys in the books.
func following(key, after ledger.Key) bool {
	return cmp.Or(cmp.Compare(key.Account, after.Account), cmp.Compare(key.ID, after.ID)) > 0
}

// stepReconcile is the step of the reconciler's lines in the journal.
const stepReconcile = "reconcile"

// tell journals and logs what the reconciler found or did, once: the same text about
// the same refund is no news.
func (a *Activities) tell(ctx context.Context, now time.Time, key ledger.Key, what string) error {
	told, err := a.told(ctx, key, what)
	if err != nil || told {
		return err
	}
	activity.GetLogger(ctx).Warn("reconciler", "account", key.Account, "refund", key.ID, "finding", what)
	return a.Ledger.Note(ctx, key, now, stepReconcile, what)
}

// told reports whether the journal has that line.
func (a *Activities) told(ctx context.Context, key ledger.Key, what string) (bool, error) {
	lines, err := a.Ledger.Journal(ctx, key)
	return slices.ContainsFunc(lines, func(l ledger.Entry) bool { return l.Step == stepReconcile && l.Text == what }), err
}

func (r *Reconciled) fail(ctx context.Context, key ledger.Key, err error) {
	r.Failures++
	activity.GetLogger(ctx).Warn("reconciler: passed over a refund", "account", key.Account, "refund", key.ID, "error", err)
}
