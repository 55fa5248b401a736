package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// patience bounds one scenario; each takes a second or two.
const patience = time.Minute

// lastMessage bounds the wait for a message after the end of its refund.
const lastMessage = 10 * time.Second

// result is what became of one scenario.
type result struct {
	scenario scenario
	view     refund.View
	book     merchants.Book // what the platform says
	err      error          // why it is not as it should be
}

// run makes the demo's refunds, prints what happened, and reports whether each
// ended as it should and the platforms' books agree. They run side by side, but
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
		if s.account != capped {
			wait.Go(func() { play(i) })
		}
	}
	wait.Wait()
	for i, s := range scenarios {
		if s.account == capped {
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
	request, err := w.order(ctx, s.account, id, s.total, s.amount, s.order)
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
	if res.book, err = w.listen(ctx, s, request); err != nil {
		res.err = errors.Join(res.err, err)
		return res
	}
	if res.err == nil {
		res.err = s.check(res.view, res.book)
	}
	return res
}

// listen reads the platform's books once the messages that must come were taken.
// The last of them may still be on its way when the refund has ended; those of one
// that has not are not waited for.
func (w *world) listen(ctx context.Context, s scenario, r refund.Request) (merchants.Book, error) {
	deadline, cancel := context.WithTimeout(ctx, lastMessage)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		book, err := s.account.Book(ctx, s.account.stand(w).Client, r.Order)
		if err != nil || len(s.unheard(book)) == 0 {
			return book, err
		}
		select {
		case <-deadline.Done():
			return book, nil // check says what is missing
		case <-ticker.C:
		}
	}
}

// unheard lists the messages that must have been taken and were not.
func (s scenario) unheard(b merchants.Book) []string {
	taken := b.Taken()
	return slices.DeleteFunc(slices.Clone(s.heard), func(kind string) bool { return slices.Contains(taken, kind) })
}

// carryOut starts the refund, does what the scenario wants done, and waits for
// the end.
func (w *world) carryOut(ctx context.Context, s scenario, request refund.Request) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.before != nil {
		if err := s.before(ctx, w, s.account, request); err != nil {
			return err
		}
	}
	if _, err := w.refunds.Start(ctx, request); err != nil {
		return err
	}
	if s.during != nil {
		if err := s.during(ctx, w, s.account, request); err != nil {
			return err
		}
	}
	_, err := w.refunds.Wait(ctx, request.Account, request.ID)
	return err
}

// check compares the refund, and the platform's books and messages, with what
// must be.
func (s scenario) check(v refund.View, book merchants.Book) error {
	var bad []string
	add := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if v.Status != s.ends {
		add("ended as %s (%s), not %s", v.Status, v.Sentence, s.ends)
	}
	at := 0
	for _, step := range v.Steps {
		if at < len(s.passed) && step.Status == s.passed[at] {
			at++
		}
	}
	if at < len(s.passed) {
		add("never came to %s", s.passed[at])
	}
	platform := s.account.Platform()
	if len(book.Refunds) != s.paid {
		add("%s's books show %d refunds, not %d", platform, len(book.Refunds), s.paid)
	}
	for _, r := range book.Refunds {
		if r.Amount != int64(s.amount) || r.Status != control.Success || r.Number != v.ProviderNumber {
			add("%s's books show refund %s of %s as %s", platform, r.Number, refund.Fen(r.Amount), r.Status)
		}
	}
	for _, kind := range s.unheard(book) {
		add("no %s was taken", kind)
	}
	for _, d := range book.Deliveries {
		if !d.Taken && len(s.unheard(book)) > 0 {
			add("%s, attempt %d: %s", d.Kind, d.Attempt, d.Problem)
		}
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "; "))
	}
	return nil
}
