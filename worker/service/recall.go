package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/refund"
)

const (
	// otherClocks is by how much the clocks of the backup and of Temporal may differ. What
	// is read twice is booked once.
	otherClocks = 10 * time.Minute
	// maxUnread is how many refunds are named that could not be taken over.
	maxUnread = 20
)

// Recalled counts what came of [Recall].
type Recalled struct {
	// Read counts the workflows that have ended since the backup, Known those of them
	// whose end the books know.
	Read, Known int
	// Booked counts those whose end was booked again, by how they ended.
	Booked map[refund.Status]int
	// Resumed counts those that were stopped without an outcome, and begin anew.
	Resumed int
	// Never counts those that never were in the books: refused at once.
	Never int
	// Failed counts those that could not be taken over; Why says of the first ones why.
	Failed int
	Why    []error
}

func (r *Recalled) fail(run client.Closed, err error) {
	if r.Failed++; r.Failed <= maxUnread {
		r.Why = append(r.Why, fmt.Errorf("%s: %w", run.WorkflowID, err))
	}
}

// Recall brings into restored books what Temporal knows of the refunds that have ended since
// the backup: their ends, and the workflows of those that were stopped without one. Those
// that run write themselves down. It may be repeated. Progress is told after each workflow.
func Recall(ctx context.Context, c *config.Config, l logrus.FieldLogger, books ledger.Ledger, since time.Time, progress func(Recalled)) (Recalled, error) {
	sum := Recalled{Booked: map[refund.Status]int{}}
	all, err := OpenAccounts(c)
	if err != nil {
		return sum, err
	}
	temporal, _, converter, err := dial(ctx, c, l, nil)
	if err != nil {
		return sum, err
	}
	defer temporal.Close()
	refunds := client.New(temporal).WithTaskQueue(c.TaskQueue).WithDataConverter(converter)
	for run, err := range refunds.Closed(ctx, since.Add(-otherClocks)) {
		if err != nil {
			return sum, err
		}
		sum.Read++
		if err := sum.take(ctx, refunds, all, books, run); err != nil {
			sum.fail(run, err)
		}
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		progress(sum)
	}
	return sum, nil
}

func (r *Recalled) take(ctx context.Context, refunds *client.Client, all activities.Accounts, books ledger.Ledger, run client.Closed) error {
	switch {
	case run.Err != nil:
		return run.Err
	case run.Outcome == nil:
		return r.resume(ctx, refunds, books, run)
	case !run.Was():
		r.Never++
		return nil
	}
	booked, err := activities.Rebook(ctx, all, books, activities.Remembered{
		Request: run.Request, Opened: run.Started, Outcome: *run.Outcome, Now: time.Now(),
	})
	switch {
	case err != nil:
		return err
	case booked:
		r.Booked[run.Outcome.Status]++
	default:
		r.Known++
	}
	return nil
}

// resume begins a stopped refund anew that the books do not know: nobody else would. What
// they know is the reconciler's.
func (r *Recalled) resume(ctx context.Context, refunds *client.Client, books ledger.Ledger, run client.Closed) error {
	_, err := books.Refund(ctx, ledger.KeyOf(run.Request))
	switch {
	case err == nil:
		r.Known++
		return nil
	case !errors.Is(err, ledger.ErrUnknown):
		return err
	}
	started, err := refunds.Resume(ctx, run.Request)
	var ended *client.EndedError
	switch {
	case errors.As(err, &ended): // by a later run, which is told of as well
		r.Known++
		return nil
	case err != nil:
		return err
	case started:
		r.Resumed++
	default:
		r.Known++ // it runs again
	}
	return nil
}
