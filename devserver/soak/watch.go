package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/refundflow/refundflow/devserver/process"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/ledger/sqlstore"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/workflows"
)

const (
	countPause = time.Second
	tellPause  = 5 * time.Second
	// standsFor is how long only people's affairs, and who waits for these, must be left
	// before the wait is over: a message that comes late may still end one.
	standsFor = 20 * time.Second
)

// census is where all refunds are at one moment.
type census struct {
	at        time.Time
	closed    int64 // by Temporal's list, which is a moment behind
	running   int64
	attention int64 // of those that are running
	turn      int64 // those that wait for another refund of their order
	// open counts the ledger's unfinished refunds by what they do.
	open map[string]int
}

func (c census) String() string {
	text := fmt.Sprintf("ended %d, need a person %d", c.closed, c.attention)
	for _, what := range slices.Sorted(maps.Keys(c.open)) {
		text += fmt.Sprintf(", %s %d", what, c.open[what])
	}
	return text
}

// counter takes the census.
type counter struct {
	s     *site
	books *sqlstore.Store
}

func (s *site) ledger(ctx context.Context) (*sqlstore.Store, error) {
	return sqlstore.Open(ctx, "sqlite:"+s.file("ledger.db"))
}

func (c *counter) count(ctx context.Context) (census, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	now := census{at: time.Now(), open: map[string]int{}}
	flights, err := c.books.InFlight(ctx)
	if err != nil {
		return now, err
	}
	for _, f := range flights {
		what := string(f.Stage)
		if f.For != "" {
			what += " (" + string(f.For) + ")"
		}
		now.open[what] += f.Refunds
		if f.For == ledger.ObstacleOrder {
			now.turn += int64(f.Refunds)
		}
	}
	refunds := "WorkflowType = '" + workflows.TypeRefund + "' AND ExecutionStatus "
	standing := fmt.Sprintf(" AND %s = '%s'", workflows.AttributeStatus.GetName(), refund.StatusNeedsAttention)
	for _, q := range []struct {
		query string
		into  *int64
	}{{"!= 'Running'", &now.closed}, {"= 'Running'", &now.running}, {"= 'Running'" + standing, &now.attention}} {
		found, err := c.s.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: refunds + q.query})
		if err != nil {
			return now, fmt.Errorf("the server is away: %w", err)
		}
		*q.into = found.GetCount()
	}
	return now, nil
}

// watch waits until every refund has ended, or only people can end one, or ctx ends,
// and tells how far it is. Busy says what is still to be done before that counts; each
// census goes to sample, which may be nil.
func (s *site) watch(ctx context.Context, total int, busy func() string, sample func(census)) error {
	books, err := s.ledger(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = books.Close() }()
	c := &counter{s, books}
	begun := time.Now()
	var told, still time.Time
	var last census
	for process.Rest(ctx, countPause) {
		now, err := c.count(ctx)
		line := now.String()
		if err != nil {
			line = "the server is away"
		} else if sample != nil {
			sample(now)
		}
		work := busy()
		if time.Since(told) >= tellPause {
			told = time.Now()
			s.o.say("%4d s  %s", int(time.Since(begun).Seconds()), strings.TrimSuffix(line+"; "+work, "; "))
		}
		if err != nil || work != "" || now.closed+now.running < int64(total) {
			continue
		}
		if now.running == 0 {
			return nil
		}
		if now.closed != last.closed || now.running > now.attention+now.turn {
			last, still = now, time.Now()
		} else if time.Since(still) >= standsFor {
			return nil
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return errors.New("stopped by hand")
	}
	return nil // time is up: what has not ended is told one by one
}
