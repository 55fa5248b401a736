package main

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/refundflow/refundflow/ledger"
)

// courses tells what happened to the refunds of which something does not hold.
func (s *site) courses(ctx context.Context, f *facts, wrong []finding) {
	concerned := map[ledger.Key]bool{}
	for _, w := range wrong {
		if w.key != (ledger.Key{}) {
			concerned[w.key] = true
		}
	}
	left := mostStories
	for i := range f.refunds {
		if r := &f.refunds[i]; concerned[r.wish.key()] && left > 0 {
			left--
			s.o.say("%s", s.story(ctx, r))
		}
	}
}

// auditFor bounds the program's audit of the ledger.
const auditFor = 2 * time.Minute

// atRest stops workers and server, and looks at what they left behind.
func (s *site) atRest(ctx context.Context) ([]finding, error) {
	var wrong []finding
	if err := s.dismiss(); err != nil {
		wrong = append(wrong, finding{text: err.Error()})
	}
	ctx, cancel := context.WithTimeout(ctx, auditFor)
	defer cancel()
	said, err := exec.CommandContext(ctx, s.o.worker, "ledger", "audit", "--config", s.file("refundflow.yaml")).CombinedOutput()
	if err != nil {
		wrong = append(wrong, finding{text: fmt.Sprintf("worker ledger audit: %v: %s", err, strings.TrimSpace(string(said)))})
	}
	secrets, err := s.secrets()
	if err != nil {
		return nil, err
	}
	files, err := s.written()
	if err != nil {
		return nil, err
	}
	found, err := leaks(files, secrets)
	return append(wrong, found...), err
}

// report is the table at the end.
func (s *site) report(f *facts, shop *shop, took time.Duration) {
	table := tabwriter.NewWriter(s.o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nACCOUNT\tREFUNDS\tSUCCEEDED\tFAILED\tNEED A PERSON\tOPEN\tPAID FEN")
	for _, a := range accounts {
		n := map[string]int{}
		var paid int64
		for i := range f.refunds {
			r := &f.refunds[i]
			if r.wish.order.account != a {
				continue
			}
			n["all"]++
			switch {
			case r.outcome != nil:
				n[string(r.outcome.Status)]++
				paid += int64(r.outcome.Amount)
			case r.stands():
				n["person"]++
			default:
				n["open"]++
			}
		}
		if n["all"] > 0 {
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", a.name, n["all"], n["succeeded"], n["failed"], n["person"], n["open"], paid)
		}
	}
	_ = table.Flush()
	reasons, held := map[string]int{}, f.held()
	for i := range f.refunds {
		switch r := &f.refunds[i]; {
		case r.behind(held):
			s.o.say("waits for one of these: %s: %s", r.wish.key(), r.view.Sentence)
		case r.stands():
			reasons[r.excuse()]++
			s.o.say("needs a person: %s: %s", r.wish.key(), r.view.Sentence)
		}
	}
	delete(reasons, "") // these are among what does not hold
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		s.o.say("%d of these because %s", reasons[why], why)
	}
	workers, server := s.kills()
	s.o.say("%d s; %d kills of workers, %d of the server; callers began %d calls again", int(took.Seconds()), workers, server, shop.retries.Load())
	for _, p := range append(slices.Clone(s.workers), s.server) {
		if _, own := p.Fate(); len(own) > 0 {
			s.o.say("%s ended by itself %d times and was started again: %s; see its log", p.Name, len(own), strings.Join(own, ", "))
		}
	}
}

// verdict tells everything that does not hold.
func (o *options) verdict(wrong []finding, again string) error {
	if len(wrong) == 0 {
		o.say("everything holds")
		return nil
	}
	o.say("\n%d things do not hold:", len(wrong))
	for _, w := range wrong {
		o.say("  %s", w)
	}
	o.say("\nthe same plan again: %s", again)
	return errWrong
}
