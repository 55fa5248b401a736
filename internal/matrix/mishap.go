package matrix

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// promise is what must come of a refund with one mishap, beside the invariants.
type promise string

const (
	// heals: it succeeds, and nobody is needed, where the end can be proven at all.
	heals promise = "heals"
	// refuses: it fails, or needs a person.
	refuses promise = "refuses"
	// stops: it is cancelled while that is in time, or ends as if nobody had asked.
	stops promise = "stops"
	// keeps: the invariants alone.
	keeps promise = "keeps"
)

// Mishap is one thing that goes wrong at one point.
type Mishap struct {
	Kind string
	At   Point
	ends promise
	// slow: an answer comes after the provider's patience is over.
	slow bool
	plan func(*play)
}

func (m Mishap) String() string { return m.Kind + " at " + m.At.String() }

// Mishaps lists what may go wrong at a point of the flow.
func (f Flow) Mishaps(t *testing.T, at Point) []Mishap {
	t.Helper()
	switch at.Room {
	case Exchange:
		return f.exchangeMishaps(t, at)
	case Step:
		return []Mishap{
			{Kind: "worker dies before", At: at, ends: heals, plan: acts(refundtest.Die(at.Name, at.Nth))},
			{Kind: "worker dies after", At: at, ends: heals, plan: acts(refundtest.Lose(at.Name, at.Nth))},
			{Kind: "somebody cancels before", At: at, ends: stops, plan: acts(refundtest.Before(at.Name, at.Nth, refundtest.Cancel("shop-3")))},
			{Kind: "somebody cancels after", At: at, ends: stops, plan: acts(refundtest.After(at.Name, at.Nth, refundtest.Cancel("shop-3")))},
		}
	case Books:
		return []Mishap{
			f.books("database away before", at, false, away), f.books("database away after", at, true, away),
			f.books("worker dies before", at, false, refundtest.Crash), f.books("worker dies after", at, true, refundtest.Crash),
		}
	case Message:
		return f.messageMishaps(at)
	}
	require.FailNow(t, "no room is named "+string(at.Room))
	return nil
}

func away() error { return refundtest.ErrAway }

func acts(a refundtest.Act) func(*play) {
	return func(p *play) { p.acts = append(p.acts, p.perhaps(a)) }
}

func (Flow) books(kind string, at Point, after bool, do func() error) Mishap {
	return Mishap{Kind: kind, At: at, ends: heals, plan: func(p *play) {
		p.world.Ledger.At(refundtest.Moment{Method: at.Name, Nth: at.Nth, After: after}, do)
	}}
}

func (f Flow) messageMishaps(at Point) []Mishap {
	var all []Mishap
	for _, fate := range []fate{lost, doubled, early, late, forged} {
		if fate == forged && f.unsealed {
			continue // the account believes whatever comes this way, by its own setting
		}
		if fate == early && at.Nth > 1 {
			continue // the first one has ended what the others speak of
		}
		m := Mishap{Kind: string(fate), At: at, ends: heals, plan: func(p *play) {
			p.post.plan(at, fate)
			if fate == early { // the platform has accepted, and nobody has written it down
				p.world.Ledger.At(refundtest.Moment{Method: "EndSend", Nth: 1}, func() error { p.post.round(0); return nil })
			}
		}}
		if fate == lost && !f.heals() {
			m.ends = keeps // the message was the only way to learn how it ended
		}
		all = append(all, m)
	}
	return all
}

// impatient is the provider's patience in a run with a slow answer, and tooLate is after it.
const (
	impatient = 400 * time.Millisecond
	tooLate   = 500 * time.Millisecond
)

// outage is how many questions in a row go unanswered: steps that may not last longer than
// a day give up before it is over.
const outage = 300

// spoiled are the faults of any exchange, in both phases. Those that are the same as another to
// whoever cannot read the answer are left out where a flow has nothing of its own from then on.
var spoiled = []struct {
	kind, same string
	fault      control.Fault
}{
	{"connection lost", "", control.Fault{Kind: control.FaultDisconnect}},
	{"status 500", "status 502", control.Fault{Kind: control.FaultStatus, Status: 500}},
	{"status 502", "", control.Fault{Kind: control.FaultStatus, Status: 502, Body: "<html></html>"}},
	{"status 503", "", control.Fault{Kind: control.FaultStatus, Status: 503}},
	{"status 504", "status 502", control.Fault{Kind: control.FaultStatus, Status: 504}},
	{"page of HTML", "garbage", control.Fault{Kind: control.FaultHTML}},
	{"empty answer", "garbage", control.Fault{Kind: control.FaultEmpty}},
	{"endless answer", "garbage", control.Fault{Kind: control.FaultHuge}},
	{"answer cut", "", control.Fault{Kind: control.FaultTruncated}},
	{"answer without code", "garbage", control.Fault{Kind: control.FaultNoCode}},
	{"empty object", "garbage", control.Fault{Kind: control.FaultAnswer, Body: "{}"}},
	{"garbage", "", control.Fault{Kind: control.FaultAnswer, Body: "\x00\xffSUCCESS"}},
}

func (f Flow) exchangeMishaps(t *testing.T, at Point) []Mishap {
	t.Helper()
	var all []Mishap
	add := func(kind string, ends promise, fault control.Fault) {
		fault.Op, fault.Nth = at.Name, at.Nth
		all = append(all, Mishap{Kind: kind, At: at, ends: ends, slow: fault.Kind == control.FaultDelay, plan: func(p *play) { p.fault(fault) }})
	}
	for _, s := range spoiled {
		if s.same != "" && f.begins() {
			continue
		}
		for _, phase := range []control.FaultPhase{control.Before, control.After} {
			s.fault.Phase = phase
			add(fmt.Sprintf("%s, %s", s.kind, doing[phase]), heals, s.fault)
		}
	}
	for phase, word := range doing {
		// A page in between, or a wrong address: for a person, who must know that it may have been done.
		add("status 404, "+word, keeps, control.Fault{Kind: control.FaultStatus, Status: 404, Body: "<html></html>", Phase: phase})
		add("too slow, "+word, heals, control.Fault{Kind: control.FaultDelay, Phase: phase, Delay: control.Duration(tooLate)})
	}
	add("throttled", heals, control.Fault{Kind: control.FaultStatus, Status: 429})
	add("throttled for 30 s", heals, control.Fault{Kind: control.FaultStatus, Status: 429, RetryAfter: control.Duration(30 * time.Second)})
	add("throttled for ten minutes", heals, control.Fault{Kind: control.FaultStatus, Status: 429, RetryAfter: control.Duration(10 * time.Minute)})
	add("answer doubled", heals, control.Fault{Kind: control.FaultDoubled, Phase: control.After})
	if !f.begins() {
		add("gone for a day", keeps, control.Fault{Kind: control.FaultDisconnect, Times: outage})
	}
	if f.signed {
		add("answer tampered with", heals, control.Fault{Kind: control.FaultTampered, Phase: control.After})
	}
	if f.rules.RepeatAnswers {
		add("request delivered twice", heals, control.Fault{Kind: control.FaultTwice, Phase: control.After})
	}
	for name, fault := range f.forged {
		for phase, word := range doing {
			fault.Phase = phase
			add("forged: "+name+", "+word, keeps, fault) // some are for a person at once
		}
	}
	for _, code := range f.codesAt(at.Name) {
		fault := code.Fault
		fault.Kind = control.FaultAnswer
		ends := promised(code)
		if ends == refuses && f.oneName { // a refused question is no refused refund
			ends = keeps
		}
		add("answered "+code.Name, ends, fault)
		if code.Want == refund.ClassAmbiguous { // which is said of what was done, too
			fault.Phase = control.After
			add("answered "+code.Name+", done", heals, fault)
		}
	}
	slices.SortFunc(all, func(a, b Mishap) int { // maps have no order, and a seed must mean something
		if a.Kind < b.Kind {
			return -1
		}
		return 1
	})
	return all
}

// doing says in words whether the platform has done its work when the fault strikes.
var doing = map[control.FaultPhase]string{control.Before: "not done", control.After: "done"}

// codesAt are the platform's documented answers to a call: all of them in the plain flow,
// and one of each class in the others.
func (f Flow) codesAt(op string) []providertest.Code {
	var codes []providertest.Code
	seen := map[refund.Class]bool{}
	for _, c := range f.codes {
		if c.Op == "" {
			c.Op = f.apply
		}
		if c.Op != op || f.Name != "full" && seen[c.Want] {
			continue
		}
		seen[c.Want] = true
		codes = append(codes, c)
	}
	return codes
}

// promised is what must come of a documented answer that is given once, though the platform
// did nothing.
func promised(c providertest.Code) promise {
	switch {
	case c.Heals:
		return heals
	case c.Want == refund.ClassTransient, c.Want == refund.ClassThrottled, c.Want == refund.ClassInsufficientFunds:
		return heals
	case c.Want == refund.ClassRejected:
		return refuses
	}
	return keeps
}
