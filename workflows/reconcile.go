package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/ledger"
)

const (
	// questionsPerShelf bounds what one comparison asks the platforms about unfinished
	// refunds, and about ended ones. Where it stops, the next one goes on: with one
	// comparison each quarter of an hour that is some 9600 questions a day and shelf,
	// far below what any platform minds.
	questionsPerShelf = 100
	// questionsPerStep is how many questions one step asks, so that a rate limit on an
	// account's queue can slow them down, and no step lasts for long.
	questionsPerStep = 10
	// pagesPerRun keeps a history below two thousand events: a page costs six, and each
	// step of questions six more.
	pagesPerRun = 100
)

// Reconciliation is the input of [ReconcileWorkflow].
type Reconciliation struct {
	// Grace is how old an open refund must be to be missed when it has no workflow, in
	// nanoseconds: whoever terminated it may be about to begin it anew.
	Grace time.Duration `json:"grace"`
	// EndedWithin is how far back ended refunds are compared with the platform, in
	// nanoseconds; 0 means never.
	EndedWithin time.Duration `json:"ended_within"`
	// Come is how far a comparison has come that goes on in a new run; nobody else
	// gives it.
	Come *Comparison `json:"come,omitempty"`
}

// Comparison is how far a comparison has come.
type Comparison struct {
	// Shelf is the part of the books that is read, After the last refund that was.
	Shelf activities.Shelf `json:"shelf"`
	After ledger.Key       `json:"after,omitzero"`
	// Since is how far back ended refunds are compared.
	Since time.Time `json:"since"`
	// Questions are left for the shelf; they begin behind AskAfter.
	Questions int        `json:"questions"`
	AskAfter  ledger.Key `json:"ask_after,omitzero"`
	// Silent are the task queues that did not answer: each is waited for once.
	Silent []string              `json:"silent,omitempty"`
	Sum    activities.Reconciled `json:"sum"`
}

// ReconcileWorkflow compares the books with Temporal and the platforms: unfinished
// refunds without a workflow get one again, those in line are told when there is room
// for them, those that the platform has decided are woken, and an end that the platform
// contradicts raises an alert. It is started by the schedule of the worker; one that
// finds nothing to do costs seventeen events and three billable actions.
//
// What is wrong with one refund, or one account, stops nothing else: it is counted,
// and the odd ones are listed. The result of the last comparison, which Temporal
// hands over, says where the platforms' questions go on.
func ReconcileWorkflow(ctx workflow.Context, in Reconciliation) (activities.Reconciled, error) {
	c := in.Come
	if c == nil {
		c = newComparison(ctx, in.EndedWithin)
	}
	c.show(ctx)
	for range pagesPerRun {
		more, err := c.page(ctx, in.Grace)
		if err != nil {
			return c.Sum, err
		}
		if c.show(ctx); !more && !c.nextShelf(in) {
			return c.Sum, nil
		}
	}
	in.Come = c
	return c.Sum, workflow.NewContinueAsNewError(ctx, TypeReconcile, in)
}

// ReconcileSchedule is the id of a task queue's schedule: [ScheduleReconcile], and for
// another queue than the default one its name besides. Each task queue of workflows has
// books of its own, and one namespace may serve several.
func ReconcileSchedule(queue string) string {
	if queue == TaskQueue {
		return ScheduleReconcile
	}
	return ScheduleReconcile + "-" + queue
}

func newComparison(ctx workflow.Context, endedWithin time.Duration) *Comparison {
	c := &Comparison{Shelf: activities.ShelfUnfinished, Questions: questionsPerShelf, Since: workflow.Now(ctx).Add(-endedWithin)}
	if workflow.HasLastCompletionResult(ctx) {
		// What cannot be read was written by another program: begin at the beginning.
		_ = workflow.GetLastCompletionResult(ctx, &c.Sum)
	}
	c.AskAfter = c.Sum.UnfinishedFrom
	c.Sum = activities.Reconciled{EndedFrom: c.Sum.EndedFrom}
	return c
}

// nextShelf goes on to the ended refunds, where they are wanted.
func (c *Comparison) nextShelf(in Reconciliation) bool {
	if c.Shelf == activities.ShelfEnded || in.EndedWithin <= 0 {
		return false
	}
	// Nothing but questions is to be done here: reading begins where they do.
	c.Shelf, c.After, c.AskAfter, c.Questions = activities.ShelfEnded, c.Sum.EndedFrom, ledger.Key{}, questionsPerShelf
	c.Sum.EndedFrom = ledger.Key{}
	return true
}

// page goes through one page of the shelf, and reports whether another follows.
func (c *Comparison) page(ctx workflow.Context, grace time.Duration) (more bool, err error) {
	in := activities.Page{
		Of: c.Shelf, After: c.After, Now: workflow.Now(ctx), OpenedBefore: workflow.Now(ctx).Add(-grace), Since: c.Since, Questions: c.Questions, AskAfter: c.AskAfter,
	}
	var page activities.Paged
	err = workflow.ExecuteActivity(reading(ctx), activities.Reconcile, in).Get(ctx, &page)
	switch {
	case temporal.IsCanceledError(err):
		return false, err
	case err != nil:
		c.missed(1, ledger.Key{}, fmt.Sprintf("the %s refunds after %s could not be read: %s", c.Shelf, c.After, cause(err)))
		return false, nil
	}
	c.Sum.Add(page.Reconciled)
	if err := c.ask(ctx, page.Ask); err != nil {
		return false, err
	}
	for _, lane := range page.Ask {
		c.Questions -= len(lane.Keys)
	}
	return c.turn(page), nil
}

// turn goes to the next page. Where the questions end, it says where the next
// comparison goes on with them.
func (c *Comparison) turn(page activities.Paged) (more bool) {
	if c.Questions <= 0 && page.LastAsked != nil && c.Shelf == activities.ShelfUnfinished {
		c.Sum.UnfinishedFrom = *page.LastAsked
	}
	if c.Questions <= 0 && page.LastAsked != nil && c.Shelf == activities.ShelfEnded {
		c.Sum.EndedFrom = *page.LastAsked
		return false
	}
	if page.Next == nil {
		return false
	}
	c.After = *page.Next
	return true
}
