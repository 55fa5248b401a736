package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/refundflow/refundflow/devserver/merchants"
	"github.com/refundflow/refundflow/refund"
)

// patience bounds one scenario; each takes a second or two.
const patience = time.Minute

// lastMessage bounds the wait for a message after the end of its refund.
const lastMessage = 10 * time.Second

// course is one scenario under way, and in the end what became of it.
type course struct {
	scenario
	id      string // of its refund
	request refund.Request
	talk    []said         // what people did, and were told
	view    refund.View    // where the refund stands
	book    merchants.Book // what the platform says
	err     error          // why it is not as it should be
}

// run makes the demo's refunds, prints what happened, and reports whether each
// ended as it should and the platforms' books agree. They run side by side, but for
// those of the capped account, which wait for each other, and for the others to be
// done: their nights would pass for all at the stand-in.
func (w *world) run(ctx context.Context) bool {
	fmt.Fprintf(w.out, "Making %d refunds\n\n", len(scenarios))
	stamp := stamp()
	var courses, line []*course
	var wait sync.WaitGroup
	var print sync.Mutex
	for _, s := range scenarios {
		c := &course{scenario: s, id: s.name + stamp}
		courses = append(courses, c)
		if s.account == capped {
			line = append(line, c)
			continue
		}
		wait.Go(func() {
			w.play(ctx, c)
			print.Lock()
			defer print.Unlock()
			w.printCourse(c)
		})
	}
	wait.Wait()
	w.playInLine(ctx, line)
	for _, c := range line {
		w.printCourse(c)
	}
	ok := !slices.ContainsFunc(courses, func(c *course) bool { return c.err != nil })
	w.printTable(courses, ok)
	return ok
}

// play runs one scenario from the order to the comparison of the books.
func (w *world) play(ctx context.Context, c *course) {
	if c.err = w.begin(ctx, c); c.err == nil {
		c.err = w.do(ctx, c, c.during)
	}
	w.end(ctx, c)
}

func (w *world) do(ctx context.Context, c *course, acts []act) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, act := range acts {
		if err := act(ctx, w, c); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the order, and starts its refund or submits it.
func (w *world) begin(ctx context.Context, c *course) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if c.request, err = w.order(ctx, c.account, c.id, c.total, c.amount, c.order); err != nil {
		return err
	}
	if err := w.do(ctx, c, c.before); err != nil {
		return err
	}
	if c.answers == "" {
		_, err := w.refunds.Start(ctx, c.request)
		return err
	}
	c.say(requester, "submits the refund")
	submitted, err := w.refunds.Submit(ctx, c.request)
	if err != nil {
		return err
	}
	c.say(saga, "answers: %s", submitted.Answer.Sentence)
	if got := submitted.Answer.Status; got != c.answers {
		return fmt.Errorf("submitted, it answered %s, not %s", got, c.answers)
	}
	return nil
}

// end waits for the end of the refund, and compares it with what must be. Where it
// stands is told whatever went wrong: then most of all.
func (w *world) end(ctx context.Context, c *course) {
	if c.err == nil {
		waiting, cancel := context.WithTimeout(ctx, patience)
		_, c.err = w.refunds.Wait(waiting, c.request.Account, c.request.ID)
		cancel()
	}
	if c.request.Order.PlatformID == "" {
		return // without an order there is no refund
	}
	c.err = errors.Join(c.err, w.look(ctx, c))
	if c.err == nil {
		c.err = c.check(c.view, c.book)
	}
}

// look reads where the refund stands, and the platform's books.
func (w *world) look(ctx context.Context, c *course) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if c.view, err = w.refunds.Status(ctx, c.request.Account, c.request.ID); err != nil {
		return err
	}
	c.book, err = w.listen(ctx, c.scenario, c.request)
	return err
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
