package matrix

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/ledger"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// writes are the calls of the ledger that change the books: between two of them every
// backup is the same.
var writes = []string{
	"Open", "Hold", "BeginCancel", "EndCancel", "BeginSend", "BeginResend", "EndSend", "NoteAbsent", "Settle", "Finish", "Note",
	"Approve", "Flag", "Testify", "NoteForeign", "DecideAudit",
}

// backup names the moment of a backup: after one of the writes, or, where there is none yet, before the
// refund was opened. Empty is older than everything.
type backup struct {
	empty bool
	last  refundtest.Moment
}

// knows: the refund is in it.
func (b backup) knows() bool { return b.last.Method != "" }

func (b backup) String() string {
	switch {
	case b.empty:
		return "empty books"
	case !b.knows():
		return "books of before"
	}
	return fmt.Sprintf("books of ledger %s %d", b.last.Method, b.last.Nth)
}

// backups are those that can have been made after so many calls of the ledger.
func (f Flow) backups(calls map[string]int) []backup {
	all := []backup{{empty: true}}
	switch {
	case f.waits() && f.proves():
		all = append(all, backup{})
	case f.waits(): // of what stands in for the other refund Temporal knows nothing
		all = []backup{{}}
	}
	for _, method := range writes {
		for i := range calls[method] {
			if i < 3 || calls[method] <= 12 { // as in [Trace.points]
				all = append(all, backup{last: refundtest.Moment{Method: method, Nth: i + 1, After: true}})
			}
		}
	}
	return all
}

// restores lists the restores of a run that goes through these moments: the books of each moment
// come back at each later one. The workers stand still meanwhile: nothing is under way.
func (f Flow) restores(moments []refundtest.StepMoment) []Mishap {
	// A platform that cannot be asked does not say again what the books have forgotten: there it ends before a person.
	all, promised := []Mishap(nil), heals
	if f.rules.Query != providers.QueryByNumber {
		promised = keeps
	}
	add := func(m refundtest.StepMoment, when string, x restore) {
		at := Point{Step, m.Step, m.Nth}
		for _, b := range f.backups(m.Books) {
			all = append(all, Mishap{Kind: b.String() + " restored " + when, At: at, ends: promised, plan: func(p *play) {
				one := x
				one.play, one.of = p, b
				one.plan(at, m.After)
			}})
		}
	}
	for i, m := range moments {
		x := restore{opened: m.Books["Open"] > 0, ends: i == len(moments)-1}
		switch {
		case x.ends && m.Step == activities.AwaitResult:
			m.Nth = 1 // nobody knows beforehand with which question it ends
			add(m, "once settled", x)
		case m.Nth > 3: // of many questions the first ones
		case !m.After:
			add(m, "before", x)
		case x.ends, !maps.Equal(m.Books, moments[i+1].Books): // otherwise the same as before the next step
			add(m, "after", x)
		}
	}
	return all
}

// restore is one restore in a run, and the people who see to it by docs/operations.md.
type restore struct {
	play *play
	of   backup
	// opened: the refund had been written down; ends: nothing is left but to end.
	opened, ends bool

	made *refundtest.Backup
	done bool
}

func (x *restore) plan(at Point, after bool) {
	p := x.play
	switch {
	case x.of.empty:
		x.made = &refundtest.Backup{}
	case !x.of.knows():
		x.made = new(p.world.BackUp())
	default:
		p.world.Ledger.Watch(func(m refundtest.Moment) {
			if m == x.of.last {
				x.made = new(p.world.BackUp())
			}
		})
	}
	switch {
	case x.ends && at.Name == activities.AwaitResult:
		for n := range mostQuestions {
			p.acts = append(p.acts, refundtest.Perhaps(refundtest.After(at.Name, n+1, x.settled)))
		}
	case after:
		p.acts = append(p.acts, p.perhaps(refundtest.After(at.Name, at.Nth, x.happen)))
	default:
		p.acts = append(p.acts, p.perhaps(refundtest.Before(at.Name, at.Nth, x.happen)))
	}
	p.acts = append(p.acts, refundtest.Then(x.over))
	for _, after := range visits {
		p.acts = append(p.acts, refundtest.At(after, x.visit))
	}
	p.acts = append(p.acts, refundtest.At(lastVisit, x.visitAgain))
}

// mostQuestions are asked about a result in any flow.
const mostQuestions = 400

// settled is after a question about the result: when it was the last, only the workflow has still to end.
func (x *restore) settled(r *refundtest.Run) {
	record, err := x.play.world.Ledger.Ledger.Refund(x.play.world.Context(), ledger.KeyOf(r.Request))
	if err == nil && record.Status == ledger.Succeeded {
		x.happen(r)
	}
}

func (x *restore) happen(*refundtest.Run) {
	if x.done || x.made == nil && !x.play.alone() {
		return // another mishap has led elsewhere
	}
	require.NotNil(x.play.world, x.made, "the moment of the backup never came")
	x.play.world.Restore(*x.made, true)
	x.done = true
}

// visits are when a person looks at what stands.
var visits = []time.Duration{
	2 * time.Hour, 4 * time.Hour, 9 * time.Hour, 25 * time.Hour, 27 * time.Hour, 31 * time.Hour, 50 * time.Hour, 75 * time.Hour,
	5 * 24 * time.Hour, 9 * 24 * time.Hour, 21 * 24 * time.Hour, 45 * 24 * time.Hour, 61 * 24 * time.Hour,
}

// visit answers what stands with retry. Books that know the refund cost nobody a person,
// whatever else they have forgotten of it.
func (x *restore) visit(r *refundtest.Run) {
	v := r.Ask()
	if !x.done || v.Status != refund.StatusNeedsAttention {
		return
	}
	if x.strict() {
		require.False(x.play.world, x.of.knows(), "it needed a person: %s", v.Sentence)
		require.Contains(x.play.world, v.Sentence+v.Failure.Error(), "the books do not know this refund")
	}
	refundtest.Resolve(refund.ResolveRetry)(r)
}

// lastVisit is when what was given up, in books that had forgotten it then, has been tried again.
const lastVisit = 100 * 24 * time.Hour

func (x *restore) visitAgain(r *refundtest.Run) {
	if x.done && r.Ask().Status == refund.StatusNeedsAttention {
		refundtest.GiveUp(r)
	}
}

// stood: it has needed a person, if only until the platform's next message.
func stood(v refund.View) bool {
	return slices.ContainsFunc(v.Steps, func(s refund.Step) bool { return s.Status == refund.StatusNeedsAttention })
}

// strict: nothing else is in the way of what is promised, and nothing else is for a person.
func (x *restore) strict() bool {
	f := x.play.scenario
	return x.play.alone() && f.rules.Query == providers.QueryByNumber && !f.strands()
}

// over: a refund that was to end all the same has ended without a word to the books, when Temporal
// had been read. Where they show it as open the reconciler books that; what they have
// forgotten altogether is found when `worker ledger restored` is run once more. Any other
// that they had forgotten has stood before a person.
func (x *restore) over(r *refundtest.Run) {
	w := x.play.world
	if !x.done {
		require.False(w, x.play.alone(), "the mishap had no occasion")
		return
	}
	record, err := w.Ledger.Ledger.Refund(w.Context(), ledger.KeyOf(r.Request))
	unbooked := errors.Is(err, ledger.ErrUnknown) || record.Status == ledger.Open
	if unbooked {
		w.Recall(*x.made)
	}
	if x.strict() {
		require.False(w, unbooked && !x.ends, "its end was not booked")
		require.True(w, !x.play.scenario.shows() || sendings(r) <= 1, "it was sent again without asking")
		require.True(w, unbooked || stood(r.Ask()) || x.of.knows() || !x.opened, "nobody was told that the books had forgotten it")
	}
}

// shows: the platform shows a refund from the first moment on by its number, so that nothing is sent twice.
func (f Flow) shows() bool { return f.rules.Query == providers.QueryByNumber && !f.ShownLate }

// sendings is how often a request for the refund has reached the platform.
func sendings(r *refundtest.Run) (n int) {
	calls, err := r.Platform.Calls(r.Context(), control.CallFilter{Op: r.Bench().Ops.Apply})
	require.NoError(r, err)
	for _, c := range calls {
		if c.RefundNo == r.Ask().ProviderNumber && c.Amount != 0 { // without an amount it is a question
			n++
		}
	}
	return n
}
