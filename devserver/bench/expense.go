package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	temporalclient "go.temporal.io/sdk/client"
	_ "modernc.org/sqlite" // the ledger's file is looked at

	"github.com/refundflow/refundflow/client"
	"github.com/refundflow/refundflow/config"
	"github.com/refundflow/refundflow/devserver/actions"
	"github.com/refundflow/refundflow/devserver/process"
)

// expense is what one workflow of a lane leaves behind, and what a vendor would bill.
type expense struct {
	Lane   string `json:"lane"`
	Events int64  `json:"events"`
	// HistoryBytes is the server's own count.
	HistoryBytes int64 `json:"history_bytes"`
	// Actions are counted by the server's own code.
	Actions map[string]int `json:"actions"`
	// LedgerBytes is by how much the ledger's file grew, a mean of many refunds.
	LedgerBytes float64 `json:"ledger_bytes,omitempty"`
	// Worker is which share of the worker's processor time each part of the program has.
	Worker map[string]float64 `json:"worker_shares,omitempty"`
}

func (e expense) billed() (n int) {
	for _, count := range e.Actions {
		n += count
	}
	return n
}

// history reads what a workflow has left at the server.
func (e *expense) history(ctx context.Context, l lane, id string) error {
	described, err := l.temporal().DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err
	}
	info := described.GetWorkflowExecutionInfo()
	e.Events, e.HistoryBytes = info.GetHistoryLength(), info.GetHistorySizeBytes()
	return nil
}

// ledgerSize is what the ledger takes, with what is still in its write-ahead log.
func (s *site) ledgerSize(ctx context.Context) (bytes int64, err error) {
	db, err := sql.Open("sqlite", "file:"+s.file("ledger.db")+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").Scan(&bytes)
	if err != nil {
		return 0, fmt.Errorf("the ledger's size: %w", err)
	}
	return bytes, nil
}

// expenses makes one workflow of each lane, on workers of this process whose connection counts.
func (s *site) expenses(ctx context.Context, lanes []lane) (all []expense, err error) {
	ctx, cancel := context.WithTimeout(ctx, measureFor)
	defer cancel()
	meter := actions.NewMeter()
	counted := func(o *temporalclient.Options) {
		o.ConnectionOptions.DialOptions = append(o.ConnectionOptions.DialOptions, meter.Option())
	}
	c, err := config.Load(s.file("refundflow.yaml"))
	if err != nil {
		return nil, err
	}
	temporal, stop, err := workBoth(ctx, c, silent(), s.stubURL, counted)
	if err != nil {
		return nil, err
	}
	defer temporal.Close()
	defer stop()
	stock, rest, err := workNaively(ctx, s.stockAddress, s.stubURL, counted)
	if err != nil {
		return nil, err
	}
	defer stock.Close()
	defer rest()
	uncounted, uncountedStock, refunds := s.temporal, s.stock, s.refunds
	s.temporal, s.stock, s.refunds = temporal, stock, client.New(temporal)
	defer func() { s.temporal, s.stock, s.refunds = uncounted, uncountedStock, refunds }()
	for _, l := range lanes {
		before := meter.Counted()
		if err := l.prepare(ctx, 1); err != nil {
			return nil, err
		}
		id, err := l.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name(), err)
		}
		if err := process.Until(ctx, "the count", func() error {
			if !meter.Quiet() {
				return errors.New("calls are under way")
			}
			return nil
		}); err != nil {
			return nil, err
		}
		e := expense{Lane: l.name(), Actions: meter.Counted()}
		for name, count := range before {
			if e.Actions[name] -= count; e.Actions[name] == 0 {
				delete(e.Actions, name)
			}
		}
		if err := e.history(ctx, l, id); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
