package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// patience bounds one scenario; each takes a second or two.
const patience = time.Minute

// result is what became of one scenario.
type result struct {
	scenario scenario
	view     refund.View
	books    string // what the stand-in's books say
	err      error  // why it is not as it should be
}

// run makes the demo's refunds, prints what happened, and reports whether each
// ended as it should and the stand-in's books agree. They run side by side, but
// for those of the capped account: each of them takes of the budget that the one
// before has left.
func (w *world) run(ctx context.Context) bool {
	fmt.Fprintf(w.out, "Making %d refunds\n\n", len(scenarios))
	results := make([]result, len(scenarios))
	ids := stamp()
	var wait sync.WaitGroup
	var print sync.Mutex
	play := func(i int) {
		results[i] = w.play(ctx, scenarios[i], scenarios[i].name+ids)
		print.Lock()
		defer print.Unlock()
		w.printResult(results[i])
	}
	for i, s := range scenarios {
		if s.merchant.Account != capped {
			wait.Go(func() { play(i) })
		}
	}
	wait.Wait()
	for i, s := range scenarios {
		if s.merchant.Account == capped {
			play(i)
		}
	}
	ok := !slices.ContainsFunc(results, func(r result) bool { return r.err != nil })
	w.printTable(results, ok)
	return ok
}

// play runs one scenario from the order to the comparison of the books. Where
// the refund stands is told whatever went wrong: then most of all.
func (w *world) play(ctx context.Context, s scenario, id string) result {
	res := result{scenario: s}
	request, err := w.order(ctx, s.merchant, id, s.total, s.amount, s.order)
	if err != nil {
		res.err = err
		return res
	}
	res.err = w.carryOut(ctx, s, request)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if res.view, err = w.refunds.Status(ctx, request.Account, request.ID); err != nil {
		res.err = errors.Join(res.err, err)
		return res
	}
	books, err := w.sandbox.Baidu().OrderBook(ctx, request.Order.PlatformID)
	if err != nil {
		res.err = errors.Join(res.err, err)
		return res
	}
	res.books = booked(books)
	if res.err == nil {
		res.err = s.check(res.view, books)
	}
	return res
}

// carryOut starts the refund, does what the scenario wants done, and waits for
// the end.
func (w *world) carryOut(ctx context.Context, s scenario, request refund.Request) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.before != nil {
		if err := s.before(ctx, w, request); err != nil {
			return err
		}
	}
	if _, err := w.refunds.Start(ctx, request); err != nil {
		return err
	}
	if s.during != nil {
		if err := s.during(ctx, w, request); err != nil {
			return err
		}
	}
	_, err := w.refunds.Wait(ctx, request.Account, request.ID)
	return err
}

func booked(b control.BaiduOrderBook) string {
	var sum int64
	for _, r := range b.Refunds {
		sum += r.Amount
	}
	switch len(b.Refunds) {
	case 0:
		return "no refund"
	case 1:
		return fmt.Sprintf("1 refund, %s", refund.Fen(sum))
	}
	return fmt.Sprintf("%d refunds, %s", len(b.Refunds), refund.Fen(sum))
}

// check compares the refund, and the stand-in's books, with what must be.
func (s scenario) check(v refund.View, books control.BaiduOrderBook) error {
	var bad []string
	if v.Status != s.ends {
		bad = append(bad, fmt.Sprintf("ended as %s (%s), not %s", v.Status, v.Sentence, s.ends))
	}
	at := 0
	for _, step := range v.Steps {
		if at < len(s.passed) && step.Status == s.passed[at] {
			at++
		}
	}
	if at < len(s.passed) {
		bad = append(bad, fmt.Sprintf("never came to %s", s.passed[at]))
	}
	if len(books.Refunds) != s.paid {
		bad = append(bad, fmt.Sprintf("Baidu's books show %d refunds, not %d", len(books.Refunds), s.paid))
	}
	for _, r := range books.Refunds {
		if r.Amount != int64(s.amount) || r.Status != control.Success || r.BizRefundBatchID != v.ProviderNumber {
			bad = append(bad, fmt.Sprintf("Baidu's books show refund %s of %s as %s", r.BizRefundBatchID, refund.Fen(r.Amount), r.Status))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%s", strings.Join(bad, "; "))
	}
	return nil
}
