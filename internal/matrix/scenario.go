package matrix

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"

	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// Scenario is a flow in which some things go wrong; none is fair weather.
type Scenario struct {
	Flow
	Mishaps []Mishap
}

// String is the script: by it the scenario is run again.
func (s Scenario) String() string {
	said := []string{"fair weather"}
	if len(s.Mishaps) > 0 {
		said = nil
	}
	for _, m := range s.Mishaps {
		said = append(said, m.String())
	}
	return s.Flow.String() + " | " + strings.Join(said, " + ")
}

// Result is what became of a scenario that held.
type Result struct {
	Trace  Trace
	Status refund.Status
	// Person: somebody had to resolve it.
	Person bool
	// Missed: one of several mishaps had no occasion.
	Missed bool
}

// play is a scenario on its ground.
type play struct {
	interceptor.WorkerInterceptorBase
	scenario Scenario
	world    *refundtest.World
	post     *postman
	acts     []refundtest.Act
	faults   []int64
}

// letGo keeps nothing of a world that the test environment may keep.
func (p *play) letGo() {
	p.post.receiver, p.post.world, p.post.run, p.post.plans = nil, nil, nil, nil
	*p = play{}
}

// fault plans a fault of the sandbox.
func (p *play) fault(f control.Fault) {
	planned, err := p.world.Platform.AddFault(p.world.Context(), f)
	require.NoError(p.world, err)
	p.faults = append(p.faults, planned.ID)
}

// alone: there is one mishap at most.
func (p *play) alone() bool { return len(p.scenario.Mishaps) < 2 }

// certain: a mishap that is alone must have its occasion, for it was seen in fair weather.
// How often a result is asked for is up to chance after the first times.
func (p *play) certain() bool {
	return p.alone() && (len(p.scenario.Mishaps) == 0 || p.scenario.Mishaps[0].At.Nth <= alike)
}

func (p *play) perhaps(a refundtest.Act) refundtest.Act {
	if p.certain() {
		return a
	}
	return refundtest.Perhaps(a)
}

// Run runs the refund on a ground of its own and fails the test unless everything holds:
//
//   - it is paid at most once, under one number, and exactly when it is reported as succeeded,
//     with the amount that was asked for (I1, I3);
//   - the order's refunds are never more than was paid, a day's never more than its cap (I5);
//   - it has ended, or stands visibly before a person (I2);
//   - the verification is cancelled for a whole order alone, and no simple failure follows (I4);
//   - the ledger agrees with itself, with the outcome and with the platform's books (I5);
//   - no secret is in the history, the view, the journal or a log (I6);
//   - what heals has healed without a person.
func (s Scenario) Run(t *testing.T) Result {
	t.Helper()
	post := newPostman()
	t.Cleanup(post.close)
	o, p := s.options(post), &play{scenario: s, post: post}
	t.Cleanup(func() { p.letGo() }) // last
	if slices.ContainsFunc(s.Mishaps, func(m Mishap) bool { return m.slow }) {
		o.Timeout = impatient
		o.Watching = []interceptor.WorkerInterceptor{p}
	}
	w := refundtest.On(t, s.Transport, o)
	p.world = w
	post.works(w)
	earlier := s.before(w, post)
	request := s.request(w, "R1")

	p.acts = append(s.Flow.acts(), post.rounds()...)
	story := &story{play: p}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(story.String())
		}
	})
	calls, err := w.Platform.Calls(t.Context(), control.CallFilter{})
	require.NoError(t, err)
	since := int64(0)
	if len(calls) > 0 {
		since = calls[len(calls)-1].Seq
	}
	post.forget()
	w.Ledger.Recount()
	for _, m := range s.Mishaps {
		m.plan(p)
	}
	r := w.Begin(request, append(p.acts, func(r *refundtest.Run) { story.run = r })...)
	return p.judge(r, earlier, since)
}
