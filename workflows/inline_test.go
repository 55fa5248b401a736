package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/internal/refundtest"
	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/providertest"
	"github.com/refundflow/refundflow/refund"
	"github.com/refundflow/refundflow/sandbox/control"
)

// requests are the platform's operations in the order in which a run asked for them.
func requests(r *run) (ops []string) {
	for _, call := range r.Calls {
		ops = append(ops, call.Op)
	}
	return ops
}

// between is the time from the first request of an operation to the second one.
func between(t *testing.T, r *run, op string) time.Duration {
	t.Helper()
	var at []time.Time
	for _, call := range r.Calls {
		if call.Op == op {
			at = append(at, call.At)
		}
	}
	require.GreaterOrEqual(t, len(at), 2, op)
	return at[1].Sub(at[0])
}

// inlines is every setting.
var inlines = []activities.Inline{activities.InlineNone, activities.InlineReads, activities.InlineAll}

// in reports whether the setting takes a step into the workflow's own task.
func in(inline activities.Inline, step string) bool {
	return inline == activities.InlineAll || inline == activities.InlineReads && step != apply
}

// TestAnAttemptInTheTaskStandsForTheFirstOneOfTheRegularLane: whatever is answered, the
// refund ends as it does without it, and the platform sees the same requests, none of them
// earlier after the one before than the pause demands.
func TestAnAttemptInTheTaskStandsForTheFirstOneOfTheRegularLane(t *testing.T) {
	t.Parallel()
	type reply struct {
		name   string
		step   string
		faults []control.Fault
		order  []order
		acts   []refundtest.Act
		// handed: the regular lane is given the step, once; and pauses before it asks.
		handed bool
		op     string
		pause  time.Duration
	}
	away := func(method string) refundtest.Do { return func(r *run) { r.Ledger.Fail(method, 1, false) } }
	html := []control.Fault{{Op: opCheck, Kind: control.FaultHTML}}
	for _, c := range []reply{
		{name: "the order is looked at", step: check},
		{name: "the order's check: certainly not processed", step: check, faults: []control.Fault{status(opCheck, 503, 1)}, handed: true, op: opCheck, pause: time.Second},
		{name: "the order's check: throttled", step: check, faults: []control.Fault{throttled(opCheck, 7*time.Second, 1)}, handed: true, op: opCheck, pause: 7 * time.Second},
		{name: "the order's check: no answer", step: check, faults: []control.Fault{lost(opCheck, control.After, 1)}, handed: true, op: opCheck, pause: time.Second},
		{name: "the order's check: nonsense", step: check, faults: html, handed: true, op: opCheck, pause: time.Second},
		{name: "the order's check: for a person", step: check, faults: []control.Fault{answer(opCheck, 77777, "?", 1)}},
		{name: "the order's check: misconfigured", step: check, faults: []control.Fault{answer(opCheck, 10000, badSignature, 1)}},
		{name: "the order's check: the books are away", step: check, acts: []refundtest.Act{refundtest.Before(check, 1, away("Refund"))}, handed: true},

		{name: "accepted", step: apply},
		{name: "the sending: certainly not processed", step: apply, faults: []control.Fault{status(opApply, 429, 1)}, handed: true, op: opApply, pause: time.Second},
		{name: "the sending: throttled", step: apply, faults: []control.Fault{throttled(opApply, time.Minute, 1)}, handed: true, op: opApply, pause: time.Minute},
		{name: "the sending: no answer, not arrived", step: apply, faults: []control.Fault{lost(opApply, control.Before, 1)}},
		{name: "the sending: no answer, arrived", step: apply, faults: []control.Fault{lost(opApply, control.After, 1)}},
		{name: "the sending: misconfigured", step: apply, faults: []control.Fault{answer(opApply, 10000, badSignature, 1)}},
		{name: "the sending: the books are away", step: apply, acts: []refundtest.Act{refundtest.Before(apply, 1, away("BeginSend"))}, handed: true},

		{name: "the result is there", step: await},
		{name: "the result: not yet", step: await, order: []order{refundtest.SettlesAfter(15 * time.Second)}, handed: true, op: opFind, pause: 5 * time.Second},
		{name: "the result: throttled", step: await, faults: []control.Fault{throttled(opFind, 40*time.Second, 1)}, handed: true, op: opFind, pause: 40 * time.Second},
		{name: "the result: it has failed", step: await, order: []order{refundtest.Failing}},
		{name: "the result: for a person", step: await, faults: []control.Fault{answer(opFind, 60021, "未获取到有效数据", 1)}},
		{name: "the result: it cannot be booked", step: await, acts: []refundtest.Act{refundtest.Before(await, 1, away("Settle"))}, handed: true, op: opFind, pause: 5 * time.Second},
		{name: "the result: nobody knows the account", step: await, acts: takenOutForAMinute(), handed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runs := map[activities.Inline]*run{}
			for _, inline := range inlines {
				w := refundtest.New(t, refundtest.Options{Inline: inline})
				for _, f := range c.faults {
					w.Fault(f)
				}
				runs[inline] = w.Run(w.Part(c.order...), c.acts...)
			}
			without := runs[activities.InlineNone]
			for inline, r := range runs {
				require.Equal(t, without.Outcome.Status, r.Outcome.Status, inline)
				require.Equal(t, without.Stood == nil, r.Stood == nil, "%s: whether a person is needed", inline)
				require.Equal(t, requests(without), requests(r), inline)
				scheduled := 1
				if in(inline, c.step) && !c.handed {
					scheduled = 0
				}
				require.Equal(t, scheduled, r.Scheduled(c.step), "%s: how often the regular lane is given it", inline)
				if c.pause > 0 { // by the stand-in's clock, which a busy machine lets lag behind
					require.Greater(t, between(t, r, c.op), c.pause*9/10, inline)
				}
			}
		})
	}
}

// takenOutForAMinute: the configuration does not know the account when its result is asked for.
func takenOutForAMinute() []refundtest.Act {
	var back func()
	return []refundtest.Act{
		refundtest.Before(await, 1, func(r *run) { back = r.Configure(takenOut) }),
		refundtest.At(time.Minute, func(*run) { back() }),
	}
}

// TestTheVerificationIsNeverCancelledInTheTask, whatever the account wants.
func TestTheVerificationIsNeverCancelledInTheTask(t *testing.T) {
	t.Parallel()
	for _, inline := range inlines {
		w := refundtest.New(t, refundtest.Options{Inline: inline})
		r := w.Run(w.Full())
		require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
		require.Equal(t, 1, r.Scheduled(cancelling), inline)
	}
}

// TestWhoDiesInTheTaskBeginsTheStepAnewAndSendsNothingTwice: no server knows of the attempt
// before. What a whole task does that is run again is shown on a real server.
func TestWhoDiesInTheTaskBeginsTheStepAnewAndSendsNothingTwice(t *testing.T) {
	all := refundtest.Options{Inline: activities.InlineAll}
	var situations []situation
	for _, step := range []string{check, apply, await} {
		for side, dies := range map[string]func(string, int) refundtest.Act{"before": refundtest.Die, "after": refundtest.Lose} {
			situations = append(situations, situation{name: side + " " + step, world: all, part: true, acts: []refundtest.Act{dies(step, 1)},
				ends: refund.StatusSucceeded, also: func(t *testing.T, r *run) {
					require.Zero(t, r.Scheduled(step))
					require.Equal(t, 2, r.Attempts(step))
					require.Equal(t, 1, r.Count(opApply))
				}})
		}
	}
	situations = append(situations, situation{name: "in the middle of the sending", world: all, part: true,
		acts: []refundtest.Act{func(r *run) {
			r.Ledger.At(refundtest.Moment{Method: "EndSend", Nth: 1}, refundtest.Crash)
		}},
		ends: refund.StatusSucceeded, also: both(passed(refund.StatusReceived, refund.StatusCheckingOrder, refund.StatusApplying,
			refund.StatusInDoubt, refund.StatusProcessing, refund.StatusSucceeded), calls(map[string]int{opApply: 1}))})
	prove(t, situations)
}

// TestARefundKeepsTheLaneItWasOpenedWith: what the configuration says later is for later
// refunds.
func TestARefundKeepsTheLaneItWasOpenedWith(t *testing.T) {
	t.Parallel()
	for from, to := range map[activities.Inline]activities.Inline{
		activities.InlineNone: activities.InlineAll, activities.InlineAll: activities.InlineNone,
	} {
		w := refundtest.New(t, refundtest.Options{Inline: from})
		r := w.Run(w.Part(), refundtest.After(activities.Open, 1, func(r *run) {
			r.Configure(func(a *activities.Account) *activities.Account { a.Inline = to; return a })
		}))
		require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
		for _, step := range []string{check, apply, await} {
			require.Equal(t, from == activities.InlineNone, r.Scheduled(step) == 1, "%s of a refund opened with %s", step, from)
		}
	}
}

// TestWhoCancelsDuringALookInTheTaskIsHeardAfterIt.
func TestWhoCancelsDuringALookInTheTaskIsHeardAfterIt(t *testing.T) {
	all := refundtest.Options{Inline: activities.InlineAll}
	prove(t, []situation{
		{name: "answered", world: all, acts: []refundtest.Act{refundtest.Before(check, 1, refundtest.Cancel("agent-17"))},
			ends: refund.StatusCancelled, also: nothingSent},
		{name: "not answered", world: all, acts: []refundtest.Act{refundtest.Before(check, 1, refundtest.Cancel("agent-17"))},
			faults: []control.Fault{status(opCheck, 503, forEver)}, ends: refund.StatusCancelled, also: nothingSent},
	})
}

// TestWhoCannotBeAskedCostsNoQuestion: a platform that knows no question about orders, and whose
// answer to the refund holds its result, is called once, in the one step that is a call.
func TestWhoCannotBeAskedCostsNoQuestion(t *testing.T) {
	t.Parallel()
	for _, transport := range providertest.Benches() {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			w := refundtest.On(t, transport, refundtest.Options{})
			rules := w.Bench().Provider.Rules()
			r := w.Run(w.Request("R1", w.Bench().NewOrder(t, control.NewOrder{Total: 9800}), 9800))
			require.Equal(t, rules.NoOrderQuery, r.Scheduled(check) == 0)
			require.Equal(t, rules.Query == providers.QueryNone, r.Scheduled(await) == 0)
			if rules.Query == providers.QueryNone {
				require.Equal(t, refund.StatusSucceeded, r.Outcome.Status)
				require.Len(t, requests(r), 1)
			}
		})
	}
}
